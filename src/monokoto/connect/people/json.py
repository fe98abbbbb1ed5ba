"""People as the API shows them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from monokoto.connect.people.invitation import Invitation
from monokoto.connect.people.member import Member, Membership
from monokoto.connect.people.person import Person
from monokoto.connect.people.roles import Role
from monokoto.connect.people.session import Session
from monokoto.connect.tenancy import OrganisationJson, OrganisationKind, organisation_to_json
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import EMAIL_LENGTH_MAX, PASSWORD_LENGTH_MAX, PERSON_NAME_LENGTH_MAX
from monokoto.web import Scope

Email = Annotated[str, Meta(min_length=3, max_length=EMAIL_LENGTH_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=PERSON_NAME_LENGTH_MAX)]
Password = Annotated[str, Meta(min_length=1, max_length=PASSWORD_LENGTH_MAX)]
Token = Annotated[str, Meta(min_length=1, max_length=128, description="The secret in the link")]


class PersonJson(msgspec.Struct, frozen=True):
    """Somebody who signs in."""

    id: str
    email: str
    name: str
    locale: Annotated[str, Meta(description="The language they chose, or else the one they were seen with last")]
    locale_chosen: bool
    time_zone: Annotated[str, Meta(description="An IANA name, such as `Asia/Seoul`")]
    has_password: bool
    created_at: str


class MembershipJson(msgspec.Struct, frozen=True):
    """One of a person's organisations, and their role there."""

    organisation: OrganisationJson
    role: str


class MemberJson(msgspec.Struct, frozen=True):
    """Somebody in the organisation."""

    person: PersonJson
    role: str
    since: str


class SessionJson(msgspec.Struct, frozen=True):
    """A session: one person on one device."""

    id: str
    method: Annotated[str, Meta(description="How it began")]
    address: str
    agent: Annotated[str, Meta(description="What the browser says it is")]
    created_at: str
    last_seen_at: Annotated[str, Meta(description="Coarse: written at most once a minute")]
    expires_at: str
    current: Annotated[bool, Meta(description="Whether it is the one this request came with")]


class SignedInJson(msgspec.Struct, frozen=True):
    """Who is signed in, where they act, and what they may do there."""

    person: PersonJson
    organisation: Annotated[
        OrganisationJson | None, Meta(description="The organisation the session acts in; null: a member of none")
    ]
    role: str | None
    scopes: list[Scope]
    csrf: Annotated[str, Meta(description="Send it as `X-Koto-CSRF` with every change")]
    memberships: list[MembershipJson]
    session: SessionJson


class RoleJson(msgspec.Struct, frozen=True):
    """A named set of scopes."""

    name: str
    what: str
    scopes: list[Scope]
    kinds: Annotated[list[OrganisationKind], Meta(description="In organisations of these kinds it may be held")]


class InvitationJson(msgspec.Struct, frozen=True):
    """What is known of an invitation; the secret in its link is not."""

    id: str
    email: str
    role: str
    new_organisation: Annotated[
        str | None,
        Meta(description="Accepting makes an owner organisation of this name; null: it joins the inviting one"),
    ]
    created_at: str
    expires_at: str
    accepted_at: str | None
    revoked_at: str | None


def person_to_json(person: Person) -> PersonJson:
    """As the API shows it."""
    return PersonJson(
        id=format_id(person.id),
        email=person.email,
        name=person.name,
        locale=person.locale,
        locale_chosen=person.locale_chosen,
        time_zone=person.time_zone,
        has_password=person.has_password,
        created_at=format_instant(person.created_at),
    )


def member_to_json(member: Member) -> MemberJson:
    """As the API shows it."""
    return MemberJson(person=person_to_json(member.person), role=member.role, since=format_instant(member.since))


def membership_to_json(membership: Membership) -> MembershipJson:
    """As the API shows it."""
    return MembershipJson(organisation=organisation_to_json(membership.organisation), role=membership.role)


def session_to_json(session: Session, *, current: int | None) -> SessionJson:
    """As the API shows it to its person."""
    return SessionJson(
        id=format_id(session.id),
        method=session.method,
        address=session.address,
        agent=session.agent,
        created_at=format_instant(session.created_at),
        last_seen_at=format_instant(session.last_seen_at),
        expires_at=format_instant(session.expires_at),
        current=session.id == current,
    )


def role_to_json(role: Role) -> RoleJson:
    """As the API shows it."""
    return RoleJson(
        name=role.name,
        what=role.what,
        scopes=sorted(role.scopes),
        kinds=sorted(role.kinds, key=list(OrganisationKind).index),
    )


def invitation_to_json(invitation: Invitation) -> InvitationJson:
    """As the API shows it."""

    def optional(instant: int | None) -> str | None:
        return None if instant is None else format_instant(instant)

    return InvitationJson(
        id=format_id(invitation.id),
        email=invitation.email,
        role=invitation.role,
        new_organisation=invitation.new_organisation,
        created_at=format_instant(invitation.created_at),
        expires_at=format_instant(invitation.expires_at),
        accepted_at=optional(invitation.accepted_at),
        revoked_at=optional(invitation.revoked_at),
    )

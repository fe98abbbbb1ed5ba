"""Invitations: made, listed, taken back, accepted. Blocking."""

from __future__ import annotations

import builtins
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from monokoto.connect.people.invitation import Invitation
from monokoto.connect.people.person import Person, email_key, faults_of
from monokoto.connect.people.roles import ADMIN_OF, may_give, role_of
from monokoto.connect.people.service import insert_member, insert_person, lock_organisation
from monokoto.connect.people.store import invitation_from_row, invitations, memberships, person_from_row, persons
from monokoto.connect.tenancy import (
    Organisation,
    OrganisationKind,
    digest,
    free_slug,
    insert_organisation,
    name_faults,
    organisation_from_row,
    slug_of,
)
from monokoto.connect.tenancy import organisations_table as organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from monokoto.kernel.ids import InvitationId, OrganisationId, PersonId, format_id, new_id
from monokoto.kernel.limits import INVITATION_SECONDS, INVITATIONS_PER_ORGANISATION_MAX, PAGE_SIZE_DEFAULT
from monokoto.web import Caller

_SECRET_BYTES = 32
_OWNER = OrganisationKind.OWNER


@dataclass(frozen=True, slots=True)
class Offer:
    """An open invitation as its holder may see it."""

    invitation: Invitation
    organisation: Organisation
    """Who invites."""
    person: Person | None
    """Who has this e-mail address; None: accepting makes a new person."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What somebody who is new says of themself."""

    name: str
    hashed: str | None = None
    locale: str | None = None
    """The language they chose."""
    seen_with: str | None = None
    """The language they asked for without choosing one."""
    time_zone: str | None = None
    organisation: str | None = None
    """How they call an organisation of their own, when they were invited to have one."""
    by_provider: bool = False
    """An identity provider says who they are: they need no password."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of an invitation."""

    person_id: PersonId
    organisation_id: OrganisationId
    role: str
    is_new: bool
    """Whether the person was made just now."""


class Invitations:
    """The invitations of organisations."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def create(
        self, caller: Caller, *, email: str, role: str, new_organisation: str | None = None
    ) -> tuple[Invitation, str]:
        """Invite somebody into the caller's organisation, or (`new_organisation` given) to an owner organisation of their own;
        the invitation and the secret of its link, which is mailed and shown to nobody. It takes the place of an open one.

        Raises:
            Invalid: no e-mail address, no such role here: every fault at once.
            Forbidden: the role opens what the caller may not, or owners invite owners.
            Conflict: they are a member already, or too many invitations are open.
        """
        faults = faults_of(email=email)
        if new_organisation is not None and len(new_organisation) > 200:
            faults += name_faults(new_organisation, place="new_organisation")
        kind = OrganisationKind(caller.organisation_kind)
        if new_organisation is not None:
            self._check_owner(kind, role, faults)
        elif not faults and not may_give(caller, role_of(role, kind)):
            raise Forbidden("Nobody gives a role that opens more than they may themselves.")
        if faults:
            raise Invalid("This is not an invitation.", faults=faults)
        return self._insert(caller.organisation_id, email=email, role=role, new_organisation=new_organisation)

    def invite_first(self, organisation: Organisation, email: str) -> tuple[Invitation, str]:
        """Invite the first member of an organisation, who administers it. Raises as `create`."""
        faults = faults_of(email=email)
        if faults:
            raise Invalid("This is not an invitation.", faults=faults)
        return self._insert(organisation.id, email=email, role=ADMIN_OF[organisation.kind], new_organisation=None)

    def invite_owner(self, email: str) -> tuple[Invitation, str] | None:
        """An invitation to an owner organisation of one's own, in the name of the platform; None before the first run."""
        query = sa.select(organisations.c.organisation_id).where(
            organisations.c.kind == OrganisationKind.PLATFORM.value
        )
        with self._records.read() as connection:
            platform = connection.execute(query.order_by(organisations.c.organisation_id).limit(1)).scalar_one_or_none()
        if platform is None or faults_of(email=email):
            return None
        return self._insert(platform, email=email, role=ADMIN_OF[_OWNER], new_organisation="")

    def list(
        self, organisation_id: int, *, after: int = 0, limit: int = PAGE_SIZE_DEFAULT
    ) -> builtins.list[Invitation]:
        """The organisation's invitations from the oldest on, those that are over too, past `after`."""
        query = (
            sa.select(invitations)
            .where(invitations.c.organisation_id == organisation_id, invitations.c.invitation_id > after)
            .order_by(invitations.c.invitation_id)
            .limit(limit)
        )
        with self._records.read() as connection:
            return [invitation_from_row(row) for row in connection.execute(query)]

    def revoke(self, organisation_id: int, invitation_id: int) -> Invitation:
        """Take an invitation back; one that is over stays as it is. Raises NotFound."""
        mine = (invitations.c.organisation_id == organisation_id) & (invitations.c.invitation_id == invitation_id)
        is_open = invitations.c.revoked_at.is_(None) & invitations.c.accepted_at.is_(None)
        with self._records.write() as connection:
            connection.execute(invitations.update().where(mine, is_open).values(revoked_at=self._clock.now()))
            row = connection.execute(sa.select(invitations).where(mine)).one_or_none()
        if row is None:
            raise NotFound(f"There is no invitation {format_id(invitation_id)!r}.")
        return invitation_from_row(row)

    def look(self, secret: str) -> Offer:
        """What a link offers; raises NotFound when it opens nothing (any more)."""
        with self._records.read() as connection:
            return self._look(connection, secret)

    def accept(self, secret: str, newcomer: Newcomer | None) -> Joined:
        """Become a member: whoever has the e-mail address, or the newcomer, who is made a person.

        Raises:
            NotFound: the link opens nothing.
            Invalid: the newcomer is missing, or what they say is wrong.
            Conflict: they are a member already.
        """
        now = self._clock.now()
        with self._records.write() as connection:
            offer = self._look(connection, secret, lock=True)
            faults = [] if offer.person is not None else _newcomer_faults(newcomer)
            wished = (newcomer.organisation if newcomer else None) or offer.invitation.new_organisation
            if offer.invitation.new_organisation is not None:
                faults += name_faults(wished or "", place="organisation")
            if faults:
                raise Invalid("Nobody can join with this.", faults=faults)
            organisation_id = offer.invitation.organisation_id
            if offer.invitation.new_organisation is not None and wished:
                slug = free_slug(connection, slug_of(wished))
                organisation_id = insert_organisation(connection, name=wished, slug=slug, kind=_OWNER, now=now).id
            lock_organisation(connection, organisation_id)
            person_id = offer.person.id if offer.person else _insert(connection, offer, newcomer, organisation_id, now)
            insert_member(connection, organisation_id, person_id, offer.invitation.role, now=now)
            mine = invitations.c.invitation_id == offer.invitation.id
            connection.execute(invitations.update().where(mine).values(accepted_at=now))
        return Joined(person_id, organisation_id, offer.invitation.role, offer.person is None)

    def _check_owner(self, kind: OrganisationKind, role: str, faults: builtins.list[Fault]) -> None:
        if kind is _OWNER:
            raise Forbidden("An owner invites into their own organisation only.")
        if role != ADMIN_OF[_OWNER]:
            reason = f"who is invited to an organisation of their own is its {ADMIN_OF[_OWNER]}"
            faults.append(Fault(place="role", reason=reason))

    def _insert(
        self, organisation_id: int, *, email: str, role: str, new_organisation: str | None
    ) -> tuple[Invitation, str]:
        now, key = self._clock.now(), email_key(email)
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        made = Invitation(
            id=InvitationId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            email=email.strip(),
            role=role,
            new_organisation=new_organisation,
            created_at=now,
            expires_at=Instant(now + INVITATION_SECONDS * MICROSECONDS_PER_SECOND),
        )
        theirs = invitations.c.organisation_id == organisation_id
        is_open = (
            theirs
            & invitations.c.accepted_at.is_(None)
            & invitations.c.revoked_at.is_(None)
            & (invitations.c.expires_at > now)
        )
        with self._records.write() as connection:
            lock_organisation(connection, organisation_id)
            if new_organisation is None and _is_member(connection, organisation_id, key):
                raise Conflict("They are already a member of this organisation.", remedy="Change their role instead.")
            connection.execute(
                invitations.update().where(is_open, invitations.c.email_key == key).values(revoked_at=now)
            )
            count = sa.select(sa.func.count()).select_from(invitations).where(is_open)
            if connection.execute(count).scalar_one() >= INVITATIONS_PER_ORGANISATION_MAX:
                raise Conflict(f"{INVITATIONS_PER_ORGANISATION_MAX} invitations are open, the most there may be.")
            connection.execute(
                invitations.insert().values(
                    invitation_id=made.id,
                    organisation_id=organisation_id,
                    email=made.email,
                    email_key=key,
                    role=role,
                    new_organisation=new_organisation,
                    digest=digest(secret),
                    created_at=now,
                    expires_at=made.expires_at,
                )
            )
        return made, secret

    def _look(self, connection: sa.Connection, secret: str, *, lock: bool = False) -> Offer:
        query = sa.select(invitations).where(invitations.c.digest == digest(secret))
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        invitation = None if row is None else invitation_from_row(row)
        if row is None or invitation is None or not invitation.open(self._clock.now()):
            raise NotFound("This invitation opens nothing, or no longer.", remedy="Ask for another one.")
        inviting = organisations.c.organisation_id == invitation.organisation_id
        organisation = organisation_from_row(connection.execute(sa.select(organisations).where(inviting)).one())
        person = connection.execute(sa.select(persons).where(persons.c.email_key == row.email_key)).one_or_none()
        return Offer(invitation, organisation, None if person is None else person_from_row(person))


def _newcomer_faults(newcomer: Newcomer | None) -> builtins.list[Fault]:
    if newcomer is None or (newcomer.hashed is None and not newcomer.by_provider):
        return [Fault(place=place, reason="a new person needs one") for place in ("name", "password")]
    return faults_of(name=newcomer.name, locale=newcomer.locale, time_zone=newcomer.time_zone)


def _insert(
    connection: sa.Connection, offer: Offer, newcomer: Newcomer | None, organisation_id: int, now: int
) -> PersonId:
    assert newcomer is not None
    return insert_person(
        connection,
        email=offer.invitation.email,
        name=newcomer.name,
        locale=newcomer.locale,
        seen_with=newcomer.seen_with,
        time_zone=newcomer.time_zone,
        hashed=newcomer.hashed,
        organisation_id=organisation_id,
        now=now,
    )


def _is_member(connection: sa.Connection, organisation_id: int, key: str) -> bool:
    query = (
        sa.select(memberships.c.person_id)
        .join(persons, persons.c.person_id == memberships.c.person_id)
        .where(memberships.c.organisation_id == organisation_id, persons.c.email_key == key)
    )
    return connection.execute(query).one_or_none() is not None

"""Members, roles, one's own account, and the organisations of the platform, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation
from msgspec import Meta

from monokoto.connect.people.facts import member_changed
from monokoto.connect.people.invitations import Invitations
from monokoto.connect.people.json import (
    Email,
    MemberJson,
    Name,
    PersonJson,
    RoleJson,
    member_to_json,
    person_to_json,
    role_to_json,
)
from monokoto.connect.people.letters import Letters
from monokoto.connect.people.member import Member
from monokoto.connect.people.person import LOCALES
from monokoto.connect.people.roles import ROLES
from monokoto.connect.people.service import People
from monokoto.connect.people.sessions import Sessions
from monokoto.connect.people.signed_in import person_behind
from monokoto.connect.tenancy import (
    TITLE_LENGTH_MAX,
    OrganisationJson,
    OrganisationKind,
    Organisations,
    organisation_to_json,
)
from monokoto.kernel.clock import Clock
from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class RoleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The member's role from now on."""

    role: Annotated[str, Meta(max_length=32)]


class ChangeMeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes; null or left out: it stays."""

    name: Name | None = None
    locale: Annotated[
        str | None, Meta(description="The language: `en` or `ko`; empty: again the one they are seen with")
    ] = None
    time_zone: Annotated[str | None, Meta(description="An IANA name, such as `Asia/Seoul`")] = None


class CreateOrganisationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new organisation and, by a mailed invitation, its first member."""

    name: Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH_MAX)]
    slug: str
    kind: OrganisationKind = OrganisationKind.MAKER
    admin: Annotated[Email | None, Meta(description="E-mail address of who is invited to administer it")] = None


class MemberController(Controller):
    """`/api/v1/members`, `/api/v1/roles` and `/api/v1/me`."""

    path = "/api/v1"
    tags = ("People",)

    @get("/roles", operation_id="listRoles", responses=problem_responses(), summary="List the roles there are")
    async def roles(self) -> list[RoleJson]:
        """What each opens, and in organisations of which kinds it may be held."""
        return [role_to_json(role) for role in ROLES.values()]

    @get(
        "/members",
        operation_id="listMembers",
        guards=[requires(Scope.PEOPLE_READ)],
        responses=problem_responses(),
        summary="List the organisation's members",
    )
    async def members(
        self,
        caller: NamedDependency[Caller],
        people: NamedDependency[People],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[MemberJson]:
        """From the person known the longest on. People become members by accepting an invitation."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(people.members, caller.organisation_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda one: one.person.id, member_to_json)

    @get(
        "/members/{person:str}",
        operation_id="getMember",
        guards=[requires(Scope.PEOPLE_READ)],
        responses=problem_responses(404),
        summary="Read one member",
    )
    async def member(
        self, caller: NamedDependency[Caller], people: NamedDependency[People], person: FromPath[str]
    ) -> MemberJson:
        """Who they are, and what here."""
        person_id = parse_id(person, what="person id")
        return member_to_json(await asyncio.to_thread(people.member, caller.organisation_id, person_id))

    @patch(
        "/members/{person:str}",
        operation_id="changeMember",
        guards=[requires(Scope.PEOPLE_WRITE)],
        responses=problem_responses(404, 409),
        summary="Give a member another role",
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        people: NamedDependency[People],
        sessions: NamedDependency[Sessions],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        person: FromPath[str],
        data: JSONBody[RoleRequest],
    ) -> MemberJson:
        """It holds at once in this process, within two seconds in others. The last who may do everything keeps that role."""
        person_id = parse_id(person, what="person id")
        changed = await asyncio.to_thread(people.change_role, caller, person_id, data.role)
        await _tell(caller, changed, changed.role, sessions, facts, clock)
        return member_to_json(changed)

    @delete(
        "/members/{person:str}",
        status_code=200,
        operation_id="removeMember",
        guards=[requires(Scope.PEOPLE_WRITE)],
        responses=problem_responses(404, 409),
        summary="End a membership",
    )
    async def remove(
        self,
        caller: NamedDependency[Caller],
        people: NamedDependency[People],
        sessions: NamedDependency[Sessions],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        person: FromPath[str],
    ) -> MemberJson:
        """Their sessions open nothing here any more: at once in this process, within two seconds in others. The person stays,
        with their other organisations, and so does what they did. API keys they made stay: revoke them."""
        removed = await asyncio.to_thread(people.remove, caller, parse_id(person, what="person id"))
        await _tell(caller, removed, None, sessions, facts, clock)
        return member_to_json(removed)

    @get("/me", operation_id="getMe", responses=problem_responses(), summary="Read one's own account")
    async def me(self, caller: NamedDependency[Caller], people: NamedDependency[People]) -> PersonJson:
        """Of the person who is signed in; a key is nobody (403)."""
        return person_to_json(await asyncio.to_thread(people.get, person_behind(caller)[0]))

    @patch("/me", operation_id="changeMe", responses=problem_responses(), summary="Change one's own account")
    async def change_me(
        self,
        caller: NamedDependency[Caller],
        people: NamedDependency[People],
        data: JSONBody[ChangeMeRequest],
    ) -> PersonJson:
        """Name, language and time zone. The e-mail address stays what it is."""
        changed = await asyncio.to_thread(
            people.change, person_behind(caller)[0], name=data.name, locale=data.locale, time_zone=data.time_zone
        )
        return person_to_json(changed)


class OrganisationsController(Controller):
    """`/api/v1/organisations`: for who runs the platform."""

    path = "/api/v1/organisations"
    tags = ("Organisation",)

    @get(
        operation_id="listOrganisations",
        guards=[requires(Scope.PLATFORM)],
        responses=problem_responses(),
        summary="List the organisations of the platform",
    )
    async def organisations(
        self,
        organisations: NamedDependency[Organisations],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[OrganisationJson]:
        """By slug. Their names, not what is in them: that is open to their members alone."""
        after = decode_cursor(cursor, str)[0] if cursor else ""
        found = await asyncio.to_thread(organisations.list, after=after, limit=limit + 1)
        return page_of(found, limit, lambda one: one.slug, organisation_to_json)

    @post(
        operation_id="createOrganisation",
        guards=[requires(Scope.PLATFORM)],
        responses=problem_responses(409),
        summary="Make an organisation",
    )
    async def create(
        self,
        caller: NamedDependency[Caller],
        organisations: NamedDependency[Organisations],
        invitations: NamedDependency[Invitations],
        people: NamedDependency[People],
        letters: NamedDependency[Letters],
        data: JSONBody[CreateOrganisationRequest],
    ) -> OrganisationJson:
        """With `admin`, somebody is invited to administer it; without, `koto people invite` does that later."""

        def create() -> OrganisationJson:
            made = organisations.create(data.name, data.slug, data.kind)
            if data.admin is not None:
                _, secret = invitations.invite_first(made, data.admin)
                inviter = people.get(caller.person_id) if caller.person_id else None
                letters.invitation(
                    invitations.look(secret),
                    secret,
                    inviter=inviter.name if inviter else "",
                    locale=inviter.locale if inviter else LOCALES[0],
                )
            return organisation_to_json(made)

        return await asyncio.to_thread(create)


async def _tell(
    caller: Caller, member: Member, role: str | None, sessions: Sessions, facts: Facts, clock: Clock
) -> None:
    sessions.forget(member.person.id)
    await facts.tell(member_changed(caller.organisation_id, person_id=member.person.id, role=role, at=clock.now()))

"""Invitations over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation
from msgspec import Meta

from monokoto.connect.people.entrance import Entrance
from monokoto.connect.people.facts import member_changed
from monokoto.connect.people.invitations import Invitations, Newcomer
from monokoto.connect.people.json import (
    Email,
    InvitationJson,
    Name,
    Password,
    SignedInJson,
    Token,
    invitation_to_json,
)
from monokoto.connect.people.letters import Letters
from monokoto.connect.people.person import LOCALES
from monokoto.connect.people.service import People
from monokoto.connect.people.session_routes import OPEN
from monokoto.connect.people.sessions import Sessions
from monokoto.connect.people.signed_in import note_signed_in, session_cookie_for, visitor_of, who_is
from monokoto.connect.tenancy import TITLE_LENGTH_MAX, OrganisationJson, organisation_to_json
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Unauthenticated
from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import (
    Caller,
    Page,
    Scope,
    decode_cursor,
    is_secure,
    page_of,
    problem_responses,
    require_same_site,
    requires,
    session_cookie,
)


class InviteRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is invited, to be what."""

    email: Email
    role: Annotated[str, Meta(max_length=32, description="Their role; `owner` with `new_organisation`")]
    new_organisation: Annotated[
        Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)] | None,
        Meta(
            description="Set: they get an owner organisation of their own, of this name, or (empty) of the name they choose",
        ),
    ] = None


class OfferRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret in the link."""

    token: Token


class OfferJson(msgspec.Struct, frozen=True):
    """What a link offers to whoever holds it."""

    organisation: Annotated[OrganisationJson, Meta(description="Who invites")]
    email: str
    role: str
    new_organisation: str | None
    known: Annotated[
        bool, Meta(description="Whether there is a person with this e-mail address: they need no password")
    ]
    expires_at: str


class AcceptRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret in the link and, of somebody new, who they are."""

    token: Token
    name: Name | None = None
    password: Password | None = None
    locale: str | None = None
    time_zone: str | None = None
    organisation: Annotated[
        Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)] | None,
        Meta(description="The name of an organisation of one's own"),
    ] = None


class JoinedJson(msgspec.Struct, frozen=True):
    """What became of it."""

    organisation: str
    role: str
    signed_in: Annotated[
        SignedInJson | None,
        Meta(description="A new person is signed in at once; null: somebody known signs in as always"),
    ]


class InvitationController(Controller):
    """`/api/v1/invitations`."""

    path = "/api/v1/invitations"
    tags = ("People",)

    @get(
        operation_id="listInvitations",
        guards=[requires(Scope.PEOPLE_READ)],
        responses=problem_responses(),
        summary="List the organisation's invitations",
    )
    async def invitations(
        self,
        caller: NamedDependency[Caller],
        invitations: NamedDependency[Invitations],
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[InvitationJson]:
        """From the oldest on, those accepted, taken back and expired too."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(invitations.list, caller.organisation_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda one: one.id, invitation_to_json)

    @post(
        operation_id="invitePerson",
        guards=[requires(Scope.PEOPLE_WRITE)],
        responses=problem_responses(409),
        summary="Invite somebody",
    )
    async def invite(
        self,
        caller: NamedDependency[Caller],
        invitations: NamedDependency[Invitations],
        people: NamedDependency[People],
        letters: NamedDependency[Letters],
        data: JSONBody[InviteRequest],
    ) -> InvitationJson:
        """A link is mailed to them, good for a week; it is shown to nobody else. An open invitation of theirs is void then."""

        def invite() -> InvitationJson:
            made, secret = invitations.create(
                caller, email=data.email, role=data.role, new_organisation=data.new_organisation
            )
            inviter = people.get(caller.person_id) if caller.person_id else None
            letters.invitation(
                invitations.look(secret),
                secret,
                inviter=inviter.name if inviter else "",
                locale=inviter.locale if inviter else LOCALES[0],
            )
            return invitation_to_json(made)

        return await asyncio.to_thread(invite)

    @delete(
        "/{invitation:str}",
        status_code=200,
        operation_id="revokeInvitation",
        guards=[requires(Scope.PEOPLE_WRITE)],
        responses=problem_responses(404),
        summary="Take an invitation back",
    )
    async def revoke(
        self, caller: NamedDependency[Caller], invitations: NamedDependency[Invitations], invitation: FromPath[str]
    ) -> InvitationJson:
        """Its link opens nothing any more; one that was accepted stays as it is."""
        invitation_id = parse_id(invitation, what="invitation id")
        return invitation_to_json(await asyncio.to_thread(invitations.revoke, caller.organisation_id, invitation_id))

    @post(
        "/offer",
        opt=OPEN,
        guards=[require_same_site],
        status_code=200,
        operation_id="readInvitation",
        responses=problem_responses(404),
        summary="Read the invitation behind a link",
    )
    async def offer(self, invitations: NamedDependency[Invitations], data: JSONBody[OfferRequest]) -> OfferJson:
        """Who invites, to what, and whether a new person must say who they are."""
        offer = await asyncio.to_thread(invitations.look, data.token)
        shown = invitation_to_json(offer.invitation)
        return OfferJson(
            organisation=organisation_to_json(offer.organisation),
            email=shown.email,
            role=shown.role,
            new_organisation=shown.new_organisation,
            known=offer.person is not None,
            expires_at=shown.expires_at,
        )

    @post(
        "/accept",
        opt=OPEN,
        guards=[require_same_site],
        status_code=200,
        operation_id="acceptInvitation",
        responses=problem_responses(404, 409, 429),
        summary="Accept an invitation",
    )
    async def accept(
        self,
        request: Request[Any, Any, Any],
        entrance: NamedDependency[Entrance],
        people: NamedDependency[People],
        sessions: NamedDependency[Sessions],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        data: JSONBody[AcceptRequest],
    ) -> Response[JoinedJson]:
        """Whoever has the invited e-mail address becomes a member. Somebody new says who they are and is signed in at once."""
        visitor = visitor_of(request)
        newcomer = Newcomer(
            data.name or "", locale=data.locale, seen_with=visitor.language, time_zone=data.time_zone,
            organisation=data.organisation,
        )  # fmt: skip
        joined, begun = await entrance.join(
            data.token,
            newcomer,
            data.password,
            person_id=await _signed_in_person(request, sessions),
            visitor=visitor,
        )
        await facts.tell(
            member_changed(joined.organisation_id, person_id=joined.person_id, role=joined.role, at=clock.now())
        )
        who = None if begun is None else await who_is(people, *begun)
        if begun is not None and who is not None:
            note_signed_in(request, begun[0], who)
        answer = JoinedJson(organisation=format_id(joined.organisation_id), role=joined.role, signed_in=who)
        cookies = [] if begun is None else [session_cookie_for(begun[1], secure=is_secure(request))]
        return Response(answer, status_code=200, cookies=cookies, headers={"Cache-Control": "no-store"})


async def _signed_in_person(request: Request[Any, Any, Any], sessions: Sessions) -> int | None:
    """Who is signed in on a route that is open to everybody; None: nobody."""
    cookie = session_cookie(request)
    if cookie is None:
        return None
    try:
        return (await asyncio.to_thread(sessions.authenticate, cookie)).person_id
    except Unauthenticated:
        return None

"""Signing in and out, and one's own sessions, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from monokoto.connect.people.entrance import Entrance
from monokoto.connect.people.json import (
    Email,
    Name,
    Password,
    SessionJson,
    SignedInJson,
    Token,
    session_to_json,
)
from monokoto.connect.people.service import People
from monokoto.connect.people.sessions import Sessions
from monokoto.connect.people.signed_in import person_behind, session_cookie_for, signed_in, visitor_of, who_is
from monokoto.connect.tenancy import TITLE_LENGTH_MAX
from monokoto.kernel.ids import parse_id
from monokoto.web import Caller, Page, is_secure, problem_responses, require_same_site, session_cookie_of

OPEN = {"exclude_from_auth": True}


class SignInRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who somebody says they are, and the proof."""

    email: Email
    password: Password


class FirstRunRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who runs the platform from now on, and their own maker organisation."""

    token: Token
    organisation: Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH_MAX, description="Its name for people")]
    name: Name
    email: Email
    password: Password
    locale: str | None = None
    time_zone: str | None = None


class ActInRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the session acts from now on."""

    organisation: Annotated[str, Meta(description="Id of one of the person's organisations")]


class SessionController(Controller):
    """`/api/v1/session`, `/api/v1/sessions` and `/api/v1/first-run`."""

    path = "/api/v1"
    tags = ("Sessions",)

    @post(
        "/session",
        opt=OPEN,
        guards=[require_same_site],
        operation_id="signIn",
        responses=problem_responses(429),
        summary="Sign in with a password",
    )
    async def sign_in(
        self,
        request: Request[Any, Any, Any],
        entrance: NamedDependency[Entrance],
        people: NamedDependency[People],
        data: JSONBody[SignInRequest],
    ) -> Response[SignedInJson]:
        """Sets the session's cookie. An unknown e-mail address, a wrong password and too many tries are answered alike (401);
        after too many tries `Retry-After` says how long to wait."""
        return await signed_in(request, people, await entrance.sign_in(data.email, data.password, visitor_of(request)))

    @get("/session", operation_id="getSession", responses=problem_responses(), summary="Say who is signed in")
    async def session(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        sessions: NamedDependency[Sessions],
        people: NamedDependency[People],
    ) -> SignedInJson:
        """Also the token to send with every change."""
        person_id, session_id = person_behind(caller)
        session = await asyncio.to_thread(sessions.get, person_id, session_id)
        return await who_is(people, session, session_cookie_of(request) or "", visitor_of(request).language)

    @delete("/session", status_code=204, operation_id="signOut", responses=problem_responses(), summary="Sign out")
    async def sign_out(
        self, request: Request[Any, Any, Any], caller: NamedDependency[Caller], sessions: NamedDependency[Sessions]
    ) -> Response[None]:
        """The session ends here and the cookie is taken back."""
        await asyncio.to_thread(sessions.end, *person_behind(caller))
        return Response(
            None,
            status_code=204,
            cookies=[session_cookie_for("", secure=is_secure(request))],
            headers={"Clear-Site-Data": '"cache"'},
        )

    @post(
        "/session/organisation",
        status_code=200,
        operation_id="actIn",
        responses=problem_responses(404),
        summary="Act in another organisation",
    )
    async def act_in(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        sessions: NamedDependency[Sessions],
        people: NamedDependency[People],
        data: JSONBody[ActInRequest],
    ) -> SignedInJson:
        """A session acts in one organisation at a time; the next one begins where this one was."""
        person_id, session_id = person_behind(caller)
        organisation_id = parse_id(data.organisation, what="organisation id")
        session = await asyncio.to_thread(sessions.act_in, person_id, session_id, organisation_id)
        return await who_is(people, session, session_cookie_of(request) or "")

    @get("/sessions", operation_id="listSessions", responses=problem_responses(), summary="List one's own sessions")
    async def sessions(self, caller: NamedDependency[Caller], sessions: NamedDependency[Sessions]) -> Page[SessionJson]:
        """The newest first; there are never more than one page of them."""
        person_id, session_id = person_behind(caller)
        found = await asyncio.to_thread(sessions.list, person_id)
        return Page(items=[session_to_json(one, current=session_id) for one in found])

    @delete(
        "/sessions/{session:str}",
        status_code=204,
        operation_id="endSession",
        responses=problem_responses(404),
        summary="End one of one's own sessions",
    )
    async def end(
        self, caller: NamedDependency[Caller], sessions: NamedDependency[Sessions], session: FromPath[str]
    ) -> None:
        """At once in this process, within two seconds in others."""
        person_id, _ = person_behind(caller)
        await asyncio.to_thread(sessions.end, person_id, parse_id(session, what="session id"))

    @post(
        "/first-run",
        opt=OPEN,
        guards=[require_same_site],
        operation_id="beginPlatform",
        responses=problem_responses(404, 409, 429),
        summary="Become the one who runs this platform",
    )
    async def first_run(
        self,
        request: Request[Any, Any, Any],
        entrance: NamedDependency[Entrance],
        people: NamedDependency[People],
        data: JSONBody[FirstRunRequest],
    ) -> Response[SignedInJson]:
        """With the link that `koto up` or `koto first-run` printed, while nobody is there. Makes the platform's organisation and
        a maker organisation, the person who is admin of both, and a session in the latter."""
        begun = await entrance.begin_platform(
            data.token,
            organisation=data.organisation,
            name=data.name,
            email=data.email,
            password=data.password,
            locale=data.locale,
            time_zone=data.time_zone,
            visitor=visitor_of(request),
        )
        return await signed_in(request, people, begun)

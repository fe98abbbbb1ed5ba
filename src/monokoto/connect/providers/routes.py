"""Signing in with an account elsewhere, over HTTP. The console leads people through it; another page may do the same."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation
from msgspec import Meta

from monokoto.connect.people import (
    OPEN,
    People,
    SignedInJson,
    Token,
    member_changed,
    note_signed_in,
    person_behind,
    session_cookie_for,
    visitor_of,
    who_is,
)
from monokoto.connect.providers.provider import ProviderAccount
from monokoto.connect.providers.service import Answer, Providers
from monokoto.kernel.clock import Clock, format_instant
from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PROVIDER_SIGN_IN_SECONDS
from monokoto.web import Caller, Page, is_secure, problem_responses, require_same_site, session_cookie_of

COOKIE = "koto_provider"
SECURE_COOKIE = f"__Host-{COOKIE}"
Onward = Annotated[str, Meta(max_length=1000, description="Given back at the end; where it leads is yours to check")]
Told = Annotated[str, Meta(max_length=4096)]


class ProviderJson(msgspec.Struct, frozen=True):
    """Where else one may have an account to sign in with."""

    name: str
    title: Annotated[str, Meta(description="For people")]


class ProviderAccountJson(msgspec.Struct, frozen=True):
    """An account elsewhere that is one's own."""

    id: str
    issuer: str
    email: Annotated[str, Meta(description="As the provider said it last")]
    created_at: str
    last_used_at: str | None


class LeaveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one goes on in the end."""

    onward: Onward = ""


class EnterRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one goes on in the end, and what one accepts on the way."""

    onward: Onward = ""
    invitation: Annotated[Token | None, Meta(description="The secret in an invitation's link")] = None


class LeftJson(msgspec.Struct, frozen=True):
    """Where the browser goes now."""

    location: str


class BackRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the provider gave the browser: the parameters of the address it sent it to."""

    state: Told
    code: Told = ""
    iss: Told = ""
    error: Told = ""


class ArrivedJson(msgspec.Struct, frozen=True):
    """Who is signed in now."""

    signed_in: SignedInJson
    onward: Onward


class LinkedJson(msgspec.Struct, frozen=True):
    """What is linked now."""

    account: ProviderAccountJson
    onward: Onward


class ProviderController(Controller):
    """`/api/v1/providers` and `/api/v1/provider-accounts`."""

    path = "/api/v1"
    tags = ("Sessions",)

    @get(
        "/providers",
        opt=OPEN,
        operation_id="listProviders",
        responses=problem_responses(),
        summary="List the identity providers",
    )
    async def providers(self, providers: NamedDependency[Providers]) -> Page[ProviderJson]:
        """Those one may sign in with, beside password and passkey."""
        return Page(items=[ProviderJson(one.name, one.title) for one in providers.all])

    @post(
        "/providers/{provider:str}/sign-in",
        opt=OPEN,
        guards=[require_same_site],
        status_code=200,
        operation_id="beginProviderSignIn",
        responses=problem_responses(404),
        summary="Begin to sign in with an identity provider",
    )
    async def begin(
        self,
        request: Request[Any, Any, Any],
        providers: NamedDependency[Providers],
        provider: FromPath[str],
        data: JSONBody[EnterRequest],
    ) -> Response[LeftJson]:
        """Sets a cookie that must come back with the provider's answer, within ten minutes. 503: the provider is away."""
        location, cookie = await providers.begin(provider, onward=data.onward, invitation=data.invitation or "")
        return _left(request, location, cookie)

    @post(
        "/providers/{provider:str}/sign-in/answer",
        opt=OPEN,
        guards=[require_same_site],
        status_code=200,
        operation_id="signInWithProvider",
        responses=problem_responses(404, 409),
        summary="Sign in with what an identity provider answered",
    )
    async def enter(
        self,
        request: Request[Any, Any, Any],
        providers: NamedDependency[Providers],
        people: NamedDependency[People],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        provider: FromPath[str],
        data: JSONBody[BackRequest],
    ) -> Response[ArrivedJson]:
        """Sets the session's cookie. 409: somebody here has this e-mail address and has not linked this account; nobody is
        taken for them. 403: nobody invited them, or the answer does not hold."""
        cookie = request.cookies.get(_cookie_name(request))
        arrived = await providers.enter(provider, _answer(data), cookie=cookie, visitor=visitor_of(request))
        if (joined := arrived.joined) is not None:
            told = member_changed(
                joined.organisation_id, person_id=joined.person_id, role=joined.role, at=clock.now()
            )  # fmt: skip
            await facts.tell(told)
        session, text = arrived.begun
        who = await who_is(people, session, text)
        note_signed_in(request, session, who)
        cookies = [session_cookie_for(text, secure=is_secure(request)), _cookie(request, "")]
        return Response(ArrivedJson(who, arrived.onward), cookies=cookies, headers={"Cache-Control": "no-store"})

    @post(
        "/providers/{provider:str}/link",
        status_code=200,
        operation_id="beginProviderLink",
        responses=problem_responses(404),
        summary="Begin to link one's own account elsewhere",
    )
    async def begin_link(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        providers: NamedDependency[Providers],
        provider: FromPath[str],
        data: JSONBody[LeaveRequest],
    ) -> Response[LeftJson]:
        """As for signing in; the answer counts in this session alone."""
        person_behind(caller)
        session = session_cookie_of(request) or ""
        location, cookie = await providers.begin(provider, onward=data.onward, session=session)
        return _left(request, location, cookie)

    @post(
        "/providers/{provider:str}/link/answer",
        operation_id="createProviderAccount",
        responses=problem_responses(404, 409),
        summary="Link one's own account elsewhere",
    )
    async def link(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        providers: NamedDependency[Providers],
        provider: FromPath[str],
        data: JSONBody[BackRequest],
    ) -> Response[LinkedJson]:
        """Only one with one's own e-mail address, which the provider has verified (409). The person is told by mail."""
        person_id, _ = person_behind(caller)
        account, onward = await providers.link(
            provider,
            _answer(data),
            cookie=request.cookies.get(_cookie_name(request)),
            session=session_cookie_of(request) or "",
            person_id=person_id,
        )
        return Response(LinkedJson(_account_to_json(account), onward), cookies=[_cookie(request, "")])

    @get(
        "/provider-accounts",
        operation_id="listProviderAccounts",
        responses=problem_responses(),
        summary="List one's own accounts elsewhere",
    )
    async def accounts(
        self, caller: NamedDependency[Caller], providers: NamedDependency[Providers]
    ) -> Page[ProviderAccountJson]:
        """Those one may sign in with."""
        person_id, _ = person_behind(caller)
        found = await asyncio.to_thread(providers.accounts.list, person_id)
        return Page(items=[_account_to_json(one) for one in found])

    @delete(
        "/provider-accounts/{account:str}",
        status_code=204,
        operation_id="removeProviderAccount",
        responses=problem_responses(404),
        summary="Unlink one of one's own accounts elsewhere",
    )
    async def remove(
        self, caller: NamedDependency[Caller], providers: NamedDependency[Providers], account: FromPath[str]
    ) -> None:
        """It signs nobody in any more. Sessions it began go on: end them in `/api/v1/sessions`."""
        person_id, _ = person_behind(caller)
        await asyncio.to_thread(providers.accounts.remove, person_id, parse_id(account, what="account id"))


def _account_to_json(account: ProviderAccount) -> ProviderAccountJson:
    return ProviderAccountJson(
        id=format_id(account.id),
        issuer=account.issuer,
        email=account.email,
        created_at=format_instant(account.created_at),
        last_used_at=None if account.last_used_at is None else format_instant(account.last_used_at),
    )


def _answer(data: BackRequest) -> Answer:
    return Answer(state=data.state, code=data.code, issuer=data.iss, error=data.error)


def _cookie_name(request: Request[Any, Any, Any]) -> str:
    """Over TLS only one that nobody else can plant."""
    return SECURE_COOKIE if is_secure(request) else COOKIE


def _cookie(request: Request[Any, Any, Any], text: str) -> Cookie:
    """Lax: it must come along when the provider sends the browser back."""
    return Cookie(
        key=_cookie_name(request),
        value=text,
        path="/",
        max_age=PROVIDER_SIGN_IN_SECONDS if text else 0,
        httponly=True,
        secure=is_secure(request),
        samesite="lax",
    )


def _left(request: Request[Any, Any, Any], location: str, cookie: str) -> Response[LeftJson]:
    headers = {"Cache-Control": "no-store"}
    return Response(LeftJson(location), status_code=200, cookies=[_cookie(request, cookie)], headers=headers)

"""Who is asking, and what they may do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult, DefineMiddleware
from litestar.types import Guard

from monokoto.kernel.errors import Forbidden, Unauthenticated
from monokoto.kernel.ids import ApiKeyId, OrganisationId, PersonId, SessionId
from monokoto.web.csrf import require_csrf, session_cookie

_OPEN_OPTION = "exclude_from_auth"
HEAD_STATE = "head"
"""In a request's state when it is a HEAD, which handlers see as a GET."""


class Scope(StrEnum):
    """What a caller may do. `write` includes `read` of the same noun."""

    ADMIN = "admin"
    """Everything in the organisation, keys and people included."""
    PLATFORM = "platform"
    """See and make the organisations of the whole platform; no scope includes it."""
    PRODUCTS_READ = "products:read"
    PRODUCTS_WRITE = "products:write"
    UNITS_READ = "units:read"
    UNITS_WRITE = "units:write"
    TELEMETRY_READ = "telemetry:read"
    TELEMETRY_WRITE = "telemetry:write"
    CONTROL_READ = "control:read"
    CONTROL_WRITE = "control:write"
    """Set desired state, invoke actions."""
    OWNERSHIP_READ = "ownership:read"
    OWNERSHIP_WRITE = "ownership:write"
    """Claim units, hand them on, share and lend them."""
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    """Invite members, give and take roles."""
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"
    EARN_READ = "earn:read"
    EARN_WRITE = "earn:write"
    """Whoever sells: plans, customers, subscriptions, usage, invoices."""
    PORTAL_READ = "portal:read"
    PORTAL_WRITE = "portal:write"
    """Whoever buys: what they use, what it costs, what they may change of it themselves."""


_WIDER: dict[Scope, frozenset[Scope]] = {
    scope: frozenset(
        {scope}
        | ({Scope.ADMIN} if scope is not Scope.PLATFORM else set())
        | {one for one in Scope if scope.endswith(":read") and one == scope.replace(":read", ":write")}
    )
    for scope in Scope
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The organisation behind a request, and the key or the person it came with."""

    organisation_id: OrganisationId
    scopes: frozenset[Scope]
    """Of the key, or of the person's role in this organisation."""
    organisation_kind: str = "maker"
    """maker, owner, provider or platform: decides which units are the organisation's own."""
    key_id: ApiKeyId | None = None
    """The API key; None for a person who signed in."""
    person_id: PersonId | None = None
    """The person who signed in; None for a key."""
    session_id: SessionId | None = None
    """The person's session; None for a key."""

    @property
    def actor_id(self) -> int:
        """Who did it, for records of who did what: the person's id, or the key's."""
        return self.person_id or self.key_id or 0

    def may(self, scope: Scope) -> bool:
        """Whether this scope is held, itself or through a wider one."""
        return not _WIDER[scope].isdisjoint(self.scopes)


class Authenticator(Protocol):
    """Turns a presented key, or a session's cookie, into a caller. Blocking; called in a thread.

    One that has also `at_hand(secret) -> Caller | None` is asked that first, on the event loop: it answers what it knows from
    memory and has nothing to write about, and None for all else.
    """

    def authenticate(self, secret: str) -> Caller:
        """Raises Unauthenticated when nothing live has this secret."""
        ...


def authentication(
    keys: Authenticator, sessions: Authenticator | None = None, tokens: Authenticator | None = None
) -> DefineMiddleware:
    """The middleware that puts the caller on every request; routes with `opt={"exclude_from_auth": True}` are left out.

    A key in `Authorization` wins over a session's cookie. With a cookie, `request.auth` is its text, and a method that changes
    something must prove that it comes from a page of ours (see `csrf.py`). Routes with `opt={"access_token": True}` also take a
    short-lived token in the address (see `access_tokens.py`).
    """

    class Authentication(AbstractAuthenticationMiddleware):
        async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
            if tokens is not None and (token := _token_in_address(connection)):
                return AuthenticationResult(user=tokens.authenticate(token), auth=None)
            cookie = None if sessions is None or "authorization" in connection.headers else session_cookie(connection)
            if sessions is None or cookie is None:
                return AuthenticationResult(user=await _caller(keys, bearer(connection)), auth=None)
            caller = await _caller(sessions, cookie)
            require_csrf(connection, cookie)
            return AuthenticationResult(user=caller, auth=cookie)

    return DefineMiddleware(Authentication, exclude_from_auth_key=_OPEN_OPTION)


def _token_in_address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The access token of a request that shows nothing else, on a route that takes one; empty: none."""
    if "authorization" in connection.headers or not connection.route_handler.opt.get("access_token"):
        return ""
    return str(connection.query_params.get("access_token", ""))


async def _caller(authenticator: Authenticator, secret: str) -> Caller:
    """From memory where that is enough: a hop into a thread costs as much as many an answer."""
    at_hand = getattr(authenticator, "at_hand", None)
    caller: Caller | None = None if at_hand is None else at_hand(secret)
    if caller is not None:
        return caller
    return await asyncio.to_thread(authenticator.authenticate, secret)


def bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The secret in `Authorization: Bearer ...` (or `Token ...`, as InfluxDB writers send it)."""
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "token"} or not secret.strip():
        raise Unauthenticated(
            "This request carries no key.",
            remedy="Sign in, or send `Authorization: Bearer KEY` (make one with `koto keys create`).",
        )
    return secret.strip()


@dataclass(frozen=True, slots=True)
class _Requires:
    """A guard; asynchronous although it waits for nothing, because the framework gives each other kind a thread."""

    scope: Scope

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        if connection.scope.get("method") == "OPTIONS":
            return  # which methods there are is no secret, and nobody was authenticated for it
        caller = connection.user
        if not isinstance(caller, Caller) or not caller.may(self.scope):
            raise Forbidden(
                f"{_who(caller)} lacks the scope {self.scope.value}.", remedy="Ask with a key or a role that has it."
            )


def _who(caller: object) -> str:
    return "Your role" if isinstance(caller, Caller) and caller.person_id is not None else "This key"


def requires(scope: Scope) -> Guard:
    """A guard for routes that need this scope."""
    return _Requires(scope)


def scopes_of(handler: BaseRouteHandler) -> list[Scope]:
    """The scopes a route's guards ask for; none: any live key will do."""
    return [guard.scope for guard in handler.resolve_guards() if isinstance(guard, _Requires)]


def is_open(handler: BaseRouteHandler) -> bool:
    """Whether a route is answered without an API key (it may ask for a unit's token)."""
    return bool(handler.opt.get(_OPEN_OPTION))


async def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """Dependency `caller`: a handler names a parameter `caller: Caller`."""
    caller: Caller = request.user
    return caller

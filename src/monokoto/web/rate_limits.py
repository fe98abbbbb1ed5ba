"""How fast one caller may ask: a token bucket for each key and session, and for each address of those nobody knows.

In memory of each process, because asking another machine would cost more than most answers. What is left is told in
`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): `r` requests left now, `t` seconds until all are
there again; `q` at once and `w` the seconds in which they come back. Routes that have limits of their own (ingest) say so by
`opt={"own_limits": True}`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, cast

from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from monokoto.kernel.errors import TooMany, Unauthenticated
from monokoto.kernel.limits import RATE_LIMITED_CALLERS_MAX
from monokoto.web.context import Caller, is_open

OWN_LIMITS = "own_limits"
_STATE = "koto_rate_limit"
"""Where the scope of a request keeps the headers for its answer."""
_IPV6_GROUPS = 4
"""An IPv6 subscriber has a network of at least 64 bits: its addresses count as one."""


class RateLimit:
    """One bucket a caller: `burst` requests at once, `per_second` in the long run. Not for several threads."""

    def __init__(self, name: str, *, per_second: float, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        self._per_second = float(per_second)
        self._burst = float(burst)
        self._now = now
        self._buckets: dict[int | str, tuple[float, float]] = {}
        self._name = name
        self._policy = f'"{name}";q={burst};w={max(1, math.ceil(burst / per_second))}'.encode()

    def take(self, caller: int | str) -> float:
        """Take one request; how many are left. Below 0: it was not there, and none was taken."""
        now = self._now()
        known = self._buckets.get(caller)
        if known is None:
            if len(self._buckets) >= RATE_LIMITED_CALLERS_MAX:
                self._forget(now)
            left = self._burst - 1.0
        else:
            tokens, at = known
            left = min(tokens + (now - at) * self._per_second, self._burst) - 1.0
            if left < 0.0:
                return left
        self._buckets[caller] = left, now
        return left

    def seconds_until_one(self, left: float) -> int:
        """How long to wait after a request that was not there: at least a second."""
        return max(1, math.ceil(-left / self._per_second))

    def headers(self, left: float) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """The headers of an answer."""
        remaining = max(0.0, left)
        full = int((self._burst - remaining) / self._per_second) + 1
        return (
            (b"ratelimit-policy", self._policy),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (self._name.encode(), remaining, full)),
        )

    def _forget(self, now: float) -> None:
        """Let go of those whose bucket is full again, which changes nothing; if that is not enough, of the oldest half."""
        self._buckets = {
            caller: (tokens, at)
            for caller, (tokens, at) in self._buckets.items()
            if tokens + (now - at) * self._per_second < self._burst
        }
        if len(self._buckets) >= RATE_LIMITED_CALLERS_MAX:
            for caller in sorted(self._buckets, key=lambda one: self._buckets[one][1])[: RATE_LIMITED_CALLERS_MAX // 2]:
                del self._buckets[caller]


def limit_callers(limit: RateLimit) -> Callable[[ASGIApp], ASGIApp]:
    """A middleware after authentication: each key and each session has its own bucket."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            caller = scope.get("user")
            if isinstance(caller, Caller) and not _has_own_limits(scope):
                _take(limit, caller.key_id or caller.session_id or caller.actor_id, scope)
            await app(scope, receive, send)

        return limited

    return wrap


def limit_strangers(limit: RateLimit) -> Callable[[ASGIApp], ASGIApp]:
    """A middleware before authentication: an address may ask open routes, and present keys nobody knows, so often."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            if is_open(_handler(scope)):
                if not _has_own_limits(scope):
                    _take(limit, address_of(scope), scope)
                await app(scope, receive, send)
                return
            try:
                await app(scope, receive, send)
            except Unauthenticated:
                _take(limit, address_of(scope), scope)
                raise

        return limited

    return wrap


def limit_headers(scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
    """What the answer to this request says of its caller's limit; nothing where none applies."""
    found: tuple[tuple[bytes, bytes], ...] = cast("dict[str, Any]", scope).get(_STATE, ())
    return found


def address_of(scope: Scope) -> str:
    """Where a request comes from, as far as one subscriber can be told from another."""
    client = scope.get("client")
    host = client[0] if client else ""
    return ":".join(host.split(":")[:_IPV6_GROUPS]) if ":" in host else host


def _take(limit: RateLimit, caller: int | str, scope: Scope) -> None:
    left = limit.take(caller)
    cast("dict[str, Any]", scope)[_STATE] = limit.headers(left)
    if left < 0.0:
        refused = TooMany(
            "Requests come faster than this caller may send them.", remedy="Wait, then go on more slowly."
        )
        refused.retry_after_seconds = limit.seconds_until_one(left)
        raise refused


def _handler(scope: Scope) -> BaseRouteHandler:
    return cast("BaseRouteHandler", scope["route_handler"])


def _has_own_limits(scope: Scope) -> bool:
    return bool(_handler(scope).opt.get(OWN_LIMITS))

"""Long answers end with what opened them: a revoked key, an ended session, a role that was taken away.

Who asks is looked at when a request begins, and a stream of live changes may last an hour. So whoever sends more of an answer
is asked about again every `STANDING_SECONDS`; no longer in, the answer ends, and the client that connects again is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from monokoto.kernel.errors import Unavailable
from monokoto.web.context import Caller

STANDING_SECONDS: Final = 15.0
_log = structlog.get_logger(__name__)


class Standing(Protocol):
    """Whether callers are still who they were. Blocking; called in a thread."""

    def still_in(self, caller: Caller) -> bool:
        """Whether the caller's key or session still opens what it did."""
        ...


class _Answer:
    """One answer on its way out."""

    def __init__(self, standing: Standing, caller: Caller, send: Send, seconds: float) -> None:
        self._standing = standing
        self._caller = caller
        self._send = send
        self._seconds = seconds
        self._asked = time.monotonic()
        self._over = False

    async def send(self, message: Message) -> None:
        """Send on, or end the answer; nothing follows its end."""
        if self._over:
            return
        more = message["type"] == "http.response.body" and message.get("more_body", False)
        if more and time.monotonic() - self._asked >= self._seconds and not await self._still_in():
            self._over = True
            # With its end the server says that the client is gone, and whoever makes the answer stops.
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await self._send(message)

    async def _still_in(self) -> bool:
        try:
            found = await asyncio.to_thread(self._standing.still_in, self._caller)
        except Unavailable as error:
            _log.warning("standing_not_known", reason=error.message)
            found = True
        self._asked = time.monotonic()
        return found


def ending_streams(standing: Standing, *, seconds: float = STANDING_SECONDS) -> Callable[[ASGIApp], ASGIApp]:
    """The middleware; below authentication."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            caller = scope.get("user")
            if not isinstance(caller, Caller):
                await app(scope, receive, send)
                return
            await app(scope, receive, _Answer(standing, caller, send, seconds).send)

        return answer

    return wrap

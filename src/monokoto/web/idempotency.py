"""`Idempotency-Key`: a request that is sent again is answered again, and carried out once.

Source: draft-ietf-httpapi-idempotency-key-header-07. For every authenticated POST, PUT, PATCH and DELETE; keys belong to the
caller (an organisation's API key, or a person) and are kept for a day. The same request is given the same answer, another one
under the same key is refused (422), one that is still being carried out too (409). What was refused (4xx) or could not
be taken (503) was not carried out: its key stays free. A request whose process died while carrying it out is carried out again
where that does the same as once, and else refused with `outcome-unknown` (409): nobody is told a guess.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from monokoto.kernel.errors import Fault, Invalid, MonokotoError, TooLarge
from monokoto.kernel.limits import (
    API_BODY_BYTES_MAX,
    IDEMPOTENCY_KEY_LENGTH_MAX,
    IDEMPOTENT_ANSWER_BYTES_MAX,
)
from monokoto.web.context import Caller
from monokoto.web.kept_answers import Answer, Asked, KeptAnswers, asked
from monokoto.web.problems import status_of

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"
"""Set to `true` on an answer that is given again."""
_HEADER: Final = IDEMPOTENCY_HEADER.lower().encode()
_REPLAYED: Final = (REPLAYED_HEADER.lower().encode(), b"true")
UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_log = structlog.get_logger(__name__)


def idempotency(kept: KeptAnswers) -> Callable[[ASGIApp], ASGIApp]:
    """The middleware; goes after authentication."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            caller = scope.get("user")
            key = _key_in(scope) if scope.get("method") in UNSAFE and isinstance(caller, Caller) else None
            if key is None:
                await app(scope, receive, send)
                return
            assert isinstance(caller, Caller)
            body = await _body(receive)
            request = _asked(scope, caller, key, body)
            before = await asyncio.to_thread(kept.begin, request)
            if before is not None:
                await send(
                    {"type": "http.response.start", "status": before.status, "headers": [*before.headers, _REPLAYED]}
                )
                await send({"type": "http.response.body", "body": before.body, "more_body": False})
                return
            await _carry_out(app, scope, _Again(body, receive), _Kept(kept, request, send))

        return answer

    return wrap


async def _carry_out(app: ASGIApp, scope: Scope, receive: _Again, send: _Kept) -> None:
    try:
        await app(scope, receive, send)
    except MonokotoError as error:
        await send.ended(status_of(error))
        raise
    except BaseException:
        send.left()
        raise
    if not send.settled:
        send.left()


class _Again:
    """The body that was read already, for whoever carries the request out."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Any:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Kept:
    """Keeps what is sent; the end of an answer goes out once it is kept."""

    def __init__(self, kept: KeptAnswers, asked: Asked, send: Send) -> None:
        self._kept = kept
        self._asked = asked
        self._send = send
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: bytearray | None = bytearray()
        self.settled = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            if self._body is not None:
                self._body += message["body"]
                if len(self._body) > IDEMPOTENT_ANSWER_BYTES_MAX:
                    self._body = None
            if not message.get("more_body"):
                await self.ended(self._status)
        await self._send(message)

    async def ended(self, status: int) -> None:
        """Settle what becomes of the key. That it cannot be kept fails nobody's request: it stays begun without an end."""
        if self.settled:
            return
        self.settled = True
        try:
            if status < 400:
                answer = None if self._body is None else Answer(status, self._headers, bytes(self._body))
                await asyncio.to_thread(self._kept.end, self._asked, answer)
            elif status == 500:
                self._kept.abandon(self._asked)
            else:
                await asyncio.to_thread(self._kept.release, self._asked)
        except MonokotoError as error:
            _log.warning("answer_not_kept", reason=error.message)

    def left(self) -> None:
        """It ended without an answer."""
        if not self.settled:
            self.settled = True
            self._kept.abandon(self._asked)


def _key_in(scope: Scope) -> str | None:
    """The key, as the draft writes it (a quoted string) or bare; raises Invalid for what is none."""
    found = [value for name, value in scope["headers"] if name == _HEADER]
    if not found:
        return None
    text = found[0].decode("latin-1").strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if len(found) > 1 or not 0 < len(text) <= IDEMPOTENCY_KEY_LENGTH_MAX or not (text.isascii() and text.isprintable()):
        reason = f"one key of 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} printable ASCII characters, such as a UUID"
        raise Invalid("This is no idempotency key.", faults=[Fault(place=IDEMPOTENCY_HEADER, reason=reason)])
    return text


def _asked(scope: Scope, caller: Caller, key: str, body: bytes) -> Asked:
    headers = dict(scope["headers"])
    cookie = scope.get("auth")
    return asked(
        organisation_id=caller.organisation_id,
        actor_id=caller.actor_id,
        credential_id=caller.session_id or caller.key_id or 0,
        credential=cookie if isinstance(cookie, str) else headers.get(b"authorization", b"").decode("latin-1"),
        key=key,
        request=(
            str(scope.get("method")).encode(),
            scope["path"].encode("utf-8", "surrogatepass"),
            scope["query_string"],
            headers.get(b"content-type", b""),
            headers.get(b"if-match", b""),
            body,
        ),
    )


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Invalid("The request ended before its body did.")
        body += message["body"]
        if len(body) > API_BODY_BYTES_MAX:
            raise TooLarge(
                f"A request with an idempotency key has at most {API_BODY_BYTES_MAX} bytes.",
                remedy="Send it in parts, each with a key of its own, or without a key.",
            )
        if not message.get("more_body"):
            return bytes(body)

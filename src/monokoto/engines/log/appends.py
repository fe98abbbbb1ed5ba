"""Appends on their way: kept in order, sent again over a broken connection, stored once.

The appends of one subject form a lane. While all is well they are sent at once, many outstanding. When the connection
broke, or the stream had no leader for a moment, the lane goes back to its oldest unanswered append, sends that one alone
until it is answered, then the others after it in order. Every append carries a message id, so one that was stored before
its answer got lost is answered again and not stored again (JetStream remembers ids for two minutes).

Order is promised among the appends that succeed. One that raised has lost its place: others may stand before its retry.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import secrets

from nats.aio.msg import Msg

from monokoto.engines.log.api import parse, pause_seconds
from monokoto.engines.log.connection import Connection
from monokoto.kernel.errors import MonokotoError, TooLarge, Unavailable

APPEND_SECONDS = 10.0
OUTSTANDING_BYTES_MAX = 256 << 20
_ATTEMPT_SECONDS = 3.0
_ENTRY_BYTES = 200  # what an empty entry counts, so that their number is bounded as well


class _Append:
    """One append and the answer its caller waits for."""

    __slots__ = ("answer", "body", "headers", "sent", "subject", "tokens")

    def __init__(self, subject: str, body: bytes, headers: dict[str, str]) -> None:
        self.subject = subject
        self.body = body
        self.headers = headers
        self.sent = False
        self.tokens: list[str] = []
        self.answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()


class _Lane:
    """The unanswered appends of one subject, oldest first."""

    __slots__ = ("behind", "heard", "recovery", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[int, _Append] = {}
        self.recovery: asyncio.Task[None] | None = None
        self.heard = asyncio.Event()
        self.behind = False
        """Some of them are not on their way: a new one must not be sent before them."""

    def unsent(self) -> list[_Append]:
        return [append for append in self.waiting.values() if not append.sent and not append.answer.done()]


class Appends:
    """All lanes of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lanes: dict[str, _Lane] = {}
        self._numbers = itertools.count(1)
        self._nonce = secrets.token_urlsafe(9)
        self._bytes = 0
        connection.on_live(self._reopened)

    async def append(
        self,
        subject: str,
        body: bytes,
        *,
        message_id: str = "",
        headers: dict[str, str] | None = None,
        seconds: float = APPEND_SECONDS,
    ) -> int:
        """Store one entry and return its sequence. As `Log.append`; `headers` are sent along."""
        size = len(body) + _ENTRY_BYTES
        if len(body) > self._connection.body_bytes_max:
            raise TooLarge(f"an entry of {len(body)} bytes; the log takes {self._connection.body_bytes_max}")
        if self._bytes + size > OUTSTANDING_BYTES_MAX:
            raise Unavailable(f"{self._bytes} bytes already wait to be stored")
        number = next(self._numbers)
        append = _Append(subject, body, {"Nats-Msg-Id": message_id or f"{self._nonce}.{number}", **(headers or {})})
        lane = self._lanes.setdefault(subject, _Lane())
        lane.waiting[number] = append
        self._bytes += size
        # A stream whose leader just died may give no answer at all, on a connection that is well.
        unanswered = asyncio.get_running_loop().call_later(_ATTEMPT_SECONDS, self._recover, subject, lane)
        try:
            async with asyncio.timeout(seconds):
                if not lane.behind:
                    await self._send(lane, append)
                return await append.answer
        except TimeoutError:
            raise Unavailable(
                f"the log did not confirm an entry on {subject} within {seconds:g} s; it may have been stored"
            ) from None
        finally:
            unanswered.cancel()
            self._bytes -= size
            for token in append.tokens:
                self._connection.forget(token)
            self._forget(subject, lane, number)

    def close(self) -> None:
        """Refuse everything still waiting."""
        for lane in list(self._lanes.values()):
            if lane.recovery is not None:
                lane.recovery.cancel()
            for append in lane.waiting.values():
                if not append.answer.done():
                    append.answer.set_exception(Unavailable("the log was closed"))

    async def _send(self, lane: _Lane, append: _Append) -> None:
        token = await self._connection.send(
            append.subject, append.body, append.headers, functools.partial(self._heard, lane, append)
        )
        append.sent = bool(token)
        lane.behind = lane.behind or not token
        if token:
            append.tokens.append(token)

    def _heard(self, lane: _Lane, append: _Append, message: Msg | None) -> None:
        lane.heard.set()
        if append.answer.done():
            return
        if message is None:
            append.sent = False
            lane.behind = True  # The connection broke: `_reopened` sends it again.
            return
        try:
            stored = parse(message)
        except MonokotoError as error:
            append.answer.set_exception(error)
            return
        if stored is None:
            append.sent = False
            self._recover(append.subject, lane)
        else:
            append.answer.set_result(int(stored["seq"]))

    def _reopened(self) -> None:
        for subject, lane in self._lanes.items():
            self._recover(subject, lane)

    def _recover(self, subject: str, lane: _Lane) -> None:
        if lane.recovery is None:
            lane.behind = True
            lane.recovery = asyncio.create_task(self._recovering(subject, lane), name=f"recover {subject}")

    async def _recovering(self, subject: str, lane: _Lane) -> None:
        try:
            for append in lane.waiting.values():
                append.sent = False
            await self._send_oldest(lane)
            while self._connection.client is not None:
                if not (unsent := lane.unsent()):
                    lane.behind = False
                    break
                for append in unsent:
                    await self._send(lane, append)
        finally:
            lane.recovery = None
            self._forget(subject, lane, 0)
            # The connection may have broken and come back while this was under way: then nobody else starts over.
            if lane.behind and lane.waiting and self._connection.client is not None:
                self._recover(subject, lane)

    async def _send_oldest(self, lane: _Lane) -> None:
        """Send the oldest alone until it is answered, one way or the other, or the connection is gone again."""
        attempt = 0
        while (unsent := lane.unsent()) and self._connection.client is not None:
            append = unsent[0]
            lane.heard.clear()
            await self._send(lane, append)
            try:
                async with asyncio.timeout(_ATTEMPT_SECONDS):
                    await lane.heard.wait()
            except TimeoutError:
                append.sent = False
                continue
            if append.answer.done():
                return
            append.sent = False
            await asyncio.sleep(pause_seconds(attempt))
            attempt += 1

    def _forget(self, subject: str, lane: _Lane, number: int) -> None:
        lane.waiting.pop(number, None)
        lane.heard.set()
        if not lane.waiting and lane.recovery is None and self._lanes.get(subject) is lane:
            del self._lanes[subject]

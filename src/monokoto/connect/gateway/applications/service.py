"""Applications of one gateway process: who they are, what they watch, and the platform that answers for the units."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

import structlog

from monokoto.connect.gateway.applications import live
from monokoto.connect.gateway.applications.conversation import ApplicationDialogue
from monokoto.connect.gateway.applications.telling import Telling
from monokoto.connect.gateway.applications.watches import Watches
from monokoto.connect.gateway.beats import beats
from monokoto.connect.gateway.connections import Gateway
from monokoto.connect.gateway.connections.connection import Connection, Conversation
from monokoto.connect.gateway.connections.keeper import KeptSession, is_application
from monokoto.engines.log import Log
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import MonokotoError, TooMany, Unauthenticated, Unavailable
from monokoto.kernel.limits import AUTHENTICATIONS_WAITING_MAX
from monokoto.mqtt import Packet
from monokoto.web import Caller

KEY_PREFIX = "koto_"
_ASK_SECONDS = 10.0
_RETRY_SECONDS = 0.25
_ASKS_AT_ONCE = 500
_LIVE_SECONDS = 1.0
_FORGET_SECONDS = 3600.0
_SPARED = 3600 * MICROSECONDS_PER_SECOND
_log = structlog.get_logger(__name__)


class ApplicationKeys(Protocol):
    """What is asked of tenancy's `ApiKeys`. Blocking."""

    def authenticate(self, secret: str) -> Caller:
        """Raises Unauthenticated."""
        ...

    def ended(self, key_ids: Collection[int]) -> set[int]:
        """Which of these keys open nothing any more."""
        ...


class ApplicationService:
    """Implements `host.Applications` and `conversation.Platform`."""

    def __init__(self, gateway: Gateway, log: Log, keys: ApplicationKeys) -> None:
        self._gateway = gateway
        self._log = log
        self._keys = keys
        self.watches = Watches()
        self._telling = Telling(self.watches, gateway.counters, gateway.clock)
        self._dialogue = ApplicationDialogue(gateway, self, self.watches, self._telling)
        self._waiting = 0
        self._heard_number = 0
        self._stops: list[Callable[[], Awaitable[None]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def dialogue(self) -> Conversation:
        """What applications say and hear."""
        return self._dialogue

    async def start(self) -> None:
        """Begin to listen to the platform."""
        name = self._gateway.name
        self._stops = [
            await self._log.listen(f"{live.NEWS}.{name}", self._heard),
            await self._log.answer(f"{live.TABLE}.{name}", self._tell_table),
        ]
        self._tasks = [
            asyncio.create_task(self._beat(), name="watched units"),
            asyncio.create_task(self._end_keys(), name="ended keys"),
            asyncio.create_task(self._forget(), name="expired sessions"),
        ]

    async def stop(self) -> None:
        """Hear no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stop in self._stops:
            await stop()

    # --- who it is

    async def authenticate(self, secret: str) -> Caller | None:
        """The caller whose API key this is; None when it is none. Raises Unavailable, TooMany."""
        if not secret.startswith(KEY_PREFIX):
            return None
        if self._waiting >= AUTHENTICATIONS_WAITING_MAX:
            raise TooMany("Too many applications are connecting at once.", remedy="Try again in a few seconds.")
        self._waiting += 1
        try:
            caller = await asyncio.to_thread(self._keys.authenticate, secret)
        except Unauthenticated:
            return None
        except MonokotoError:
            raise
        except Exception as error:  # the records are another engine: whatever it raises, nobody was authenticated
            _log.error("authentication_failed", exc_info=error)
            raise Unavailable("The records cannot be asked who this is.") from error
        finally:
            self._waiting -= 1
        return caller if caller.key_id is not None else None

    async def entered(self, connection: Connection, kept: KeptSession, packets: Sequence[Packet]) -> None:
        """The connection is accepted."""
        await self._dialogue.begin(connection, kept, packets)

    async def _end_keys(self) -> None:
        """Close the connections of keys that were revoked or expired; one question a second for all of them."""
        while True:
            await asyncio.sleep(_LIVE_SECONDS)
            used = {
                kept.owner_id
                for connection in self._gateway.connections
                if (kept := connection.kept) is not None and isinstance(kept.owner, Caller)
            }
            if not used:
                continue
            try:
                ended = await asyncio.to_thread(self._keys.ended, used)
            except Exception as error:  # whatever the records raise: asked again in a second
                _log.warning("records_unavailable", detail=str(error))
                continue
            if ended:
                self._gateway.end_credentials(ended)

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(_FORGET_SECONDS)
            with contextlib.suppress(Unavailable):
                await self.forget_expired()

    async def forget_expired(self) -> int:
        """Delete stored sessions whose applications never came back; those whose gateway died begin to expire now.

        Only what expired a while ago: who comes back at this moment has stored theirs anew. Raises Unavailable.
        """
        keeper, now = self._gateway.keeper, self._gateway.clock.now()
        living = {beat.gateway for beat in await beats(self._log)} | {self._gateway.name}
        forgotten = 0
        for key in await keeper.stored():
            found = await keeper.load_key(key) if is_application(key) else None
            if found is None or key in keeper.saving:
                continue
            stored, _, session = found
            if not stored.connected and session.expires_at + _SPARED < now:
                await keeper.delete(key)
                forgotten += 1
            elif stored.connected and stored.gateway not in living:
                session.disconnect(None, now)
                await keeper.rest(key, stored, session)
        return forgotten

    # --- the platform

    async def watch(self, caller: Caller, token: int, asks: Sequence[live.Ask]) -> Sequence[int]:
        """A reason code for each; a platform that is starting is waited for. Raises Unavailable."""
        asker = live.asker_of(caller)
        answers: list[int] = []
        for start in range(0, len(asks), _ASKS_AT_ONCE):
            some = tuple(asks[start : start + _ASKS_AT_ONCE])
            body = live.encode(live.Watch(self._gateway.name, token, asker, some))
            answers += live.decode_verdict(await self._ask_patiently(live.WATCH, body))
        return answers

    async def control(self, control: live.Control) -> live.Outcome:
        """Carry a publish out: asked once, for an action is not to be invoked twice. Raises Unavailable."""
        answer = await self._log.request(live.CONTROL, live.encode(control), timeout_seconds=_ASK_SECONDS)
        return live.decode_outcome(answer)

    async def _ask_patiently(self, subject: str, body: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _ASK_SECONDS
        while True:
            try:
                return await self._log.request(subject, body, timeout_seconds=_ASK_SECONDS)
            except Unavailable:
                if loop.time() + _RETRY_SECONDS > deadline:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def _heard(self, _subject: str, body: bytes) -> None:
        bulletin = live.decode_bulletin(body)
        if bulletin.number in (1, self._heard_number + 1):  # 1: the platform has begun anew
            self._heard_number = bulletin.number
        self._telling.take(bulletin.news)

    async def _tell_table(self, _body: bytes) -> bytes:
        return live.encode(self.watches.table())

    async def _beat(self) -> None:
        """While anything is watched; and once more when nothing is."""
        last = self.watches.revision
        while True:
            await asyncio.sleep(live.BEAT_SECONDS)
            revision = self.watches.revision
            if len(self.watches) or revision != last:
                with contextlib.suppress(Unavailable):
                    beat = live.Beat(self._gateway.name, revision, self._heard_number)
                    await self._log.tell(live.BEAT, live.encode(beat))
                last = revision

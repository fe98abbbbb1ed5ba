"""The gateway: what all connections of one process share, and what time and other processes do to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine, Iterable
from typing import Any

import msgspec
import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway.authentication import Authentication
from monokoto.connect.gateway.commit import Route
from monokoto.connect.gateway.committer import Committer
from monokoto.connect.gateway.connections.connection import (
    AWAITING,
    ENDING,
    PACED,
    STALLED,
    Connection,
)
from monokoto.connect.gateway.connections.delivery import Deliveries
from monokoto.connect.gateway.connections.dialogue import Dialogue, refused_record
from monokoto.connect.gateway.connections.host import Applications, Units
from monokoto.connect.gateway.connections.keeper import Keeper, KeptSession
from monokoto.connect.gateway.connections.neighbours import Neighbours
from monokoto.connect.gateway.connections.opening import Opening
from monokoto.connect.gateway.connections.topics import ChildOf, Refusal, resolve
from monokoto.connect.gateway.counters import Counters
from monokoto.connect.gateway.pace import Pace
from monokoto.engines.log import Log
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.limits import CONNECT_SECONDS_MAX, SOCKET_BLOCKED_SECONDS_MAX
from monokoto.mqtt import Connect, Message, PacketError, Reason, refuse
from monokoto.settings import GatewaySettings

SWEEP_SECONDS = 1.0
CLOSING_SECONDS_MAX = 5
UNTOLD_MAX = 100_000
_MARGIN = 64  # connections past the limit that are still answered, with a CONNACK that says "busy"
_log = structlog.get_logger(__name__)


class Gateway:
    """One process's connections."""

    def __init__(
        self,
        *,
        name: str,
        settings: GatewaySettings,
        log: Log,
        committer: Committer,
        keeper: Keeper,
        authentication: Authentication,
        directory: Units,
        clock: Clock,
    ) -> None:
        self.name = name
        self.settings = settings
        self.log = log
        self.committer = committer
        self.counters: Counters = committer.counters
        self.keeper = keeper
        self.authentication = authentication
        self.directory = directory
        self.child_of: ChildOf = directory.child
        self.clock = clock
        self.applications: Applications | None = None
        """Set by who puts the process together; without it applications are not let in."""
        self.dialogue = Dialogue(self)
        self.downlinks = Deliveries(self, log)
        self.opening = Opening(self)
        self.neighbours = Neighbours(self, log)
        self.connections: set[Connection] = set()
        self.of_owner: dict[int, list[Connection]] = {}
        """By unit id, or by the API key id of an application."""
        self.resting: dict[tuple[int, str], KeptSession] = {}
        """Sessions without a connection that this process still has something to do for: a will with a delay."""
        self.stopping = False
        self._paces: dict[int, Pace] = {}
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._untold: deque[tuple[int, Route, bytes]] = deque(maxlen=UNTOLD_MAX)
        self._sweeper = self._loop.call_later(SWEEP_SECONDS, self._sweep)
        committer.when_stalled = self._stall

    # --- connections come and go

    def accepted(self, connection: Connection) -> None:
        """A socket was accepted."""
        if self.stopping or len(self.connections) >= self.settings.connections_max + _MARGIN:
            self.counters.turned_away += 1
            connection.transport.abort()
            return
        self.connections.add(connection)
        self.counters.accepted += 1
        self.counters.connections = len(self.connections)

    def open(self, connection: Connection, packet: Connect) -> None:
        """A CONNECT came: answer it."""
        connection.version = packet.version
        self.spawn(self.opening.open(connection, packet))

    def turn_away(self, connection: Connection, reason: Reason, message: str = "") -> None:
        """Answer a CONNECT with no, and close."""
        self.counters.turned_away += 1
        if connection.state != ENDING:
            connection.send(refuse(reason, message=message[:256]))
            connection.close()

    def enter(self, connection: Connection, kept: KeptSession) -> None:
        """The connection speaks for the session from now on."""
        owner = kept.owner
        connection.owner_id = kept.owner_id
        if isinstance(owner, UnitIdentity):
            connection.unit, connection.credential_id = owner, owner.credential_id
        else:
            assert self.applications is not None
            connection.credential_id = kept.owner_id
            connection.dialogue = self.applications.dialogue
        kept.connected = True
        connection.kept = kept
        connection.pending = self.committer.pending(kept.owner_id)
        others = self.of_owner.setdefault(kept.owner_id, [])
        connection.unit_pace = others[0].unit_pace if others else self._pace(self.settings.unit_messages_per_second)
        organisation_pace = self._paces.get(owner.organisation_id)
        if organisation_pace is None:
            organisation_pace = self._pace(self.settings.organisation_messages_per_second)
            self._paces[owner.organisation_id] = organisation_pace
        connection.organisation_pace = organisation_pace
        others.append(connection)

    def leave(self, connection: Connection) -> None:
        """The connection speaks for its session no longer, whoever closed it. Once; nothing happens again."""
        kept = connection.kept
        if kept is None:
            return
        connection.kept = None
        others = self.of_owner[connection.owner_id]
        others.remove(connection)
        if not others:
            del self.of_owner[connection.owner_id]
        connection.dialogue.left(connection, kept)
        kept.waiting = None
        kept.connected = False
        if kept.session.connected:  # no DISCONNECT came
            kept.session.disconnect(None, self.clock.now())
        if not self.stopping:
            self.rest(kept)

    def lost(self, connection: Connection) -> None:
        """The socket is closed."""
        self.connections.discard(connection)
        self.counters.connections = len(self.connections)

    def rest(self, kept: KeptSession) -> None:
        """What becomes of a session without a connection: its will, then the bucket or nothing."""
        now = self.clock.now()
        self.publish_will(kept, kept.session.take_will(now))
        if kept.moved:
            return
        if kept.session.will is not None:
            self.resting[kept.key] = kept
        else:
            self.resting.pop(kept.key, None)
        if not kept.session.expired(now):
            self.spawn(self.quietly(self.keeper.save(kept)))
        elif kept.stored or kept.saving is not None:
            self.spawn(self.quietly(self.keeper.forget(kept)))

    def publish_will(self, kept: KeptSession, will: Message | None) -> None:
        """A will is a publish of the unit like any other; one the unit may not make is a dead letter."""
        if will is None or not isinstance(kept.owner, UnitIdentity):
            return
        self.counters.wills += 1
        target = resolve(will.topic, kept.owner, self.child_of)
        if isinstance(target, Refusal):
            self.counters.refused += 1
            self.tell(kept.owner_id, Route.REFUSED, refused_record(will.topic, will.payload, target.reason))
        else:
            self.tell(kept.owner_id, target.route, target.prefix + will.payload)

    def refuse_packet(self, connection: Connection, error: PacketError) -> None:
        """What arrived is not the MQTT it must be: say so where the version can, and close."""
        _log.info("packet_refused", reason=error.reason.name, detail=error.message, client=connection.client_id)
        if connection.state == AWAITING:
            if error.reason == Reason.UNSUPPORTED_PROTOCOL_VERSION:
                self.turn_away(connection, error.reason, error.message)
            else:
                self.counters.turned_away += 1
                connection.close()
        else:
            self.committer.arm()  # what came in front of it is kept nevertheless
            connection.end(error.reason, error.message)

    # --- presence and other records of our own

    def tell(self, unit_id: int, route: Route, payload: bytes | dict[str, Any]) -> None:
        """A record that nobody waits for; it is tried again until the log takes it."""
        body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        try:
            future = self.committer.submit(unit_id, route, body)
        except Unavailable:
            self._untold.append((unit_id, route, body))
            return
        future.add_done_callback(lambda done: self._told(done, unit_id, route, body))

    def _told(self, done: asyncio.Future[None], unit_id: int, route: Route, body: bytes) -> None:
        if not done.cancelled() and done.exception() is not None:
            self._untold.append((unit_id, route, body))

    # --- pace

    def _pace(self, rate: float) -> Pace:
        pace = Pace(rate)
        pace.at = self._loop.time()
        return pace

    def slow_down(self, connection: Connection) -> None:
        """The unit or its organisation is past its pace: read its socket again when the credit is back."""
        now = self._loop.time()
        wait = max(connection.unit_pace.overdraft(now), connection.organisation_pace.overdraft(now))
        if wait > 0:
            self.counters.paused += 1
            connection.pause(PACED)
            self._loop.call_later(wait, connection.resume, PACED)

    def _stall(self, stalled: bool) -> None:
        _log.warning("reading_stalled" if stalled else "reading_resumed", connections=len(self.connections))
        for connection in list(self.connections):
            if stalled:
                connection.pause(STALLED)
            else:
                connection.resume(STALLED)

    # --- what others do

    def end_credentials(self, credential_ids: Iterable[int]) -> None:
        """Credentials ended: whoever came with one is closed at once."""
        ended = set(credential_ids)
        self.authentication.ended(ended)
        for connection in list(self.connections):
            if connection.kept is not None and connection.credential_id in ended:
                self.counters.revoked += 1
                connection.end(Reason.NOT_AUTHORIZED, "the credential ended", ended_by="credential-ended")

    def taken_over(self, owner_id: int, client_id: str, *, except_session: int = 0) -> None:
        """The client connected to another process: its session is there now, with the will it may have left here."""
        rested = self.resting.get((owner_id, client_id))
        if rested is not None and except_session:
            del self.resting[rested.key]
            rested.session.will = None
            rested.moved = True
        for connection in list(self.of_owner.get(owner_id, ())):
            if connection.client_id == client_id and connection.session_id < except_session:
                self.counters.taken_over += 1
                if connection.kept is not None:
                    connection.kept.moved = True
                connection.end(Reason.SESSION_TAKEN_OVER)

    # --- time

    def _sweep(self) -> None:
        self._sweeper = self._loop.call_later(SWEEP_SECONDS, self._sweep)
        for connection in list(self.connections):
            kept = connection.kept
            if kept is not None and kept.dirty and kept.saving is None:
                self.spawn(self.quietly(self.keeper.save(kept)))
            if connection.heard:
                connection.heard = False
                connection.silent = 0
            else:
                connection.silent += 1
                self._judge_silence(connection)
        now = self.clock.now()
        for kept in [kept for kept in self.resting.values() if now >= kept.session.will_at]:
            self.rest(kept)
        for _ in range(len(self._untold)):
            if self.committer.stalled:
                break
            self.tell(*self._untold.popleft())

    def _judge_silence(self, connection: Connection) -> None:
        """A connection from which nothing was read for `silent` seconds."""
        silent = connection.silent
        if connection.state == ENDING or connection.blocked:
            if silent > (CLOSING_SECONDS_MAX if connection.state == ENDING else SOCKET_BLOCKED_SECONDS_MAX):
                connection.transport.abort()
        elif connection.kept is None:
            if silent > (CONNECT_SECONDS_MAX if connection.state == AWAITING else 3 * CONNECT_SECONDS_MAX):
                self.counters.turned_away += 1
                connection.close()
        elif 0 < connection.patience < silent and not connection.held_back:
            connection.end(Reason.KEEP_ALIVE_TIMEOUT)

    def holds(self, owner_id: int, client_id: str) -> bool:
        """Whether the client is connected to this process."""
        return any(connection.client_id == client_id for connection in self.of_owner.get(owner_id, ()))

    # --- tasks

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something to its end; what it raises is logged."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("gateway_task_failed", exc_info=error)

    async def quietly(self, work: Coroutine[Any, Any, None]) -> None:
        """The log may be away; the session stays marked as changed."""
        with contextlib.suppress(Unavailable):
            await work

    async def stop(self) -> None:
        """Close everything in order: sessions stored, version 5 told, what is pending committed and acknowledged.

        Wills are left to the bucket: another gateway publishes those of units that do not come back (MQTT-3.1.2-8).
        """
        self.stopping = True
        self._sweeper.cancel()
        connected = [connection for connection in self.connections if connection.kept is not None]
        for connection in connected:
            connection.pause(STALLED)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await self.committer.drain()
        sessions = [connection.kept for connection in connected if connection.kept is not None]
        for connection in list(self.connections):
            connection.end(Reason.SERVER_SHUTTING_DOWN)
        worth = [kept for kept in sessions if kept.worth_storing]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.gather(*(self.quietly(self.keeper.save(kept)) for kept in worth))
                await self.committer.drain()
        for task in list(self._tasks):
            task.cancel()
        for connection in list(self.connections):
            connection.transport.abort()

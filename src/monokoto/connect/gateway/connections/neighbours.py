"""The other gateway processes: a client that connects here leaves there, and the wills of one that died are published.

A gateway beats in the bucket `gateways` every five seconds. One that has not for fifteen is dead: whoever claims it first
goes through the stored sessions it held, publishes the wills that are due, and marks it as settled.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

import msgspec
import structlog

from monokoto.connect.gateway.beats import BEAT_SECONDS, BUCKET, DEAD_SECONDS
from monokoto.connect.gateway.connections.connection import Connection
from monokoto.connect.gateway.connections.host import Process
from monokoto.connect.gateway.connections.keeper import KeptSession, is_application
from monokoto.engines.log import Bucket, Log
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import Conflict, Unavailable
from monokoto.kernel.ids import format_id

CLAIM_SECONDS = 120.0
FORGET_SECONDS = 3600.0
_log = structlog.get_logger(__name__)


class Neighbours:
    """Heartbeat, takeover between processes, and the estate of the dead."""

    def __init__(self, gateway: Process, log: Log) -> None:
        self._gateway = gateway
        self._log = log
        self._bucket: Bucket | None = None
        self._task: asyncio.Task[None] | None = None
        self._started_at = gateway.clock.now()
        self._unlisten: Any = None

    async def start(self) -> None:
        """Begin to beat and to listen. Raises Unavailable."""
        self._bucket = await self._log.bucket(BUCKET)
        self._unlisten = await self._log.listen("takeover.*", self._heard)
        await self._beat()
        self._task = asyncio.create_task(self._run(), name="neighbours")

    async def stop(self) -> None:
        """Beat for the last time: whoever does not come back within the dead time is settled by another gateway."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._unlisten is not None:
            await self._unlisten()
            self._unlisten = None
        with contextlib.suppress(Unavailable):
            await self._beat(stopped=True)

    async def announce(self, connection: Connection) -> None:
        """Tell the other processes that this client is here now."""
        with contextlib.suppress(Unavailable):
            await self._log.tell(
                f"takeover.{format_id(connection.owner_id)}",
                msgspec.msgpack.encode(
                    [self._gateway.name, connection.owner_id, connection.client_id, connection.session_id]
                ),
            )

    async def _heard(self, _subject: str, body: bytes) -> None:
        gateway, owner_id, client_id, session_id = msgspec.msgpack.decode(body, type=tuple[str, int, str, int])
        if gateway != self._gateway.name:
            self._gateway.taken_over(owner_id, client_id, except_session=session_id)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            with contextlib.suppress(Unavailable):
                await self._beat()
                await self._settle_the_dead()

    async def _beat(self, *, stopped: bool = False) -> None:
        gateway = self._gateway
        value = {
            "at": gateway.clock.now(),
            "gateway": gateway.name,
            "started_at": self._started_at,
            "process": os.getpid(),
            "stopped": stopped,
            "counters": gateway.counters.to_json(),
        }
        await self._known().put(gateway.name, msgspec.json.encode(value))

    def _known(self) -> Bucket:
        if self._bucket is None:
            raise Unavailable("The gateway has not started.")
        return self._bucket

    async def _settle_the_dead(self) -> None:
        bucket = self._known()
        for name in await bucket.keys():
            if name == self._gateway.name:
                continue
            found = await bucket.get(name)
            if found is None:
                continue
            beat: dict[str, Any] = msgspec.json.decode(found[0])
            silent = (self._gateway.clock.now() - beat["at"]) / MICROSECONDS_PER_SECOND
            if silent > FORGET_SECONDS and beat.get("settled"):
                await bucket.delete(name)
            elif silent > DEAD_SECONDS and not beat.get("settled"):
                await self._claim(name, beat, found[1])

    async def _claim(self, name: str, beat: dict[str, Any], revision: int) -> None:
        now = self._gateway.clock.now()
        if now - beat.get("claimed_at", 0) < CLAIM_SECONDS * MICROSECONDS_PER_SECOND:
            return
        bucket = self._known()
        try:
            claimed = beat | {"claimed_at": now}
            revision = await bucket.put(name, msgspec.json.encode(claimed), revision=revision)
            settled = await self._settle(name, beat["at"])
            await bucket.put(name, msgspec.json.encode(claimed | {"settled": True}), revision=revision)
        except Conflict:  # it lives after all, or another was quicker
            return
        _log.warning("gateway_settled", gateway=name, sessions=settled)

    async def _settle(self, name: str, died_at: int) -> int:
        """Go through the sessions of a dead gateway: end their connections, publish their wills, forget the expired."""
        gateway, settled = self._gateway, 0
        for key in await gateway.keeper.stored():
            found = await gateway.keeper.load_key(key)
            if found is None or found[0].gateway != name or is_application(key):
                continue  # an application has no will and no presence
            stored, unit_id, session = found
            unit = gateway.directory.get(unit_id)
            if unit is None:
                await gateway.keeper.delete(key)
                continue
            if gateway.holds(unit_id, session.client_id):
                continue  # it came back, to us
            kept = KeptSession(unit, session, stored.position, connected=False, stored=True)
            if stored.connected:
                session.disconnect(None, died_at)
            gateway.rest(kept)
            settled += 1
        return settled

"""The presence of all units: observes the line, answers who is online."""

from __future__ import annotations

import asyncio
import builtins
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import numpy as np
import structlog

from monokoto.connect.fleet import Directory
from monokoto.connect.gateway import GATEWAYS
from monokoto.connect.line import Batch, PresenceRecord
from monokoto.connect.presence.columns import NOBODY, Ended, Int64s, PresenceColumns
from monokoto.connect.presence.gateways import Gateways
from monokoto.connect.presence.presence import FleetPresence, Session, UnitPresence
from monokoto.connect.presence.snapshot import decode, encode, take
from monokoto.engines.log import Log
from monokoto.engines.objects import Objects
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import MonokotoError, NotFound
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT

PATH = "presence/snapshot"
_LOOK_SECONDS = 5.0
_WORK_SHARE_MAX = 0.1
"""Of the time that may go into snapshots: a large fleet is written less often."""
_log = structlog.get_logger(__name__)


class _SessionJson(msgspec.Struct, frozen=True):
    """The JSON of a presence record."""

    gateway: str
    session: str
    client_id: str = ""
    address: str = ""
    protocol: str = ""
    reason: str = ""


class Presence:
    """Observer of the line. `start` before the line starts, `stop` after it stopped."""

    name = "presence"

    def __init__(
        self,
        *,
        log: Log,
        objects: Objects,
        directory: Directory,
        clock: Clock,
        snapshot_seconds: float = 30.0,
    ) -> None:
        self._log = log
        self._objects = objects
        self._directory = directory
        self._clock = clock
        self._columns = PresenceColumns()
        self._gateways: Gateways | None = None
        self._snapshot_seconds = snapshot_seconds
        self._took_seconds = 0.0
        self._observed: dict[int, int] = {}
        self._kept: dict[int, int] = {}
        self._decoder = msgspec.json.Decoder(_SessionJson)
        self._saving = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    # The line

    async def observe(self, batch: Batch) -> None:
        """Take a batch in: one pass over arrays for what was sent, a few steps for each session that began or ended."""
        if len(batch.seen_units):
            self._columns.seen(batch.seen_units, batch.seen_arrived)
        if batch.presence:
            units = np.fromiter((record.unit_id for record in batch.presence), np.int64, len(batch.presence))
            for record, row in zip(batch.presence, self._columns.rows_for(units).tolist(), strict=True):
                self._take(record, row)
        self._observed[batch.partition] = max(batch.last_sequence, self._observed.get(batch.partition, 0))

    def kept(self, partition: int) -> int:
        """The sequence the last durable snapshot covers."""
        return self._kept.get(partition, 0)

    def _take(self, record: PresenceRecord, row: int) -> None:
        try:
            said = self._decoder.decode(record.session)
        except msgspec.MsgspecError as error:
            _log.warning("presence_unreadable", unit=format_id(record.unit_id), reason=str(error))
            return
        if record.connected:
            session = Session(
                gateway=said.gateway,
                session=said.session,
                client_id=said.client_id,
                address=said.address,
                protocol=said.protocol,
                since=record.arrived,
            )
            self._columns.connected(row, session)
        else:
            self._columns.disconnected(row, said.gateway, said.session, Ended(record.arrived, said.reason))

    # Life

    async def start(self) -> None:
        """Take in the last snapshot and begin to watch the gateways. Raises Unavailable when the log is away."""
        body = await self._objects.get(PATH)
        if body is not None:
            try:
                self._columns, positions = await asyncio.to_thread(decode, body)
            except ValueError as error:
                # Units show as offline until they connect again; nothing else depends on it.
                _log.error("snapshot_damaged", path=PATH, reason=str(error))
            else:
                self._kept, self._observed = dict(positions), dict(positions)
        self._gateways = Gateways(await self._log.bucket(GATEWAYS), self._clock)
        await self.look_at_gateways()
        self._tasks = [
            asyncio.create_task(_every(self._snapshot_period, self.save), name="presence-snapshot"),
            asyncio.create_task(_every(lambda: _LOOK_SECONDS, self.look_at_gateways), name="presence-gateways"),
        ]

    async def stop(self) -> None:
        """End the background work and write a last snapshot."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.save()

    async def save(self) -> None:
        """Write a snapshot when there is anything new. Raises Unavailable; the last one stays then."""
        async with self._saving:
            if self._observed == self._kept:
                return
            began = time.monotonic()
            snapshot = take(self._columns, self._observed)
            await self._objects.put(PATH, await asyncio.to_thread(encode, snapshot))
            self._kept = snapshot.positions
            self._took_seconds = time.monotonic() - began

    async def look_at_gateways(self) -> None:
        """Units whose gateway died become offline; raises Unavailable when the log is away."""
        if self._gateways is None:
            return
        columns = self._columns
        judged = await self._gateways.judge(list(columns.holders))
        if judged.gone:
            columns.forget(judged.gone, judged.last_beats)
        if judged.dead != columns.dead:
            _log.info("gateways_judged", dead=sorted(judged.dead))
            columns.bury(judged.dead, judged.last_beats)

    def _snapshot_period(self) -> float:
        return max(self._snapshot_seconds, self._took_seconds / _WORK_SHARE_MAX)

    # Reading: short, from any thread

    def of(self, organisation_id: int, unit_id: int) -> UnitPresence:
        """One unit's presence; raises NotFound."""
        unit = self._directory.find(unit_id)
        if unit is None or unit.organisation_id != organisation_id:
            raise NotFound(f"There is no unit {format_id(unit_id)!r}.")
        row = self._columns.row_of(unit_id)
        return UnitPresence(unit_id=unit_id) if row == NOBODY else self._columns.presence(row)

    def count(self, organisation_id: int, units: Int64s | None = None) -> FleetPresence:
        """How many of the organisation's units, or of these, are online."""
        _, rows, online = self._fleet(organisation_id, units)
        count = int(online.sum())
        return FleetPresence(online=count, offline=len(rows) - count, never_seen=int((rows == NOBODY).sum()))

    def online(self) -> int:
        """How many units are online, over all organisations; for metrics."""
        return int(np.count_nonzero(self._columns.columns["online"]))

    def connected(self, organisation_id: int, unit_ids: Sequence[int] | None = None) -> builtins.list[int]:
        """Those of the organisation's units, or of these, that are online; quick, from memory."""
        units, _, online = self._fleet(organisation_id, None if unit_ids is None else np.array(unit_ids, np.int64))
        found: builtins.list[int] = units[online].tolist()
        return found

    def list(
        self,
        organisation_id: int,
        *,
        online: bool | None = None,
        after: int = 0,
        limit: int = PAGE_SIZE_DEFAULT,
        units: Int64s | None = None,
    ) -> list[UnitPresence]:
        """The presence of the organisation's units, or of these (of those online or offline), by id, those past `after`."""
        units, rows, live = self._fleet(organisation_id, units)
        wanted = units > after
        if online is not None:
            wanted &= live == online
        columns = self._columns
        return [
            UnitPresence(unit_id=int(units[place])) if rows[place] == NOBODY else columns.presence(int(rows[place]))
            for place in np.flatnonzero(wanted)[:limit]
        ]

    def units(self, organisation_id: int) -> Int64s:
        """The organisation's units that are not retired, by id."""
        return self._directory.units(organisation_id)

    def _fleet(
        self, organisation_id: int, units: Int64s | None
    ) -> tuple[Int64s, Int64s, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """The organisation's units, or these, by id, the row of each, and whether it is online."""
        units = self._directory.units(organisation_id) if units is None else units
        columns = self._columns
        rows = columns.rows_of(units)
        online = np.asarray(columns.columns["online"], np.bool_)[np.maximum(rows, 0)] & (rows != NOBODY)
        return units, rows, online


async def _every(period_seconds: Callable[[], float], work: Callable[[], Awaitable[None]]) -> None:
    """Do the work after each period until cancelled; a failure is logged and tried again after the next."""
    while True:
        await asyncio.sleep(period_seconds())
        try:
            await work()
        except MonokotoError as error:
            _log.warning("presence_waits", reason=error.message)
        except Exception:
            _log.exception("presence_failed")

"""The reconciler that tells units what is desired of them: whatever the records say was not told yet, is told.

By signal after a change, and by period, so that a process that died between the commit and the message is made good by
the next one. Telling twice is harmless: the message carries the revision.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.engines.records import Records
from monokoto.kernel.errors import Invalid, MonokotoError
from monokoto.operate.twins.desired import store
from monokoto.operate.twins.desired.store import Untold
from monokoto.operate.twins.reported.state import ReportedState
from monokoto.operate.twins.telling.dialects import Message, News, messages

_AT_ONCE = 500
_log = structlog.get_logger(__name__)


class Down(Protocol):
    """The way to the units (the gateway's `Downlink`)."""

    async def send(self, unit_id: int, *, topic: str, payload: bytes, qos: int = 1, expires_at: int = 0) -> None: ...

    async def retain(self, unit_id: int, *, topic: str, payload: bytes | None) -> None: ...


class Units(Protocol):
    """Who the units are (fleet's `Directory`)."""

    def get(self, unit_id: int) -> UnitIdentity | None: ...

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None: ...

    def refresh(self) -> int: ...


class DesiredTeller:
    """Tells every unit its desired state once it changed."""

    def __init__(self, records: Records, state: ReportedState, units: Units, downlink: Down) -> None:
        self._records = records
        self._state = state
        self._units = units
        self._downlink = downlink
        self.signal = asyncio.Event()

    async def run(self) -> int:
        """One round over everything untold; returns how many units were told."""
        told, after = 0, 0
        while True:
            untold = await asyncio.to_thread(self._read, after)
            for one in untold:
                told += await self._tell(one)
            if len(untold) < _AT_ONCE:
                return told
            after = untold[-1].unit_id

    def _read(self, after: int) -> list[Untold]:
        with self._records.read() as connection:
            return store.read_untold(connection, limit=_AT_ONCE, after_unit=after)

    async def _tell(self, one: Untold) -> bool:
        news = await asyncio.to_thread(self._news, one)
        if news is None:
            return False
        try:
            for message in messages(news):
                await self._deliver(message)
        except MonokotoError as error:
            # The next unit may fare better; this one stays untold and comes again.
            _log.warning("unit_not_told", unit_id=one.unit_id, reason=error.message)
            return False
        await asyncio.to_thread(self._mark, one)
        return True

    async def _deliver(self, message: Message) -> None:
        try:
            await deliver(self._downlink, message)
        except Invalid as error:
            # It will never be sendable (a topic, a size): the other dialects and units must not wait for it.
            _log.error("message_not_sendable", unit_id=message.unit_id, topic=message.topic, reason=error.message)

    def _news(self, one: Untold) -> News | None:
        unit = self._units.get(one.unit_id)
        if unit is None or unit.organisation_id != one.organisation_id:
            return None
        with self._records.read() as connection:
            before = store.read_revision(connection, one.organisation_id, one.unit_id, one.told_revision)
        reported = self._state.reported(unit.organisation_id, unit.product, [unit.unit_id])[unit.unit_id]
        return News(
            unit=unit, desired=one.desired, before={} if before is None else before.properties, reported=reported
        )

    def _mark(self, one: Untold) -> None:
        with self._records.write() as connection:
            store.mark_told(connection, one)


async def deliver(downlink: Down, message: Message, *, expires_at: int = 0) -> None:
    """Hand one message to the way down."""
    if message.retained:
        await downlink.retain(message.unit_id, topic=message.topic, payload=message.payload)
    else:
        await downlink.send(message.unit_id, topic=message.topic, payload=message.payload, expires_at=expires_at)

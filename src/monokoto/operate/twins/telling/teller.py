"""The reconciler that tells units what is desired of them: whatever the records say was not told yet, is told.

By signal after a change, and by period, so that a process that died between the commit and the message is made good by
the next one. Telling twice is harmless: the message carries the revision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.engines.records import Records
from monokoto.kernel.errors import Invalid, MonokotoError
from monokoto.operate.twins.desired import store
from monokoto.operate.twins.desired.store import Untold
from monokoto.operate.twins.reported.state import ReportedState
from monokoto.operate.twins.telling.dialects import Message, News, messages
from monokoto.operate.twins.twin import Desired

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
            untold, news = await asyncio.to_thread(self._read, after)
            told += await self._tell(untold, news)
            if len(untold) < _AT_ONCE:
                return told
            after = untold[-1].unit_id

    def _read(self, after: int) -> tuple[list[Untold], list[News | None]]:
        """Some of what is untold, and what to say of each; None: the unit is gone."""
        with self._records.read() as connection:
            untold = store.read_untold(connection, limit=_AT_ONCE, after_unit=after)
            before = store.read_before(connection, untold)
        return untold, [self._news(one, before.get(one.unit_id, Desired())) for one in untold]

    async def _tell(self, untold: Sequence[Untold], news: Sequence[News | None]) -> int:
        told: list[Untold] = []
        try:
            for one, what in zip(untold, news, strict=True):
                if what is not None and await self._tell_one(what):
                    told.append(one)
        finally:
            # In one transaction: a process that dies before it tells them again, which is harmless.
            if told:
                await asyncio.to_thread(self._mark, told)
        return len(told)

    async def _tell_one(self, news: News) -> bool:
        try:
            for message in messages(news):
                await self._deliver(message)
        except MonokotoError as error:
            # The next unit may fare better; this one stays untold and comes again.
            _log.warning("unit_not_told", unit_id=news.unit.unit_id, reason=error.message)
            return False
        return True

    async def _deliver(self, message: Message) -> None:
        try:
            await deliver(self._downlink, message)
        except Invalid as error:
            # It will never be sendable (a topic, a size): the other dialects and units must not wait for it.
            _log.error("message_not_sendable", unit_id=message.unit_id, topic=message.topic, reason=error.message)

    def _news(self, one: Untold, before: Desired) -> News | None:
        unit = self._units.get(one.unit_id)
        if unit is None or unit.organisation_id != one.organisation_id:
            return None
        reported = self._state.reported(unit.organisation_id, unit.product, [unit.unit_id])[unit.unit_id]
        return News(unit=unit, desired=one.desired, before=before.properties, reported=reported)

    def _mark(self, told: Sequence[Untold]) -> None:
        with self._records.write() as connection:
            store.mark_told(connection, told)


async def deliver(downlink: Down, message: Message, *, expires_at: int = 0) -> None:
    """Hand one message to the way down."""
    if message.retained:
        await downlink.retain(message.unit_id, topic=message.topic, payload=message.payload)
    else:
        await downlink.send(message.unit_id, topic=message.topic, payload=message.payload, expires_at=expires_at)

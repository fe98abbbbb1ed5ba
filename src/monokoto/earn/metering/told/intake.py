"""Taking usage events in: those of all requests that wait go in together, by one look-up and two inserts.

What a request is answered is what holds: `accepted` events are on disk and counted, `duplicate` ones were told before, by this
request or another. One thing at a time writes, so that two requests with one name cannot both be first. Should the process die
between the two inserts, nobody was answered; whoever tells the event again finds it told, and what it counts is written then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from monokoto.connect.fleet import UnitIdentity
from monokoto.earn.metering.keeping import EVENTS, UsageWriter
from monokoto.earn.metering.keeping.tables import VERSION_MIDDLE
from monokoto.earn.metering.meters import Meter, MeterBook, Origin
from monokoto.earn.metering.sampling import Occurrence, Samples, coded, name_of, read_data, samples_of_events
from monokoto.earn.metering.told.cloud_event import CloudEvent, Reason, Refusal, fault_of, instant_of, read_events
from monokoto.earn.metering.told.names import Names
from monokoto.engines.series import Series
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Invalid, Unavailable
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import USAGE_WAITING_MAX

_TOGETHER_MAX = 50_000
_INSTANT = pa.timestamp("us", tz="UTC")
_HEAL_US = 3_600_000_000
"""A repeat of what came within the last hour is counted again, to the same rows: the first time may have been cut short."""


class Status(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(slots=True)
class Item:
    """One event of a request, and what became of it."""

    event: CloudEvent | None
    status: Status = Status.ACCEPTED
    refusal: Refusal | None = None
    meters: tuple[str, ...] = ()
    """The meters that looked at it."""
    name: int = 0
    unit: UnitIdentity | None = None
    at: int = 0

    def refuse(self, reason: Reason, detail: str) -> None:
        """It is not taken."""
        self.status, self.refusal = Status.REFUSED, Refusal(reason, detail)


class Units(Protocol):
    """Who the units are."""

    def get(self, unit_id: int) -> UnitIdentity | None: ...

    def find(self, unit_id: int) -> UnitIdentity | None: ...


@dataclass(slots=True)
class _Request:
    organisation_id: int
    items: list[Item]
    answer: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class UsageIntake:
    """`take` from the event loop; the work is done in a thread, for all that wait together."""

    def __init__(self, series: Series, writer: UsageWriter, book: MeterBook, units: Units, clock: Clock) -> None:
        self._series = series
        self._writer = writer
        self._book = book
        self._units = units
        self._clock = clock
        self._names = Names(series)
        self._waiting: list[_Request] = []
        self._count = 0
        self._worker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Learn which names were told before."""
        await asyncio.to_thread(self._names.load)

    async def take(self, organisation_id: int, body: bytes) -> list[Item]:
        """What became of each event of a body; accepted ones are durable.

        Raises:
            Invalid: it is none; TooLarge: too many events. Unavailable: too much waits, or the store is away: tell it again.
        """
        events = await asyncio.to_thread(read_events, body)
        items = [Item(one) if isinstance(one, CloudEvent) else Item(None, Status.REFUSED, one) for one in events]
        if self._count + len(items) > USAGE_WAITING_MAX:
            raise Unavailable(f"{self._count} usage events wait to be stored.", remedy="Tell them again in a moment.")
        request = _Request(organisation_id, items)
        self._count += len(items)
        self._waiting.append(request)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="usage events")
        await request.answer
        return items

    async def _work(self) -> None:
        while self._waiting:
            together: list[_Request] = []
            size = 0
            while self._waiting and (not together or size + len(self._waiting[0].items) <= _TOGETHER_MAX):
                request = self._waiting.pop(0)
                together.append(request)
                size += len(request.items)
            try:
                await asyncio.to_thread(self._store, together)
                error: BaseException | None = None
            except Exception as problem:
                error = problem
            self._count -= size
            for request in together:
                if request.answer.done():
                    continue
                if error is None:
                    request.answer.set_result(None)
                else:
                    request.answer.set_exception(error)

    def _store(self, requests: Sequence[_Request]) -> None:
        now = self._clock.now()
        known: dict[tuple[int, str], UnitIdentity | None] = {}
        asked = [(request.organisation_id, item) for request in requests for item in request.items]
        asked = [
            (maker, item)
            for maker, item in asked
            if item.status is Status.ACCEPTED and self._sound(maker, item, now, known)
        ]
        again = self._without_repeats(asked)
        fresh = [(maker, item) for maker, item in asked if item.status is Status.ACCEPTED]
        samples = self._samples([(maker, item, _occurrence(item, now)) for maker, item in fresh])
        fresh = [(maker, item) for maker, item in fresh if item.status is Status.ACCEPTED]
        if fresh:
            self._series.insert(EVENTS, _event_rows(fresh, now))
        self._writer.write([*samples, *self._samples(again)])
        self._names.add(np.array([item.name for _, item in fresh], np.uint64))

    def _sound(self, maker: int, item: Item, now: int, known: dict[tuple[int, str], UnitIdentity | None]) -> bool:
        event = item.event
        assert event is not None
        fault = fault_of(event, now)
        if fault is not None:
            item.status, item.refusal = Status.REFUSED, fault
            return False
        subject = (maker, event.subject)
        if subject not in known:
            known[subject] = self._unit(*subject)
        item.unit = known[subject]
        if item.unit is None:
            item.refuse(Reason.UNKNOWN_UNIT, "`subject` is the id of one of your units; this is none.")
            return False
        item.at = instant_of(event, now)
        item.name = name_of(event.source.encode(), event.id.encode())
        return True

    def _unit(self, maker: int, subject: str) -> UnitIdentity | None:
        try:
            unit_id = parse_id(subject, what="unit")
        except Invalid:
            return None
        unit = self._units.find(unit_id)
        return unit if unit is not None and unit.organisation_id == maker else None

    def _without_repeats(self, asked: Sequence[tuple[int, Item]]) -> list[tuple[int, Item, Occurrence]]:
        """Mark what was told before; what of it came lately comes back as it was told first, to be counted again."""
        seen: set[tuple[int, str, str]] = set()
        keys = []
        for maker, item in asked:
            assert item.event is not None
            known = (maker, item.event.source, item.event.id)
            if known in seen:
                item.status = Status.DUPLICATE
            else:
                seen.add(known)
                keys.append((maker, item.name, item.event.source, item.event.id))
        told, lately = self._names.told(keys), []
        for maker, item in asked:
            assert item.event is not None
            row = told.get((maker, item.event.source, item.event.id))
            if row is None:
                continue
            item.status = Status.DUPLICATE
            unit = self._units.get(row["unit"])
            if unit is not None and row["arrived_"] > self._clock.now() - _HEAL_US:
                first = Item(item.event, unit=unit, at=row["at_"], name=row["name"])
                happened = Occurrence(
                    row["unit"],
                    row["at_"],
                    row["arrived_"],
                    read_data(row["data"]),
                    row["name"],
                    row["source"],
                    row["id"],
                )
                first.event = CloudEvent("1.0", row["id"], row["source"], row["type"])
                lately.append((maker, first, happened))
        return lately

    def _samples(self, happened: Sequence[tuple[int, Item, Occurrence]]) -> list[Samples]:
        """What the meters take; an event without what a meter counts is refused."""
        groups: dict[tuple[int, str, str, str], list[tuple[Item, Occurrence]]] = {}
        for maker, item, occurrence in happened:
            if item.status is Status.ACCEPTED:
                assert item.unit is not None
                assert item.event is not None
                key = (maker, item.unit.product, item.unit.version, item.event.type)
                groups.setdefault(key, []).append((item, occurrence))
        found: list[Samples] = []
        for (maker, product, version, kind), members in groups.items():
            meters = [
                one for one in self._book.of_version(maker, product, version)
                if one.origin is Origin.EXTERNAL and one.subject == kind
            ]  # fmt: skip
            found += _counted(maker, meters, members)
        return found


def _counted(maker: int, meters: Sequence[Meter], members: list[tuple[Item, Occurrence]]) -> list[Samples]:
    """What the meters of one kind of event take; an event that lacks what one of them counts is refused by all."""
    while members:
        happened = [occurrence for _, occurrence in members]
        sampled = [samples_of_events(maker, meter, happened) for meter in meters]
        if not any(missing for _, missing in sampled):
            names = tuple(meter.key for meter in meters)
            for item, _ in members:
                item.meters = names
            return [one for one, _ in sampled if one is not None]
        for meter, (_, missing) in zip(meters, sampled, strict=True):
            wanted = meter.value.source if meter.value else "value"
            for place in missing:
                members[place][0].refuse(Reason.NO_VALUE, f"It has no {wanted}, which {meter.key} counts.")
        members = [member for member in members if member[0].status is Status.ACCEPTED]
    return []


def _occurrence(item: Item, now: int) -> Occurrence:
    event, unit = item.event, item.unit
    assert event is not None
    assert unit is not None
    return Occurrence(unit.unit_id, item.at, now, read_data(bytes(event.data)), item.name, event.source, event.id)


def _event_rows(fresh: Sequence[tuple[int, Item]], now: int) -> pa.Table:
    events: list[Any] = [item.event for _, item in fresh]
    return pa.table(
        {
            "organisation": pa.array([maker for maker, _ in fresh], pa.int64()),
            "name": pa.array([item.name for _, item in fresh], pa.uint64()),
            "source": coded([event.source for event in events]),
            "id": pa.array([event.id for event in events], pa.string()),
            "type": coded([event.type for event in events]),
            "unit": pa.array([item.unit.unit_id for _, item in fresh if item.unit], pa.int64()),
            "at": pa.array([item.at for _, item in fresh], pa.int64()).view(_INSTANT),
            "arrived": pa.array([now] * len(fresh), pa.int64()).view(_INSTANT),
            "data": pa.array([bytes(event.data) for event in events], pa.binary()).cast(pa.string()),
            "version": pa.array([VERSION_MIDDLE - now] * len(fresh), pa.uint64()),
        }
    )

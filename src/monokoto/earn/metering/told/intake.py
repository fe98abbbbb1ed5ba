"""Taking usage events in: those of all requests that wait go in together, by one look-up and two inserts.

What a request is answered is what holds: `accepted` events are on disk and counted, `duplicate` ones were told before, by this
request or another. A round of requests has two steps. In the first, one round at a time, its names become durable, so that two
requests with one name cannot both be first; in the second its samples do, while the next round is in the first. Should the
process die between the two, nobody was answered; whoever tells the event again finds it told, and what it counts is written then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import msgspec
import numpy as np
import pyarrow as pa

from monokoto.connect.fleet import UnitIdentity
from monokoto.earn.metering.keeping import EVENTS, UsageWriter
from monokoto.earn.metering.keeping.tables import VERSION_MIDDLE
from monokoto.earn.metering.meters import Meter, MeterBook, Origin
from monokoto.earn.metering.sampling import (
    Occurrence,
    Samples,
    coded,
    name_of,
    read_all_data,
    read_data,
    samples_of_events,
)
from monokoto.earn.metering.told.cloud_event import (
    UNREADABLE,
    CloudEvent,
    Reason,
    Refusal,
    age_fault,
    form_fault,
    instant_of,
    read_events,
)
from monokoto.earn.metering.told.names import Names, Recent
from monokoto.engines.series import Series
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Invalid, Unavailable
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import USAGE_WAITING_MAX

_TOGETHER_MAX = 50_000
_ROUNDS_MAX = 2
"""Rounds at once: one whose names are written, one whose samples are."""
_INSTANT = pa.timestamp("us", tz="UTC")
_HEAL_US = 3_600_000_000
"""A repeat of what came within the last hour is counted again, to the same rows: the first time may have been cut short.
What this process counted itself it knows, as long as that is among the newest names."""


class Status(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Item(msgspec.Struct):
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


@dataclass(frozen=True, slots=True)
class _Round:
    """Requests whose names are durable."""

    requests: Sequence[_Request]
    samples: Sequence[Samples]
    keys: Sequence[int]
    """Of the names whose usage is counted when the samples are written."""


class UsageIntake:
    """`take` from the event loop; the work is done in threads, for all that wait together."""

    def __init__(self, series: Series, writer: UsageWriter, book: MeterBook, units: Units, clock: Clock) -> None:
        self._series = series
        self._writer = writer
        self._book = book
        self._units = units
        self._clock = clock
        self._names = Names(series)
        self._recent = Recent()
        self._waiting: list[_Request] = []
        self._count = 0
        self._worker: asyncio.Task[None] | None = None
        self._counting: set[asyncio.Task[None]] = set()

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
            while len(self._counting) >= _ROUNDS_MAX:
                await asyncio.wait(self._counting, return_when=asyncio.FIRST_COMPLETED)
            together = self._next()
            try:
                named = await asyncio.to_thread(self._name, together)
            except Exception as problem:
                self._answer(together, problem)
                continue
            counting = asyncio.create_task(self._write(named), name="usage samples")
            self._counting.add(counting)
            counting.add_done_callback(self._counting.discard)

    def _next(self) -> list[_Request]:
        together: list[_Request] = []
        size = 0
        while self._waiting and (not together or size + len(self._waiting[0].items) <= _TOGETHER_MAX):
            together.append(self._waiting.pop(0))
            size += len(together[-1].items)
        return together

    async def _write(self, named: _Round) -> None:
        try:
            await asyncio.to_thread(self._writer.write, named.samples)
        except Exception as problem:
            self._answer(named.requests, problem)
            return
        self._recent.add(named.keys)
        self._answer(named.requests, None)

    def _answer(self, requests: Sequence[_Request], problem: Exception | None) -> None:
        for request in requests:
            self._count -= len(request.items)
            if request.answer.done():
                continue
            if problem is None:
                request.answer.set_result(None)
            else:
                request.answer.set_exception(problem)

    def _name(self, requests: Sequence[_Request]) -> _Round:
        """Make the names of what is new durable; what is to be counted of it, and of what was told lately."""
        now = self._clock.now()
        units: dict[tuple[int, str], UnitIdentity | None] = {}
        sound = [
            item
            for request in requests
            for item in request.items
            if item.event is not None and self._sound(request.organisation_id, item, item.event, now, units)
        ]
        keys, again = self._without_repeats(sound)
        fresh, happened = _read([item for item in sound if item.status is Status.ACCEPTED], now)
        samples = self._samples(fresh, happened)
        fresh = [item for item in fresh if item.status is Status.ACCEPTED]
        if fresh:
            self._series.insert(EVENTS, _event_rows(fresh, now))
            self._names.add(np.array([item.name for item in fresh], np.uint64))
        repeated = self._samples([item for item, _ in again], [happened for _, happened in again])
        counted = [key for item, key in keys if item.status is not Status.REFUSED]
        return _Round(requests, [*samples, *repeated], counted)

    def _sound(
        self, maker: int, item: Item, event: CloudEvent, now: int, units: dict[tuple[int, str], UnitIdentity | None]
    ) -> bool:
        fault = form_fault(event)
        if fault is None:
            item.at = instant_of(event, now)
            fault = age_fault(item.at, now)
        if fault is not None:
            item.status, item.refusal = Status.REFUSED, fault
            return False
        subject = (maker, event.subject)
        if subject not in units:
            units[subject] = self._unit(*subject)
        item.unit = units[subject]
        if item.unit is None:
            item.refuse(Reason.UNKNOWN_UNIT, "`subject` is the id of one of your units; this is none.")
            return False
        item.name = name_of(event.source.encode(), event.id.encode())
        return True

    def _unit(self, maker: int, subject: str) -> UnitIdentity | None:
        try:
            unit_id = parse_id(subject, what="unit")
        except Invalid:
            return None
        unit = self._units.find(unit_id)
        return unit if unit is not None and unit.organisation_id == maker else None

    def _without_repeats(self, sound: Sequence[Item]) -> tuple[list[tuple[Item, int]], list[tuple[Item, Occurrence]]]:
        """Mark what was told before. The keys of the names not known to be counted, and what of them came lately, as it was
        told first: to be counted again."""
        seen: set[tuple[int, str, str]] = set()
        asked: dict[tuple[int, str, str], Item] = {}
        keys: list[tuple[Item, int]] = []
        for item in sound:
            known = _known(item)
            key = self._recent.key(item.name, known)
            if known in seen or key in self._recent:
                item.status = Status.DUPLICATE
                continue
            seen.add(known)
            asked[known] = item
            keys.append((item, key))
        told = self._names.told(
            [(maker, item.name, source, told_id) for (maker, source, told_id), item in asked.items()]
        )
        earliest = self._clock.now() - _HEAL_US
        again = []
        for known, row in told.items():
            asked[known].status = Status.DUPLICATE
            unit = self._units.get(row["unit"])
            if unit is not None and row["arrived_"] > earliest:
                again.append(_again(row, unit))
        return keys, again

    def _samples(self, items: Sequence[Item], happened: Sequence[Occurrence]) -> list[Samples]:
        """What the meters take; an event without what a meter counts is refused."""
        by_kind: dict[tuple[int, str, str, str], list[tuple[Item, Occurrence]]] = {}
        for item, occurrence in zip(items, happened, strict=True):
            unit, event = item.unit, item.event
            assert unit is not None
            assert event is not None
            key = (unit.organisation_id, unit.product, unit.version, event.type)
            by_kind.setdefault(key, []).append((item, occurrence))
        found: list[Samples] = []
        for (maker, product, version, kind), members in by_kind.items():
            meters = [
                one for one in self._book.of_version(maker, product, version)
                if one.origin is Origin.EXTERNAL and one.subject == kind
            ]  # fmt: skip
            found += _counted(maker, meters, members)
        return found


def _known(item: Item) -> tuple[int, str, str]:
    """What a name is: whose, the source, the id."""
    assert item.event is not None
    assert item.unit is not None
    return item.unit.organisation_id, item.event.source, item.event.id


def _again(row: dict[str, Any], unit: UnitIdentity) -> tuple[Item, Occurrence]:
    """An event as it was told first."""
    event = CloudEvent("1.0", row["id"], row["source"], row["type"])
    happened = Occurrence(
        row["unit"], row["at_"], row["arrived_"], read_data(row["data"]), row["name"], row["source"], row["id"]
    )
    return Item(event, unit=unit, at=row["at_"], name=row["name"]), happened


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


def _read(items: Sequence[Item], now: int) -> tuple[list[Item], list[Occurrence]]:
    """The items whose data can be read, and what happened; their data are read in one go, the others are refused."""
    try:
        data = read_all_data([item.event.data for item in items if item.event is not None])
    except UNREADABLE:
        items, data = _read_each(items)
    happened = [
        Occurrence(item.unit.unit_id, item.at, now, content, item.name, item.event.source, item.event.id)
        for item, content in zip(items, data, strict=True)
        if item.event is not None and item.unit is not None
    ]
    return list(items), happened


def _read_each(items: Sequence[Item]) -> tuple[list[Item], list[Any]]:
    readable, data = [], []
    for item in items:
        assert item.event is not None
        try:
            data.append(read_data(bytes(item.event.data)))
            readable.append(item)
        except UNREADABLE as error:
            item.refuse(Reason.MALFORMED, f"`data` cannot be read: {error}"[:300])
    return readable, data


def _event_rows(fresh: Sequence[Item], now: int) -> pa.Table:
    events = [item.event for item in fresh if item.event is not None]
    units = [item.unit for item in fresh if item.unit is not None]
    return pa.table(
        {
            "organisation": pa.array([unit.organisation_id for unit in units], pa.int64()),
            "name": pa.array([item.name for item in fresh], pa.uint64()),
            "source": coded([event.source for event in events]),
            "id": pa.array([event.id for event in events], pa.string()),
            "type": coded([event.type for event in events]),
            "unit": pa.array([unit.unit_id for unit in units], pa.int64()),
            "at": pa.array([item.at for item in fresh], pa.int64()).view(_INSTANT),
            "arrived": pa.array(np.full(len(fresh), now, np.int64)).view(_INSTANT),
            "data": pa.array([bytes(event.data) for event in events], pa.binary()).cast(pa.string()),
            "version": pa.array(np.full(len(fresh), VERSION_MIDDLE - now, np.uint64)),
        }
    )

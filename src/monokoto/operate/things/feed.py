"""Units' events as they happen: an observer of the line that tells whoever listens, and remembers the last few.

Nothing is stored here (telemetry has the history): what is remembered serves listeners that come back a moment later.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from monokoto.connect.line import Batch
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import TooMany
from monokoto.kernel.limits import (
    EVENT_UNITS_REMEMBERED_MAX,
    EVENTS_PENDING_MAX,
    EVENTS_REMEMBERED_PER_UNIT,
    STREAM_CLIENTS_MAX,
    STREAM_CLIENTS_PER_ORGANISATION_MAX,
)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a unit."""

    name: str
    at: int
    arrived: int
    """Also its place in the order: of one unit it rises."""
    data: bytes
    """JSON."""


class EventListener:
    """Somebody who listens to one unit."""

    def __init__(self, organisation_id: int, unit_id: int) -> None:
        self.organisation_id = organisation_id
        self.unit_id = unit_id
        self.ended = False
        self._pending: deque[Happened] = deque(maxlen=EVENTS_PENDING_MAX)
        self._awake = asyncio.Event()

    def note(self, events: Sequence[Happened]) -> None:
        """From the feed."""
        self._pending.extend(events)
        self._awake.set()

    def end(self) -> None:
        """Let the stream come to its end."""
        self.ended = True
        self._awake.set()

    async def take(self, *, timeout_seconds: float) -> list[Happened]:
        """What happened since the last call; waits for it, and answers nothing when nothing comes in time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._awake.wait()
        except TimeoutError:
            return []
        self._awake.clear()
        taken = list(self._pending)
        self._pending.clear()
        return taken


class EventFeed:
    """Observer of the line. Belongs to the event loop."""

    name = "event-feed"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._kept: dict[int, int] = {}
        self._remembered: OrderedDict[int, deque[Happened]] = OrderedDict()
        self._listeners: weakref.WeakSet[EventListener] = weakref.WeakSet()

    async def observe(self, batch: Batch) -> None:
        """Tell listeners what happened. A replay is told again; its arrivals lie behind what listeners have seen."""
        told: dict[tuple[int, int], list[Happened]] = {}
        for event in batch.events:
            happened = Happened(event.name, event.at, event.arrived, event.data)
            told.setdefault((event.organisation_id, event.unit_id), []).append(happened)
        for (organisation_id, unit_id), events in told.items():
            self._remember(unit_id, events)
            for listener in list(self._listeners):
                if (listener.organisation_id, listener.unit_id) == (organisation_id, unit_id):
                    listener.note(events)
        self._kept[batch.partition] = batch.last_sequence

    def kept(self, partition: int) -> int:
        """Nothing of it needs to survive."""
        return self._kept.get(partition, 0)

    def _remember(self, unit_id: int, events: Sequence[Happened]) -> None:
        known = self._remembered.setdefault(unit_id, deque(maxlen=EVENTS_REMEMBERED_PER_UNIT))
        self._remembered.move_to_end(unit_id)
        newest = known[-1].arrived if known else 0
        known.extend(event for event in events if event.arrived > newest)
        while len(self._remembered) > EVENT_UNITS_REMEMBERED_MAX:
            self._remembered.popitem(last=False)

    def since(self, unit_id: int, after: int) -> list[Happened]:
        """The remembered events that arrived after this instant."""
        return [event for event in self._remembered.get(unit_id, ()) if event.arrived > after]

    def open(self, organisation_id: int, unit_id: int) -> EventListener:
        """A new listener; it ends with its last reference, or by `close`.

        Raises:
            TooMany: the limit of streams is reached.
        """
        own = sum(listener.organisation_id == organisation_id for listener in list(self._listeners))
        if len(self._listeners) >= STREAM_CLIENTS_MAX or own >= STREAM_CLIENTS_PER_ORGANISATION_MAX:
            raise TooMany(f"{own} streams of events of this organisation are open.", remedy="Close one.")
        listener = EventListener(organisation_id, unit_id)
        self._listeners.add(listener)
        return listener

    def close(self, listener: EventListener) -> None:
        """It gets nothing more. Safe to repeat."""
        self._listeners.discard(listener)

    def end(self) -> None:
        """Let all streams come to their end."""
        for listener in list(self._listeners):
            listener.end()

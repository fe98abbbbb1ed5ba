"""What can be watched of a unit: its properties, its events. Both tell news after a place in the order of arrival."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.ids import format_id
from monokoto.operate.things.feed import EventFeed, EventListener, Happened
from monokoto.operate.twins import ReportedValue, Twins
from monokoto.web import Reach

Look = Callable[[], Reach]
"""Asks the gate anew; raises when the access has ended."""
_FRESH = 5 * MICROSECONDS_PER_SECOND
"""An event that arrived longer ago is a replay to somebody who begins to listen now."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to tell, and its place."""

    place: int
    body: bytes
    """JSON on one line."""
    name: str = ""
    """What it is about, where several things are watched at once."""


class Watched(Protocol):
    """A unit's properties or events, for one watcher."""

    @property
    def ended(self) -> bool:
        """Whether the server is stopping."""
        ...

    def newest(self) -> int:
        """The place from which on something is new to somebody who begins to watch now."""
        ...

    async def news(self, after: int, *, timeout_seconds: float) -> Sequence[Item]:
        """What has come after this place, in order; empty when nothing came in time. Raises NotFound or Forbidden once the
        access has ended."""
        ...

    def close(self) -> None:
        """Watch no more."""
        ...


class WatchedProperties:
    """One property (its bare value), or all of them (an object of those that are new)."""

    def __init__(self, twins: Twins, look: Look, name: str = "", *, by: int) -> None:
        self._twins = twins
        self._look = look
        self._name = name
        reach = look()
        self._unit_id = reach.unit_id
        self._listener = twins.listeners.open(reach.organisation_id, unit_id=reach.unit_id, by=by)

    @property
    def ended(self) -> bool:
        """Whether the server is stopping."""
        return self._listener.ended

    def newest(self) -> int:
        """The arrival of the newest value there is."""
        return max((value.arrived for value in self._values().values()), default=0)

    async def news(self, after: int, *, timeout_seconds: float) -> Sequence[Item]:
        """The newest state when it is newer."""
        found = self._newer(after)
        if not found and not (await self._listener.take(timeout_seconds=timeout_seconds)).empty:
            found = self._newer(after)
        self._look()
        return found

    def _newer(self, after: int) -> Sequence[Item]:
        values = {name: value for name, value in self._values().items() if value.arrived > after}
        if not values:
            return ()
        place = max(value.arrived for value in values.values())
        body: Any = (
            values[self._name].value if self._name else {name: value.value for name, value in sorted(values.items())}
        )
        return (Item(place, msgspec.json.encode(body)),)

    def _values(self) -> dict[str, ReportedValue]:
        reach = self._look()
        reported = self._twins.reported(reach.organisation_id, self._unit_id).properties
        names = [self._name] if self._name else reported
        return {name: reported[name] for name in names if name in reported and reach.holds(reported[name].at)}

    def close(self) -> None:
        """Watch no more."""
        self._twins.listeners.close(self._listener)


class WatchedEvents:
    """One event (its data), or all of them (an object with name, time and data)."""

    def __init__(self, feed: EventFeed, look: Look, name: str = "") -> None:
        self._feed = feed
        self._look = look
        self._name = name
        reach = look()
        self._unit_id = reach.unit_id
        self._listener: EventListener = feed.open(reach.organisation_id, reach.unit_id)

    @property
    def ended(self) -> bool:
        """Whether the server is stopping."""
        return self._listener.ended

    def newest(self) -> int:
        """The last event's arrival, or a little before now."""
        known = self._feed.since(self._unit_id, 0)
        return max(self._feed.clock.now() - _FRESH, known[-1].arrived if known else 0)

    async def news(self, after: int, *, timeout_seconds: float) -> Sequence[Item]:
        """What happened."""
        found = self._told(self._feed.since(self._unit_id, after))
        if not found:
            happened = await self._listener.take(timeout_seconds=timeout_seconds)
            found = self._told([one for one in happened if one.arrived > after])
        self._look()
        return found

    def _told(self, happened: Sequence[Happened]) -> list[Item]:
        reach = self._look()
        return [
            Item(one.arrived, self._body(one), one.name)
            for one in sorted(happened, key=lambda one: one.arrived)
            if self._name in ("", one.name) and reach.holds(one.at)
        ]

    def _body(self, one: Happened) -> bytes:
        if self._name:
            return one.data
        named = {"unit": format_id(self._unit_id), "event": one.name, "data": msgspec.Raw(one.data)}
        return msgspec.json.encode(named)

    def close(self) -> None:
        """Watch no more."""
        self._feed.close(self._listener)

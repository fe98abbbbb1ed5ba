"""Live changes for whoever listens. A listener holds what changed since it was last served, never a queue of changes:
a slow one gets the latest state later, in bounded memory; when nobody listens the line pays one test of an empty dict.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field

from monokoto.kernel.errors import TooMany
from monokoto.kernel.limits import (
    STREAM_CLIENTS_MAX,
    STREAM_CLIENTS_PER_ORGANISATION_MAX,
    STREAM_PENDING_UNITS_MAX,
)
from monokoto.operate.twins.reported.state import Change

_NEVER = 1 << 62


@dataclass(slots=True)
class News:
    """What changed since a listener was last served."""

    reported: dict[str, set[int]] = field(default_factory=dict)
    """Product to units. What is new of them arrived at or after `since`."""
    overflowed: set[str] = field(default_factory=set)
    """Products of which too many units changed: every unit with something arrived since `since`."""
    since: int = _NEVER
    desired: set[int] = field(default_factory=set)
    desired_overflowed: bool = False
    desired_since: int = _NEVER

    @property
    def empty(self) -> bool:
        """Whether there is nothing to serve."""
        return not (self.reported or self.overflowed or self.desired or self.desired_overflowed)


class Listener:
    """One listener: to one unit, to a product, to a whole organisation, or to units of whatever makers."""

    def __init__(
        self, organisation_id: int, *, product: str | None, unit_id: int | None, by: int, among: frozenset[int] | None
    ) -> None:
        self.organisation_id = organisation_id
        """The maker's."""
        self.product = product
        self.unit_id = unit_id
        self.by = by
        """The organisation that listens, and whose limit of streams counts."""
        self.among = among
        """These units, whoever made them; None: the maker's. May be replaced while listening."""
        self._news = News()
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._awake = asyncio.Event()
        self.ended = False
        """No more is coming: the server is stopping."""

    def end(self) -> None:
        """Let the stream come to its end."""
        self.ended = True
        self._wake()

    def note_reported(self, change: Change) -> None:
        """Some units changed; called by the line, must be cheap."""
        if not self._hears(change.organisation_id, change.product):
            return
        arrived = change.arrived
        units: Iterable[int]
        if self.among is not None:
            mine = [index for index, unit_id in enumerate(change.units.tolist()) if unit_id in self.among]
            arrived, units = arrived[mine], change.units[mine].tolist()
        elif self.unit_id is None:
            units = change.units.tolist()
        else:
            arrived = arrived[change.units == self.unit_id]
            units = (self.unit_id,)
        if not len(arrived):
            return
        with self._lock:
            self._add(change.product, units)
            self._news.since = min(self._news.since, int(arrived.min()))
        self._wake()

    def _hears(self, organisation_id: int, product: str) -> bool:
        return (self.among is not None or organisation_id == self.organisation_id) and self.product in (None, product)

    def _add(self, product: str, units: Iterable[int]) -> None:
        news = self._news
        if product in news.overflowed:
            return
        pending = news.reported.setdefault(product, set())
        pending.update(units)
        if len(pending) > STREAM_PENDING_UNITS_MAX:
            del news.reported[product]
            news.overflowed.add(product)

    def note_desired(self, organisation_id: int, unit_id: int, product: str, at: int) -> None:
        """A unit's desired state changed."""
        if not self._hears(organisation_id, product) or self.unit_id not in (None, unit_id):
            return
        if self.among is not None and unit_id not in self.among:
            return
        with self._lock:
            self._news.desired_since = min(self._news.desired_since, at)
            if len(self._news.desired) < STREAM_PENDING_UNITS_MAX:
                self._news.desired.add(unit_id)
            else:
                self._news.desired_overflowed = True
        self._wake()

    def catch_up(self, products: Iterable[str], since: int) -> None:
        """Serve first what arrived at or after this instant, for a listener that comes back."""
        with self._lock:
            self._news.overflowed.update(products)
            self._news.since = min(self._news.since, since)
            self._news.desired_overflowed = True
            self._news.desired_since = min(self._news.desired_since, since)
        self._wake()

    def _wake(self) -> None:
        self._loop.call_soon_threadsafe(self._awake.set)

    async def take(self, *, timeout_seconds: float) -> News:
        """What changed since the last call; waits for it, and answers empty news when nothing comes in time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._awake.wait()
        except TimeoutError:
            return News()
        self._awake.clear()
        with self._lock:
            news, self._news = self._news, News()
        return news


class Listeners:
    """Everybody who listens, within the limits."""

    def __init__(self) -> None:
        # Weak: a client that went before its answer began leaves nothing behind.
        self._listeners: weakref.WeakValueDictionary[int, Listener] = weakref.WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._listeners)

    def open(
        self,
        organisation_id: int,
        *,
        product: str | None = None,
        unit_id: int | None = None,
        by: int | None = None,
        among: frozenset[int] | None = None,
    ) -> Listener:
        """A new listener of an organisation (the maker itself, where it is not said by whom); close it when done.

        Raises:
            TooMany: the limit of streams is reached.
        """
        listens = organisation_id if by is None else by
        own = sum(listener.by == listens for listener in list(self._listeners.values()))
        if len(self._listeners) >= STREAM_CLIENTS_MAX or own >= STREAM_CLIENTS_PER_ORGANISATION_MAX:
            raise TooMany(
                f"{own} streams of this organisation are open; no more are taken now.",
                remedy="Close one, or ask /api/v1/latest by period.",
            )
        listener = Listener(organisation_id, product=product, unit_id=unit_id, by=listens, among=among)
        self._listeners[id(listener)] = listener
        return listener

    def close(self, listener: Listener) -> None:
        """It gets nothing more. Safe to repeat."""
        self._listeners.pop(id(listener), None)

    def end(self) -> None:
        """Let all streams come to their end; clients come back by themselves."""
        for listener in list(self._listeners.values()):
            listener.end()

    def reported(self, changes: Iterable[Change]) -> None:
        """Tell everybody what changed."""
        if self._listeners:
            for change in changes:
                for listener in list(self._listeners.values()):
                    listener.note_reported(change)

    def desired(self, organisation_id: int, unit_id: int, product: str, at: int) -> None:
        """Tell everybody whose desired state changed."""
        for listener in list(self._listeners.values()):
            listener.note_desired(organisation_id, unit_id, product, at)

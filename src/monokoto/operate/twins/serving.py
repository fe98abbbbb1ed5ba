"""Server-sent events out of a listener. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html

Events carry state, not differences, so a client that missed some is right again with the next one. An event's id is the
greatest arrival served so far: a client that comes back with `Last-Event-ID` is served what arrived since, and a little
before it, because gateways' clocks agree only roughly.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial

import msgspec

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import Fault, Invalid, NotFound
from monokoto.operate.twins.documents import desired_event_to_json, reported_event_to_json, twin_to_json
from monokoto.operate.twins.reach import by_maker, seen_desired, seen_reported, seen_twin
from monokoto.operate.twins.reported.state import in_chunks
from monokoto.operate.twins.service import Twins
from monokoto.operate.twins.streams import Listener, News
from monokoto.web import Caller, Gate, Reach

HEARTBEAT_SECONDS = 15.0
LOOK_SECONDS = 1.0
"""How often a quiet stream asks whether it may go on; what is served is asked for each time."""
COALESCE_SECONDS = 0.1
"""Least time between two servings of one client: what changes meanwhile is served once."""
_OVERLAP = 5 * MICROSECONDS_PER_SECOND
_AT_ONCE = 500
_HEAD = b"retry: 3000\n\n"
_HEARTBEAT = b": still here\n\n"


def parse_last_event_id(text: str | None) -> int | None:
    """The instant a client was served up to; None for a new client.

    Raises:
        Invalid: it is not one of ours.
    """
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise Invalid(
        "The Last-Event-ID is not one this stream gave out.",
        faults=[Fault(place="Last-Event-ID", reason="expected a number")],
    )


class Sight:
    """What one client may see of live changes, asked of the gate anew for each serving: access may end at any instant."""

    def __init__(self, gate: Gate, caller: Caller, *, held: bool) -> None:
        self._gate = gate
        self._caller = caller
        self._held = held
        self._reaches: Sequence[Reach] = ()
        self._among: frozenset[int] = frozenset()

    def of(self, unit_id: int) -> Reach | None:
        """What of a unit lies open, when its present does; None: nothing is to be served of it."""
        try:
            reach = self._gate.unit(self._caller, unit_id)
        except NotFound:
            return None
        return reach if reach.now else None

    def among(self) -> frozenset[int] | None:
        """The units held now; None: those the client's organisation made."""
        if not self._held:
            return None
        reaches = self._gate.units(self._caller) or ()
        if reaches is not self._reaches:
            self._reaches, self._among = reaches, frozenset(reach.unit_id for reach in reaches if reach.now)
        return self._among


class Stream:
    """What one client is served, chunk by chunk, until it goes, or what it looks at is no longer its to see."""

    def __init__(
        self,
        twins: Twins,
        listener: Listener,
        sight: Sight,
        *,
        last_event_id: int | None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._twins = twins
        self._listener = listener
        self._sight = sight
        self._heartbeat_seconds = heartbeat_seconds
        self._resumed = last_event_id is not None
        self._served_up_to = last_event_id or 0

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes to send. Closes the listener at the end."""
        listener = self._listener
        try:
            yield _HEAD
            if self._resumed:
                listener.catch_up(self._products(), self._served_up_to - _OVERLAP)
            elif listener.unit_id is not None:
                yield await asyncio.to_thread(self._whole_twin, listener.unit_id)
            while not listener.ended:
                news = await self._news()
                if news is None:
                    return
                if news.empty:
                    yield _HEARTBEAT
                    continue
                for part in await asyncio.to_thread(self._parts, news):
                    chunk = await asyncio.to_thread(part)
                    if chunk:
                        yield chunk
                await asyncio.sleep(COALESCE_SECONDS)
        finally:
            self._twins.listeners.close(listener)

    async def _news(self) -> News | None:
        """What changed, or empty news when it is time for a heartbeat; None: the stream is at its end."""
        listener, deadline = self._listener, time.monotonic() + self._heartbeat_seconds
        while True:
            rest = deadline - time.monotonic()
            news = await listener.take(timeout_seconds=max(0.0, min(rest, LOOK_SECONDS)))
            if listener.ended or (listener.unit_id is not None and self._sight.of(listener.unit_id) is None):
                return None
            listener.among = self._sight.among()
            if not news.empty or time.monotonic() >= deadline:
                return news

    def _products(self) -> list[str]:
        listener = self._listener
        if listener.unit_id is not None:
            return [self._twins.product_of(listener.unit_id)]
        if listener.product is not None:
            return [listener.product]
        if listener.among is not None:
            return sorted({self._twins.product_of(unit_id) for unit_id in listener.among})
        return self._twins.state.products(listener.organisation_id)

    def _open(self, units: Iterable[int]) -> dict[int, Reach]:
        """Those of these units whose present lies open, and what of them."""
        reaches = ((unit_id, self._sight.of(unit_id)) for unit_id in units)
        return {unit_id: reach for unit_id, reach in reaches if reach is not None}

    def _whole_twin(self, unit_id: int) -> bytes:
        reach = self._sight.of(unit_id)
        if reach is None:
            return b""
        twin = seen_twin(self._twins.twin(self._listener.organisation_id, unit_id), reach)
        self._served(max(twin.reported.revision, twin.desired.at or 0))
        return self._event(b"twin", msgspec.json.encode(twin_to_json(twin)))

    def _parts(self, news: News) -> list[Callable[[], bytes]]:
        """The work of serving some news, in pieces small enough to hold in memory and to run between other things."""
        parts: list[Callable[[], bytes]] = [
            partial(self._reported_events, product, some, news.since)
            for product, units in self._reported_units(news).items()
            for some in in_chunks(units, _AT_ONCE)
        ]
        return parts + [partial(self._desired_events, some) for some in in_chunks(self._desired_units(news), _AT_ONCE)]

    def _reported_units(self, news: News) -> dict[str, list[int]]:
        reported = {product: sorted(units) for product, units in news.reported.items()}
        for product in news.overflowed:
            reported[product] = self._all_units_of(product, news.since)
        return reported

    def _all_units_of(self, product: str, since: int) -> list[int]:
        """The units of a product that may have news since an instant."""
        listener = self._listener
        if listener.unit_id is not None:
            return [listener.unit_id]
        if listener.among is not None:
            return sorted(unit_id for unit_id in listener.among if self._twins.product_of(unit_id) == product)
        return self._twins.state.units_since(listener.organisation_id, product, since)

    def _desired_units(self, news: News) -> list[int]:
        listener = self._listener
        if listener.unit_id is not None:
            return [listener.unit_id] if news.desired or news.desired_overflowed else []
        if not news.desired_overflowed:
            return sorted(news.desired)
        if listener.among is not None:
            product = listener.product
            return sorted(one for one in listener.among if product in (None, self._twins.product_of(one)))
        return self._twins.desired_units_since(
            listener.organisation_id, news.desired_since, product=listener.product, also=news.desired
        )

    def _reported_events(self, product: str, units: Sequence[int], since: int) -> bytes:
        """What is new of these units, as far as it lies open."""
        events = []
        reaches = self._open(units)
        for maker_id, some in by_maker(list(reaches.values())).items():
            for unit_id, reported in self._twins.state.news(maker_id, product, some, since).items():
                shown = seen_reported(reported, reaches[unit_id])
                if not shown.properties:
                    continue
                self._served(shown.revision)
                document = reported_event_to_json(unit_id, product, shown)
                events.append(self._event(b"reported", msgspec.json.encode(document)))
        return b"".join(events)

    def _desired_events(self, units: Sequence[int]) -> bytes:
        """The desired state of these units, as far as it lies open."""
        events = []
        reaches = self._open(units)
        for maker_id, some in by_maker(list(reaches.values())).items():
            for unit_id, desired in self._twins.desired.get_many(maker_id, some).items():
                shown = seen_desired(desired, reaches[unit_id])
                if shown.at is None:
                    continue
                self._served(shown.at)
                document = desired_event_to_json(unit_id, self._twins.product_of(unit_id), shown)
                events.append(self._event(b"desired", msgspec.json.encode(document)))
        return b"".join(events)

    def _served(self, instant: int) -> None:
        self._served_up_to = max(self._served_up_to, instant)

    def _event(self, name: bytes, data: bytes) -> bytes:
        return b"event: %b\nid: %d\ndata: %b\n\n" % (name, self._served_up_to, data)

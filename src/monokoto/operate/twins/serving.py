"""Server-sent events out of a listener. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html

Events carry state, not differences, so a client that missed some is right again with the next one. An event's id is the
greatest arrival served so far: a client that comes back with `Last-Event-ID` is served what arrived since, and a little
before it, because gateways' clocks agree only roughly.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

import msgspec

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import Fault, Invalid
from monokoto.operate.twins.documents import desired_event_to_json, reported_event_to_json, twin_to_json
from monokoto.operate.twins.reported.state import in_chunks
from monokoto.operate.twins.service import Twins
from monokoto.operate.twins.streams import Listener, News

HEARTBEAT_SECONDS = 15.0
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


class Stream:
    """What one client is served, chunk by chunk, until it goes."""

    def __init__(
        self,
        twins: Twins,
        listener: Listener,
        *,
        last_event_id: int | None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._twins = twins
        self._listener = listener
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
            while True:
                news = await listener.take(timeout_seconds=self._heartbeat_seconds)
                if listener.ended:
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

    def _products(self) -> list[str]:
        listener = self._listener
        if listener.unit_id is not None:
            return [self._twins.product_of(listener.unit_id)]
        return self._twins.state.products(listener.organisation_id) if listener.product is None else [listener.product]

    def _whole_twin(self, unit_id: int) -> bytes:
        twin = self._twins.twin(self._listener.organisation_id, unit_id)
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
        listener = self._listener
        reported = {product: sorted(units) for product, units in news.reported.items()}
        for product in news.overflowed:
            reported[product] = (
                [listener.unit_id]
                if listener.unit_id is not None
                else self._twins.state.units_since(listener.organisation_id, product, news.since)
            )
        return reported

    def _desired_units(self, news: News) -> list[int]:
        listener = self._listener
        if listener.unit_id is not None:
            return [listener.unit_id] if news.desired or news.desired_overflowed else []
        if not news.desired_overflowed:
            return sorted(news.desired)
        return self._twins.desired_units_since(
            listener.organisation_id, news.desired_since, product=listener.product, also=news.desired
        )

    def _reported_events(self, product: str, units: Sequence[int], since: int) -> bytes:
        """What is new of these units."""
        events = []
        for unit_id, reported in self._twins.state.news(self._listener.organisation_id, product, units, since).items():
            self._served(reported.revision)
            events.append(
                self._event(b"reported", msgspec.json.encode(reported_event_to_json(unit_id, product, reported)))
            )
        return b"".join(events)

    def _desired_events(self, units: Sequence[int]) -> bytes:
        """The desired state of these units."""
        events = []
        for unit_id, desired in self._twins.desired.get_many(self._listener.organisation_id, units).items():
            self._served(desired.at or 0)
            document = desired_event_to_json(unit_id, self._twins.product_of(unit_id), desired)
            events.append(self._event(b"desired", msgspec.json.encode(document)))
        return b"".join(events)

    def _served(self, instant: int) -> None:
        self._served_up_to = max(self._served_up_to, instant)

    def _event(self, name: bytes, data: bytes) -> bytes:
        return b"event: %b\nid: %d\ndata: %b\n\n" % (name, self._served_up_to, data)

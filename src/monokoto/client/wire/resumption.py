"""How a live stream that broke off is taken up again: without I/O, for both clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from monokoto.client.errors import Unreachable
from monokoto.client.wire.calls import Call
from monokoto.client.wire.retries import Retries
from monokoto.client.wire.server_events import EventParser, ServerEvent


class Resumption:
    """Where in a stream its reader stands, and how often in a row it broke off before it gave anything."""

    def __init__(self, retries: Retries, chance: Callable[[], float], *, last_event_id: str) -> None:
        self._retries = retries.for_streams
        self._chance = chance
        self._parser = EventParser(last_event_id)
        self._empty = 0

    @property
    def last_event_id(self) -> str:
        """Of the last event that was given out; empty: none had an id."""
        return self._parser.last_id

    def resumed(self, call: Call) -> Call:
        """The call that goes on behind the last event. What came of the next one before it broke off is dropped."""
        self._parser = EventParser(self.last_event_id)
        return call.with_headers(**{"Last-Event-ID": self.last_event_id or None})

    def events(self, piece: bytes) -> Iterator[ServerEvent]:
        """The events that end in these bytes."""
        self._empty = 0
        return self._parser.feed(piece)

    def wait_seconds(self) -> float:
        """How long to wait before the stream is asked for again.

        Raises:
            Unreachable: it ended without a byte too often in a row.
        """
        self._empty += 1
        if self._empty > self._retries.attempts_max:
            raise Unreachable("The live stream ends before it gives anything, again and again.")
        return max(self._parser.asked_seconds, self._retries.wait_seconds(self._empty, self._chance()))

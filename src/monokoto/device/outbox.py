"""Messages a unit wants to send: those that wait, and those that are sent and not acknowledged. In the order of sending.

Bounded: `full` says when nothing more is taken. Nothing is ever dropped here; whoever measures decides what to give up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

_PACKET_ID_MAX = 65_535


@dataclass(slots=True, eq=False)
class Sending:
    """One message on its way."""

    topic: bytes
    payload: bytes
    qos: int
    done: asyncio.Future[int] = field(repr=False)
    """Its result is the reason the platform gave: below 0x80 it was taken."""
    packet_id: int = 0
    released: bool = False
    """QoS 2: the platform has it."""
    number: int = 0
    """Its number in the journal; 0: it is in none."""


class Outbox:
    """What is to be sent, over reconnects."""

    __slots__ = ("_flight", "_next", "_waiting", "messages_max")

    def __init__(self, messages_max: int) -> None:
        self.messages_max = messages_max
        self._waiting: deque[Sending] = deque()
        self._flight: dict[int, Sending] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._waiting) + len(self._flight)

    @property
    def full(self) -> bool:
        """Whether there is no room for another message."""
        return len(self) >= self.messages_max

    @property
    def in_flight(self) -> int:
        """Messages of QoS 1 and 2 that are sent and not acknowledged."""
        return len(self._flight)

    def put(self, sending: Sending) -> None:
        """Wait for the link and the window."""
        self._waiting.append(sending)

    def next(self, window: int) -> Sending | None:
        """The next message to send, if the window has room; with its packet identifier."""
        if not self._waiting:
            return None
        sending = self._waiting[0]
        if sending.qos:
            if len(self._flight) >= window:
                return None
            sending.packet_id = self._allocate()
            self._flight[sending.packet_id] = sending
        return self._waiting.popleft()

    def _allocate(self) -> int:
        candidate = self._next
        while candidate in self._flight:
            candidate = candidate % _PACKET_ID_MAX + 1
        self._next = candidate % _PACKET_ID_MAX + 1
        return candidate

    def get(self, packet_id: int) -> Sending | None:
        """The message in flight under an identifier."""
        return self._flight.get(packet_id)

    def take(self, packet_id: int) -> Sending | None:
        """The same, and forget it."""
        return self._flight.pop(packet_id, None)

    def resume(self) -> list[Sending]:
        """What is in flight, when the platform kept our session: to be sent again under the same identifiers."""
        return list(self._flight.values())

    def restart(self) -> list[Sending]:
        """When it did not: everything it has not released goes back to the front. Returns those it had, which are done."""
        flight, self._flight = list(self._flight.values()), {}
        self._waiting.extendleft(sending for sending in reversed(flight) if not sending.released)
        return [sending for sending in flight if sending.released]

    def __iter__(self) -> Iterator[Sending]:
        yield from self._flight.values()
        yield from self._waiting

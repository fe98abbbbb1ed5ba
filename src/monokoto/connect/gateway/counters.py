"""What one gateway counts. Plain integers: an increment on the hot path costs what an attribute costs."""

from __future__ import annotations

from typing import Final, Literal

COUNTERS: Final[tuple[tuple[str, Literal["gauge", "counter"], str], ...]] = (
    ("connections", "gauge", "Units connected now"),
    ("accepted", "counter", "Connections taken"),
    ("turned_away", "counter", "Connections refused: too many, unknown credential, bad CONNECT"),
    ("publishes", "counter", "Messages received from units"),
    ("received_bytes", "counter", "Bytes received from units"),
    ("commits", "counter", "Commits started"),
    ("records", "counter", "Records committed"),
    ("committed_bytes", "counter", "Bytes of log entries"),
    ("failed_commits", "counter", "Commits given up; their senders were closed without an acknowledgement"),
    ("retries", "counter", "Appends tried again"),
    ("stalls", "counter", "Times all sockets were paused because the log did not keep up"),
    ("refused", "counter", "Messages refused: topic, size, rights"),
    ("paused", "counter", "Times a sender was slowed down because it was past its pace"),
    ("taken_over", "counter", "Connections closed because the same client connected again"),
    ("revoked", "counter", "Connections closed because their credential ended"),
    ("delivered", "counter", "Messages sent to units"),
    ("dropped", "counter", "Messages to units that were not sent: queue full or expired"),
    ("wills", "counter", "Wills published"),
)
"""Name, kind and meaning of each."""


class Counters:
    """One process's counters, by the names above."""

    __slots__ = tuple(name for name, _, _ in COUNTERS)

    accepted: int
    commits: int
    committed_bytes: int
    connections: int
    delivered: int
    dropped: int
    failed_commits: int
    paused: int
    publishes: int
    received_bytes: int
    records: int
    refused: int
    retries: int
    revoked: int
    stalls: int
    taken_over: int
    turned_away: int
    wills: int

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)

    def to_json(self) -> dict[str, int]:
        """As the heartbeat carries them."""
        return {name: getattr(self, name) for name in self.__slots__}

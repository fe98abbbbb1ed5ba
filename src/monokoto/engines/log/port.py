"""The log: what it promises.

- `append` returns only when the entry is on disk (fsynced), and replicated in a cluster. Retried with the same
  `message_id` within two minutes it is stored once.
- Entries of one subject keep the order in which `append` was called on one connection.
- Sequences count from 1 over the whole stream and never repeat; trimming leaves gaps at the front only.
- A stream that is full refuses (`Unavailable`); it never drops what was not trimmed.
- A bucket is a map of small values kept like the log itself; `revision` allows compare-and-set.
- `tell`/`listen` are live signals: at most once, no memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored message."""

    subject: str
    sequence: int
    stored_at: int
    """Microseconds since the epoch."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpec:
    """A stream as it must exist; `ensure_stream` creates it or raises its limits to these."""

    name: str
    subjects: tuple[str, ...]
    bytes_max: int
    age_seconds_max: int = 0
    """0: kept until trimmed."""
    per_subject_max: int = 0
    """0: no limit; otherwise the oldest of a subject goes first."""
    discard_old: bool = False
    """False: a full stream refuses. True: the oldest entries go."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """How full a stream is. `first_sequence` is one past the last when it is empty."""

    first_sequence: int
    last_sequence: int
    messages: int
    bytes: int


class Bucket(Protocol):
    """A small durable map. Keys: `[A-Za-z0-9._=/-]+`."""

    async def get(self, key: str) -> tuple[bytes, int] | None:
        """The value and its revision, or None."""
        ...

    async def put(self, key: str, value: bytes, *, revision: int | None = None) -> int:
        """Store and return the new revision; with `revision` only if that is still the current one (0: absent).

        Raises: Conflict when the revision is not current.
        """
        ...

    async def delete(self, key: str) -> None:
        """Forget the key; nothing happens when it is absent."""
        ...

    async def keys(self) -> list[str]:
        """All keys."""
        ...


class Reader(Protocol):
    """Reads one subject of a stream in order, from a sequence on, across reconnects."""

    async def read(self, *, entries_max: int, wait_seconds: float) -> Sequence[Entry]:
        """The next entries, at least one unless `wait_seconds` pass without any; never an entry twice, none left out.

        Raises: Unavailable when the log cannot be reached; calling again continues where it was.
        """
        ...

    async def close(self) -> None:
        """Give the log's resources back."""
        ...


class Log(Protocol):
    """The durable log and the live signals beside it."""

    @property
    def body_bytes_max(self) -> int:
        """The largest body `append` takes."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the log can be reached right now."""
        ...

    async def ensure_stream(self, spec: StreamSpec) -> None: ...

    async def append(self, subject: str, body: bytes, *, message_id: str = "") -> int:
        """Store one entry durably and return its sequence.

        Raises: Unavailable when it was refused, or when no answer came (it may or may not be stored then: retry with
            the same `message_id`); TooLarge when the body is over `body_bytes_max`.
        """
        ...

    async def reader(self, stream: str, subject: str, *, from_sequence: int = 1) -> Reader: ...

    async def last(self, stream: str, subject: str) -> Entry | None:
        """The newest entry of one exact subject."""
        ...

    async def next_after(self, stream: str, subject: str, sequence: int) -> Entry | None:
        """The first entry after `sequence` whose subject matches (wildcards allowed)."""
        ...

    async def state(self, stream: str) -> StreamState: ...

    async def trim(self, stream: str, *, before_sequence: int, subject: str = "") -> None:
        """Forget the entries before this sequence (of one subject, when given)."""
        ...

    async def bucket(self, name: str) -> Bucket: ...

    async def tell(self, subject: str, body: bytes) -> None: ...

    async def listen(
        self, subject: str, heard: Callable[[str, bytes], Awaitable[None]]
    ) -> Callable[[], Awaitable[None]]:
        """Call `heard(subject, body)` for each live message (also those appended to a stream); returns how to stop."""
        ...

    async def request(self, subject: str, body: bytes, *, timeout_seconds: float) -> bytes:
        """Ask whoever answers on this subject. Raises Unavailable when nobody does in time."""
        ...

    async def answer(self, subject: str, reply: Callable[[bytes], Awaitable[bytes]]) -> Callable[[], Awaitable[None]]:
        """Answer requests on this subject; returns how to stop."""
        ...

    async def close(self) -> None: ...

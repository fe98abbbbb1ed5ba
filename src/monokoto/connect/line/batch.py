"""What the line hands to its observers: decoded messages in columns, in log order.

An observer must be idempotent: after a crash it sees the entries behind its checkpoint again, cut into other batches.
What makes that work: a reading is named by (unit, property, at), and of two with the same name the one that arrived
later holds, the later in the batch among those of one commit. A block's `arrived` is its commit's instant: it never falls
within a unit in log order, is the same on every replay, and a commit is never cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.kernel.errors import Unavailable

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """One property over the rows of its block."""

    property: PropertyModel
    values: Float64s | list[str | None]
    """Numeric kinds (booleans are 0 and 1): float64. Others: text; objects and arrays as compact JSON."""
    present: Bools | None = None
    """Which rows have a value; None: all of them. Absent rows hold NaN or None."""


@dataclass(frozen=True, slots=True)
class Block:
    """Messages of one product version's units: m rows, one column per property that occurs.

    Rows are in log order. Of each unit `arrived` never falls; `at` may.
    """

    model: ProductModel
    unit: Int64s
    at: Int64s
    """The reading's own time, microseconds."""
    arrived: Int64s
    columns: tuple[Column, ...]

    @property
    def readings(self) -> int:
        """How many readings the block holds."""
        return sum(len(self.unit) if column.present is None else int(column.present.sum()) for column in self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """Something a unit says happened."""

    organisation_id: int
    unit_id: int
    product: str
    name: str
    at: int
    arrived: int
    data: bytes
    """JSON; `null` when the event carries nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What could not be taken, and why. Never lost in silence: stored, and counted per unit."""

    organisation_id: int
    unit_id: int
    arrived: int
    route: str
    subject: str
    reason: str
    """A code: `bad-json`, `unknown-property`, `wrong-type`, `out-of-range`, `time-out-of-range`, `too-large`, ..."""
    detail: str
    """The sentence for a person: what, where, what was expected."""
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceRecord:
    """A session began or ended."""

    organisation_id: int
    unit_id: int
    arrived: int
    connected: bool
    session: bytes
    """The JSON of `Route.CONNECTED` / `Route.DISCONNECTED`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """A unit asks something of the platform, or answers a command."""

    organisation_id: int
    unit_id: int
    arrived: int
    route: int
    subject: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some entries of one partition, decoded."""

    partition: int
    first_sequence: int
    last_sequence: int
    blocks: tuple[Block, ...] = ()
    events: Sequence[EventRecord] = ()
    dead_letters: Sequence[DeadLetter] = ()
    presence: Sequence[PresenceRecord] = ()
    requests: Sequence[RequestRecord] = ()
    seen_units: Int64s = field(default_factory=lambda: np.empty(0, np.int64))
    """Every unit that sent anything, once."""
    seen_arrived: Int64s = field(default_factory=lambda: np.empty(0, np.int64))
    """The last arrival of each of `seen_units`."""


class Observer(Protocol):
    """Somebody who makes something of the readings."""

    @property
    def name(self) -> str:
        """Its checkpoint is kept under this name."""
        ...

    async def observe(self, batch: Batch) -> None:
        """Take a batch in. Idempotent. Raising stops the line at this batch, which is tried again: raise only for what
        may pass (an engine away), never for what a unit sent."""
        ...

    def kept(self, partition: int) -> int:
        """The sequence up to which what it observed survives a crash; the line never trims past the lowest of these."""
        ...


@runtime_checkable
class Saving(Protocol):
    """An observer whose state survives only now and then, by a snapshot."""

    async def save(self) -> None:
        """Write the snapshot now; `kept` has moved on when this returns. Raises Unavailable; the last one stays then."""
        ...


@runtime_checkable
class Waiting(Protocol):
    """An observer that stores on by itself after `observe` has returned."""

    @property
    def waits_for(self) -> Unavailable | None:
        """Why what it took in cannot be stored right now; None when it can."""
        ...

"""How much arrives, minute by minute, for the last hour: counted as the line takes it in, kept in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monokoto.connect.line import Batch, Block
from monokoto.kernel.clock import Clock
from monokoto.kernel.limits import ARRIVALS_MINUTES

MINUTE = 60_000_000
Closed = Callable[[int], Sequence[int]]
"""The units an organisation made whose present is not its to see."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Readings that arrived in each minute."""

    begin: int
    """The first minute's beginning, microseconds."""
    readings: tuple[int | None, ...]
    """The last minute is the one that is passing; None: before we began to count."""


class Arrivals:
    """A witness of the line: `heard` on the event loop, `pace` from any thread."""

    def __init__(self, clock: Clock, closed: Closed) -> None:
        self._clock = clock
        self._closed = closed
        # The first whole minute: what of the one that is passing came before us is not known.
        self._first = clock.now() // MINUTE + 1
        self._counts: dict[int, Counter[int]] = {}

    def heard(self, batch: Batch) -> None:
        """Count what is new."""
        for block in batch.blocks:
            organisation_id = block.model.organisation_id
            for minute, readings in _by_minute(block, self._closed(organisation_id)):
                if minute >= self._first:
                    self._counts.setdefault(organisation_id, Counter())[minute] += readings
        self._forget()

    def _forget(self) -> None:
        oldest = self._clock.now() // MINUTE - ARRIVALS_MINUTES
        for organisation_id, counts in list(self._counts.items()):
            if len(counts) > 2 * ARRIVALS_MINUTES:
                self._counts[organisation_id] = Counter({one: count for one, count in counts.items() if one > oldest})

    def pace(self, organisation_id: int) -> Pace:
        """The last hour of what an organisation's units sent."""
        last = self._clock.now() // MINUTE
        counts = self._counts.get(organisation_id, Counter())
        minutes = range(last - ARRIVALS_MINUTES + 1, last + 1)
        readings = tuple(counts.get(minute, 0) if minute >= self._first else None for minute in minutes)
        return Pace(minutes.start * MINUTE, readings)


def _by_minute(block: Block, closed: Sequence[int]) -> list[tuple[int, int]]:
    """(minute, readings) of a block, without those of closed units."""
    minutes = block.arrived // MINUTE
    if not len(minutes):
        return []
    open_rows = ~np.isin(block.unit, closed) if len(closed) else None
    if open_rows is None and minutes.min() == minutes.max():
        return [(int(minutes[0]), block.readings)]
    readings: npt.NDArray[np.int64] = np.zeros(len(minutes), np.int64)
    for column in block.columns:
        readings += 1 if column.present is None else column.present.astype(np.int64)
    if open_rows is not None:
        minutes, readings = minutes[open_rows], readings[open_rows]
    found, places = np.unique(minutes, return_inverse=True)
    totals = np.bincount(places, weights=readings, minlength=len(found))
    return [(int(minute), int(total)) for minute, total in zip(found, totals, strict=True)]

"""Whose usage came late: what an insert of samples touches before now, gathered until it is worth an insert of its own.

An insert costs 12 to 15 ms of CPU however few its rows, as much as storing 80,000 samples, and of a fleet that is behind
nearly every insert has late ones. Who bills hears of them some seconds later, and looks again at what it has billed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from monokoto.earn.metering.sampling import Int64s
from monokoto.kernel.limits import USAGE_LATE_GATHERED_MAX, USAGE_LATE_SECONDS

Told = tuple[tuple[int, str, str], Int64s, Int64s]
"""Organisation, product and meter; units; times."""


class LateMarks:
    """What waits to be told as late. From any thread. Lost with the process: who gathers here writes the samples again."""

    def __init__(self, *, seconds: float = USAGE_LATE_SECONDS, rows_max: int = USAGE_LATE_GATHERED_MAX) -> None:
        """`seconds`: how long they may gather; `rows_max`: how many."""
        self._seconds = seconds
        self._rows_max = rows_max
        self._lock = threading.Lock()
        self._told: list[Told] = []
        self._rows = 0
        self._since = 0.0

    def __len__(self) -> int:
        return self._rows

    @property
    def due(self) -> bool:
        """Whether they have gathered for long enough, or are enough."""
        with self._lock:
            return bool(self._rows) and (
                self._rows >= self._rows_max or time.monotonic() - self._since >= self._seconds
            )

    def add(self, told: Sequence[Told]) -> None:
        """Gather more."""
        with self._lock:
            if told and not self._rows:
                self._since = time.monotonic()
            self._told += told
            self._rows += sum(len(units) for _, units, _ in told)

    @contextmanager
    def taken(self) -> Iterator[list[Told]]:
        """All of them, one taker at a time; they are gone when the block ends without an error."""
        with self._lock:
            yield list(self._told)
            self._told, self._rows = [], 0


def late_of(touched: Sequence[Told], bound: int) -> list[Told]:
    """What lies before `bound`, of each run of a unit the first instant alone: samples come by unit."""
    found = []
    for key, units, at in touched:
        late = np.flatnonzero(at < bound)
        if len(late):
            whose = units[late]
            starts = np.flatnonzero(np.concatenate(([True], whose[1:] != whose[:-1])))
            found.append((key, whose[starts], np.minimum.reduceat(at[late], starts)))
    return found


def first_of(told: Sequence[Told]) -> list[Told]:
    """The first instant of each meter and unit, once."""
    parts: dict[tuple[int, str, str], list[tuple[Int64s, Int64s]]] = {}
    for key, units, at in told:
        parts.setdefault(key, []).append((units, at))
    found = []
    for key, some in parts.items():
        units, at = (np.concatenate([one[place] for one in some]) for place in range(2))
        order = np.lexsort((at, units))
        units, at = units[order], at[order]
        first = np.concatenate(([True], units[1:] != units[:-1]))
        found.append((key, units[first], at[first]))
    return found

"""Whose usage was written, of the meters somebody follows: what follows a quota need not ask the store every second."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from monokoto.earn.metering.sampling import Int64s

Key = tuple[int, str, str]
"""Organisation, product and meter."""
_ROWS_MAX = 1_000_000
"""Rows that may gather before each unit is kept once: what nobody takes stays bounded by the fleet."""


class Heard:
    """Units by meter, since they were taken last. From any thread; what is written elsewhere is not heard of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._units: dict[Key, list[Int64s]] = {}
        self._rows: dict[Key, int] = {}

    def follow(self, key: Key) -> None:
        """Hear of this meter from now on."""
        with self._lock:
            self._units.setdefault(key, [])
            self._rows.setdefault(key, 0)

    def add(self, key: Key, units: Int64s) -> None:
        """These were written, and can be seen."""
        if key not in self._units:
            return
        with self._lock:
            self._units[key].append(units)
            self._rows[key] += len(units)
            if self._rows[key] > _ROWS_MAX:
                self._units[key] = [_once(self._units[key])]
                self._rows[key] = len(self._units[key][0])

    def taken(self, key: Key) -> Int64s:
        """Whose usage was written since the last time, each unit once."""
        with self._lock:
            found = self._units.get(key) or []
            if found:
                self._units[key], self._rows[key] = [], 0
        return _once(found)


def _once(found: Sequence[Int64s]) -> Int64s:
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)

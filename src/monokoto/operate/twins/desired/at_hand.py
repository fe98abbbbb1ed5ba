"""Desired states kept in memory, so that a twin is answered without asking the records.

Exact, not approximate: it holds anything only where this process alone changes desired state (SQLite has one platform process;
with PostgreSQL several may write, and every question goes to the records).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from monokoto.kernel.limits import DESIRED_AT_HAND_MAX
from monokoto.operate.twins.twin import Desired

Key = tuple[int, int]
"""Organisation and unit."""


class AtHand:
    """The desired states read or written last. Any thread may call."""

    def __init__(self, *, alone: bool) -> None:
        self._alone = alone
        self._held: dict[Key, Desired] = {}
        self._lock = threading.Lock()
        self.changes = 0
        """How often something was changed: a reader notes it before asking the records."""

    def get(self, key: Key) -> Desired | None:
        """The current desired state, or None when it is not held."""
        return self._held.get(key)

    def read(self, key: Key, found: Desired, changes: int) -> None:
        """Keep what was read, unless something was changed since `changes` was noted: then it may be old already."""
        if not self._alone:
            return
        with self._lock:
            if changes == self.changes:
                self._keep(key, found)

    def changed(self, made: Mapping[Key, Desired]) -> None:
        """Keep what was written; call after the commit."""
        if not self._alone:
            return
        with self._lock:
            self.changes += 1
            for key, desired in made.items():
                held = self._held.get(key)
                if held is None or held.revision < desired.revision:
                    self._keep(key, desired)

    def _keep(self, key: Key, desired: Desired) -> None:
        if len(self._held) >= DESIRED_AT_HAND_MAX and key not in self._held:
            self._held.pop(next(iter(self._held)))
        self._held[key] = desired

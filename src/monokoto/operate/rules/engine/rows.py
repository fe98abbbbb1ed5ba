"""Rows as they come from the line, of one product version: who, when, and what was said, in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monokoto.operate.rules.engine.arrays import Array, Bools, Int64s

NO_EVENT = -1


@dataclass(frozen=True, slots=True)
class Said:
    """One slot's values over some rows; absent rows hold NaN or -1."""

    values: Array
    present: Bools | None
    """None: all of them."""

    def take(self, chosen: Any) -> Said:
        """Some of the rows."""
        return Said(self.values[chosen], None if self.present is None else self.present[chosen])


@dataclass(frozen=True, slots=True)
class Rows:
    """Readings and events of some units; `unit` are rows of the stream."""

    unit: Int64s
    at: Int64s
    arrived: Int64s
    said: Mapping[str, Said]
    events: Array | None = None
    """The number of the event a row is, `NO_EVENT` for readings; None: all are readings."""

    def __len__(self) -> int:
        return len(self.unit)

    def take(self, chosen: Any) -> Rows:
        """Some of them, in the order asked for."""
        return Rows(
            self.unit[chosen],
            self.at[chosen],
            self.arrived[chosen],
            {name: said.take(chosen) for name, said in self.said.items()},
            None if self.events is None else self.events[chosen],
        )


def joined(parts: Sequence[Rows], blanks: Mapping[str, Any]) -> Rows:
    """All of them, one part after the other; `blanks` has the value of what is absent for each slot."""
    if len(parts) == 1:
        return parts[0]
    names = {name for part in parts for name in part.said}
    events = None
    if any(part.events is not None for part in parts):
        events = np.concatenate(
            [np.full(len(part), NO_EVENT, np.int32) if part.events is None else part.events for part in parts]
        )
    return Rows(
        np.concatenate([part.unit for part in parts]),
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.arrived for part in parts]),
        {name: _joined_slot(parts, name, blanks[name]) for name in names},
        events,
    )


def _joined_slot(parts: Sequence[Rows], name: str, blank: Any) -> Said:
    values, present = [], []
    for part in parts:
        said = part.said.get(name)
        if said is None:
            values.append(np.full(len(part), blank, np.int32 if isinstance(blank, int) else np.float64))
            present.append(np.zeros(len(part), np.bool_))
        else:
            values.append(said.values)
            present.append(np.ones(len(part), np.bool_) if said.present is None else said.present)
    there = np.concatenate(present)
    return Said(np.concatenate(values), None if there.all() else there)

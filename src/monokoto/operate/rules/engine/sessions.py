"""Which units have a session, as the log tells it: by the arrival clock, not by the units' own time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec
import numpy as np

from monokoto.connect.line import PresenceRecord
from monokoto.operate.rules.engine.arrays import NEVER, Array, Arrays, Float64s, Int64s
from monokoto.operate.twins import RowIndex

ONLINE = -(2**61)
"""In the place of the instant since when a unit is offline."""


class _SessionJson(msgspec.Struct, frozen=True):
    gateway: str = ""
    session: str = ""


class Sessions:
    """For each unit since when it is offline, and its latest session: the end of an earlier one is none of the unit."""

    def __init__(self) -> None:
        self._index = RowIndex()
        self._unit: list[int] = []
        self._state = Arrays()
        self._state.add("since", np.int64, NEVER)
        self._state.add("session", np.int64, 0)
        self._state.add("arrived", np.int64, NEVER)
        self._decoder = msgspec.json.Decoder(_SessionJson)

    def take(self, records: Sequence[PresenceRecord]) -> None:
        """Sessions that began or ended, in order of the log; seen again they change nothing."""
        for record in records:
            try:
                said = self._decoder.decode(record.session)
            except msgspec.MsgspecError:
                continue  # presence says so aloud
            row, name = self._row(record.unit_id), _number(said)
            if record.arrived < self._state["arrived"][row]:
                continue
            if record.connected:
                self._state["session"][row], self._state["since"][row] = name, ONLINE
            elif self._state["session"][row] == name and self._state["since"][row] == ONLINE:
                self._state["since"][row] = record.arrived
            self._state["arrived"][row] = record.arrived

    def offline(self, units: Int64s, clock: int, for_us: int) -> Float64s:
        """Whether each has been offline for so long (1, 0); NaN where it never had a session."""
        rows = self._index.find(units)
        since = np.where(rows >= 0, self._state["since"][np.maximum(rows, 0)], NEVER)
        gone = (since != ONLINE) & (clock - since >= for_us)
        return np.where(since == NEVER, np.nan, gone.astype(np.float64))

    def dump(self) -> dict[str, Array]:
        """For the snapshot."""
        return {"unit": np.array(self._unit, np.int64), **self._state.dump(len(self._unit))}

    def load(self, dumped: Mapping[str, Array]) -> None:
        """Out of the snapshot."""
        units = dumped["unit"]
        self._unit = units.tolist()
        self._index = RowIndex()
        if len(units):
            self._index.add(units)
        self._state.load({name: array for name, array in dumped.items() if name != "unit"})

    def _row(self, unit_id: int) -> int:
        ids = np.array([unit_id], np.int64)
        row = int(self._index.find(ids)[0])
        if row < 0:
            row = len(self._unit)
            self._index.add(ids)
            self._unit.append(unit_id)
            self._state.reserve(row + 1)
        return row


def _number(said: _SessionJson) -> int:
    text = f"{said.gateway}\0{said.session}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little", signed=True)

"""Which names were told before: exact, by looking into the store; quick, because a filter in memory says who need not be.

The filter (Bloom, 1970) never says "new" of a name that was told. Told ones, and the few of which it is not sure, are looked up.
32 MiB are sure of all but 8 % of new names at 50 million; past that the look-ups become more, never less exact.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monokoto.earn.metering.keeping import EVENTS
from monokoto.engines.series import Series

UInt64s = npt.NDArray[np.uint64]
_BITS = 1 << 28
_STEPS = 4
_LOOKED_UP_MAX = 10_000
_RECENT_MAX = 100_000
_MASK = np.uint64(_BITS - 1)


class Recent:
    """The newest names whose usage this process has counted: of a repeat of one of them nothing need be looked up or written.

    A name is known by 128 bits: the 64 of its hash, and 64 of another that no two processes share. Two generations of at most
    _RECENT_MAX names each: when one is full, the older goes. Some 20 MB when full.
    """

    def __init__(self) -> None:
        self._newer: set[int] = set()
        self._older: set[int] = set()

    @staticmethod
    def key(name: int, known: tuple[int, str, str]) -> int:
        """What a name is known by; `known`: whose it is, source, id."""
        return (name << 64) | (hash(known) & 0xFFFF_FFFF_FFFF_FFFF)

    def __contains__(self, key: int) -> bool:
        return key in self._newer or key in self._older

    def __len__(self) -> int:
        return len(self._newer) + len(self._older)

    def add(self, keys: Sequence[int]) -> None:
        """Their usage is on disk."""
        for first in range(0, len(keys), _RECENT_MAX):
            some = keys[first : first + _RECENT_MAX]
            if len(self._newer) + len(some) > _RECENT_MAX:
                self._older, self._newer = self._newer, set()
            self._newer.update(some)


class Names:
    """Blocking; one thread at a time adds."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._lock = threading.Lock()
        self._bits: npt.NDArray[np.uint8] | None = None

    def load(self) -> None:
        """Put every name of the store into the filter; until then everything is looked up. 2 s for 50 million."""
        with self._lock:
            if self._bits is not None:
                return
            bits = np.zeros(_BITS // 8, np.uint8)
            for batch in self._series.stream(f"SELECT name FROM {EVENTS}"):
                _set(bits, batch["name"].to_numpy())
            self._bits = bits

    def add(self, names: UInt64s) -> None:
        """They were told."""
        if self._bits is not None:
            _set(self._bits, names)

    def told(self, keys: Sequence[tuple[int, int, str, str]]) -> dict[tuple[int, str, str], dict[str, Any]]:
        """What stands in the store of these (organisation, name, source, id), by (organisation, source, id)."""
        asked = np.array([key[1] for key in keys], np.uint64)
        perhaps = range(len(keys)) if self._bits is None else np.flatnonzero(_all(self._bits, asked)).tolist()
        by_maker: dict[int, list[int]] = {}
        for place in perhaps:
            by_maker.setdefault(keys[place][0], []).append(place)
        found: dict[tuple[int, str, str], dict[str, Any]] = {}
        for maker, places in by_maker.items():
            for first in range(0, len(places), _LOOKED_UP_MAX):
                some = places[first : first + _LOOKED_UP_MAX]
                wanted = {(keys[place][2], keys[place][3]) for place in some}
                for row in self._look_up(maker, [keys[place][1] for place in some]):
                    if (row["source"], row["id"]) in wanted:
                        found[maker, row["source"], row["id"]] = row
        return found

    def _look_up(self, maker: int, names: Sequence[int]) -> list[dict[str, Any]]:
        # Names are 64 bits, the parameter's numbers are signed.
        signed = [name - (1 << 64) if name >= 1 << 63 else name for name in names]
        found: list[dict[str, Any]] = self._series.query(
            f"""SELECT toString(source) AS source, id, toString(type) AS type, unit, toUnixTimestamp64Micro(at) AS at_,
                toUnixTimestamp64Micro(arrived) AS arrived_, data, name
            FROM {EVENTS} FINAL WHERE organisation = {{maker:Int64}}
                AND name IN (SELECT reinterpretAsUInt64(arrayJoin({{names:Array(Int64)}})))""",
            {"maker": maker, "names": signed},
        ).to_pylist()
        return found


def _places(names: UInt64s) -> list[UInt64s]:
    step = (names >> np.uint64(32)) | np.uint64(1)
    return [(names + np.uint64(number) * step) & _MASK for number in range(_STEPS)]


def _set(bits: npt.NDArray[np.uint8], names: UInt64s) -> None:
    with np.errstate(over="ignore"):
        for places in _places(names):
            np.bitwise_or.at(bits, places >> np.uint64(3), np.uint8(1) << (places & np.uint64(7)).astype(np.uint8))


def _all(bits: npt.NDArray[np.uint8], names: UInt64s) -> npt.NDArray[np.bool_]:
    found = np.ones(len(names), np.bool_)
    with np.errstate(over="ignore"):
        for places in _places(names):
            found &= (bits[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8)) & np.uint8(1) == 1
    return found

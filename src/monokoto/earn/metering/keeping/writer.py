"""Storing samples: one table of them, and who is touched by those that come late."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from monokoto.earn.metering.keeping.tables import LATE, USAGE, VERSION_MIDDLE
from monokoto.earn.metering.sampling import NAMES, Int64s, Samples
from monokoto.engines.series import Series
from monokoto.kernel.clock import Clock

PROMPT_SECONDS: Final = 300
"""Usage stored within this of its own time is not told as late: who bills a period waits so long after its end."""
_INSTANT = pa.timestamp("us", tz="UTC")
_PARTITIONS_MAX = 20
_MONTH = 28 * 86_400_000_000
_Told = tuple[tuple[int, str, str], Int64s, Int64s]
"""Organisation, product and meter; units; times."""


class UsageWriter:
    """Writes samples. Blocking; from any thread. Writing the same again changes nothing."""

    def __init__(self, series: Series, clock: Clock) -> None:
        self._series = series
        self._clock = clock
        self._lock = threading.Lock()
        self._writing: dict[int, int] = {}
        self._number = 0

    def write(self, samples: Sequence[Samples]) -> None:
        """Durable when it returns. Raises Unavailable; then write them again."""
        found = sorted(
            (one for one in samples if len(one)), key=lambda one: (one.organisation_id, one.product, one.meter)
        )
        if found:
            table = rows_of(found)
            self._insert(table, [_late_of(one) for one in found])

    def overrule(self, rows: pa.Table) -> None:
        """Write corrections: rows as `rows_of` makes them, with their kinds and versions."""
        if rows.num_rows:
            self._insert(rows, _touched_by(rows), always=True)

    def settled(self) -> int:
        """µs: whatever was stored before is visible, and nothing more will be stored with a time before it."""
        with self._lock:
            return min(self._writing.values(), default=self._clock.now())

    def _insert(self, rows: pa.Table, touched: Sequence[_Told], *, always: bool = False) -> None:
        with self._lock:
            self._number += 1
            number, stored = self._number, self._clock.now()
            self._writing[number] = stored
        try:
            for part in _by_partitions(rows):
                self._series.insert(USAGE, part)
            bound = stored + 1 if always else stored - PROMPT_SECONDS * 1_000_000
            late = _late_rows(touched, stored, bound)
            if late is not None:
                self._series.insert(LATE, late)
        finally:
            with self._lock:
                del self._writing[number]


def rows_of(samples: Sequence[Samples]) -> pa.Table:
    """Samples as rows of the `usage` table, each as it was told. A column in which all rows have the table's own default is
    left out: what does not travel costs nothing."""
    lengths = [len(one) for one in samples]
    arrived = np.concatenate([one.arrived for one in samples])
    columns = {
        "organisation": _each([one.organisation_id for one in samples], lengths),
        "product": _names([one.product for one in samples], lengths),
        "meter": _names([one.meter for one in samples], lengths),
        "unit": pa.array(np.concatenate([one.unit for one in samples])),
        "at": pa.array(np.concatenate([one.at for one in samples])).view(_INSTANT),
        "arrived": pa.array(arrived).view(_INSTANT),
        "value": pa.chunked_array([one.value for one in samples]).combine_chunks(),
        "version": pa.array((VERSION_MIDDLE - arrived).view(np.uint64)),
    }
    if any(one.name is not None for one in samples):
        names = [np.zeros(len(one), np.uint64) if one.name is None else one.name for one in samples]
        columns["name"] = pa.array(np.concatenate(names))
    for column in ("key", "groups", "source"):
        parts = [getattr(one, column) for one in samples]
        if any(part is not None for part in parts):
            columns[column] = _texts(parts, lengths)
    if any(one.id is not None for one in samples):
        ids = [pa.repeat("", len(one)) if one.id is None else one.id for one in samples]
        columns["id"] = pa.chunked_array(ids, pa.string()).combine_chunks()
    return pa.table(columns)


def _each(numbers: Sequence[int], lengths: Sequence[int]) -> pa.Array:
    return pa.array(np.repeat(np.array(numbers, np.int64), lengths))


def _names(names: Sequence[str], lengths: Sequence[int]) -> pa.Array:
    distinct = sorted(set(names))
    places = {name: place for place, name in enumerate(distinct)}
    indices = np.repeat(np.array([places[name] for name in names], np.int32), lengths)
    return pa.DictionaryArray.from_arrays(pa.array(indices), pa.array(distinct, pa.string()))


def _texts(parts: Sequence[pa.Array | None], lengths: Sequence[int]) -> pa.Array:
    blank = pa.array([""]).dictionary_encode()
    filled = [
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), blank.dictionary) if part is None else part
        for part, length in zip(parts, lengths, strict=True)
    ]
    return pa.chunked_array(filled, NAMES).unify_dictionaries().combine_chunks()


def _by_partitions(rows: pa.Table) -> Iterator[pa.Table]:
    """The rows in parts of at most some months each: the store makes a part for each month an insert touches."""
    at = rows["at"].combine_chunks().view(pa.int64()).to_numpy()
    if int(at.max()) - int(at.min()) < _MONTH * (_PARTITIONS_MAX - 1):
        yield rows
        return
    month = at.view("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    months = np.unique(month)
    for first in range(0, len(months), _PARTITIONS_MAX):
        some = months[first : first + _PARTITIONS_MAX]
        yield rows.filter(pa.array((month >= some[0]) & (month <= some[-1])))


def _late_of(one: Samples) -> _Told:
    return (one.organisation_id, one.product, one.meter), one.unit, one.at


def _touched_by(rows: pa.Table) -> list[_Told]:
    at, units = rows["at"].cast(pa.int64()).to_numpy(), rows["unit"].to_numpy()
    keys = zip(*(rows[name].to_pylist() for name in ("organisation", "product", "meter")), strict=True)
    return [(key, units[place : place + 1], at[place : place + 1]) for place, key in enumerate(keys)]


def _late_rows(touched: Sequence[_Told], stored: int, bound: int) -> pa.Table | None:
    """The first instant before `bound` of each meter and unit."""
    told: dict[tuple[int, str, str], list[tuple[Int64s, Int64s]]] = {}
    for key, units, at in touched:
        if int(at.min()) < bound:
            late = at < bound
            told.setdefault(key, []).append((units[late], at[late]))
    if not told:
        return None
    first = [_first_of(np.concatenate([one[0] for one in parts]), np.concatenate([one[1] for one in parts]))
             for parts in told.values()]  # fmt: skip
    lengths = [len(units) for units, _ in first]
    return pa.table(
        {
            "stored": pa.array(np.full(sum(lengths), stored, np.int64)).view(_INSTANT),
            "organisation": _each([key[0] for key in told], lengths),
            "product": _names([key[1] for key in told], lengths),
            "meter": _names([key[2] for key in told], lengths),
            "unit": pa.array(np.concatenate([units for units, _ in first])),
            "first_at": pa.array(np.concatenate([at for _, at in first])).view(_INSTANT),
        }
    )


def _first_of(units: Int64s, at: Int64s) -> tuple[Int64s, Int64s]:
    order = np.lexsort((at, units))
    units, at = units[order], at[order]
    first = np.ones(len(units), np.bool_)
    first[1:] = units[1:] != units[:-1]
    return units[first], at[first]

"""Storing samples: one table of them, and who is touched by those that come late."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from monokoto.earn.metering.keeping.tables import LATE, USAGE, VERSION_MIDDLE, SampleKind
from monokoto.earn.metering.sampling import NAMES, Samples
from monokoto.engines.series import Series
from monokoto.kernel.clock import Clock

PROMPT_SECONDS: Final = 300
"""Usage stored within this of its own time is not told as late: who bills a period waits so long after its end."""
_INSTANT = pa.timestamp("us", tz="UTC")
_PARTITIONS_MAX = 20
_MONTH = 28 * 86_400_000_000


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

    def _insert(self, rows: pa.Table, touched: Sequence[dict[str, Any]], *, always: bool = False) -> None:
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
    """Samples as rows of the `usage` table, each as it was told."""
    lengths = [len(one) for one in samples]
    arrived = np.concatenate([one.arrived for one in samples])
    columns = {
        "organisation": _each([one.organisation_id for one in samples], lengths),
        "product": _names([one.product for one in samples], lengths),
        "meter": _names([one.meter for one in samples], lengths),
        "unit": pa.array(np.concatenate([one.unit for one in samples])),
        "at": pa.array(np.concatenate([one.at for one in samples])).view(_INSTANT),
        "name": pa.array(
            np.concatenate([np.zeros(len(one), np.uint64) if one.name is None else one.name for one in samples])
        ),
        "arrived": pa.array(arrived).view(_INSTANT),
        "value": pa.chunked_array([one.value for one in samples]).combine_chunks(),
        "kind": pa.array(np.full(len(arrived), SampleKind.FIRST, np.uint8)),
        "version": pa.array((VERSION_MIDDLE - arrived).astype(np.uint64)),
    }
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


def _late_of(one: Samples) -> dict[str, Any]:
    return {
        "organisation": one.organisation_id, "product": one.product, "meter": one.meter, "unit": one.unit, "at": one.at
    }  # fmt: skip


def _touched_by(rows: pa.Table) -> list[dict[str, Any]]:
    at = rows["at"].cast(pa.int64()).to_pylist()
    table = rows.select(["organisation", "product", "meter", "unit"]).to_pylist()
    return [
        row | {"unit": np.array([row["unit"]], np.int64), "at": np.array([when], np.int64)}
        for row, when in zip(table, at, strict=True)
    ]


def _late_rows(touched: Sequence[dict[str, Any]], stored: int, bound: int) -> pa.Table | None:
    first: dict[tuple[int, str, str, int], int] = {}
    for one in touched:
        if int(one["at"].min()) >= bound:
            continue
        late = one["at"] < bound
        units, places = np.unique(one["unit"][late], return_inverse=True)
        firsts = np.full(len(units), np.iinfo(np.int64).max)
        np.minimum.at(firsts, places, one["at"][late])
        for unit, at in zip(units.tolist(), firsts.tolist(), strict=True):
            key = (one["organisation"], one["product"], one["meter"], unit)
            first[key] = min(at, first.get(key, at))
    if not first:
        return None
    return pa.table(
        {
            "stored": pa.array([stored] * len(first), pa.int64()).view(_INSTANT),
            "organisation": pa.array([key[0] for key in first], pa.int64()),
            "product": pa.array([key[1] for key in first], pa.string()),
            "meter": pa.array([key[2] for key in first], pa.string()),
            "unit": pa.array([key[3] for key in first], pa.int64()),
            "first_at": pa.array(list(first.values()), pa.int64()).view(_INSTANT),
        }
    )

"""Storing samples: one table of them, and who is touched by those that come late."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
import pyarrow as pa

from monokoto.earn.metering.keeping.heard import Heard
from monokoto.earn.metering.keeping.late import LateMarks, Told, first_of, late_of
from monokoto.earn.metering.keeping.tables import LATE, USAGE, VERSION_MIDDLE
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
        self.late = LateMarks()
        """Where the line gathers whose usage came late."""
        self.heard = Heard()
        """Of the meters that are followed, whose usage was written."""
        self.marks = 0
        """How often it was told whose usage came late; counted when it can be seen."""
        self.marked_at = 0
        """When for the last time: whoever asks what was touched hears of that once this is `settled`."""
        self._lock = threading.Lock()
        self._writing: dict[int, int] = {}
        self._number = 0

    def write(self, samples: Sequence[Samples], *, late: LateMarks | None = None) -> None:
        """Durable when it returns, but for whose usage came late when `late` is given: that gathers there until `mark`, and who
        gathers has to be able to write these samples again. Raises Unavailable; then write them again."""
        found = sorted(
            (one for one in samples if len(one)), key=lambda one: (one.organisation_id, one.product, one.meter)
        )
        if found:
            self._insert(rows_of(found), [_late_of(one) for one in found], late=late)

    def mark(self, late: LateMarks) -> None:
        """Say whose usage came late, of all inserts that gathered. Raises Unavailable; they stay gathered then.

        They count as stored now: whoever asks what was touched hears it after the usage can be seen, never before.
        """
        with late.taken() as told, self._stored() as stored:
            if told:
                self._tell_late(told, stored)

    def overrule(self, rows: pa.Table) -> None:
        """Write corrections: rows as `rows_of` makes them, with their kinds and versions."""
        if rows.num_rows:
            self._insert(rows, _touched_by(rows), always=True)

    def settled(self) -> int:
        """µs: whatever was stored before is visible, and nothing more will be stored with a time before it."""
        with self._lock:
            return min(self._writing.values(), default=self._clock.now())

    def _insert(
        self, rows: pa.Table, touched: Sequence[Told], *, always: bool = False, late: LateMarks | None = None
    ) -> None:
        with self._stored() as stored:
            for part in _by_partitions(rows):
                self._series.insert(USAGE, part)
            found = late_of(touched, stored + 1 if always else stored - PROMPT_SECONDS * 1_000_000)
            if late is not None:
                late.add(found)
            elif found:
                self._tell_late(found, stored)
        for key, units, _ in touched:
            self.heard.add(key, units)

    def _tell_late(self, told: Sequence[Told], stored: int) -> None:
        self._series.insert(LATE, _late_rows(told, stored))
        with self._lock:
            self.marks += 1
            self.marked_at = max(self.marked_at, stored)

    @contextmanager
    def _stored(self) -> Iterator[int]:
        """The time of what is stored meanwhile; `settled` does not pass it before the end."""
        with self._lock:
            self._number += 1
            number, stored = self._number, self._clock.now()
            self._writing[number] = stored
        try:
            yield stored
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


def _late_of(one: Samples) -> Told:
    return (one.organisation_id, one.product, one.meter), one.unit, one.at


def _touched_by(rows: pa.Table) -> list[Told]:
    at, units = rows["at"].cast(pa.int64()).to_numpy(), rows["unit"].to_numpy()
    keys = zip(*(rows[name].to_pylist() for name in ("organisation", "product", "meter")), strict=True)
    return [(key, units[place : place + 1], at[place : place + 1]) for place, key in enumerate(keys)]


def _late_rows(told: Sequence[Told], stored: int) -> pa.Table:
    first = first_of(told)
    lengths = [len(units) for _, units, _ in first]
    return pa.table(
        {
            "stored": pa.array(np.full(sum(lengths), stored, np.int64)).view(_INSTANT),
            "organisation": _each([key[0] for key, _, _ in first], lengths),
            "product": _names([key[1] for key, _, _ in first], lengths),
            "meter": _names([key[2] for key, _, _ in first], lengths),
            "unit": pa.array(np.concatenate([units for _, units, _ in first])),
            "first_at": pa.array(np.concatenate([at for _, _, at in first])).view(_INSTANT),
        }
    )

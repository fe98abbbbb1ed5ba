"""What the store cannot say: the buckets nobody reported in, and values weighed by how long they held.

A held value lasts until the unit's next reading of that property, however far away, and at most until now: `integral` is
value times seconds, `time_avg` the integral over the seconds for which a value is known. The value that held when the
time began comes from before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import BUCKETS_MAX
from monokoto.operate.telemetry.history.aggregates import HELD_COLUMNS, Aggregate, Shape

Int64s = npt.NDArray[np.int64]
FILLS = ("none", "null", "previous", "linear")
_MICROSECONDS_PER_SECOND = 1e6


@dataclass(frozen=True, slots=True)
class Rows:
    """Buckets in columns, sorted by (series, property, bucket). `keys` names each (series, property), `key` points to it."""

    keys: Sequence[tuple[int | str, str]]
    key: Int64s
    bucket: Int64s
    """The bucket's start."""
    columns: Mapping[str, npt.NDArray[Any]]
    """float64 with NaN for nothing, or objects (texts)."""


def spread(rows: Rows, edges: Int64s) -> Rows:
    """A row for every bucket of every series; what is not there is NaN, None, or 0 of count and sum.

    Raises:
        Invalid: more than BUCKETS_MAX rows.
    """
    buckets = len(edges) - 1
    size = len(rows.keys) * buckets
    if size > BUCKETS_MAX:
        raise too_many_buckets(size)
    place = rows.key * buckets + np.searchsorted(edges, rows.bucket)
    columns = {}
    for name, values in rows.columns.items():
        empty: Any = None if values.dtype == object else 0.0 if name in {"count", "sum"} else np.nan
        spaced = np.full(size, empty, values.dtype)
        spaced[place] = values
        columns[name] = spaced
    return Rows(rows.keys, np.repeat(np.arange(len(rows.keys)), buckets), np.tile(edges[:-1], len(rows.keys)), columns)


def too_many_buckets(count: int) -> Invalid:
    """The refusal of an answer with more than BUCKETS_MAX rows."""
    reason = f"{count} or more rows of buckets; at most {BUCKETS_MAX}"
    return Invalid(
        "The answer would be too long.",
        faults=[Fault(place="width", reason=reason)],
        remedy="Ask for wider buckets, a shorter time, fewer units or properties, or group the units.",
    )


def fill_gaps(rows: Rows, aggregates: Sequence[Aggregate], fill: str) -> Rows:
    """The empty buckets of spread rows filled: by the last bucket before, or on the line between its neighbours."""
    if fill not in {"previous", "linear"}:
        return rows
    columns = dict(rows.columns)
    empty = columns["occupied"] != 1.0
    for aggregate in aggregates:
        if aggregate.shape in {Shape.COUNT, Shape.SUM} or aggregate.held:
            continue
        for name, _ in aggregate.columns:
            columns[name] = _filled(columns[name], empty, rows.key, fill)
    for name in ("kind_least", "kind_most"):
        if name in columns:
            columns[name] = _filled(columns[name], empty, rows.key, "previous")
    if fill == "linear" and "kind_least" in columns:
        # Between two integers lies a number.
        columns["kind_least"] = np.where(empty & (columns["kind_most"] <= 3), 1.0, columns["kind_least"])
    return replace(rows, columns=columns)


def _filled(values: npt.NDArray[Any], empty: npt.NDArray[np.bool_], key: Int64s, fill: str) -> npt.NDArray[Any]:
    known = np.flatnonzero(~empty if values.dtype == object else ~empty & ~np.isnan(values))
    if not len(known):
        return values
    here = np.arange(len(values))
    following = np.searchsorted(known, here, side="right")
    before = known[np.maximum(following - 1, 0)]
    has_before = (following > 0) & (key[before] == key) & empty
    filled = values.copy()
    if fill == "previous" or values.dtype == object:
        if fill == "previous":
            filled[has_before] = values[before[has_before]]
        return filled
    after = known[np.minimum(following, len(known) - 1)]
    between = has_before & (following < len(known)) & (key[after] == key)
    share = (here - before)[between] / (after - before)[between]
    filled[between] = values[before[between]] + share * (values[after[between]] - values[before[between]])
    return filled


def hold(
    rows: Rows, edges: Int64s, before: Mapping[tuple[int | str, str], float], *, start: int, end: int, now: int
) -> Rows:
    """Spread rows with `integral` and `time_avg` worked out of what the store said of the insides of the buckets.

    `before` has the value each series held at `start`. A hold ends at `end`, and for a series' last value at `now`, or at
    its own time when that lies ahead.
    """
    columns = dict(rows.columns)
    first_at, last_at, last, inside = (columns.pop(name) for name, _ in HELD_COLUMNS)
    begin = np.maximum(rows.bucket, start)
    latest = np.fmax.reduce(last_at.reshape(len(rows.keys), -1), axis=1) if len(last_at) else np.empty(0)
    until = np.minimum(np.fmax(latest, now), end)
    finish = np.minimum(np.tile(edges[1:], len(rows.keys)), until[rows.key])
    carried = _carried(last, rows, before)
    reported = ~np.isnan(last)
    # Three stretches: the value from before until the first reading, the readings among themselves, the last to the end.
    lead_end = np.where(reported, np.fmin(first_at, finish), finish)
    lead = np.where(np.isnan(carried), 0.0, np.maximum(lead_end - begin, 0))
    tail = np.where(reported, np.maximum(finish - last_at, 0), 0.0)
    middle = np.where(reported, last_at - first_at, 0.0)
    seconds = (lead + middle + tail) / _MICROSECONDS_PER_SECOND
    integral = _product(carried, lead) + np.where(reported, inside, 0.0) + _product(last, tail)
    known = seconds > 0
    columns["integral"] = np.where(known, integral, np.nan)
    columns["time_avg"] = np.where(known, integral / np.where(known, seconds, 1.0), np.nan)
    return replace(rows, columns=columns)


def _product(values: npt.NDArray[np.float64], microseconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(np.isnan(values), 0.0, values) * microseconds / _MICROSECONDS_PER_SECOND


def _carried(
    last: npt.NDArray[np.float64], rows: Rows, before: Mapping[tuple[int | str, str], float]
) -> npt.NDArray[np.float64]:
    """The value each bucket begins with: the last of an earlier bucket of its series, or of before the time."""
    initial = np.array([before.get(key, np.nan) for key in rows.keys])[rows.key] if rows.keys else np.empty(0)
    known = np.flatnonzero(~np.isnan(last))
    if not len(known):
        return initial
    count = np.searchsorted(known, np.arange(len(last)), side="left")
    source = known[np.maximum(count - 1, 0)]
    inside = (count > 0) & (rows.key[source] == rows.key)
    return np.where(inside, last[source], initial)

"""Rows of many units put in order, and what is too late told apart."""

from __future__ import annotations

import numpy as np

from monokoto.operate.rules.engine.arrays import Array, Bools, Int64s

_SMALL = 1 << 16


def by_unit(unit: Int64s) -> Array:
    """A stable order by unit. Small numbers are sorted by radix, five times quicker."""
    if len(unit) and int(unit.max()) < _SMALL:
        return np.argsort(unit.astype(np.uint16), kind="stable")
    return np.argsort(unit, kind="stable")


def as_it_came(unit: Int64s, arrived: Int64s, at: Int64s) -> Array | None:
    """The order by unit, arrival and event time; None when they stand in it already."""
    same = unit[1:] == unit[:-1]
    back = (arrived[1:] < arrived[:-1]) | ((arrived[1:] == arrived[:-1]) & (at[1:] < at[:-1]))
    if not (same & back).any():
        return None
    return np.lexsort((at, arrived, unit))


def firsts(unit: Int64s) -> Int64s:
    """Where each unit's rows begin, of rows grouped by unit."""
    return np.flatnonzero(np.concatenate(([True], unit[1:] != unit[:-1]))) if len(unit) else np.empty(0, np.int64)


def spread(begins: Int64s, lengths: Int64s) -> Int64s:
    """The places of groups that begin there and are so long, one after the other."""
    return np.asarray(np.repeat(begins - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum()))


def strides(number: Int64s, low: Int64s, counts: Int64s) -> tuple[Int64s, Int64s]:
    """From `low` on so many whole numbers, of each; beside each the number it is of."""
    some = np.flatnonzero(counts)
    counts = counts[some]
    return np.repeat(number[some], counts), spread(low[some], counts)


def greatest_before(values: Int64s, starts: Int64s, number: Int64s, before: Int64s) -> Int64s:
    """The greatest value of the same unit in the rows before each row, and `before` (one for each unit)."""
    previous = np.empty_like(values)
    previous[1:] = values[:-1]
    previous[starts] = before
    # A running maximum over all rows cannot carry from unit to unit when ranks are lifted by the unit's number.
    order = np.argsort(previous, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    running = np.maximum.accumulate(rank + number * len(order)) - number * len(order)
    return previous[order[running]]


def late(at: Int64s, starts: Int64s, number: Int64s, newest: Int64s, lateness: int) -> Bools | None:
    """Which rows came more than the lateness behind the newest before them; None when none did."""
    falls = at[1:] < at[:-1]
    falls[starts[1:] - 1] = False
    if not falls.any() and (at[starts] >= newest - lateness).all():
        return None
    found: Bools = at < greatest_before(at, starts, number, newest) - lateness
    return found if found.any() else None

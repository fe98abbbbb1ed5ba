"""Arithmetic of periods: half-open, in order, without overlap. `None` is the beginning or the end of all time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monokoto.kernel.clock import Instant
from monokoto.web import Period

Bounds = tuple[int, int]
FIRST, LAST = -(1 << 63), 1 << 63
"""Before and after every instant there can be."""


def bounds(begin: int | None, end: int | None) -> Bounds:
    """A period as two numbers that compare."""
    return (FIRST if begin is None else begin, LAST if end is None else end)


def united(some: Iterable[Bounds]) -> list[Bounds]:
    """All of them in order, those that touch made one, the empty left out."""
    result: list[Bounds] = []
    for begin, end in sorted(one for one in some if one[0] < one[1]):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result


def without(some: Iterable[Bounds], hidden: Iterable[Bounds]) -> list[Bounds]:
    """What is left of some periods when others are taken out."""
    gone = united(hidden)
    return [piece for one in united(some) for piece in _pieces(one, gone)]


def _pieces(one: Bounds, gone: list[Bounds]) -> Iterator[Bounds]:
    begin, end = one
    for first, last in gone:
        if last <= begin or first >= end:
            continue
        if begin < first:
            yield begin, first
        begin = last
    if begin < end:
        yield begin, end


def within(some: Iterable[Bounds], limit: Bounds) -> list[Bounds]:
    """The parts that lie in a period."""
    return united((max(begin, limit[0]), min(end, limit[1])) for begin, end in some)


def periods_of(some: Iterable[Bounds]) -> tuple[Period, ...]:
    """As the gate tells them."""
    return tuple(
        Period(None if begin == FIRST else Instant(begin), None if end == LAST else Instant(end))
        for begin, end in united(some)
    )

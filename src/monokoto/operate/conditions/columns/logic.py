"""`&&`, `||`, `!` and `? :` with CEL's treatment of errors: what cannot change the answer does not spoil it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monokoto.operate.conditions.columns.step import Context, Lane, Step, both
from monokoto.operate.conditions.frame import Bools


@dataclass(frozen=True, slots=True)
class Both:
    """`&&`: false where either side is false, whatever the other is; not known where neither is and one is not known."""

    first: Step
    second: Step
    by_rows: bool
    bound: int = 0

    def run(self, context: Context) -> Lane:
        first, second = _sides(self.first, self.second, context, settling=False)
        values = first.values & second.values
        if first.known is None and second.known is None:
            return Lane(values)
        if second.known is None:
            first, second = second, first
        assert second.known is not None
        if first.known is None:
            return Lane(values, second.known | ~first.values)
        false = (first.known & ~first.values) | (second.known & ~second.values)
        return Lane(values, (first.known & second.known) | false)


@dataclass(frozen=True, slots=True)
class Either:
    """`||`: true where either side is true, whatever the other is."""

    first: Step
    second: Step
    by_rows: bool
    bound: int = 0

    def run(self, context: Context) -> Lane:
        first, second = _sides(self.first, self.second, context, settling=True)
        values = first.values | second.values
        if first.known is None and second.known is None:
            return Lane(values)
        if second.known is None:
            first, second = second, first
        assert second.known is not None
        if first.known is None:
            return Lane(values, second.known | first.values)
        true = (first.known & first.values) | (second.known & second.values)
        return Lane(values, (first.known & second.known) | true)


@dataclass(frozen=True, slots=True)
class Not:
    """`!`."""

    inner: Step
    by_rows: bool
    bound: int = 0

    def run(self, context: Context) -> Lane:
        values, known, _ = self.inner.run(context)
        return Lane(~values, known)


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? first : second`: the branch not taken may be an error."""

    condition: Step
    first: Step
    second: Step
    by_rows: bool
    bound: int

    def run(self, context: Context) -> Lane:
        chosen, decided, _ = self.condition.run(context)
        first = _within(self.first, context, chosen if decided is None else chosen & decided)
        second = _within(self.second, context, ~chosen if decided is None else ~chosen & decided)
        values = np.where(chosen, first.values, second.values)
        if first.known is None and second.known is None:
            return Lane(values, decided)
        known = np.where(
            chosen, True if first.known is None else first.known, True if second.known is None else second.known
        )
        return Lane(values, both(decided, known))


def _sides(first: Step, second: Step, context: Context, *, settling: bool) -> tuple[Lane, Lane]:
    """Both sides of an operator; what goes row by row is asked only where the other side has not settled it."""
    if first.by_rows and not second.by_rows:
        first, second = second, first
    lane = first.run(context)
    if not second.by_rows:
        return lane, second.run(context)
    settled = lane.values if settling else ~lane.values
    if lane.known is not None:
        settled = settled & lane.known
    return lane, _within(second, context, ~settled)


def _within(step: Step, context: Context, rows: Bools) -> Lane:
    """A step of which only some rows matter."""
    if not step.by_rows:
        return step.run(context)
    before = context.wanted
    rows = np.broadcast_to(rows, (context.frame.rows,))
    context.wanted = rows if before is None else before & rows
    try:
        return step.run(context)
    finally:
        context.wanted = before

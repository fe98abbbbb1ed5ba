"""Fees that were charged ahead: over which time they become revenue. Pure; amounts are whole numbers of the smallest unit.

A fee is revenue evenly over the time it is for, and never before its document. What was earned by an instant is rounded, and a
month gets the difference of both its ends: the months of a line come to the line, however they are cut.

What is charged or given back under the same name later (an upgrade or a cancellation within the time, a unit that came, a credit
note) spreads what is then left over what is then left of the time: what was earned before stays in its months. What was given back
beyond what was left is taken off at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monokoto.earn.calendar import Span
from monokoto.earn.reports.months import month_of, month_span
from monokoto.kernel.limits import DEFERRED_MONTHS_MAX
from monokoto.kernel.money import rounded


@dataclass(frozen=True, slots=True)
class Earning:
    """How an amount becomes revenue: `had` at once, the rest evenly over a time."""

    amount: int
    span: Span | None = None
    """None: all of it is earned at once."""
    had: int = 0
    """Earned when the time begins."""

    def earned(self, at: int) -> int:
        """What of it is earned by an instant (µs)."""
        if self.is_over(at) or self.span is None:
            return self.amount
        part = self.span.share(self.span.start, at)
        return self.had + int(rounded((self.amount - self.had) * part, 0))

    def is_over(self, at: int) -> bool:
        """Whether all of it is earned by then."""
        return self.span is None or at >= self.span.end

    def changed(self, by: int, span: Span | None, at: int) -> Earning:
        """After a document at an instant charged (below zero: gave back) something; `span` is what it says the time is."""
        time = span or self.span
        amount, earned = self.amount + by, self.earned(at)
        left = amount - earned
        if time is None or time.end <= at or left * amount <= 0:
            return Earning(amount)
        return Earning(amount, Span(max(at, time.start), time.end), earned)


def earning_of(known: Earning | None, amount: int, span: Span | None, at: int) -> Earning:
    """How an amount becomes revenue that a document at an instant charges; `known`: what was charged under its name before."""
    return known.changed(amount, span, at) if known is not None and known.amount else Earning(amount, span)


def months_moved(before: Earning | None, after: Earning, at: int, timezone: str) -> Iterator[tuple[int, int]]:
    """By month, from that of the document on, what it adds to what is earned; together what it charges. A time without an end in
    sight is cut: what is left comes with the last month that is counted."""
    first = month_of(at, timezone)
    told = 0
    for month in range(first, first + DEFERRED_MONTHS_MAX):
        end = month_span(month, timezone).end
        over = after.is_over(end) and (before is None or before.is_over(end))
        if over or month == first + DEFERRED_MONTHS_MAX - 1:
            total = after.amount - (before.amount if before else 0)
            if total != told:
                yield month, total - told
            return
        sofar = after.earned(end) - (before.earned(end) if before else 0)
        if sofar != told:
            yield month, sofar - told
        told = sofar

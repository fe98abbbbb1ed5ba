"""The time a line is for. A fee charged ahead of which a part is taken back is for the part that is not used. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monokoto.earn.billing.booking import Entry
from monokoto.earn.billing.store import BookedRow
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import LineKind
from monokoto.kernel.money import ZERO

SpanOf = Callable[[BookedRow], Span | None]
"""The time of the line a row is of; asked where something is taken back, which is seldom."""


def time_of(entry: Entry, rows: Sequence[BookedRow], span_of: SpanOf) -> Span | None:
    """From when until when.

    What is due no more was for the time its line said. A fee that is shorter or longer than it was charged for is for the
    difference; one that only changed its amount, like everything else, for all of its time.
    """
    due = entry.due
    if due is not None and (due.kind is not LineKind.FEE or not entry.corrects):
        return due.span
    last = max((row for row in rows if row.booked.key == entry.key), key=lambda row: row.invoice_id, default=None)
    told = None if last is None else span_of(last)
    if due is None or last is None or told is None:
        return told if due is None else due.span
    until = _charged_until(told, last, due.span)
    shorter, longer = due.span.end < until and entry.amount < ZERO, due.span.end > until and entry.amount > ZERO
    return Span(min(due.span.end, until), max(due.span.end, until)) if shorter or longer else due.span


def _charged_until(told: Span, last: BookedRow, span: Span) -> int:
    """Up to when the fee was charged by its last line: that may have been one that took a part of it back."""
    took_back = last.booked.amount < ZERO and told.start > span.start
    return told.start if took_back else told.end

"""Asking: statements over as many units as one may look at, and exact quantities out of what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.metering.aggregation import QUANTITY_PLACES
from monokoto.earn.metering.asking.question import Amount, Question, UnitUsage
from monokoto.earn.metering.asking.statements import AGES, statement, weights
from monokoto.earn.metering.meters import MICROSECONDS, Aggregation
from monokoto.engines.series import Series
from monokoto.kernel.limits import USAGE_CHUNK_ROWS
from monokoto.kernel.money import ZERO, exact, plain, rounded

_UNITS_IN_STATEMENT_MAX = 20_000
"""Units whose times stand in one statement."""


def amounts(series: Series, question: Question) -> Iterator[Amount]:
    """By unit, bucket and group; what nobody used is left out. Memory is bounded however many units there are.

    Raises, from the first step on: Unavailable; TooLarge when a single unit has more than one statement may look at.
    """
    for low, high in _chunks(series, question):
        text, parameters = statement(question, low, high)
        for batch in series.stream(text, parameters):
            for row in batch.to_pylist():
                yield Amount(
                    unit_id=row["unit"], bucket=row["bucket"], group=_text(row["grp"]),
                    quantity=_quantity(question, row["quantity"], row["samples"], row["bucket"]),
                    transactions=tuple(row["transactions"]), instants=tuple(row["instants"]),
                )  # fmt: skip


@exact
def by_unit(found: Iterator[Amount]) -> Iterator[UnitUsage]:
    """What each unit used of the whole time; `found` is in the order of units."""
    now: list[Amount] = []
    for one in found:
        if now and now[0].unit_id != one.unit_id:
            yield _usage(now)
            now = []
        now.append(one)
    if now:
        yield _usage(now)


def _usage(mine: list[Amount]) -> UnitUsage:
    groups: dict[str, Decimal] = {}
    for one in mine:
        groups[one.group] = groups.get(one.group, ZERO) + one.quantity
    total = sum((one.quantity for one in mine), ZERO)
    told = sorted(
        (at, value, one.group) for one in mine for at, value in zip(one.instants, one.transactions, strict=True)
    )
    grouped = set(groups) != {""}
    return UnitUsage(
        mine[0].unit_id, total, groups if grouped else {}, tuple(value for _, value, _ in told),
        tuple(at for at, _, _ in told), tuple(group for _, _, group in told) if grouped else (),
    )  # fmt: skip


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _chunks(series: Series, question: Question) -> Iterator[tuple[int, int]]:
    """Ranges of units that together have about as many samples as one statement may look at."""
    if question.units is not None and len(question.units) <= 1:
        yield from ((unit_id, unit_id) for unit_id in question.units if unit_id > question.after)
        return
    low, samples, units, last = 0, 0, 0, 0
    least, most = (min(question.units), max(question.units)) if question.units else (0, AGES)
    text, parameters = weights(question, max(least, question.after + 1), most)
    for batch in series.stream(text, parameters):
        for unit_id, count in zip(batch["unit"].to_pylist(), batch["samples"].to_pylist(), strict=True):
            if units and (samples + count > USAGE_CHUNK_ROWS or units >= _UNITS_IN_STATEMENT_MAX):
                yield low, last
                low, samples, units = unit_id, 0, 0
            low = low if units else unit_id
            samples, units, last = samples + count, units + 1, unit_id
    if units:
        yield low, last


@exact
def _quantity(question: Question, found: Decimal, samples: int, bucket: int) -> Decimal:
    meter = question.meter
    if meter.aggregation is Aggregation.AVERAGE:
        return rounded(Fraction(found) / samples, QUANTITY_PLACES)
    if meter.aggregation is Aggregation.DURATION:
        return rounded(Fraction(found) / MICROSECONDS.get(meter.unit, MICROSECONDS["s"]), QUANTITY_PLACES)
    if meter.aggregation is Aggregation.WEIGHTED:
        span = question.buckets[bucket] if question.buckets else question.span
        return rounded(Fraction(found) / (meter.per or span.length), QUANTITY_PLACES)
    return plain(found)

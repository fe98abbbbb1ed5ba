"""Gathering what was used, for many subscriptions at once: few questions, however many subscriptions there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from monokoto.earn.billing.due import Stretch
from monokoto.earn.billing.rating import UnitSpans
from monokoto.earn.calendar import Span
from monokoto.earn.metering import Metering, UnitUsage, rounds_of
from monokoto.earn.plans import UsageCharge
from monokoto.earn.pricing import Usage, by_transaction
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True)
class Wanted:
    """The usage of one charge in one stretch of one subscription; `place` says whose answer it is."""

    place: tuple[int, int, str]
    product: str
    charge: UsageCharge
    units: UnitSpans
    timezone: str = "UTC"

    @property
    def meter(self) -> str:
        """As metering names it."""
        return f"{self.product}/{self.charge.meter}"

    def question(self, windowed: Collection[str]) -> tuple[str, str, bool, str]:
        """Those with the same one can be asked together: meter, group, whether each transaction counts by itself, and of a meter
        with windows the calendar of the customer."""
        timezone = self.timezone if self.meter in windowed else "UTC"
        return self.meter, self.charge.by, by_transaction(self.charge.tariff.price), timezone


@dataclass(slots=True)
class _Sum:
    quantity: Decimal = ZERO
    transactions: list[tuple[int, Decimal, str]] = field(default_factory=list)
    """Each with its instant and its group."""
    groups: dict[str, Decimal] = field(default_factory=dict)

    @exact
    def add(self, usage: UnitUsage) -> None:
        self.quantity += usage.quantity
        of_groups = usage.of_groups or ("",) * len(usage.transactions)
        self.transactions += zip(usage.instants, usage.transactions, of_groups, strict=True)
        for group, quantity in usage.groups.items():
            self.groups[group] = self.groups.get(group, ZERO) + quantity

    def usage(self, *, grouped: bool, each: bool) -> Usage:
        if grouped:
            named = self.groups or ({"": self.quantity} if self.quantity else {})
            return Usage.of_groups({group: self._of(group, quantity, each) for group, quantity in named.items()})
        return self._of("", self.quantity, each)

    def _of(self, group: str, quantity: Decimal, each: bool) -> Usage:
        if not each:
            return Usage(quantity=quantity)
        # The units' together by time: which of them are free must not hang on which unit comes first.
        return Usage.of_transactions(value for _, value, one in sorted(self.transactions) if one == group)


def clipped(units: UnitSpans, stretch: Stretch) -> dict[int, tuple[Span, ...]]:
    """Units' times within a stretch."""
    found = {}
    for unit_id, spans in units.items():
        inside = tuple(
            Span(max(span.start, stretch.span.start), min(span.end, stretch.span.end))
            for span in spans
            if span.start < stretch.span.end and stretch.span.start < span.end
        )
        if inside:
            found[unit_id] = inside
    return found


def gather(meters: Metering, organisation_id: int, wanted: Iterable[Wanted]) -> dict[tuple[int, int, str], Usage]:
    """The usage of each place; one that is not named used nothing.

    A question asks for every unit at most once, so subscriptions that share a unit (one after the other, or for different parts of
    what it does) are asked for in different ones.
    """
    found: dict[tuple[int, int, str], Usage] = {}
    listed = list(wanted)
    windowed = {key for key in {one.meter for one in listed if one.units} if meters.meter(organisation_id, key).every}
    by_question: dict[tuple[str, str, bool, str], list[Wanted]] = {}
    for one in listed:
        by_question.setdefault(one.question(windowed), []).append(one)
    for (meter, by, each, timezone), asked in by_question.items():
        for together in rounds_of(asked, lambda one: one.units):
            sums = _ask(meters, organisation_id, meter, by, together, each=each, timezone=timezone)
            for place, total in sums.items():
                found[place] = total.usage(grouped=bool(by), each=each)
    return found


def _ask(
    meters: Metering, organisation_id: int, meter: str, by: str, asked: Sequence[Wanted], *, each: bool, timezone: str
) -> dict[tuple[int, int, str], _Sum]:
    whose = {unit_id: one.place for one in asked for unit_id in one.units}
    if not whose:
        return {}
    units = {unit_id: one.units[unit_id] for one in asked for unit_id in one.units}
    spans = [span for times in units.values() for span in times]
    cover = Span(min(span.start for span in spans), max(span.end for span in spans))
    sums: dict[tuple[int, int, str], _Sum] = {}
    for usage in meters.totals(organisation_id, meter, units, cover, by=by, transactions=each, timezone=timezone):
        sums.setdefault(whose[usage.unit_id], _Sum()).add(usage)
    return sums

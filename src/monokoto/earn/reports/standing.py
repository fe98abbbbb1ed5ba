"""Where customers stand at the ends of months: what they bring a month, by how many subscriptions, for how many units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from monokoto.earn.calendar import Span
from monokoto.earn.plans import Plan
from monokoto.earn.reports.months import FIRST, Months
from monokoto.earn.reports.recurring import PlanOf, by_month_end, counted
from monokoto.earn.subscriptions import Coverage, Subscription

PAGE = 1000
"""Subscriptions looked at together: bounds memory."""
Key = tuple[str, int]
"""Currency and customer: two currencies never meet."""


class PlanSource(Protocol):
    """Where versions of plans are had from."""

    def get(self, organisation_id: int, product: str, name: str, version: int = 0) -> Plan:
        """As `Plans.get`."""
        ...


class SubscriptionSource(Protocol):
    """Where subscriptions and their units are had from."""

    def list(self, organisation_id: int, *, after: int = 0, limit: int = ...) -> list[Subscription]:
        """As `Subscriptions.list`."""
        ...

    def units_many(self, asked: Sequence[tuple[Subscription, Span]]) -> Sequence[Mapping[int, Sequence[Span]]]:
        """As `Subscriptions.units_many`."""
        ...


@dataclass(slots=True)
class Standing:
    """One customer in one currency. Lists are by month, from the one before the report's first."""

    mrr: list[int]
    """Smallest units of the currency."""
    paying: list[int]
    """Subscriptions that are paid for."""
    units: list[int]
    """Under those; one in two subscriptions counts twice."""
    first_paying: int | None = None
    """The first month at whose end one was paid for, whenever that was."""
    first_mrr: int | None = None
    subscriptions: dict[int, list[int]] = field(default_factory=dict)
    """By subscription what it brings, by month as above; only where it was asked for."""


def standings(
    organisation_id: int,
    months: Months,
    *,
    subscriptions: SubscriptionSource,
    plans: PlanSource,
    currency: str = "",
    one_by_one: bool = False,
) -> dict[Key, Standing]:
    """Of all customers that ever had a subscription that was paid for, in one currency or (empty) in each."""
    ends = months.ends()
    before = months.first - 1 - FIRST
    found: dict[Key, Standing] = {}
    for one, units in _pages(organisation_id, ends, subscriptions, currency):
        key = (one.currency, int(one.payer_id))
        for place, amount, count in by_month_end(one, ends, _plan_of(one, plans), units):
            mine = found.get(key)
            if mine is None:
                length = len(ends) - before
                mine = found[key] = Standing([0] * length, [0] * length, [0] * length)
            month = place + FIRST
            mine.first_paying = month if mine.first_paying is None else min(mine.first_paying, month)
            if amount:
                mine.first_mrr = month if mine.first_mrr is None else min(mine.first_mrr, month)
            if place >= before:
                _add(mine, place - before, amount, count)
                if one_by_one:
                    mine.subscriptions.setdefault(int(one.id), [0] * len(mine.mrr))[place - before] += amount
    return found


def _add(mine: Standing, place: int, amount: int, count: int) -> None:
    mine.mrr[place] += amount
    mine.paying[place] += 1
    mine.units[place] += count


def _plan_of(one: Subscription, plans: PlanSource) -> PlanOf:
    return lambda phase: plans.get(one.organisation_id, one.product, phase.plan, phase.version)


def _pages(
    organisation_id: int, ends: Sequence[int], subscriptions: SubscriptionSource, currency: str
) -> Iterator[tuple[Subscription, list[int]]]:
    after = 0
    while page := subscriptions.list(organisation_id, after=after, limit=PAGE):
        after = page[-1].id
        yield from _with_units([one for one in page if currency in {"", one.currency}], ends, subscriptions)


def _with_units(
    page: Iterable[Subscription], ends: Sequence[int], subscriptions: SubscriptionSource
) -> Iterator[tuple[Subscription, list[int]]]:
    until = ends[-1] + 1
    asked = [(one, Span(one.starts_at, until)) for one in page if one.starts_at < until]
    for (one, _), units in zip(asked, subscriptions.units_many(asked) if asked else (), strict=True):
        if one.coverage is Coverage.FLEET and units:
            # All of them have the same time: one stands for the others.
            times = next(iter(units.values()))
            yield one, [count * len(units) for count in counted({0: times}, ends)]
        else:
            yield one, counted(units, ends)

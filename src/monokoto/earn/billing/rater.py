"""Rating subscriptions, many at once: periods, usage and outages are gathered, what is due is worked out by the pure parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Protocol

from monokoto.earn.billing.booking import Entry, add_up, entries
from monokoto.earn.billing.discounts import TimedCoupon, discounts_of
from monokoto.earn.billing.due import Due, Stretch
from monokoto.earn.billing.gathering import Wanted, clipped, gather
from monokoto.earn.billing.jobs import Job, Rated, Told
from monokoto.earn.billing.outcome import Outages, credits_of
from monokoto.earn.billing.periods import PlanOf, charged_from, look_back, stretches_of
from monokoto.earn.billing.rating import Circumstances, UnitSpans, dues_of
from monokoto.earn.billing.store import BookedRow
from monokoto.earn.billing.time_of import SpanOf, time_of
from monokoto.earn.billing.within import as_of, is_of_usage
from monokoto.earn.billing.wording import invoice_line
from monokoto.earn.calendar import Span
from monokoto.earn.metering import Metering
from monokoto.earn.plans import Plan, Promise
from monokoto.earn.pricing import Usage
from monokoto.earn.subscriptions import Customers, Subscription, Subscriptions
from monokoto.kernel.clock import Clock

UnitsOfMeters = Callable[[int, str], Mapping[str, str]]
"""Of an organisation's product: by meter's name what it counts in."""


class PlanSource(Protocol):
    """Where versions of plans are had from."""

    def get(self, organisation_id: int, product: str, name: str, version: int = 0) -> Plan:
        """As `Plans.get`."""
        ...


class OutagesPort(Protocol):
    """What kept units from being available."""

    def __call__(
        self, organisation_id: int, product: str, promise: Promise, units: Iterable[int], span: Span
    ) -> Outages:
        """By unit; those always available may be left out."""
        ...


@dataclass(frozen=True, slots=True)
class _Laid:
    """A job's periods cut into stretches, and its units."""

    job: Job
    periods: tuple[tuple[Stretch, ...], ...]
    units: UnitSpans


class Rater:
    """Works out what jobs come to. Blocking."""

    def __init__(
        self,
        clock: Clock,
        *,
        plans: PlanSource,
        subscriptions: Subscriptions,
        customers: Customers,
        metering: Metering,
        units_of_meters: UnitsOfMeters,
        outages: OutagesPort,
    ) -> None:
        self._clock = clock
        self._plans = plans
        self._subscriptions = subscriptions
        self._customers = customers
        self._meters = metering
        self._units_of_meters = units_of_meters
        self._outages = outages

    def by(self, plans: PlanSource) -> Rater:
        """The same by other plans."""
        other = copy(self)
        other._plans = plans
        return other

    def job(
        self, one: Subscription, until: int, touched: int | None, *, interim: bool = False, within: bool = False
    ) -> Job:
        """What is to be rated to bill a subscription up to an instant."""
        return Job(one, until, look_back(one, until, self._plan_of(one), touched), touched, interim, within)

    def told(
        self,
        organisation_id: int,
        jobs: Sequence[Job],
        booked: Mapping[int, Sequence[BookedRow]],
        span_of: SpanOf = lambda _row: None,
    ) -> list[list[Told]]:
        """What each job's invoice says: all that is due, less what is `booked` (by subscription)."""
        payers = self._customers.get_many(organisation_id, {int(job.subscription.payer_id) for job in jobs})
        products = {job.subscription.product for job in jobs}
        units = {product: self._units_of_meters(organisation_id, product) for product in products}
        return [
            self._told(
                one,
                booked.get(one.job.subscription.id, ()),
                language=payers[one.job.subscription.payer_id].language,
                units=units[one.job.subscription.product],
                span_of=span_of,
            )
            for one in self.rate(organisation_id, jobs)
        ]

    def rate(self, organisation_id: int, jobs: Sequence[Job]) -> list[Rated]:
        """Everything due for the jobs' periods, however much of it is booked. Raises Invalid for usage that a plan cannot price."""
        now = self._clock.now()
        laid = self._lay(jobs)
        usage = gather(
            self._meters, organisation_id, [one for number, each in enumerate(laid) for one in _wanted(number, each)]
        )
        return [self._rated(number, each, usage, now) for number, each in enumerate(laid)]

    def _plan_of(self, one: Subscription) -> PlanOf:
        return lambda phase: self._plans.get(one.organisation_id, one.product, phase.plan, phase.version)

    def _lay(self, jobs: Sequence[Job]) -> list[_Laid]:
        of = [(job, list(job.subscription.periods(Span(job.since, job.until + 1)))) for job in jobs]
        asked = [(job.subscription, Span(job.since, periods[-1].span.end)) for job, periods in of if periods]
        units = iter(self._subscriptions.units_many(asked))
        return [
            _Laid(job, tuple(tuple(stretches_of(one, period, self._plan_of(one))) for period in periods), next(units))
            if periods
            else _Laid(job, (), {})
            for job, periods in of
            for one in (job.subscription,)
        ]

    def _rated(self, number: int, laid: _Laid, usage: Mapping[tuple[int, int, str], Usage], now: int) -> Rated:
        one = laid.job.subscription
        circumstances = Circumstances(begin=charged_from(one), timezone=one.timezone, units=laid.units)
        dues: list[Due] = []
        first = 0
        for stretches in laid.periods:
            mine = {
                (place - first, name): found
                for (whose, place, name), found in _of(usage, number, first, stretches)
                if whose == number
            }
            first += len(stretches)
            found = dues_of(stretches, mine, circumstances, now=now)
            found += self._credits(one, stretches, found, circumstances, now)
            dues += [*found, *discounts_of(found, _coupons(one))]
        return Rated(laid.job, tuple(stretch for some in laid.periods for stretch in some), tuple(dues))

    def _credits(
        self,
        one: Subscription,
        stretches: Sequence[Stretch],
        dues: Sequence[Due],
        circumstances: Circumstances,
        now: int,
    ) -> list[Due]:
        promises = {promise.name: promise for stretch in stretches for promise in stretch.plan.outcome}
        if not promises or now < stretches[0].span.end:
            return []
        span = Span(stretches[0].span.start, stretches[-1].span.end)
        outages = {
            name: self._outages(one.organisation_id, one.product, promise, circumstances.units, span)
            for name, promise in promises.items()
        }
        return credits_of(stretches, dues, outages, circumstances, now=now)

    def _told(
        self, rated: Rated, booked: Sequence[BookedRow], *, language: str, units: Mapping[str, str], span_of: SpanOf
    ) -> list[Told]:
        job = rated.job
        one = job.subscription
        began = {stretch.began for stretch in rated.stretches}
        mine = [row for row in booked if row.began in began]
        belongs = {row.booked.key: row.began for row in mine}
        dues = as_of(job, rated.dues) if job.within else rated.dues
        until = max((due.at for due in dues), default=0) if job.interim else job.until
        return [
            Told(
                line=invoice_line(
                    entry,
                    language=language,
                    units=units,
                    subscription_id=one.id,
                    product=one.product,
                    rest=_is_rest(entry, job),
                    late=_is_late(entry, job),
                    span=time_of(entry, mine, span_of),
                ),
                entry=entry,
                began=entry.due.stretch.began if entry.due else belongs[entry.key],
            )
            for entry in entries(dues, add_up(row.booked for row in mine), until=until)
        ]


def _wanted(number: int, laid: _Laid) -> Iterable[Wanted]:
    flat = [stretch for some in laid.periods for stretch in some]
    for place, stretch in enumerate(flat):
        units = clipped(laid.units, stretch)
        for charge in stretch.plan.usage_charges:
            one = laid.job.subscription
            yield Wanted((number, place, charge.name), one.product, charge, units, one.timezone)


def _of(
    usage: Mapping[tuple[int, int, str], Usage], number: int, first: int, stretches: Sequence[Stretch]
) -> Iterable[tuple[tuple[int, int, str], Usage]]:
    for place, stretch in enumerate(stretches, first):
        for charge in stretch.plan.usage_charges:
            key = (number, place, charge.name)
            if key in usage:
                yield key, usage[key]


def _is_rest(entry: Entry, job: Job) -> bool:
    """Whether it invoices for the first time what is left of a usage that was invoiced within its period."""
    return entry.due is not None and entry.due.at >= job.until and is_of_usage(entry.due)


def _is_late(entry: Entry, job: Job) -> bool:
    """Whether it is of usage of a time that was billed before: with nothing, or without this tier."""
    due = entry.due
    return due is not None and is_of_usage(due) and due.stretch.span.end <= job.closed


def _coupons(one: Subscription) -> list[TimedCoupon]:
    return [
        TimedCoupon(
            name=coupon.name, percent=coupon.percent, amount=coupon.amount, charges=frozenset(coupon.charges),
            begin=coupon.begin, end=coupon.end,
        )
        for coupon in one.coupons
    ]  # fmt: skip

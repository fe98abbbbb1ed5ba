"""What a plan would have come to: the real usage of past periods, rated by other words, beside what was billed. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from monokoto.earn.billing.jobs import Job
from monokoto.earn.billing.rater import PlanSource, Rater
from monokoto.earn.billing.service import Billing
from monokoto.earn.calendar import Span
from monokoto.earn.plans import Plan
from monokoto.earn.subscriptions import Period, Subscription, Subscriptions, Wanted
from monokoto.kernel.errors import TooLarge
from monokoto.kernel.limits import SIMULATION_SUBSCRIPTIONS_MAX
from monokoto.kernel.money import ZERO, exact

CHUNK = 500
DRAFT_VERSION = -1
"""Of a plan that is not published: no version is called so."""


@dataclass(slots=True)
class Compared:
    """What a customer was billed, and would have been."""

    subscriptions: int = 0
    billed: Decimal = ZERO
    simulated: Decimal = ZERO

    @property
    @exact
    def difference(self) -> Decimal:
        """Above zero: the customer would have paid more."""
        return self.simulated - self.billed


@dataclass(slots=True)
class Simulation:
    """What came out; without tax, in the plan's currency."""

    plan: Plan
    span: Span
    looked_at: int = 0
    subscriptions: int = 0
    """Compared ones: of the plan, with a period that ended in the span."""
    total: Compared = field(default_factory=Compared)
    customers: dict[int, Compared] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    """By reason how many subscriptions could not be compared."""


Progress = Callable[[Simulation], None]


@dataclass(frozen=True, slots=True)
class _Case:
    """A subscription as it would have been, and its periods."""

    subscription: Subscription
    periods: Sequence[Period]

    @property
    def job(self) -> Job:
        return Job(self.subscription, self.periods[-1].span.end, self.periods[0].span.start)

    @property
    def began(self) -> frozenset[int]:
        return frozenset(period.span.start for period in self.periods)


class Simulator:
    """Compares. Memory holds a page of subscriptions and two sums of each customer."""

    def __init__(self, *, rater: Rater, billing: Billing, subscriptions: Subscriptions, plans: PlanSource) -> None:
        self._rater = rater
        self._billing = billing
        self._subscriptions = subscriptions
        self._plans = plans

    def run(self, organisation_id: int, plan: Plan, span: Span, progress: Progress = lambda _one: None) -> Simulation:
        """Every subscription of the plan, whichever version it is on, for its billed periods that ended in a past span.

        Raises: Invalid when usage has no price by the plan; TooLarge for more subscriptions than one simulation compares.
        """
        found = Simulation(plan, span)
        rater = self._rater.by(_Instead(self._plans, plan))
        wanted, after = Wanted(product=plan.product), 0
        while page := self._subscriptions.list(organisation_id, wanted, after=after, limit=CHUNK):
            after = page[-1].id
            cases = [case for one in page if (case := _case(one, plan, span, found.left_out)) is not None]
            found.looked_at += len(page)
            if found.looked_at > SIMULATION_SUBSCRIPTIONS_MAX:
                raise TooLarge(f"A simulation compares at most {SIMULATION_SUBSCRIPTIONS_MAX} subscriptions.")
            if cases:
                self._compare(organisation_id, rater, cases, found)
            progress(found)
        return found

    @exact
    def _compare(self, organisation_id: int, rater: Rater, cases: Sequence[_Case], found: Simulation) -> None:
        jobs = [case.job for case in cases]
        booked = self._billing.booked(organisation_id, jobs)
        for case, rated in zip(cases, rater.rate(organisation_id, jobs), strict=True):
            began = case.began
            billed = sum(
                (row.booked.amount for row in booked.get(case.subscription.id, ()) if row.began in began), ZERO
            )
            simulated = sum((due.amount for due in rated.dues if due.stretch.began in began), ZERO)
            found.subscriptions += 1
            customer = found.customers.setdefault(case.subscription.payer_id, Compared())
            for sums in (customer, found.total):
                sums.subscriptions += 1
                sums.billed += billed
                sums.simulated += simulated


@dataclass(frozen=True, slots=True)
class _Instead:
    """Plans as they are, less the one that is tried."""

    plans: PlanSource
    tried: Plan

    def get(self, organisation_id: int, product: str, name: str, version: int = 0) -> Plan:
        """As `Plans.get`."""
        if (name, version) == (self.tried.name, self.tried.version):
            return self.tried
        return self.plans.get(organisation_id, product, name, version)


def _case(one: Subscription, plan: Plan, span: Span, left_out: dict[str, int]) -> _Case | None:
    """The subscription by the plan's words; None where there is nothing to compare, with its reason where that is one."""
    periods = [period for period in _periods(one, span) if _is_of(one, period, plan.name)]
    if not periods:
        return None
    concerned = [phase for phase in one.phases if phase.plan == plan.name]
    reasons: Mapping[str, bool] = {
        "another currency": one.currency != plan.currency.code,
        "another rhythm": any((phase.every, phase.count) != (plan.every, plan.count) for phase in concerned),
        "not billed yet": one.billed_until is None or one.billed_until < periods[-1].span.end,
    }
    for reason, holds in reasons.items():
        if holds:
            left_out[reason] = left_out.get(reason, 0) + 1
            return None
    phases = tuple(replace(phase, version=plan.version) if phase.plan == plan.name else phase for phase in one.phases)
    return _Case(replace(one, phases=phases), periods)


def _periods(one: Subscription, span: Span) -> Iterator[Period]:
    """Those that ended in the span."""
    return (period for period in one.periods(span) if span.start < period.span.end <= span.end)


def _is_of(one: Subscription, period: Period, name: str) -> bool:
    """Whether the plan held at some time of a period."""
    return any(segment.phase.plan == name for segment in one.segments(period.span))

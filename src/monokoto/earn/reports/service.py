"""Reports: what a seller's revenue is made of and how it moves. Plain methods block: call them from a thread.

What comes again is told from subscriptions, whose past never changes; what was charged from documents, which never change. Months
are those of the seller's calendar, each currency stands by itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from monokoto.earn.invoices import Issuers
from monokoto.earn.reports import deferrals, store
from monokoto.earn.reports.cohorts import Cohort, cohort_of, cohorts_of
from monokoto.earn.reports.deferred import DeferredMonth, ToCome, deferred_months
from monokoto.earn.reports.hybrid import By, RevenueGroup, RevenueMonth, revenue_groups, revenue_months
from monokoto.earn.reports.months import Months, months_asked
from monokoto.earn.reports.movements import (
    Lifetime,
    Movement,
    RecurringMonth,
    lifetimes,
    movement_of,
    recurring_months,
)
from monokoto.earn.reports.projection import DocumentSource, Projection
from monokoto.earn.reports.revenue import SERVICES
from monokoto.earn.reports.standing import PlanSource, Standing, SubscriptionSource, standings
from monokoto.earn.reports.store import RevenueDocument, RevenueFilter
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringReport:
    """What comes again."""

    months: Months
    rows: list[RecurringMonth]
    lifetimes: list[Lifetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueReport:
    """What was charged."""

    months: Months
    rows: list[RevenueMonth]
    groups: list[RevenueGroup]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredReport:
    """What was charged ahead, and when it is earned."""

    months: Months
    rows: list[DeferredMonth]
    to_come: list[ToCome]
    """Of what is not earned at the end of the last month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortReport:
    """Who stays."""

    months: Months
    rows: list[Cohort]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMonth:
    """A customer behind a figure: what it brought a month, and brings."""

    customer_id: int
    before: int
    """At the end of the month before, in the smallest unit of the currency."""
    after: int
    paying_before: int
    """Subscriptions that were paid for."""
    paying: int
    movement: Movement | None
    cohort: int | None
    subscriptions: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By subscription before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """Which customers; every condition given must hold."""

    month: int
    currency: str
    movement: Movement | None = None
    cohort: int | None = None
    lost: bool = False
    """Paid for a subscription at the end of the month before, and for none at its end."""
    gained: bool = False
    """The other way round."""

    def takes(self, one: CustomerMonth) -> bool:
        """Whether a customer is among them."""
        if self.cohort is not None and one.cohort != self.cohort:
            return False
        if self.lost and (one.paying or not one.paying_before):
            return False
        if self.gained and (one.paying_before or not one.paying):
            return False
        return one.movement is self.movement if self.movement else bool(one.paying_before or one.paying)


class Reports:
    """The reports of all makers; every method is about one."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        subscriptions: SubscriptionSource,
        plans: PlanSource,
        documents: DocumentSource,
        issuers: Issuers,
    ) -> None:
        self._records = records
        self._clock = clock
        self._subscriptions = subscriptions
        self._plans = plans
        self._issuers = issuers
        self._projection = Projection(records, documents, plans)

    def months(self, organisation_id: int, begin: str = "", end: str = "") -> Months:
        """The months that are asked for, of the seller's calendar. Raises Invalid."""
        timezone = self._issuers.get(organisation_id).timezone
        return months_asked(begin, end, timezone=timezone, now=self._clock.now())

    def catch_up(self, organisation_id: int) -> int:
        """Read the documents that came since the last time, so that the next report need not; how many there were."""
        return self._projection.catch_up(organisation_id, self._issuers.get(organisation_id).timezone)

    def recurring(self, organisation_id: int, months: Months, currency: str = "") -> RecurringReport:
        """What comes again, how it moves, who stays and leaves."""
        self._projection.catch_up(organisation_id, months.timezone)
        with self._records.read() as connection:
            charged = store.sums(connection, organisation_id, months, currency=currency, by="")
        services: dict[tuple[str, int], int] = defaultdict(int)
        for month, code, kind, _, amount in charged:
            services[code, month] += amount if kind in SERVICES else 0
        found = self._standings(organisation_id, months, currency)
        rows = recurring_months(months, found, services)
        return RecurringReport(months=months, rows=rows, lifetimes=lifetimes(rows))

    def revenue(self, organisation_id: int, months: Months, currency: str = "", by: By | None = None) -> RevenueReport:
        """What was charged and sold, by what it is for; `by` cuts it further."""
        self._projection.catch_up(organisation_id, months.timezone)
        with self._records.read() as connection:
            charged = store.sums(connection, organisation_id, months, currency=currency, by=by.value if by else "")
            sold = store.sales_sums(connection, organisation_id, months, currency=currency)
        groups = revenue_groups(charged, sold, by) if by else []
        return RevenueReport(months=months, rows=revenue_months(months, charged, sold), groups=groups)

    def deferred(self, organisation_id: int, months: Months, currency: str = "") -> DeferredReport:
        """What was charged ahead and what was earned of it, month by month; when the rest will be."""
        self._projection.catch_up(organisation_id, months.timezone)
        with self._records.read() as connection:
            charged = store.sums(connection, organisation_id, months, currency=currency, by="")
            moved = deferrals.moved(connection, organisation_id, months, currency=currency)
        rows, to_come = deferred_months(months, charged, moved)
        return DeferredReport(months=months, rows=rows, to_come=to_come)

    def cohorts(self, organisation_id: int, months: Months, currency: str = "") -> CohortReport:
        """Customers by the month they came in, and what is left of them."""
        self._projection.catch_up(organisation_id, months.timezone)
        with self._records.read() as connection:
            services = store.services_by_customer(connection, organisation_id, months, currency=currency)
            first = store.first_charged(connection, organisation_id, currency=currency)
        found = self._standings(organisation_id, months, currency)
        return CohortReport(months=months, rows=cohorts_of(months, found, services, first))

    # What is behind the figures

    def documents(
        self, organisation_id: int, wanted: RevenueFilter, *, before: int | None = None, limit: int
    ) -> list[RevenueDocument]:
        """The documents that a month's revenue comes from, the newest first."""
        self._projection.catch_up(organisation_id, self._issuers.get(organisation_id).timezone)
        with self._records.read() as connection:
            return store.documents(connection, organisation_id, wanted, before=before, limit=limit)

    def deferred_documents(
        self, organisation_id: int, month: int, currency: str, *, before: int | None = None, limit: int
    ) -> list[RevenueDocument]:
        """The documents of which something is not earned at the end of a month, the newest first."""
        self._projection.catch_up(organisation_id, self._issuers.get(organisation_id).timezone)
        with self._records.read() as connection:
            return deferrals.documents(connection, organisation_id, month, currency, before=before, limit=limit)

    def customers(
        self, organisation_id: int, wanted: CustomerFilter, *, after: int = 0, limit: int
    ) -> list[CustomerMonth]:
        """The customers behind a month's movement, with their subscriptions, by id past one."""
        timezone = self._issuers.get(organisation_id).timezone
        self._projection.catch_up(organisation_id, timezone)
        months = Months(wanted.month, wanted.month, timezone, self._clock.now())
        if wanted.month > months.current:
            return []
        with self._records.read() as connection:
            first = store.first_charged(connection, organisation_id, currency=wanted.currency)
        found = standings(
            organisation_id, months, subscriptions=self._subscriptions, plans=self._plans, currency=wanted.currency,
            one_by_one=True,
        )  # fmt: skip
        told = (
            _customer_month(key[1], one, wanted.month, first.get(key))
            for key, one in sorted(found.items(), key=lambda each: each[0])
        )
        return [one for one in told if one.customer_id > after and wanted.takes(one)][:limit]

    def _standings(self, organisation_id: int, months: Months, currency: str) -> dict[tuple[str, int], Standing]:
        return standings(
            organisation_id, months, subscriptions=self._subscriptions, plans=self._plans, currency=currency
        )


def _customer_month(customer_id: int, one: Standing, month: int, first_charged: int | None) -> CustomerMonth:
    before, after = one.mrr
    return CustomerMonth(
        customer_id=customer_id,
        before=before,
        after=after,
        paying_before=one.paying[0],
        paying=one.paying[1],
        movement=movement_of(before, after, one.first_mrr, month),
        cohort=cohort_of(one, first_charged),
        subscriptions={key: (amounts[0], amounts[1]) for key, amounts in sorted(one.subscriptions.items())},
    )

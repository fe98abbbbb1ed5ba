"""Billing, joined: plans, usage and subscriptions become invoices by period and by signal; outages are asked of alerts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from monokoto.assembly.engines import Engines
from monokoto.connect.fleet import Directory
from monokoto.earn.billing import Billing, BillingRuns, Evidence, Outage, Outages, Papers, Rater, Simulator, UnitOutages
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import INVOICE_CHANGED, Invoices, Issuers
from monokoto.earn.metering import Metering
from monokoto.earn.plans import Plans, Promise
from monokoto.earn.reports import ProductSales, Reports
from monokoto.earn.subscriptions import SUBSCRIPTIONS_CHANGED, Customers, Subscriptions
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId, format_id
from monokoto.operate.alerts import Alerts

LOOK_SECONDS = 60.0
_GATHER_SECONDS = 1.0
"""Between a signal and the run it asks for: subscriptions are often changed many at once."""
_MAINTENANCE = "maintenance"
_log = structlog.get_logger(__name__)


class Parts(Protocol):
    """What billing stands on (the platform)."""

    metering: Metering
    plans: Plans
    customers: Customers
    subscriptions: Subscriptions
    invoices: Invoices
    issuers: Issuers
    alerts: Alerts
    directory: Directory


class JoinedBilling:
    """One process's. `start` once facts are heard."""

    def __init__(self, engines: Engines, parts: Parts) -> None:
        records, clock = engines.records, engines.clock
        self._facts, self._clock = engines.facts, clock
        self.rater = Rater(
            clock, plans=parts.plans, subscriptions=parts.subscriptions, customers=parts.customers,
            metering=parts.metering, units_of_meters=UnitsOfMeters(parts.metering), outages=ByAlerts(parts.alerts),
        )  # fmt: skip
        self.billing = Billing(
            records, clock, rater=self.rater, subscriptions=parts.subscriptions, invoices=parts.invoices,
            issuers=parts.issuers, thresholds=parts.plans,
        )  # fmt: skip
        self.runs = BillingRuns(
            records, clock, billing=self.billing, subscriptions=parts.subscriptions, invoices=parts.invoices,
            usage=parts.metering, outages=AlertNews(parts.alerts, parts.plans, parts.directory),
        )  # fmt: skip
        self.simulator = Simulator(
            rater=self.rater, billing=self.billing, subscriptions=parts.subscriptions, plans=parts.plans
        )
        self.papers = Papers.over(parts.invoices)
        self.evidence = Evidence(invoices=parts.invoices, subscriptions=parts.subscriptions, samples=parts.metering)
        self.product_sales = ProductSales(records, clock)
        self.reports = Reports(
            records, clock, subscriptions=parts.subscriptions, plans=parts.plans, documents=parts.invoices,
            issuers=parts.issuers,
        )  # fmt: skip
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin: what is due is billed, what comes late is rated again."""
        await self._facts.listen(SUBSCRIPTIONS_CHANGED, self._heard)
        self._task = asyncio.create_task(self._run(), name="billing")

    async def stop(self) -> None:
        """End; a run that goes on ends with the engines, and is run again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _heard(self, _fact: Fact) -> None:
        self._awake.set()

    async def _run(self) -> None:
        while True:
            try:
                for organisation_id in await asyncio.to_thread(self.runs.look):
                    await self._facts.tell(
                        Fact(
                            name=INVOICE_CHANGED, organisation_id=OrganisationId(organisation_id), at=self._clock.now(),
                            data={},
                        )
                    )  # fmt: skip
                    await asyncio.to_thread(self.reports.catch_up, organisation_id)
            except Unavailable as error:
                _log.warning("billing_waits", reason=error.message)
            except Exception:
                _log.exception("billing_failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._awake.wait()
                await asyncio.sleep(_GATHER_SECONDS)
            self._awake.clear()


@dataclass(frozen=True, slots=True)
class UnitsOfMeters:
    """As `billing.UnitsOfMeters`."""

    metering: Metering

    def __call__(self, organisation_id: int, product: str) -> Mapping[str, str]:
        return {meter.name: meter.unit for meter in self.metering.meters(organisation_id, product)}


@dataclass(frozen=True, slots=True)
class ByAlerts:
    """As `billing.OutagesPort`: units are out while an alert of a promise's rules stands, windows of maintenance do not count."""

    alerts: Alerts

    def __call__(
        self, organisation_id: int, product: str, promise: Promise, units: Iterable[int], span: Span
    ) -> Outages:
        concerned = frozenset(units)
        rules = [f"{product}/{rule}" for rule in promise.rules]
        down: dict[int, list[Outage]] = {}
        for one in self.alerts.stood(organisation_id, rules, concerned, span.start, span.end):
            over = span.end if one.end is None else min(one.end, span.end)
            if one.begin < over:
                down.setdefault(one.unit_id, []).append(
                    Outage(span=Span(one.begin, over), because=f"alert {format_id(one.alert_id)}")
                )
        excluded = self._maintenance(organisation_id, concerned, span) if _MAINTENANCE in promise.exclude else {}
        return {
            unit_id: UnitOutages(down=tuple(down.get(unit_id, ())), excluded=tuple(excluded.get(unit_id, ())))
            for unit_id in down.keys() | excluded.keys()
        }

    def _maintenance(self, organisation_id: int, units: frozenset[int], span: Span) -> dict[int, list[Outage]]:
        windows = self.alerts.maintained(organisation_id, units, span.start, span.end)
        return {
            unit_id: [
                Outage(span=Span(one.begins_at, one.ends_at), because=f"maintenance window {format_id(one.id)}")
                for one in over
                if one.begins_at < one.ends_at
            ]
            for unit_id, over in windows.items()
        }


@dataclass(frozen=True, slots=True)
class AlertNews:
    """As `billing.OutageNews`: alerts that came, ended or were ended late, and windows entered after they had begun."""

    alerts: Alerts
    plans: Plans
    directory: Directory

    def counts(self) -> Mapping[int, int]:
        """As `OutageNews.counts`: of those who promise something."""
        counts = self.alerts.numbers()
        return {one: counts.get(one, 0) for one in self.plans.rules_of_promises()}

    def changed(self, organisation_id: int, mark: int, limit: int) -> tuple[list[tuple[str, int, int]], int]:
        """As `OutageNews.changed`."""
        rules = self.plans.rules_of_promises().get(organisation_id, frozenset())
        units = self.directory.units(organisation_id).tolist()
        found, after = self.alerts.outages_changed(organisation_id, rules, mark, limit, units)
        return [(one.product, one.unit_id, one.begin) for one in found], after

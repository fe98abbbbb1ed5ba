"""A maker that bills: plans, customers, whose units are whose, a list of what was used, and the books."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from subscriptions_making import FILE, House

from monokoto.connect.products import Folder
from monokoto.earn.billing import Billing, Outages, Rater
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import (
    Address,
    Buyer,
    Category,
    GivingBack,
    Invoice,
    InvoiceFilter,
    Invoices,
    Issuer,
    Issuers,
    TaxRule,
)
from monokoto.earn.ledger import Ledger
from monokoto.earn.metering import UnitUsage
from monokoto.earn.partners import PlanPartners, Statements
from monokoto.earn.plans import Promise
from monokoto.earn.subscriptions import Customers
from monokoto.engines.records import Records
from monokoto.kernel.ids import OrganisationId

METER = "{count: cycleFinished, by: [programme]}"
GRACE = 3_600_000_000


class Used:
    """As `Metering`, for what billing asks of it: a list of who used what when, of any meter."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int, Decimal, str]] = []
        self.asked = 0
        self.every = 0
        """µs: the windows of all meters."""
        self.timezones: list[str] = []
        """Of each question."""

    def meter(self, _organisation_id: int, _key: str) -> Any:
        return SimpleNamespace(every=self.every)

    def add(self, unit_id: int, at: int, quantity: str = "1", group: str = "") -> None:
        self.events.append((unit_id, at, Decimal(quantity), group))

    def totals(
        self,
        _organisation_id: int,
        _meter: str,
        units: Mapping[int, Sequence[Span]] | None,
        _span: Span,
        *,
        by: str = "",
        transactions: bool = False,
        timezone: str = "UTC",
    ) -> Iterator[UnitUsage]:
        self.asked += 1
        self.timezones.append(timezone)
        assert units is not None
        for unit_id, spans in sorted(units.items()):
            told = sorted(
                (at, quantity, group)
                for unit, at, quantity, group in self.events
                if unit == unit_id and any(span.start <= at < span.end for span in spans)
            )
            mine = [(quantity, group) for _, quantity, group in told]
            if mine:
                groups: dict[str, Decimal] = {}
                for quantity, group in mine:
                    groups[group] = groups.get(group, Decimal(0)) + quantity
                total = sum((quantity for quantity, _ in mine), Decimal(0))
                values = tuple(quantity for quantity, _ in mine) if transactions else ()
                instants = tuple(at for at, _, _ in told) if transactions else ()
                yield UnitUsage(unit_id, total, groups if by else {}, values, instants)


class Buyers:
    """As `invoices.Customers`."""

    def __init__(self, customers: Customers) -> None:
        self._customers = customers

    def buyer(self, organisation_id: int, customer_id: int) -> Buyer:
        one = self._customers.get(organisation_id, customer_id)
        return Buyer(customer_id=customer_id, name=one.name, country=one.country, language=one.language)


class Till(House):
    """Everything a test of billing asks."""

    def __init__(self, records: Records, start: str = "2026-01-01T00:00:00Z") -> None:
        super().__init__(records, start)
        self.products.apply(
            self.maker,
            Folder({"product.yaml": FILE.replace("{count: cycleFinished}", METER).replace("1.0.0", "1.0.1")}),
        )
        self.used = Used()
        self.outages: Outages = {}
        self.ledger = Ledger(records, self.clock)
        self.issuers = Issuers(records, self.clock)
        partners = PlanPartners(self.plans)
        self.invoices = Invoices(
            records, self.clock, ledger=self.ledger, issuers=self.issuers, customers=Buyers(self.customers),
            partners=partners,
        )  # fmt: skip
        self.giving = GivingBack(records, self.clock, ledger=self.ledger, issuers=self.issuers, partners=partners)
        self.statements = Statements(self.ledger, self.invoices, partners)
        self.issuers.put(
            Issuer(
                organisation_id=OrganisationId(self.maker), name="Washers", address=Address(city="Berlin"), country="DE",
                vat_id="DE136695976", grace_seconds=GRACE // 1_000_000,
            )
        )  # fmt: skip
        self.issuers.put_rules(self.maker, [TaxRule(category=Category.STANDARD, rate_percent=Decimal(19))])
        self.rater = rater = Rater(
            self.clock, plans=self.plans, subscriptions=self.subscriptions, customers=self.customers, metering=self.used,
            units_of_meters=lambda _organisation, _product: {"washes": "wash"}, outages=self._outages,
        )  # fmt: skip
        self.billing = Billing(
            records,
            self.clock,
            rater=rater,
            subscriptions=self.subscriptions,
            invoices=self.invoices,
            issuers=self.issuers,
        )

    def _outages(
        self, _organisation_id: int, _product: str, _promise: Promise, _units: Iterable[int], _span: Span
    ) -> Outages:
        return self.outages

    def wind(self, at: int) -> None:
        """Set the clock; it never goes back."""
        self.clock.advance(max(at - self.clock.now(), 0) / 1_000_000)

    def go(self, at: int) -> Any:
        """Set the clock and run."""
        self.wind(at)
        return self.billing.run(self.maker)

    def sent(self) -> list[Invoice]:
        """All invoices, the oldest first."""
        return self.invoices.list(self.maker, InvoiceFilter(), limit=200)[::-1]

    def said(self, invoice: Invoice) -> dict[str, str]:
        """Title and amount of an invoice's lines."""
        return {line["title"]: line["amount"] for line in self.invoices.lines(self.maker, invoice.id)}

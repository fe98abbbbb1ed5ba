"""A seller with tax rules, three customers, and what is needed to send them something."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from monokoto.earn.calendar import Span
from monokoto.earn.invoices import (
    Address,
    Buyer,
    BuyerKind,
    Category,
    DraftInvoice,
    GivingBack,
    InvoiceLine,
    Invoices,
    Issuer,
    Issuers,
    LineKind,
    TaxRule,
)
from monokoto.earn.ledger import Ledger
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock, parse_instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId

MAKER, OTHER = 11, 22
ANN, FIRM, SEOUL = 101, 102, 103
ANNS_HOME = 33
JULY = Span(parse_instant("2026-07-01T00:00:00Z"), parse_instant("2026-08-01T00:00:00Z"))
NOW = parse_instant("2026-08-01T09:00:00Z")
RULES = [
    TaxRule(country="DE", category=Category.STANDARD, rate_percent=Decimal(19)),
    TaxRule(supply="reduced", country="DE", category=Category.STANDARD, rate_percent=Decimal(7)),
    TaxRule(country="EU", buyer=BuyerKind.BUSINESS, category=Category.REVERSE_CHARGE, reason="Reverse charge"),
    TaxRule(category=Category.EXPORT, reason="Not taxable here"),
]
SELLER = Issuer(
    organisation_id=OrganisationId(MAKER),
    name="Lamps GmbH",
    address=Address(street="Hauptstr. 1", postal_code="10115", city="Berlin"),
    country="DE",
    vat_id="DE136695976",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    creditor_id="DE98ZZZ09999999999",
    timezone="Europe/Berlin",
)


class SomeCustomers:
    """Customers of every seller; who moves is moved here."""

    def __init__(self) -> None:
        self.buyers = {
            ANN: Buyer(
                customer_id=ANN, name="Ann", country="DE", customer_organisation_id=ANNS_HOME, email="ann@x.test"
            ),
            FIRM: Buyer(customer_id=FIRM, name="Firma", country="NL", vat_id="NL4495445B01", terms_days=30),
            SEOUL: Buyer(customer_id=SEOUL, name="서울", country="KR"),
        }

    def buyer(self, _organisation_id: int, customer_id: int) -> Buyer:
        if customer_id not in self.buyers:
            raise NotFound("There is no such customer.")
        return self.buyers[customer_id]

    def move(self, customer_id: int, **to: str) -> None:
        self.buyers[customer_id] = replace(self.buyers[customer_id], **to)  # type: ignore[arg-type]


class World:
    """Everything together over some records."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.clock = ManualClock(NOW)
        self.customers = SomeCustomers()
        self.ledger = Ledger(records, self.clock)
        self.issuers = Issuers(records, self.clock)
        self.invoices = Invoices(
            records, self.clock, ledger=self.ledger, issuers=self.issuers, customers=self.customers
        )
        self.giving = GivingBack(records, self.clock, ledger=self.ledger, issuers=self.issuers)
        self.issuers.put(SELLER)
        self.issuers.put_rules(MAKER, RULES)
        self._number = 0

    def draft(
        self, *amounts: str | InvoiceLine, customer: int = ANN, code: str = "EUR", key: str = "", seller: int = MAKER
    ) -> int:
        self._number += 1
        lines = tuple(one if isinstance(one, InvoiceLine) else line(f"l{n}", one) for n, one in enumerate(amounts))
        return self.invoices.draft(
            DraftInvoice(
                organisation_id=OrganisationId(seller),
                customer_id=customer,
                currency=code,
                period=JULY,
                lines=lines,
                key=key or f"d{self._number}",
            )
        ).id

    def sent(self, *amounts: str | InvoiceLine, **given: object) -> int:
        made = self.draft(*amounts, **given)  # type: ignore[arg-type]
        self.invoices.finalise(MAKER, made)
        return made

    def findings(self) -> list[str]:
        return [str(one) for one in [*self.ledger.audit(MAKER), *self.invoices.audit(MAKER)]]

    def balance(self, account: str, code: str = "EUR") -> str:
        return str(self.ledger.balance(MAKER, account, code))


def line(key: str, amount: str, **given: object) -> InvoiceLine:
    told: dict[str, object] = {"kind": LineKind.USAGE, "title": f"Line {key}", "meter": "lamp/hours"} | given
    return InvoiceLine(key=key, amount=Decimal(amount), **told)  # type: ignore[arg-type]

"""A maker with plans, customers, and a port that says whose units are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monokoto.connect.products import Folder, Products
from monokoto.connect.tenancy import OrganisationKind, Organisations
from monokoto.earn.calendar import Span
from monokoto.earn.plans import Plans, PlansSection, read_document
from monokoto.earn.subscriptions import Customer, Customers, NewCustomer, NewSubscription, Subscription, Subscriptions
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock, parse_instant

DAY = 86_400_000_000
FILE = """\
product: washer
model:
  version: {model: 1.0.0}
  properties: {power: {type: number}}
meters:
  washes: {count: cycleFinished}
plans:
  basic:
    currency: EUR
    every: month
    notice: 30 d
    charges: {wash: {meter: washes, standard: {price: "1.20"}}, base: {fee: "4.90"}}
  trial: {currency: EUR, every: month, trial: 14 d, charges: {base: {fee: "9.90"}}}
  calendar: {currency: EUR, every: month, anchor: calendar, charges: {base: {fee: "3.00"}}}
  yearly: {currency: EUR, every: year, charges: {base: {fee: "40.00"}}}
  dollars: {currency: USD, every: month, charges: {base: {fee: "5.00"}}}
"""


def at(text: str) -> int:
    """An instant, such as 2026-01-31T10:00Z without its seconds."""
    return parse_instant(text if "T" in text else f"{text}T00:00:00Z")


class KnownOwners:
    """As `subscriptions.Owners`: what a test says."""

    def __init__(self) -> None:
        self.times: dict[int, list[tuple[int, Span]]] = {}
        self.units: set[int] = set()

    def give(self, unit_id: int, owner_id: int, begin: int, end: int = 1 << 60) -> None:
        self.units.add(unit_id)
        self.times.setdefault(unit_id, []).append((owner_id, Span(begin, end)))

    def owned(self, _organisation_id: int, _product: str, owner_id: int, span: Span) -> Mapping[int, Sequence[Span]]:
        found = {
            unit: tuple(held for owner, held in self.owners(unit, span) if owner == owner_id) for unit in self.times
        }
        return {unit: spans for unit, spans in found.items() if spans}

    def owners(self, unit_id: int, span: Span) -> Sequence[tuple[int, Span]]:
        return [
            (owner, Span(max(span.start, held.start), min(span.end, held.end)))
            for owner, held in self.times.get(unit_id, ())
            if held.clip(span.start, span.end)
        ]

    def fleet(self, _organisation_id: int, _product: str) -> Iterable[int]:
        return self.units

    def is_unit(self, _organisation_id: int, _product: str, unit_id: int) -> bool:
        return unit_id in self.units


class House:
    """Everything a test asks."""

    def __init__(self, records: Records, start: str = "2026-01-01T00:00:00Z") -> None:
        self.records = records
        self.clock = ManualClock(at(start))
        self.organisations = Organisations(records, self.clock)
        self.maker = self.organisations.create("Washers", "washers").id
        self.buyer = self.organisations.create("House", "house", OrganisationKind.OWNER).id
        self.products = Products(records, self.clock, [PlansSection()])
        self.products.apply(self.maker, Folder({"product.yaml": FILE}))
        self.plans = Plans(records, self.products, self.clock)
        self.owners = KnownOwners()
        self.customers = Customers(records, self.clock, self)
        self.subscriptions = Subscriptions(records, self.clock, plans=self.plans, owners=self.owners)

    def find(self, reference: str) -> int:
        """As `subscriptions.Buyers`."""
        return self.organisations.by_slug(reference).id

    def customer(self, **given: Any) -> Customer:
        new = NewCustomer(**{"name": "Ann", "country": "DE", "currency": "EUR", **given})
        return self.customers.create(self.maker, new)

    def start(self, customer: Customer, plan: str = "basic", **given: Any) -> Subscription:
        new = NewSubscription(customer_id=customer.id, product="washer", plan=plan, **given)
        return self.subscriptions.start(self.maker, new, actor_id=7)

    def dearer(self, price: str = "1.50", plan: str = "basic") -> int:
        """Another version of a plan; its number."""
        document = dict(self.plans.get(self.maker, "washer", plan).document)
        charges = {"wash": {"meter": "washes", "standard": {"price": price}}}
        found, _ = self.plans.publish(self.maker, "washer", plan, {**document, "charges": charges})
        return found.plan.version


def plan_of(name: str = "basic", version: int = 1, **given: Any) -> Any:
    """A plan without a platform."""
    document = {"currency": "EUR", "every": "month", "charges": {"base": {"fee": "1.00"}}, **given}
    return read_document(document, organisation_id=1, product="washer", name=name, version=version)

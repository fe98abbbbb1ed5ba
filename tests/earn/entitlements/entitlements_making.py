"""A world small enough to be said in a test: what subscriptions include, who used what, and the service over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import ProductModel, compile_model
from monokoto.earn.calendar import Cycle, Every, Span
from monokoto.earn.entitlements import FOREVER, Entitlements, Inclusion, UnitHoldings
from monokoto.earn.features import FeatureBook
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import NotFound
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId

MAKER, OTHER = 11, 12
HOUR = 3_600_000_000
DAY = 24 * HOUR
WASHER, DRYER, LAMP = 101, 102, 201
DOCUMENT: dict[str, Any] = {
    "meters": {"washes": {"count": "cycleFinished"}},
    "features": {
        "night-programme": {
            "title": {"en": "Night programme"},
            "kind": "boolean",
            "unlocks": {"actions": ["startNight"]},
            "sets": {"property": "quiet", "otherwise": False},
        },
        "speed-limit": {"kind": "value", "type": "number", "sets": {"property": "maxSpeed", "otherwise": 6}},
        "washes-included": {"kind": "metered", "meter": "washes", "unlocks": {"actions": ["start"]}},
        "washes-billed": {"kind": "metered", "meter": "washes", "overage": True},
        "brakes": {"kind": "boolean", "safety": True},
    },
}
THING = {
    "@context": ["https://www.w3.org/2019/wot/td/v1", "https://www.w3.org/2022/wot/td/v1.1"],
    "@type": "tm:ThingModel",
    "title": "washer",
    "version": {"model": "1.0.0"},
    "properties": {"quiet": {"type": "boolean"}, "maxSpeed": {"type": "number", "minimum": 0, "maximum": 30}},
    "actions": {"startNight": {}, "start": {}, "stop": {}},
}


class SomeProducts:
    """Every organisation makes washers."""

    def content(self, _organisation_id: int, product: str, _version: str) -> Any:
        if product != "washer":
            raise NotFound(f"There is no product {product!r}.")
        return SimpleNamespace(document=DOCUMENT)

    def model(self, organisation_id: int, product: str, _version: str) -> ProductModel:
        return compile_model(OrganisationId(organisation_id), product, THING)


@dataclass
class SomeUnits:
    """As the directory."""

    known: dict[int, UnitIdentity] = field(default_factory=dict)

    def add(self, unit_id: int, organisation_id: int = MAKER, product: str = "washer") -> UnitIdentity:
        unit = UnitIdentity(
            unit_id=unit_id, organisation_id=organisation_id, product=product, version="1.0.0",
            serial=f"w-{unit_id}", parent_id=0,
        )  # fmt: skip
        self.known[unit_id] = unit
        return unit

    def get(self, unit_id: int) -> UnitIdentity | None:
        return self.known.get(unit_id)

    find = get


@dataclass
class SomeSubscriptions:
    """As `Entitling`: subscriptions are inclusions by number, with the units they are for."""

    inclusions: list[Inclusion] = field(default_factory=list)
    units: dict[int, dict[int, tuple[Span, ...]]] = field(default_factory=dict)
    customers: dict[int, dict[int, tuple[Span, ...]]] = field(default_factory=dict)
    hands: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def of_unit(self, _organisation_id: int, unit_id: int) -> UnitHoldings:
        found = [
            replace(one, spans=self.units[one.subscription_id][unit_id])
            for one in self.inclusions
            if unit_id in self.units.get(one.subscription_id, {})
        ]
        customers = [(one, span) for one, units in self.customers.items() for span in units.get(unit_id, ())]
        return UnitHoldings(customers, found, self.hands.get(unit_id, ()))

    def of_subscription(self, _organisation_id: int, subscription_id: int) -> Sequence[Inclusion]:
        return [one for one in self.inclusions if one.subscription_id == subscription_id]

    def members(self, _organisation_id: int, subscription_id: int) -> Mapping[int, Sequence[Span]]:
        return self.units.get(subscription_id, {})

    def units_of_customer(self, _organisation_id: int, customer_id: int, _product: str) -> Mapping[int, Sequence[Span]]:
        return self.customers.get(customer_id, {})

    def customer_of_organisation(self, _organisation_id: int, buyer_id: int) -> int | None:
        return buyer_id if buyer_id in self.customers else None

    def plans_with(self, _organisation_id: int, _product: str, feature: str) -> Sequence[str]:
        return ["eco", "family"] if feature == "night-programme" else []


@dataclass
class SomeUsage:
    """As `Usage`: (unit, at, quantity)."""

    uses: list[tuple[int, int, Decimal]] = field(default_factory=list)
    asked: int = 0

    def sums(
        self,
        _organisation_id: int,
        _product: str,
        _meter: str,
        units: Mapping[int, Sequence[Span]],
        spans: Sequence[Span],
    ) -> Sequence[Decimal]:
        self.asked += 1

        def counted(span: Span) -> Decimal:
            found = Decimal(0)
            for unit, at, quantity in self.uses:
                if span.start <= at < span.end and any(one.start <= at < one.end for one in units.get(unit, ())):
                    found += quantity
            return found

        return [counted(span) for span in spans]


class World:
    """A service, and what it rests on."""

    def __init__(self, records: Records, clock: ManualClock) -> None:
        self.records, self.clock = records, clock
        self.units, self.subscriptions, self.usage = SomeUnits(), SomeSubscriptions(), SomeUsage()
        for unit_id in (WASHER, DRYER):
            self.units.add(unit_id)
        self.units.add(LAMP, OTHER)
        self.facts: list[Fact] = []
        self.products = SomeProducts()
        self.book = FeatureBook(self.products)
        self.service = self.another()

    def another(self) -> Entitlements:
        """One more service over the same records: another process."""
        return Entitlements(
            self.records,
            self.clock,
            units=self.units,
            book=self.book,
            current_version=lambda _organisation_id, _product: "1.0.0",
            entitling=self.subscriptions,
            usage=self.usage,
            tell=self.facts.append,
        )

    @property
    def now(self) -> int:
        return self.clock.now()

    def subscribe(
        self, subscription_id: int, feature: str, units: Sequence[int], *, customer_id: int = 1, **said: Any
    ) -> Inclusion:
        """A subscription includes a feature."""
        span = (Span(self.now, FOREVER),)
        said = {"begin": self.now, "end": FOREVER, "plan": "eco 1"} | said
        one = Inclusion(subscription_id=subscription_id, customer_id=customer_id, feature=feature, **said)
        self.subscriptions.inclusions.append(one)
        self.subscriptions.units.setdefault(subscription_id, {}).update(dict.fromkeys(units, span))
        self.subscriptions.customers.setdefault(customer_id, {}).update(dict.fromkeys(units, span))
        self.service.projection.forget_all()
        return one

    def use(self, unit_id: int, quantity: str | int = 1, at: int | None = None) -> None:
        """A unit used something, and the projection has looked."""
        at = self.now if at is None else at
        self.usage.uses.append((unit_id, at, Decimal(quantity)))
        self.service.projection.used(MAKER, "washer", "washes", unit_id, at)

    def look(self) -> None:
        """As the reconciler does every second."""
        for pool in self.service.projection.stale():
            pool.refreshed(self.now)


def monthly(anchor: int, timezone: str = "UTC") -> Cycle:
    return Cycle(every=Every.MONTH, anchor=anchor, timezone=timezone)

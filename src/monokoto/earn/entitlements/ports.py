"""What entitlements ask of others: who subscribed to what, and how much was used. Blocking; handed in by assembly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from monokoto.earn.calendar import Cycle, Span
from monokoto.kernel.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """One feature that one phase of a subscription includes, for as long as the phase lasts."""

    subscription_id: int
    customer_id: int
    plan: str
    """Name and version, for people: `eco 3`."""
    feature: str
    begin: int
    end: int
    """`FOREVER` where the phase has no end."""
    value: Any = None
    amount: Decimal | None = None
    """Of a metered feature."""
    cycle: Cycle | None = None
    """When the amount comes again; None: it is given once."""
    rollover_min: Decimal = ZERO
    rollover_max: Decimal = ZERO
    priority: int = 1
    expires: int = 0
    """µs after it was given; 0: when it is given again."""
    spans: tuple[Span, ...] = ()
    """When the unit that was asked about belongs to the subscription."""


@dataclass(frozen=True, slots=True)
class UnitHoldings:
    """Whose a unit is to us, and what it has by subscriptions, over all time."""

    customers: Sequence[tuple[int, Span]] = ()
    inclusions: Sequence[Inclusion] = ()
    hands: Sequence[int] = ()
    """The instants at which it came into other hands, whoever's: what was shared before is shared no longer."""


NOTHING = UnitHoldings()


class Entitling(Protocol):
    """Who subscribed to what (subscriptions and plans)."""

    def of_unit(self, organisation_id: int, unit_id: int) -> UnitHoldings:
        """Everything there is and was about a unit."""
        ...

    def of_subscription(self, organisation_id: int, subscription_id: int) -> Sequence[Inclusion]:
        """What all phases of a subscription include."""
        ...

    def members(self, organisation_id: int, subscription_id: int) -> Mapping[int, Sequence[Span]]:
        """The units of a subscription, and when they belong to it."""
        ...

    def units_of_customer(self, organisation_id: int, customer_id: int, product: str) -> Mapping[int, Sequence[Span]]:
        """The units of a customer of one product (empty: of all), and when they are the customer's."""
        ...

    def customer_of_organisation(self, organisation_id: int, buyer_id: int) -> int | None:
        """As which customer this maker knows another organisation."""
        ...

    def plans_with(self, organisation_id: int, product: str, feature: str) -> Sequence[str]:
        """The names of the plans that can be had now and include a feature."""
        ...


class Usage(Protocol):
    """How much was used (metering)."""

    def sums(
        self,
        organisation_id: int,
        product: str,
        meter: str,
        units: Mapping[int, Sequence[Span]],
        spans: Sequence[Span],
    ) -> Sequence[Decimal]:
        """What these units, within the times they are given for, used together in each of the spans."""
        ...


class UsageNews(Protocol):
    """Who used something of late (metering)."""

    def used(self) -> Iterable[tuple[int, str, str, int, int]]:
        """(organisation, product, meter, unit, since when), of what came since the last call."""
        ...


class NoSubscriptions:
    """An installation that sells nothing."""

    def of_unit(self, _organisation_id: int, _unit_id: int) -> UnitHoldings:
        return NOTHING

    def of_subscription(self, _organisation_id: int, _subscription_id: int) -> Sequence[Inclusion]:
        return ()

    def members(self, _organisation_id: int, _subscription_id: int) -> Mapping[int, Sequence[Span]]:
        return {}

    def units_of_customer(
        self, _organisation_id: int, _customer_id: int, _product: str
    ) -> Mapping[int, Sequence[Span]]:
        return {}

    def customer_of_organisation(self, _organisation_id: int, _buyer_id: int) -> int | None:
        return None

    def plans_with(self, _organisation_id: int, _product: str, _feature: str) -> Sequence[str]:
        return ()


class NoUsage:
    """Nothing is metered."""

    def sums(
        self,
        _organisation_id: int,
        _product: str,
        _meter: str,
        _units: Mapping[int, Sequence[Span]],
        spans: Sequence[Span],
    ) -> Sequence[Decimal]:
        return [ZERO] * len(spans)

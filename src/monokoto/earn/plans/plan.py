"""A plan: what using a product costs, what it includes, and what is promised. Frozen values; a change makes a new version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from monokoto.earn.calendar import Every
from monokoto.earn.pricing import Basis, CreditTable, Tariff, Thresholds
from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.kernel.money import ZERO, Currency


class Anchor(StrEnum):
    """Where the periods of a subscription begin."""

    SUBSCRIPTION = "subscription"
    """When it was started (or its trial was over)."""
    CALENDAR = "calendar"
    """At the first of a month, on Monday, on the first of January; the first period is a part of one."""


class Due(StrEnum):
    """When a recurring fee is charged."""

    ADVANCE = "advance"
    ARREARS = "arrears"


class Per(StrEnum):
    """What a fee is for, each."""

    SUBSCRIPTION = "subscription"
    UNIT = "unit"


Title = Mapping[str, str]
"""By language tag; under `""` the text without a language."""

Shares = Mapping[str, Decimal]
"""By partner how many percent of a charge's amount, without tax, are theirs; the rest is the maker's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCharge:
    """What the usage of a meter costs in a period."""

    name: str
    title: Title
    meter: str
    """Its name in the same product."""
    tariff: Tariff
    by: str = ""
    """The group whose values a matrix prices; empty: the usage is one quantity."""
    shares: Shares = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringFee:
    """The same in each of its periods."""

    name: str
    title: Title
    fee: Decimal
    due: Due = Due.ADVANCE
    every: Every
    count: int = 1
    per: Per = Per.SUBSCRIPTION
    shares: Shares = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeFee:
    """Once, when the subscription begins (or its trial is over)."""

    name: str
    title: Title
    fee: Decimal
    per: Per = Per.SUBSCRIPTION
    shares: Shares = field(default_factory=dict)


Charge = UsageCharge | RecurringFee | OneTimeFee


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """So much of a metered feature, again and again."""

    amount: Decimal
    every: Every | None = None
    """None: it is given once. The rhythm need not be that of the bill."""
    count: int = 1
    rollover_min: Decimal = ZERO
    rollover_max: Decimal = ZERO
    priority: int = 1
    """Lower is used first."""
    expires: int = 0
    """µs after it was given; 0: when it is given again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """A feature that comes with the plan."""

    feature: str
    value: Any = None
    """Of a boolean feature whether it is on, of one with a value the value; None for a metered one."""
    quota: Quota | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """An availability that is promised, and what is given back when it is missed."""

    name: str
    title: Title = field(default_factory=dict)
    rules: tuple[str, ...]
    """While an alert of one of them stands, the unit counts as not available."""
    exclude: tuple[str, ...] = ()
    """What does not count: `maintenance` windows."""
    every: Every
    count: int = 1
    credits: CreditTable
    of: tuple[str, ...] = ()
    """Names of the charges a part of which is given back; empty: of all recurring fees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Whoever owns a unit of the product may choose the plan by themselves."""

    lasts: int = 0
    """µs after which what was chosen ends by itself; 0: it goes on until somebody ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One version of a plan; it never changes."""

    organisation_id: OrganisationId
    product: ProductName
    name: str
    version: int
    title: Title
    currency: Currency
    every: Every
    count: int = 1
    anchor: Anchor = Anchor.SUBSCRIPTION
    proration: Basis = Basis.SECOND
    trial: int = 0
    """µs before anything is charged."""
    notice: int = 0
    """µs between telling a change of price and its beginning."""
    charges: tuple[Charge, ...] = ()
    minimum: Decimal | None = None
    """Least spend in a period, one-time fees not counted."""
    includes: tuple[Included, ...] = ()
    outcome: tuple[Promise, ...] = ()
    invoice_at: Thresholds | None = None
    """Amounts of a period's usage at which an invoice is due before its end."""
    offer: Offer | None = None
    """None: only the maker can subscribe somebody to it."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """As it was written."""

    def charge(self, name: str) -> Charge | None:
        """The charge of this name."""
        return next((one for one in self.charges if one.name == name), None)

    @property
    def usage_charges(self) -> tuple[UsageCharge, ...]:
        """Those that follow a meter."""
        return tuple(one for one in self.charges if isinstance(one, UsageCharge))

    @property
    def fees(self) -> tuple[RecurringFee, ...]:
        """Those that come again."""
        return tuple(one for one in self.charges if isinstance(one, RecurringFee))

    def titled(self, language: str = "") -> str:
        """Its title in a language, or in whichever there is; without any its name."""
        return titled(self.title, language) or self.name


def titled(title: Title, language: str = "") -> str:
    """The text of a language, of the same language elsewhere, without one, in English, or the first there is."""
    for tag in (language, language.partition("-")[0], "", "en"):
        if tag in title:
            return title[tag]
    return next(iter(title.values()), "")

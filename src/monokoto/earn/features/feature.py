"""A feature: something of a product that a customer has or has not, has to some value, or has so much of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.limits import ENTITLEMENT_OFFLINE_SECONDS


class FeatureKind(StrEnum):
    """What having it means."""

    BOOLEAN = "boolean"
    VALUE = "value"
    """Its value is what was paid for: a highest speed."""
    METERED = "metered"
    """So much of it may be used, as a meter counts."""


@dataclass(frozen=True, slots=True)
class Governs:
    """A property of the unit that a feature sets."""

    property: str
    otherwise: Any
    """Desired of the unit while it has not the feature."""
    value: Any = True
    """Desired while it has; of a feature of the kind `value`, the feature's own value instead."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """When so much of a metered feature is used, it is told."""

    quantity: Decimal
    percent: bool = False
    """Whether `quantity` is of a hundred parts of what was granted."""

    def __str__(self) -> str:
        return f"{self.quantity:f}%" if self.percent else f"{self.quantity:f}"


THRESHOLDS = tuple(Threshold(Decimal(percent), percent=True) for percent in (50, 80, 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature of one version of a product."""

    name: str
    kind: FeatureKind
    title: Mapping[str, str] = field(default_factory=dict)
    """By language; under `""` the title without one."""
    type: str = ""
    """Of the value: number, integer, string, boolean."""
    meter: str = ""
    """What of a metered one is counted: a meter of the same product."""
    overage: bool = False
    """Whether it may be used beyond what was granted: a soft limit, whose overage is billed."""
    actions: tuple[str, ...] = ()
    """Actions that need it."""
    sets: Governs | None = None
    safety: bool = False
    """Never closed because somebody has not paid."""
    thresholds: tuple[Threshold, ...] = THRESHOLDS
    offline: int = ENTITLEMENT_OFFLINE_SECONDS * MICROSECONDS_PER_SECOND
    """How long, in microseconds, a unit that is away keeps it without hearing of us."""

    def called(self, language: str = "en") -> str:
        """Its title in a language where there is one; else its name."""
        for tag in (language, language.partition("-")[0], "", "en"):
            if tag in self.title:
                return self.title[tag]
        return next(iter(self.title.values()), self.name)

    def desired(self, value: Any, *, allowed: bool) -> Any:
        """What the property that it sets is to be; only of one that sets any."""
        assert self.sets is not None
        if not allowed:
            return self.sets.otherwise
        return value if self.kind is FeatureKind.VALUE else self.sets.value

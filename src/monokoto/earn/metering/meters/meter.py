"""A meter: what of all that a unit says counts as usage, and how it adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from monokoto.kernel.errors import Invalid
from monokoto.operate.conditions import CelType, Condition

MICROSECONDS: Mapping[str, int] = {"s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
"""Units of time, as UCUM writes them."""


class Aggregation(StrEnum):
    """What many samples come to; in product.yaml the key that names it."""

    COUNT = "count"
    SUM = "sum"
    COUNTER = "counter"
    """By how much something that only counts up went up, through resets and replacement."""
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    LATEST = "latest"
    UNIQUE = "unique"
    """How many different texts."""
    AVERAGE = "average"
    PERCENTILE = "percentile"
    DURATION = "duration"
    """For how long a state held."""
    WEIGHTED = "weighted"
    """What was held, weighted by how long."""

    @property
    def lasting(self) -> bool:
        """Whether a sample holds until the next one, so that time between samples counts."""
        return self in {Aggregation.DURATION, Aggregation.WEIGHTED}

    @property
    def following(self) -> bool:
        """Whether what a sample means depends on the one before it."""
        return self.lasting or self is Aggregation.COUNTER

    @property
    def texts(self) -> bool:
        """Whether samples are texts rather than numbers."""
        return self in {Aggregation.UNIQUE, Aggregation.DURATION}


class Origin(StrEnum):
    """Where a meter's samples come from."""

    PROPERTY = "property"
    EVENT = "event"
    EXTERNAL = "external"
    """Usage events told by somebody else's system."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Meter:
    """One meter of one version of a product."""

    product: str
    name: str
    title: Mapping[str, str]
    """By language; under `""` the text without one."""
    unit: str
    aggregation: Aggregation
    origin: Origin
    subject: str
    """The property, the event, or the type of external events."""
    where: Condition | None = None
    value: Condition | None = None
    """None: 1 for each event; the property itself."""
    path: str = ""
    """Where `value` names one field and nothing else: the field. Its decimals are taken as they were written."""
    by: tuple[str, ...] = ()
    """Fields whose values group the usage."""
    states: tuple[str, ...] = ()
    """What counts for a duration."""
    every: int = 0
    """µs of a window whose maxima or minima add up; 0: none."""
    per: int = 0
    """µs a lasting value is counted by (3.6e9: kW become kWh); 0: by its share of the span."""
    percent: Decimal = Decimal(0)
    serial: str = ""
    """The property that names the counter, told beside it: another one begins from zero."""
    types: Mapping[str, CelType] = field(default_factory=dict)
    """Of the variables its expressions may name."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """As it was written."""

    @property
    def key(self) -> str:
        """`product/name`."""
        return f"{self.product}/{self.name}"

    @property
    def names(self) -> frozenset[str]:
        """The variables a sample needs."""
        used = {*self.by, *([self.serial] if self.serial else [])}
        used |= self.where.names if self.where else set()
        used |= self.value.names if self.value else ({self.subject} if self.origin is Origin.PROPERTY else set())
        return frozenset(used)


def split_key(key: str) -> tuple[str, str]:
    """Product and name in a meter's key. Raises Invalid."""
    product, slash, name = key.partition("/")
    if not (product and slash and name):
        raise Invalid(f"{key[:80]!r} is not a meter.", remedy="Write product/meter, as /api/v1/meters lists them.")
    return product, name

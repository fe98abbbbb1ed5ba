"""A question about usage, and an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from monokoto.earn.calendar import Span
from monokoto.earn.metering.meters import Meter
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import USAGE_SPANS_PER_UNIT_MAX
from monokoto.kernel.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How much of one meter some units used in a time."""

    organisation_id: int
    meter: Meter
    span: Span
    units: Mapping[int, Sequence[Span]] | None = None
    """Units with the times of theirs that count, cut to `span`; None: all units, all of it."""
    buckets: tuple[Span, ...] = ()
    """Adjoining parts of `span`; empty: it is one."""
    by: str = ""
    """A field of the meter's `by`."""
    transactions: bool = False
    """Whether the single values are wanted, too."""
    timezone: str = "UTC"
    """The customer's: a window of a meter (`every`) begins when its clocks show it."""
    after: int = -1
    """Only units past this one."""

    def __post_init__(self) -> None:
        if self.by and self.by not in self.meter.by:
            groups = ", ".join(self.meter.by) or "nothing"
            raise Invalid(
                f"The meter {self.meter.key} is not grouped by {self.by[:80]!r}.", remedy=f"It is by {groups}."
            )
        if self.units is not None and any(len(spans) > USAGE_SPANS_PER_UNIT_MAX for spans in self.units.values()):
            raise Invalid(f"A unit has more than {USAGE_SPANS_PER_UNIT_MAX} times in one question.")


@dataclass(frozen=True, slots=True)
class Amount:
    """What one unit used in one bucket, of one group."""

    unit_id: int
    bucket: int
    group: str
    quantity: Decimal
    transactions: tuple[Decimal, ...] = ()
    instants: tuple[int, ...] = ()
    """Of the transactions."""


@dataclass(frozen=True, slots=True)
class UnitUsage:
    """What one unit used in the whole time."""

    unit_id: int
    quantity: Decimal
    groups: Mapping[str, Decimal] = field(default_factory=dict)
    """By the value of the field asked for; `""` where it was not told."""
    transactions: tuple[Decimal, ...] = ()
    """In order of time."""
    instants: tuple[int, ...] = ()
    """When each of them was."""
    of_groups: tuple[str, ...] = ()
    """Which group each of them is of; empty where no field was asked for."""


NOTHING = ZERO

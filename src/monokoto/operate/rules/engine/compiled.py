"""What the engine is told of a rule: checked conditions and durations in microseconds, no text to understand any more.

A rule is about the units of one product of one maker. Who writes rules (`rules:` of a product, organisations) makes these
values; the engine takes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import shapely

from monokoto.operate.conditions import CelType, Condition
from monokoto.operate.rules.change import Severity

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Held:
    """Boolean: the expression has been true for so long without a break."""

    expression: Condition
    for_us: int


@dataclass(frozen=True, slots=True)
class Silent:
    """Boolean: none of these properties was read for so long. Units that never spoke are not silent."""

    properties: tuple[str, ...]
    """Empty: any reading counts, and any event."""
    for_us: int


class Statistic(StrEnum):
    """What is made of the readings in a window."""

    COUNT = "count"
    """Of the readings for which a boolean expression is true."""
    SUM = "sum"
    AVERAGE = "average"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    DEVIATION = "deviation"
    """Of the population: 0 for a single reading."""
    PERCENTILE = "percentile"


@dataclass(frozen=True, slots=True)
class Window:
    """Number: a statistic over the readings of the last `over_us`. Unknown while the window is empty; COUNT and SUM are 0."""

    statistic: Statistic
    expression: Condition
    over_us: int
    every_us: int = 0
    """0: sliding. Otherwise the value changes at multiples of it and holds until the next; `over_us` is a multiple of it
    (tumbling when they are equal), at most `RULE_WINDOW_PANES` times."""
    percentile: float = 50.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Number: how much the expression changed over `over_us`, told for each `per_us`. Unknown until it is known so long."""

    expression: Condition
    over_us: int
    per_us: int


@dataclass(frozen=True, slots=True)
class Changed:
    """Boolean: at the unit's last reading the expression had another value than at the one before."""

    expression: Condition


@dataclass(frozen=True, slots=True)
class Previous:
    """The expression's value at the reading before this one, of the readings that carry any of its names."""

    expression: Condition


@dataclass(frozen=True, slots=True)
class Sequence:
    """Boolean: within the last `within_us` the steps came true one after the other, each at a later reading."""

    steps: tuple[Condition, ...]
    within_us: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Boolean: the local time lies within. Empty `days`: all. `until` before or at `start`: past midnight, into the next day."""

    timezone: str
    """An IANA name."""
    days: frozenset[int] = frozenset()
    """0 is Monday; the day on which a span begins."""
    start: time = time(0)
    until: time = time(0)
    season_from: tuple[int, int] | None = None
    """(month, day), the first day of the season; None: all year."""
    season_until: tuple[int, int] | None = None
    """(month, day), its last day; before `season_from`: over the end of the year."""


@dataclass(frozen=True, slots=True)
class Geofence:
    """Boolean: the position lies in the area, with `dwell_us` for so long."""

    latitude: Condition
    """Number, degrees (WGS 84)."""
    longitude: Condition
    area: shapely.Geometry
    """In degrees, x is the longitude."""
    dwell_us: int = 0


class Quantifier(StrEnum):
    """What is made of the expression's values of several units."""

    ANY = "any"
    ALL = "all"
    COUNT = "count"
    AVERAGE = "average"


class Scope(StrEnum):
    """Which units a fleet signal is about."""

    GROUP = "group"
    SYSTEM = "system"
    """Those of this product under the same topmost unit."""
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Boolean (any, all) or number (count, average): of the latest values of the units of this product in the scope."""

    quantifier: Quantifier
    expression: Condition
    """Boolean; a number for AVERAGE."""
    scope: Scope
    members: Callable[[], Int64s] | None = None
    """The units of the group, sorted, in any thread; only for `Scope.GROUP`."""


@dataclass(frozen=True, slots=True)
class Past:
    """Number: the average of the expression over the interval of length `over_us` that lies `ago_us` back."""

    expression: Condition
    ago_us: int
    over_us: int
    """`ago_us` is a multiple of it, at most `RULE_PAST_INTERVALS_MAX` times."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Number: the average, over the product's other units, of each one's average in the last whole interval of `over_us`."""

    expression: Condition
    over_us: int


@dataclass(frozen=True, slots=True)
class Drift:
    """Boolean: what is desired of the property is not what the unit reports."""

    property: str


@dataclass(frozen=True, slots=True)
class Offline:
    """Boolean: the unit has had no session for so long. Units that never had one are not offline."""

    for_us: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """Boolean: the unit told of this event, within the last `for_us` (0: true at that instant only)."""

    event: str
    for_us: int = 0


SignalKind = (
    Held
    | Silent
    | Window
    | Rate
    | Changed
    | Previous
    | Sequence
    | Schedule
    | Geofence
    | Fleet
    | Past
    | Peers
    | Drift
    | Offline
    | Event
)


def type_of(kind: SignalKind) -> CelType:
    """What a signal of this kind is in the expressions after it."""
    if isinstance(kind, Window | Rate | Past | Peers):
        return CelType.NUMBER
    if isinstance(kind, Previous):
        return kind.expression.type
    if isinstance(kind, Fleet) and kind.quantifier in {Quantifier.COUNT, Quantifier.AVERAGE}:
        return CelType.NUMBER
    return CelType.BOOLEAN


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """A named signal; expressions after it may use its name as a variable of `type`."""

    name: str
    kind: SignalKind

    @property
    def type(self) -> CelType:
        """What it is to expressions."""
        return type_of(self.kind)


@dataclass(frozen=True, slots=True)
class UnitSet:
    """The units a rule is for, when not all of the product. Kept by whoever makes the rule; asked again at every tick."""

    version: Callable[[], int]
    """Another number whenever the set is another one; cheap."""
    units: Callable[[], Int64s]
    """Their ids, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """One rule as the engine runs it."""

    key: str
    """As `AlertChange.rule`; with the organisation and `digest` it names the rule's state."""
    version: str
    """As `AlertChange.rule_version`."""
    digest: str
    """Stands for all that decides when it raises: two rules with one digest are one rule, whose state is kept on."""
    organisation_id: int
    """Whose rule it is."""
    maker_id: int
    """The organisation of the units' product."""
    product: str
    versions: frozenset[str] = frozenset()
    """The product's versions whose units it is for; empty: all."""
    units: UnitSet | None = None
    """None: all of the product's units (of these versions)."""
    variables: Mapping[str, CelType] = field(default_factory=dict)
    """The product's variables by name (`conditions.variables_of`), at least those the rule names."""
    name: str = ""
    """What `suppressed_by` of other rules calls it."""
    severity: Severity = Severity.WARNING
    severities: tuple[tuple[Severity, Condition], ...] = ()
    """The highest whose condition is true holds; `severity` when none is."""
    severity_clears: tuple[tuple[Severity, Condition], ...] = ()
    """Steps of the ladder that, once true, hold until this is; the others hold while their condition does."""
    signals: tuple[SignalSpec, ...] = ()
    """In an order in which each uses only earlier ones."""
    when: Condition
    clear: Condition | None = None
    """None: when `when` is false."""
    hold_us: int = 0
    clear_hold_us: int = 0
    lateness_us: int = 0
    audience: str = "both"
    suppressed_by: str = ""
    """The `name` of a rule of the same organisation; its own: on a unit above."""
    suppress_grace_us: int = 0
    forbids: tuple[str, ...] = ()
    """Actions refused while it is raised."""

    @property
    def chooses(self) -> bool:
        """Whether it is for some of the product's units only."""
        return bool(self.versions) or self.units is not None

    @property
    def state_key(self) -> tuple[int, str, str]:
        """What its state is kept under."""
        return (self.organisation_id, self.key, self.digest)


__all__ = [
    "Changed",
    "CompiledRule",
    "Drift",
    "Event",
    "Fleet",
    "Geofence",
    "Held",
    "Int64s",
    "Offline",
    "Past",
    "Peers",
    "Previous",
    "Quantifier",
    "Rate",
    "Schedule",
    "Scope",
    "Sequence",
    "SignalKind",
    "SignalSpec",
    "Silent",
    "Statistic",
    "UnitSet",
    "Window",
    "type_of",
]

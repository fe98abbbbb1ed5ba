"""What can be asked of the history. Each question checks itself and reports every fault at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import CHART_POINTS_MAX, READINGS_PAGE_MAX
from monokoto.operate.telemetry.history.aggregates import Aggregate
from monokoto.operate.telemetry.history.filling import FILLS
from monokoto.operate.telemetry.history.selection import Selection
from monokoto.operate.telemetry.history.statements import GROUP_COLUMNS
from monokoto.operate.telemetry.history.widths import Width


class Checked:
    """Raises Invalid with all of its faults when it is made wrong."""

    __slots__ = ()

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise Invalid("The question to the history is not valid.", faults=faults)

    def _faults(self) -> Iterator[Fault]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class RawQuestion(Checked):
    """The readings themselves, a page at a time, sorted by product, property, unit and time."""

    selection: Selection
    limit: int = 1000
    cursor: str | None = None
    newest_first: bool = False
    """Within each series."""

    def _faults(self) -> Iterator[Fault]:
        if not 1 <= self.limit <= READINGS_PAGE_MAX:
            yield Fault(place="limit", reason=f"lies between 1 and {READINGS_PAGE_MAX}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketQuestion(Checked):
    """Aggregates per bucket of each unit, each product, or of everything selected together."""

    selection: Selection
    width: Width
    aggregates: tuple[Aggregate, ...]
    group: str = "unit"
    fill: str = "none"
    """`none`: only buckets with readings; `null`, `previous`, `linear`: every bucket, the empty ones so filled."""

    def _faults(self) -> Iterator[Fault]:
        if self.group not in GROUP_COLUMNS:
            yield Fault(place="group", reason=f"{self.group[:40]!r} is none of {', '.join(GROUP_COLUMNS)}")
        if self.fill not in FILLS:
            yield Fault(place="fill", reason=f"{self.fill[:40]!r} is none of {', '.join(FILLS)}")
        held = [aggregate.name for aggregate in self.aggregates if aggregate.held]
        if held and self.group != "unit":
            yield Fault(place="aggregate", reason=f"{', '.join(held)} is told of single units: group by unit")


class ChartMethod(StrEnum):
    """How many readings become few without losing the curve's shape."""

    LTTB = "lttb"
    """As many points as asked for, each a reading."""
    M4 = "m4"
    """Up to four readings a pixel column (first, last, least, greatest): a line drawn through them is pixel-exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartQuestion(Checked):
    """Readings of each series that draw the same curve as all of them."""

    selection: Selection
    points: int = 1000
    """LTTB: points of each series; M4: pixel columns."""
    method: ChartMethod = ChartMethod.LTTB

    def _faults(self) -> Iterator[Fault]:
        if not 3 <= self.points <= CHART_POINTS_MAX:
            yield Fault(place="points", reason=f"lies between 3 and {CHART_POINTS_MAX}")

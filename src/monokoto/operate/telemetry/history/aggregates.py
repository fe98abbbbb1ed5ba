"""What can be said of the readings in a bucket. One table; a new aggregate is a new row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from monokoto.kernel.errors import Fault, Invalid

_NUMERIC = "kind <= 3"


class Shape(Enum):
    """How the aggregate's values are told."""

    COUNT = auto()
    """An integer; 0 in an empty bucket."""
    SUM = auto()
    """As the property's numbers, a boolean counted as 0 or 1; 0 in an empty bucket."""
    NUMBER = auto()
    """A number whatever the property's kind (the mean of booleans is the share of true)."""
    VALUE = auto()
    """One of the readings' own values: integer, boolean, text, object as the property has it."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A name and the expression the store computes; several columns make one when the value may be a text."""

    name: str
    shape: Shape
    columns: tuple[tuple[str, str], ...]
    """(column, expression over number, text, kind, at and unit)"""
    held: bool = False
    """Whether it weighs a value by how long it held; computed per unit, finished after the store has answered."""


def _one(name: str, shape: Shape, expression: str) -> Aggregate:
    return Aggregate(name, shape, ((name, expression),))


def ordered_by(second: str) -> str:
    """A sort key of the instant and, among equal instants, a second number; as one integer, six times quicker than a tuple."""
    return f"bitShiftLeft(toInt128(toUnixTimestamp64Micro(at)), 64) + {second}"


def _member(name: str, function: str) -> Aggregate:
    # `unit` breaks the tie between two units of a fleet at one instant, so that every run says the same.
    key = ordered_by("unit")
    columns = tuple((f"{name}_{part}", f"{function}({part}, {key})") for part in ("number", "text", "kind"))
    return Aggregate(name, Shape.VALUE, columns)


HELD_COLUMNS = (
    ("first_at", f"minOrNullIf(instant, {_NUMERIC})"),
    ("last_at", f"maxOrNullIf(instant, {_NUMERIC})"),
    ("last_held", f"argMaxOrNullIf(number, instant, {_NUMERIC})"),
    ("integral_inside", f"sumIf(number * (next_instant - instant), {_NUMERIC}) / 1e6"),
)

AGGREGATES: dict[str, Aggregate] = {
    aggregate.name: aggregate
    for aggregate in (
        _one("count", Shape.COUNT, "count()"),
        _one("sum", Shape.SUM, f"sumIf(number, {_NUMERIC})"),
        _one("avg", Shape.NUMBER, f"avgOrNullIf(number, {_NUMERIC})"),
        _one("stddev", Shape.NUMBER, f"stddevSampStableOrNullIf(number, {_NUMERIC})"),
        Aggregate("min", Shape.VALUE, (("min_number", f"minOrNullIf(number, {_NUMERIC})"),)),
        Aggregate("max", Shape.VALUE, (("max_number", f"maxOrNullIf(number, {_NUMERIC})"),)),
        _member("first", "argMin"),
        _member("last", "argMax"),
        Aggregate("time_avg", Shape.NUMBER, (), held=True),
        Aggregate("integral", Shape.NUMBER, (), held=True),
    )
}
_PERCENTILE = re.compile(r"p([1-9]\d?)(?:\.(\d))?")
_EXAMPLES = ", ".join([*AGGREGATES, "p50", "p95", "p99.9"])


def parse_aggregates(names: Iterable[str]) -> tuple[Aggregate, ...]:
    """The aggregates of these names, each once.

    Raises:
        Invalid: a name is none; every fault at once.
    """
    found = {name: _aggregate(name) for name in names}
    unknown = [name for name, aggregate in found.items() if aggregate is None]
    if unknown or not found:
        faults = [Fault(place="aggregate", reason=f"{name[:40]!r} is none of {_EXAMPLES}") for name in unknown]
        raise Invalid(
            "The aggregates are not valid.", faults=faults or [Fault(place="aggregate", reason="name at least one")]
        )
    return tuple(aggregate for aggregate in found.values() if aggregate is not None)


def _aggregate(name: str) -> Aggregate | None:
    match = _PERCENTILE.fullmatch(name)
    if match is None:
        return AGGREGATES.get(name)
    level = float(f"{match[1]}.{match[2] or 0}") / 100
    # Exact and interpolated as in spreadsheets (PERCENTILE.INC); refused: sketches, which answer twice differently.
    return _one(name, Shape.NUMBER, f"quantileExactInclusiveOrNullIf({level:.3f})(number, {_NUMERIC})")

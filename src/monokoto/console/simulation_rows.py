"""A tried plan as a page shows it: customers by what they would pay less, and the same as bars. Pure but for the months' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from babel import dates

from monokoto.console.formats import Formats
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND

WIDTH, HEIGHT = 960.0, 200.0
"""Of the drawing, in its own units."""
BARS_MAX = 400
"""More than a screen has room for: of more customers, those in the middle are left out, where differences are smallest."""
ROWS_SHOWN = 100
MONTHS = 12
_GAP = 0.15


@dataclass(frozen=True, slots=True)
class Bar:
    """One customer: below the line who would pay less, above it who would pay more."""

    x: float
    y: float
    width: float
    height: float
    less: bool
    item: Mapping[str, Any]


def by_loss(customers: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Who would pay the most less first, who would pay the most more last."""
    return sorted(customers, key=lambda one: (Decimal(one["difference"]), one["customer"]))


def bars(customers: Sequence[Mapping[str, Any]]) -> tuple[list[Bar], float]:
    """The bars of customers that are in order, and how high the line of no difference lies."""
    shown = [*customers[: BARS_MAX // 2], *customers[-BARS_MAX // 2 :]] if len(customers) > BARS_MAX else [*customers]
    values = [float(one["difference"]) for one in shown]
    least, most = min([0.0, *values]), max([0.0, *values])
    scale = HEIGHT / (most - least) if most > least else 0.0
    line, room = round(most * scale, 2), WIDTH / max(1, len(shown))
    found = []
    for place, (value, item) in enumerate(zip(values, shown, strict=True)):
        height = round(abs(value) * scale, 2)
        left = round(place * room + room * _GAP / 2, 2)
        top = line if value < 0 else round(line - height, 2)
        found.append(Bar(left, top, round(room * (1 - _GAP), 2), height, value < 0, item))
    return found, line


def share(billed: str, difference: str) -> float | None:
    """The difference as a part of what was billed; None where nothing was."""
    return float(Decimal(difference) / Decimal(billed)) if Decimal(billed) else None


def months(formats: Formats) -> list[tuple[str, str]]:
    """The last whole months (of UTC), the latest first: 2026-10 and what it is called."""
    first = datetime.fromtimestamp(formats.now / MICROSECONDS_PER_SECOND, tz=UTC).date().replace(day=1)
    found = []
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        name = dates.format_skeleton("yMMMM", datetime(first.year, first.month, 1, tzinfo=UTC), locale=formats.locale)
        found.append((f"{first:%Y-%m}", str(name)))
    return found


def span_of(month: str) -> tuple[str, str] | None:
    """The instants at which a month begins and ends; None for what is no month."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        return None
    after = (first + timedelta(days=31)).replace(day=1)
    return f"{first}T00:00:00Z", f"{after}T00:00:00Z"

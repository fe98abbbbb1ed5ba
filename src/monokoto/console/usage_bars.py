"""Usage as bars: what the API says of each part of a time, as rectangles of a drawing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 960.0, 180.0
"""Of the drawing, in its own units."""
BARS_MAX = 800
"""More than a screen has room for are cut off; the table below them too."""
WIDEST = 60.0
"""Of one bar, where there are few."""
_GAP = 0.2
"""Share of a bar's room that is left free."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, and what it stands for. Its height is a picture; the exact quantity stays text."""

    x: float
    y: float
    width: float
    height: float
    item: dict[str, Any]


def bars(items: Sequence[dict[str, Any]]) -> list[Bar]:
    """One beside the other, the highest as high as the drawing; below zero nothing is drawn."""
    shown = items[:BARS_MAX]
    most = max((float(one["quantity"]) for one in shown), default=0.0)
    room = WIDTH / max(1, len(shown))
    found = []
    for place, one in enumerate(shown):
        height = round(HEIGHT * max(0.0, float(one["quantity"])) / most, 2) if most > 0 else 0.0
        width = min(room * (1 - _GAP), WIDEST)
        left = round(place * room + (room - width) / 2, 2)
        found.append(Bar(left, round(HEIGHT - height, 2), round(width, 2), height, one))
    return found


def share(quantity: str, items: Sequence[dict[str, Any]]) -> float:
    """Which part of the greatest of them a quantity is: how long its bar is in a list."""
    most = max((float(one["quantity"]) for one in items), default=0.0)
    return max(0.0, float(quantity)) / most if most > 0 else 0.0

"""Revenue as bars, one part upon the other: what the API says of each month, as rectangles of a drawing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

WIDTH, HEIGHT = 960.0, 200.0
"""Of the drawing, in its own units."""
WIDEST = 60.0
"""Of one bar, where there are few."""
_GAP = 0.25
"""Share of a bar's room that is left free."""
_HEATS = 5


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one month's bar. Its height is a picture; the exact amount stays text."""

    x: float
    y: float
    width: float
    height: float
    part: str
    """The field it shows."""
    item: Mapping[str, Any]


def stacked(items: Sequence[Mapping[str, Any]], parts: Sequence[str]) -> list[Piece]:
    """The parts of each item upon each other, the highest as high as the drawing; what is below zero is not drawn."""
    most = max((sum(_height(one[part]) for part in parts) for one in items), default=0.0)
    room = WIDTH / max(1, len(items))
    found = []
    for place, one in enumerate(items):
        top = HEIGHT
        for part in parts:
            height = round(HEIGHT * _height(one[part]) / most, 2) if most > 0 else 0.0
            top = round(top - height, 2)
            if height:
                width = min(room * (1 - _GAP), WIDEST)
                left = round(place * room + (room - width) / 2, 2)
                found.append(Piece(left, top, round(width, 2), height, part, one))
    return found


def most(items: Sequence[Mapping[str, Any]], parts: Sequence[str]) -> str:
    """What the top of the drawing stands for: the exact sum of the parts of the highest item; empty: nothing is drawn."""
    sums = [sum((max(Decimal(0), Decimal(one[part])) for part in parts), Decimal(0)) for one in items]
    highest = max(sums, default=Decimal(0))
    return f"{highest:f}" if highest > 0 else ""


def _height(amount: str) -> float:
    return max(0.0, float(amount))


def heat(percent: str | None) -> int:
    """How strongly a cell is coloured: 0 (nothing left, or nothing known) to 5."""
    return 0 if percent is None else min(_HEATS, max(0, round(float(percent) / 100 * _HEATS)))

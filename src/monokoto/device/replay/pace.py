"""How fast recorded time passes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from monokoto.kernel.errors import Invalid

_SPEED = re.compile(r"(\d+(?:\.\d+)?)x?")


@dataclass(frozen=True, slots=True)
class Speed:
    """Recorded seconds in one second; infinite: as fast as it is acknowledged."""

    factor: float

    @property
    def unlimited(self) -> bool:
        """Whether nothing is waited for."""
        return math.isinf(self.factor)


MAX_SPEED = Speed(math.inf)


def parse_speed(text: str) -> Speed:
    """`60x`, `1`, `0.5x`, or `max`.

    Raises:
        Invalid: it is no speed.
    """
    if text == "max":
        return MAX_SPEED
    match = _SPEED.fullmatch(text)
    if match is None or not float(match[1]):
        raise Invalid(f"{text[:40]!r} is no speed.", remedy="Give one like 60x, or max.")
    return Speed(float(match[1]))

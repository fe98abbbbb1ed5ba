"""Spans of time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from monokoto.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until before `end`, µs UTC."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise Invalid("A span ends after it starts.")

    @property
    def length(self) -> int:
        """µs."""
        return self.end - self.start

    def clip(self, start: int, end: int) -> int:
        """How many µs of start..end lie in the span."""
        return max(0, min(end, self.end) - max(start, self.start))

    def share(self, start: int, end: int) -> Fraction:
        """Which part of the span start..end takes."""
        return Fraction(self.clip(start, end), self.length)

"""Usage events, and which of two with one name holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """Something was used. (`source`, `id`) names it; the same id from another source is another event."""

    at: int
    """When it was used, µs UTC."""
    value: Decimal = ZERO
    key: str = ""
    """A text it carries: whom to count once, which state began."""
    source: str = ""
    id: str = ""
    arrival: int = 0
    """A number that grows in the order of arrival; decides only between events of one name or one instant."""

    def __post_init__(self) -> None:
        if not isinstance(self.value, Decimal) or not self.value.is_finite():
            raise Invalid("The value of a usage event is a finite exact decimal.")


class Keep(StrEnum):
    """Which of several events with one name holds."""

    FIRST = "first"
    """The default: telling again changes nothing (OpenMeter, Stripe)."""
    LATEST = "latest"
    """Telling again corrects (Flexprice)."""


def deduplicate(events: Iterable[UsageEvent], keep: Keep = Keep.FIRST) -> list[UsageEvent]:
    """One event for each name, by order of arrival (`arrival`, then as given); nameless events all stay."""
    held: dict[object, UsageEvent] = {}
    for place, event in enumerate(sorted(events, key=lambda one: one.arrival)):
        name: object = (event.source, event.id) if event.id else place
        if keep is Keep.LATEST or name not in held:
            held[name] = event
    return list(held.values())

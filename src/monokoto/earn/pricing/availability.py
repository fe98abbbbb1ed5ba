"""Service levels: what an availability that was missed gives back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.calendar import Span
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTier:
    """From this availability on (and below the tier above), so much of the fee is given back."""

    at_least_percent: Decimal
    credit_percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTable:
    """Tiers of any order; a tier includes its own border. Credits that are not above `minimum` are not given."""

    tiers: tuple[CreditTier, ...]
    minimum: Decimal = ZERO

    def __post_init__(self) -> None:
        borders = [tier.at_least_percent for tier in self.tiers]
        if ZERO not in borders or len(set(borders)) < len(borders):
            raise Invalid("The tiers have different borders, the lowest of them 0.")
        if not all(0 <= tier.at_least_percent <= 100 and 0 <= tier.credit_percent <= 100 for tier in self.tiers):
            raise Invalid("Percentages lie between 0 and 100.")

    def credit_percent(self, uptime_percent: Decimal | Fraction) -> Decimal:
        """Which part of the fee is given back, per cent."""
        if not 0 <= uptime_percent <= 100:
            raise Invalid("An availability lies between 0 and 100 per cent.")
        reached = [tier for tier in self.tiers if Fraction(tier.at_least_percent) <= Fraction(uptime_percent)]
        return max(reached, key=lambda tier: tier.at_least_percent).credit_percent

    def credit(self, uptime_percent: Decimal | Fraction, fee: Decimal, currency: Currency) -> Decimal:
        """What is given back of `fee`, payable."""
        found = currency.round(Fraction(fee) * Fraction(self.credit_percent(uptime_percent)) / 100)
        return found if found > self.minimum else currency.round(ZERO)


def uptime_percent(period: Span, down: Iterable[Span], excluded: Iterable[Span] = ()) -> Fraction:
    """The availability, exactly: time that is excluded (maintenance) counts neither as up nor as down. 100 when all is
    excluded."""
    out = _union(period, excluded)
    missing = _union(period, [*excluded, *down])
    counted = period.length - out
    return Fraction(100) - Fraction(100 * (missing - out), counted) if counted else Fraction(100)


def _union(period: Span, spans: Iterable[Span]) -> int:
    """How many µs of the period lie in at least one span."""
    covered, until = 0, period.start
    for span in sorted(spans, key=lambda one: one.start):
        covered += period.clip(max(span.start, until), span.end)
        until = max(until, span.end)
    return covered

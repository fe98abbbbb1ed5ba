"""Progressive billing: an invoice in the middle of a period when its usage reaches a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Amounts of a period's usage at which an invoice is due, each once; after the last one again every `every`."""

    amounts: tuple[Decimal, ...] = ()
    every: Decimal | None = None

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip((ZERO, *self.amounts), self.amounts, strict=False))
        if not rising or (self.every is not None and self.every <= 0):
            raise Invalid("Thresholds rise and are above zero.")

    @exact
    def reached(self, before: Decimal, now: Decimal) -> Decimal | None:
        """The highest threshold reached between `before`, the most a period's usage has come to so far, and `now`; None:
        nothing is due."""
        found = [amount for amount in self.amounts if before < amount <= now]
        if self.every is not None:
            last = self.amounts[-1] if self.amounts else ZERO
            steps = (now - last) // self.every
            repeated = last + steps * self.every
            if steps >= 1 and repeated > before:
                found.append(repeated)
        return max(found, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodEnd:
    """The invoice at the end: everything, less what was charged on the way."""

    fee: Decimal
    usage: Decimal
    progressive_credit: Decimal
    """Zero or negative."""
    total: Decimal


@exact
def period_end(fee: Decimal, usage: Decimal, invoiced: Sequence[Decimal]) -> PeriodEnd:
    """The lines at the end of a period of which some usage was `invoiced` before. A negative total is owed to the customer."""
    credit = ZERO - sum(invoiced, ZERO)
    return PeriodEnd(fee=fee, usage=usage, progressive_credit=credit, total=fee + usage + credit)

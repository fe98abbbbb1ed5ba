"""Commitments: a customer promises to take so much; what goes beyond costs a factor; what is missing may be made up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.pricing.models import Part, Price, Rated, Usage
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, Currency, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """So much money, or so many units, in a period (or in each window of it)."""

    amount: Decimal | None = None
    quantity: Decimal | None = None
    """One of the two."""
    overage_factor: Decimal = Decimal(1)
    """What lies beyond costs so many times its price."""
    true_up: bool = False
    """Whether less use costs as much as the commitment."""

    def __post_init__(self) -> None:
        if (self.amount is None) == (self.quantity is None):
            raise Invalid("A commitment is to an amount or to a quantity.")
        if (self.amount or self.quantity or ZERO) < 0 or self.overage_factor < 0:
            raise Invalid("A commitment is not negative.")

    @exact
    def apply(self, price: Price, usage: Usage, rated: Rated, *, final: bool = True) -> Rated:
        """What `usage`, which costs `rated` at `price`, costs under the commitment. The true-up comes when the period is
        over (`final`)."""
        if self.amount is not None:
            committed = self.amount
        else:
            assert self.quantity is not None
            committed = price.rate(Usage(quantity=self.quantity)).amount
        beyond = rated.amount - committed
        over = beyond > 0 and (self.quantity is None or usage.quantity > self.quantity)
        missing = -beyond if self.true_up and final else ZERO
        return rated.plus(
            Part(key="overage", amount=beyond * (self.overage_factor - 1) if over else ZERO),
            Part(key="true-up", amount=max(missing, ZERO)),
        )

    def apply_windowed(self, price: Price, quantities: Iterable[Decimal]) -> list[Rated]:
        """The commitment held to in each window (an hour) by itself; the period costs the sum."""
        usages = [Usage(quantity=quantity) for quantity in quantities]
        return [self.apply(price, usage, price.rate(usage)) for usage in usages]


@exact
def plan_true_up(commitment: Decimal, billed: Decimal, share: Fraction, currency: Currency) -> Decimal:
    """What is missing to a plan's least spend in a period that was only partly there.

    `commitment` and `billed`, which are both of a whole period, are prorated by the same `share` and each rounded before
    they are subtracted, because both stand on the document; nothing is missing below zero.
    """
    asked, had = (currency.round(Fraction(amount) * share) for amount in (commitment, billed))
    return max(asked - had, currency.round(ZERO))

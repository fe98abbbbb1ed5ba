"""Percentage: a part of each amount that goes through, with a fixed part for each transaction."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from monokoto.earn.pricing.models.price import Part, Rated, Usage, check_numbers, priced
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentage:
    """`rate_percent` of the amounts, `fixed` for each transaction.

    The first transactions are free while they are at most `free_transactions` and their sum at most `free_amount` (where
    given; neither given: none is free). Of a transaction that `free_amount` ends in, the rest is charged like any other.
    """

    by_quantity: ClassVar[bool] = False
    rate_percent: Decimal
    fixed: Decimal = ZERO
    free_transactions: int | None = None
    free_amount: Decimal | None = None
    minimum: Decimal | None = None
    """Least charge for one transaction that is not wholly free, fixed part included."""
    maximum: Decimal | None = None

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise Invalid("The least charge is above the greatest.")

    @exact
    def rate(self, usage: Usage) -> Rated:
        """The sum over the transactions in order; each of them must be told."""
        if sum(usage.transactions, ZERO) != usage.quantity:
            raise Invalid("A percentage of transactions needs each of them.", remedy="Say each amount: `transactions`.")
        share, fixed, bounds, charged = ZERO, ZERO, ZERO, 0
        free = self._free_amount()
        for number, amount in enumerate(usage.transactions, 1):
            if amount < 0:
                raise Invalid(
                    "A transaction is not negative.", remedy="Take back the transaction itself: a correction."
                )
            gift = ZERO
            if self.free_transactions is None or number <= self.free_transactions:
                gift = amount if free is None else min(amount, free)
                free = None if free is None else free - gift
            if gift == amount and (amount or self._is_free(number)):
                continue
            part = (amount - gift) * self.rate_percent.scaleb(-2)
            share, fixed, charged = share + part, fixed + self.fixed, charged + 1
            bounds += self._bounded(part + self.fixed) - part - self.fixed
        return Rated().plus(
            Part(key="percentage", quantity=usage.quantity, price=self.rate_percent.scaleb(-2), amount=share),
            Part(key="fixed", quantity=Decimal(charged) if self.fixed else ZERO, price=self.fixed, amount=fixed),
            Part(key="bounds", amount=bounds),
        )

    def _free_amount(self) -> Decimal | None:
        """What may be free in sum; None: no bound but the number of transactions."""
        if self.free_amount is None and self.free_transactions is None:
            return ZERO
        return self.free_amount

    def _is_free(self, number: int) -> bool:
        return self.free_transactions is not None and number <= self.free_transactions

    def _bounded(self, charge: Decimal) -> Decimal:
        above = charge if self.minimum is None else max(charge, self.minimum)
        return above if self.maximum is None else min(above, self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatPercentage:
    """`rate_percent` of the whole amount; what was paid in single transactions does not matter."""

    by_quantity: ClassVar[bool] = True
    rate_percent: Decimal

    def __post_init__(self) -> None:
        check_numbers(self)

    @exact
    def rate(self, usage: Usage) -> Rated:
        """The part of the amount."""
        return Rated().plus(priced("percentage", max(usage.quantity, ZERO), self.rate_percent.scaleb(-2)))

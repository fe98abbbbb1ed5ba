"""Credits that pay: prepaid money put against lines or a charge, and credit notes for documents already sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate

from monokoto.earn.pricing.delta import differences_of
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, Currency, exact


@exact
def put_on_lines(lines: Sequence[Decimal], offered: Sequence[Decimal]) -> list[Decimal]:
    """What is left to pay of each line when the credits, one after the other, pay the lines from the first on. Negative
    lines are not touched."""
    if any(credit < 0 for credit in offered):
        raise Invalid("A credit is not negative.")
    purse, left = sum(offered, ZERO), []
    for line in lines:
        used = min(purse, max(line, ZERO))
        purse -= used
        left.append(line - used)
    return left


class Settlement(StrEnum):
    """What a charge beyond the balance does."""

    CREDIT_THEN_INVOICE = "credit_then_invoice"
    """The rest is invoiced."""
    CREDIT_ONLY = "credit_only"
    """It does not happen: pay first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a charge was met."""

    consumed: Decimal
    invoiced: Decimal
    blocked: bool = False


@exact
def settle(mode: Settlement, charge: Decimal, balance: Decimal) -> Settled:
    """Meet a charge from a balance. A blocked charge takes nothing."""
    if charge < 0:
        raise Invalid("A charge is not negative.")
    usable = max(balance, ZERO)
    if mode is Settlement.CREDIT_ONLY and usable < charge:
        return Settled(consumed=ZERO, invoiced=ZERO, blocked=True)
    consumed = min(charge, usable)
    return Settled(consumed=consumed, invoiced=charge - consumed)


@exact
def credit_notes(nets: Sequence[Decimal], tax_percent: Decimal, currency: Currency) -> list[Decimal]:
    """Gross amounts of credit notes that give `nets` back one after the other.

    Each brings what is given back so far to the rounded gross of it, so that they add up to what one note for everything
    would give: a document is never given back for a cent more than it charged.
    """
    factor = 1 + tax_percent.scaleb(-2)
    return differences_of([net * factor for net in accumulate(nets)], currency)

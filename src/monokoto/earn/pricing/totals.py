"""The totals of an invoice, in the order that decides: fees - coupons, tax, credit notes, prepaid credits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from monokoto.earn.pricing.coupons import Coupon, coupon_lines
from monokoto.earn.pricing.taxes import Taxable, TaxRounding, tax_total
from monokoto.kernel.money import ZERO, Currency, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """A payable line before coupons and tax."""

    amount: Decimal
    tax_percent: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceTotals:
    """What an invoice comes to."""

    coupons: tuple[tuple[Decimal, ...], ...]
    """For each coupon what it takes off each fee."""
    subtotal: Decimal
    """Fees less coupons."""
    tax: Decimal
    total: Decimal
    credit_notes: Decimal
    """Used of what was offered: no more than is due."""
    prepaid: Decimal
    due: Decimal


@exact
def invoice_totals(
    fees: Sequence[Fee],
    currency: Currency,
    *,
    coupons: Sequence[Coupon] = (),
    credit_notes: Decimal = ZERO,
    prepaid: Decimal = ZERO,
    tax_rounding: TaxRounding = TaxRounding.PER_RATE,
) -> InvoiceTotals:
    """Add an invoice up. Coupons lessen the tax; credit notes and prepaid credits are money and pay tax, too.

    Raises Invalid when a fee has more digits than its currency: fees are rounded where they are booked (`delta.py`).
    """
    taken = coupon_lines([fee.amount for fee in fees], coupons, currency)
    nets = [fee.amount - sum((one[index] for one in taken), ZERO) for index, fee in enumerate(fees)]
    lines = [Taxable(amount=net, rate_percent=fee.tax_percent) for net, fee in zip(nets, fees, strict=True)]
    subtotal, tax = sum(nets, ZERO), tax_total(lines, currency, tax_rounding)
    total = subtotal + tax
    noted = min(max(total, ZERO), credit_notes)
    paid = min(max(total - noted, ZERO), prepaid)
    return InvoiceTotals(
        coupons=tuple(tuple(one) for one in taken),
        subtotal=subtotal,
        tax=tax,
        total=total,
        credit_notes=noted,
        prepaid=paid,
        due=total - noted - paid,
    )

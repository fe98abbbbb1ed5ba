"""What a period of a plan would cost: line by line, part by part. Pure; the same arithmetic that bills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.plans.measure import size_of
from monokoto.earn.plans.plan import OneTimeFee, Per, Plan, RecurringFee, Title, UsageCharge
from monokoto.earn.pricing import NOTHING, Rated, Usage, lines_of, plan_true_up, total_of
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import ZERO, Currency, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPart:
    """One reason for a line's money: a tier, a package, a minimum."""

    key: str
    quantity: Decimal
    price: Decimal
    """For one; 0 where the amount is no product."""
    exact: Decimal
    """Before rounding."""
    amount: Decimal
    """Payable; the parts add up to the line."""
    size: Decimal | None = None
    """How many of the meter's units `quantity` counts by; None: it counts something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """What one charge comes to."""

    charge: str
    kind: str
    """usage, fee, one-time or minimum."""
    title: Title
    meter: str = ""
    quantity: Decimal
    amount: Decimal
    parts: tuple[PreviewPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A whole period, before coupons and tax."""

    currency: Currency
    lines: tuple[PreviewLine, ...]
    total: Decimal


@exact
def preview(plan: Plan, quantities: Mapping[str, Usage], *, units: int = 1, first: bool = False) -> Preview:
    """The lines of a period that is over and was there from its beginning to its end.

    Args:
        plan: Any version.
        quantities: What was used, by meter; a meter that is not named was not used.
        units: How many units the subscription has: fees may be for each.
        first: Whether it is the first period, in which fees that come once or in a rhythm of their own are due, too.

    Raises:
        Invalid: a meter is named that the plan does not charge for, or its usage does not suit the charge model.
    """
    meters = {one.meter for one in plan.usage_charges}
    unknown = [
        Fault(place=f"quantities/{name}", reason="is no meter of this plan")
        for name in quantities
        if name not in meters
    ]
    if unknown:
        raise Invalid("The plan does not charge for all of that.", faults=unknown)
    lines = [_usage(one, quantities.get(one.meter, NOTHING), plan.currency) for one in plan.usage_charges]
    lines += [_fee(one, "fee", units, plan.currency) for one in plan.fees if first or _in_every_period(plan, one)]
    lines += _minimum(plan, lines)
    if first:
        once = (one for one in plan.charges if isinstance(one, OneTimeFee))
        lines += [_fee(one, "one-time", units, plan.currency) for one in once]
    return Preview(currency=plan.currency, lines=tuple(lines), total=_total(lines))


def _in_every_period(plan: Plan, fee: RecurringFee) -> bool:
    return (fee.every, fee.count) == (plan.every, plan.count)


def _usage(charge: UsageCharge, usage: Usage, currency: Currency) -> PreviewLine:
    rated: Rated = charge.tariff.rate(usage, final=True)
    payable = lines_of(rated, currency)
    parts = tuple(
        PreviewPart(
            key=part.key, quantity=part.quantity, price=part.price, exact=part.amount, amount=line.amount,
            size=size_of(charge, part.key),
        )
        for part, line in zip(rated.parts, payable, strict=True)
    )  # fmt: skip
    return PreviewLine(
        charge=charge.name, kind="usage", title=charge.title, meter=charge.meter, quantity=usage.quantity,
        amount=currency.round(total_of(payable)), parts=parts,
    )  # fmt: skip


def _fee(charge: RecurringFee | OneTimeFee, kind: str, units: int, currency: Currency) -> PreviewLine:
    quantity = Decimal(units if charge.per is Per.UNIT else 1)
    amount = currency.round(charge.fee * quantity)
    part = PreviewPart(key="fee", quantity=quantity, price=charge.fee, exact=charge.fee * quantity, amount=amount)
    return PreviewLine(
        charge=charge.name, kind=kind, title=charge.title, quantity=quantity, amount=amount, parts=(part,)
    )


def _minimum(plan: Plan, lines: Iterable[PreviewLine]) -> list[PreviewLine]:
    if plan.minimum is None:
        return []
    missing = plan_true_up(plan.minimum, _total(lines), Fraction(1), plan.currency)
    if not missing:
        return []
    return [PreviewLine(charge="", kind="minimum", title={}, quantity=ZERO, amount=missing)]


def _total(lines: Iterable[PreviewLine]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)

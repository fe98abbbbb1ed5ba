"""What the lines of an invoice are called, in the customer's language, and how each came about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from monokoto.earn.billing.booking import Entry
from monokoto.earn.billing.due import Due
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import InvoiceLine, LineKind
from monokoto.earn.plans import Charge, UsageCharge, counted_in, titled
from monokoto.kernel.ids import SubscriptionId, format_id
from monokoto.kernel.limits import TITLE_LENGTH_MAX
from monokoto.kernel.money import ZERO, plain

_WORDS: Mapping[str, tuple[str, str]] = {
    "minimum": ("Minimum of the plan {plan}", "{plan} 요금제 최저 이용료"),
    "availability": ("Credit: {promise} {percent} %", "{promise} {percent} % 보상"),
    "promise": ("availability", "가용성"),
    "coupon": ("{coupon}: {charge}", "{coupon}: {charge}"),
    "correction": ("Correction: {title}", "정정: {title}"),
    "dropped": ("Taken back", "취소"),
}
_PARTS: Mapping[str, tuple[str, str]] = {
    "tier": ("tier {number}", "{number}구간"),
    "tier-flat": ("tier {number}, flat fee", "{number}구간 기본료"),
    "step": ("step {number}", "{number}단계"),
    "fixed": ("per transaction", "건당 요금"),
    "bounds": ("least and most of a transaction", "건별 최저·최고액"),
    "overage": ("beyond what was promised", "약정 초과"),
    "true-up": ("made up to what was promised", "약정 부족분"),
    "minimum-spend": ("made up to the minimum", "최저액 부족분"),
    "maximum-spend": ("above the maximum", "최고액 초과 감면"),
}
_SILENT = frozenset({"units", "packages", "percentage", "passed-on", ""})
"""Parts of a price that is but one thing."""
_LANGUAGES = ("en", "ko")


def invoice_line(
    entry: Entry,
    *,
    language: str,
    units: Mapping[str, str],
    subscription_id: SubscriptionId,
    product: str,
    span: Span | None,
    rest: bool = False,
    late: bool = False,
) -> InvoiceLine:
    """The line an entry becomes.

    Args:
        entry: What is added.
        language: The customer's.
        units: By meter what it counts in, for the line's unit.
        subscription_id: Named in the explanation.
        product: Whose revenue it is.
        span: What it is for.
        rest: Whether it goes on where an invoice within the period left off; less than that is a correction all the same.
        late: Whether it is of a time that was billed before, when nothing of it was known: a correction too.
    """
    due = entry.due
    explanation = {"subscription": format_id(subscription_id), "before": f"{entry.before:f}"}
    if due is None:
        return InvoiceLine(
            key=entry.key, kind=LineKind.CREDIT, title=_word("dropped", language), amount=entry.amount, product=product,
            span=span, explanation=explanation,
        )  # fmt: skip
    title = _title(due, language)
    if late or (entry.corrects and not (rest and entry.amount > ZERO)):
        title = _word("correction", language).format(title=title)
    charge = due.stretch.plan.charge(due.charge)
    meter = charge.meter if isinstance(charge, UsageCharge) else ""
    return InvoiceLine(
        key=entry.key, kind=due.kind, title=title[:TITLE_LENGTH_MAX], amount=entry.amount,
        quantity=_quantity(entry, due), unit=_unit(due, charge, units), price=_price(entry, due),
        span=span, meter=f"{product}/{meter}" if meter else "", product=product,
        explanation={
            **due.explanation, **explanation, "plan": due.stretch.plan.name, "version": due.stretch.plan.version,
            "charge": due.charge, "part": due.part,
        },
    )  # fmt: skip


def _unit(due: Due, charge: Charge | None, units: Mapping[str, str]) -> str:
    return counted_in(charge, due.part, units.get(charge.meter, "")) if isinstance(charge, UsageCharge) else ""


def _quantity(entry: Entry, due: Due) -> Decimal | None:
    if due.kind in {LineKind.MINIMUM, LineKind.CREDIT, LineKind.DISCOUNT} or entry.quantity == ZERO:
        return None
    return plain(entry.quantity)


def _price(entry: Entry, due: Due) -> Decimal | None:
    """The price of one, where quantity and price come to the amount."""
    price = due.price
    return (
        price if price is not None and due.stretch.plan.currency.round(entry.quantity * price) == entry.amount else None
    )


def _title(due: Due, language: str) -> str:
    plan = due.stretch.plan
    charge = plan.charge(due.charge)
    name = titled(charge.title, language) or due.charge if charge is not None else due.charge
    if due.kind is LineKind.MINIMUM:
        return _word("minimum", language).format(plan=plan.titled(language))
    if due.kind is LineKind.CREDIT:
        percent = due.explanation.get("availability_percent", "")
        title = next((one.title for one in plan.outcome if one.name == due.charge), {})
        promise = titled(title, language) or _word("promise", language)
        return _word("availability", language).format(percent=percent, promise=promise)
    if due.kind is LineKind.DISCOUNT:
        return _word("coupon", language).format(coupon=due.part, charge=name)
    part = _part(due.part, language) if due.kind is LineKind.USAGE else ""
    return f"{name} ({part})" if part else name


def _part(part: str, language: str) -> str:
    """A part of a price in words: its group, then its tier."""
    *groups, kind = part.split("/")
    found = re.fullmatch(r"(tier|step)-(\d+)(-flat)?", kind)
    if found:
        said = _in(_PARTS[found[1] + (found[3] or "")], language).format(number=found[2])
    else:
        said = "" if kind in _SILENT else _in(_PARTS[kind], language) if kind in _PARTS else kind
    return ", ".join(text for text in (*groups, said) if text)


def _word(name: str, language: str) -> str:
    return _in(_WORDS[name], language)


def _in(texts: tuple[str, str], language: str) -> str:
    return texts[_LANGUAGES.index(language) if language in _LANGUAGES else 0]

"""What a document comes to: lines with their tax, by EN 16931 where its two digits suffice, by the same rules elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from monokoto.earn.calendar import Span
from monokoto.earn.invoices.line import InvoiceLine, LineKind
from monokoto.earn.invoices.party import Buyer, Issuer
from monokoto.earn.invoices.tax import NEEDS_BUYER_VAT_ID, Category, TaxRule, rule_for
from monokoto.earn.pricing import Coupon, ElectronicLine, TaxSubtotal, coupon_lines, electronic_totals, tax_on
from monokoto.kernel.errors import Fault
from monokoto.kernel.money import ZERO, Currency, exact

_ELECTRONIC_DIGITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxedLine:
    """A line and the rule its tax follows."""

    line: InvoiceLine
    category: Category
    rate_percent: Decimal
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Of a document."""

    net: Decimal
    tax: Decimal
    gross: Decimal
    subtotals: tuple[TaxSubtotal, ...]
    """By category and rate."""


def taxed_lines(
    lines: Sequence[InvoiceLine],
    rules: Sequence[TaxRule],
    *,
    issuer: Issuer,
    buyer: Buyer,
    period: Span,
    issued_at: int,
    faults: list[Fault],
) -> list[TaxedLine]:
    """The lines that are sold (wallets are none) with their tax; what cannot be taxed goes to `faults`.

    A supply is taxed by the rules of its end; one that ends after the document (a fee in advance) by those of the document.
    """
    found = []
    for number, line in enumerate(lines):
        if line.kind is LineKind.WALLET:
            continue
        span = line.span or period
        rule = rule_for(rules, line.tax_category, buyer, min(span.end - 1, issued_at))
        if rule is None:
            where = buyer.country or "an unknown country"
            kind = "business" if buyer.is_business else "consumer"
            reason = f"no tax rule for {line.tax_category!r} to a {kind} in {where}"
            faults.append(Fault(place=f"lines/{number}/tax_category", reason=reason))
            continue
        found.append(TaxedLine(line=line, category=rule.category, rate_percent=rule.rate_percent, reason=rule.reason))
    faults += _document_faults(found, issuer, buyer)
    return found


def _document_faults(lines: Sequence[TaxedLine], issuer: Issuer, buyer: Buyer) -> Iterator[Fault]:
    categories = {line.category for line in lines}
    if categories & NEEDS_BUYER_VAT_ID and not (issuer.vat_id and buyer.is_business):
        yield Fault(place="buyer/vat_id", reason="reverse charge needs the VAT numbers of both sides")
    if categories & {Category.STANDARD, Category.ZERO_RATED, Category.EXEMPT} and not (
        issuer.vat_id or issuer.registration
    ):
        yield Fault(place="seller/vat_id", reason="a seller who charges VAT has a number (BR-S-02)")
    if Category.OUTSIDE in categories and len(categories) > 1:
        yield Fault(place="lines", reason="what is outside the scope of VAT stands on a document of its own (BR-O-11)")


@exact
def totals_of(lines: Sequence[TaxedLine], currency: Currency) -> Totals:
    """Add them up; a tax is rounded once for each category and rate. No lines: nothing."""
    if not lines:
        zero = currency.round(ZERO)
        return Totals(net=zero, tax=zero, gross=zero, subtotals=())
    if currency.digits <= _ELECTRONIC_DIGITS:
        rows = [
            ElectronicLine(net=one.line.amount, category=one.category.value, rate_percent=one.rate_percent)
            for one in lines
        ]
        found = electronic_totals(rows, (), currency)
        return Totals(
            net=found.tax_exclusive, tax=found.tax_total, gross=found.tax_inclusive, subtotals=found.subtotals
        )
    return _with_more_digits(lines, currency)


def _with_more_digits(lines: Sequence[TaxedLine], currency: Currency) -> Totals:
    """The same sums where EN 16931 has no place for the digits (dinars)."""
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for one in lines:
        key = (one.category.value, one.rate_percent)
        bases[key] = bases.get(key, ZERO) + one.line.amount
    subtotals = tuple(
        TaxSubtotal(category=category, rate_percent=rate, taxable=base, tax=tax_on(base, rate, currency))
        for (category, rate), base in sorted(bases.items())
    )
    net = sum((one.taxable for one in subtotals), ZERO)
    tax = sum((one.tax for one in subtotals), ZERO)
    return Totals(net=net, tax=tax, gross=net + tax, subtotals=subtotals)


@exact
def discount_lines(
    lines: Sequence[InvoiceLine], coupons: Sequence[tuple[str, str, Coupon]], currency: Currency
) -> list[InvoiceLine]:
    """The lines that coupons (name, title, coupon) add: for each coupon and line what it takes off, taxed as that line.

    A coupon is rounded once; its parts add up to that (largest remainder).
    """
    taken = coupon_lines([line.amount for line in lines], [coupon for _, _, coupon in coupons], currency)
    return [
        InvoiceLine(
            key=f"discount:{name}:{line.key}",
            kind=LineKind.DISCOUNT,
            title=title,
            amount=-part,
            tax_category=line.tax_category,
            span=line.span,
            meter=line.meter,
            unit_id=line.unit_id,
            product=line.product,
            explanation={"coupon": name, "of": line.key},
        )
        for (name, title, _), parts in zip(coupons, taken, strict=True)
        for line, part in zip(lines, parts, strict=True)
        if part
    ]

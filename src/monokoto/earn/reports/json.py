"""What the routes of reports take and give, as JSON. Amounts are texts with the digits of their currency."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

import msgspec
from msgspec import Meta

from monokoto.earn.pricing import currency
from monokoto.earn.reports.cohorts import Cohort, CohortCell
from monokoto.earn.reports.definitions import COHORTS, DEFERRED, RECURRING, REVENUE
from monokoto.earn.reports.hybrid import RevenueGroup, RevenueMonth
from monokoto.earn.reports.months import Months, month_text
from monokoto.earn.reports.movements import Lifetime, Movement, RecurringMonth
from monokoto.earn.reports.service import CohortReport, CustomerMonth, DeferredReport, RecurringReport, RevenueReport
from monokoto.earn.reports.store import KeptSale, RevenueDocument
from monokoto.kernel.clock import Instant, format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import PRODUCT_SALES_MAX
from monokoto.kernel.money import rounded

Amount = Annotated[str, Meta(description="An exact decimal")]
Percent = Annotated[str | None, Meta(description="With two digits; null: there is nothing to compare with")]


class LifetimeJson(msgspec.Struct, frozen=True):
    """What a customer is worth, if all goes on as in the months that are over."""

    currency: str
    months: Annotated[int, Meta(description="That are over, looked at")]
    services_per_customer: Annotated[str | None, Meta(description="In a month")]
    logo_churn_percent: Percent
    lifetime_value: Annotated[str | None, Meta(description="null: nobody left")]


class RecurringMonthJson(msgspec.Struct, frozen=True):
    """One month in one currency; `definitions` says what each figure means."""

    currency: str
    month: Annotated[str, Meta(description="Such as 2026-05")]
    is_over: bool
    opening: Annotated[str, Meta(description="MRR at the end of the month before")]
    new: Amount
    expansion: Amount
    contraction: Amount
    churn: Amount
    reactivation: Amount
    mrr: Amount
    customers_before: int
    customers_new: int
    customers_back: int
    customers_lost: int
    customers: int
    units: int
    services: Amount
    logo_churn_percent: Percent
    revenue_churn_percent: Percent
    net_retention_percent: Percent
    mrr_per_customer: str | None
    services_per_customer: str | None
    services_per_unit: str | None


class RecurringReportJson(msgspec.Struct, frozen=True):
    """Monthly recurring revenue: how it moved, who stays and leaves."""

    first: str
    last: str
    timezone: Annotated[str, Meta(description="The seller's, whose months these are")]
    items: Annotated[list[RecurringMonthJson], Meta(description="By currency and month")]
    lifetimes: list[LifetimeJson]
    definitions: Mapping[str, str]


class RevenueMonthJson(msgspec.Struct, frozen=True):
    """One month in one currency; `definitions` says what each figure means."""

    currency: str
    month: str
    is_over: bool
    recurring: Amount
    usage: Amount
    other: Amount
    one_time: Amount
    sold: Amount
    sold_units: int
    services: Amount
    products: Amount
    total: Amount
    services_percent: Percent


class RevenueGroupJson(msgspec.Struct, frozen=True):
    """A part of a month's revenue."""

    currency: str
    month: str
    group: Annotated[str, Meta(description="The product, plan or meter; empty: none is named")]
    kind: Annotated[str, Meta(description="recurring, usage, one-time, other, or sold: products sold elsewhere")]
    amount: Amount


class RevenueReportJson(msgspec.Struct, frozen=True):
    """What was charged and sold, and the share of services in it."""

    first: str
    last: str
    timezone: str
    items: Annotated[list[RevenueMonthJson], Meta(description="By currency and month")]
    groups: Annotated[list[RevenueGroupJson], Meta(description="Only where `by` asks for them")]
    definitions: Mapping[str, str]


class DeferredMonthJson(msgspec.Struct, frozen=True):
    """One month in one currency; `definitions` says what each figure means."""

    currency: str
    month: str
    is_over: bool
    opening: Amount
    charged: Amount
    put_by: Amount
    released: Amount
    recognised: Amount
    closing: Amount


class DeferredToComeJson(msgspec.Struct, frozen=True):
    """What is earned later."""

    currency: str
    month: str
    amount: Amount


class DeferredReportJson(msgspec.Struct, frozen=True):
    """What was charged ahead, and when it is earned. What is put by and not released yet is the closing of the last month."""

    first: str
    last: str
    timezone: str
    items: Annotated[list[DeferredMonthJson], Meta(description="By currency and month")]
    to_come: Annotated[list[DeferredToComeJson], Meta(description="When the last closing is earned")]
    definitions: Mapping[str, str]


class CohortCellJson(msgspec.Struct, frozen=True):
    """One month of a cohort."""

    month: str
    since: Annotated[int | None, Meta(description="Months after the cohort's own; null: it came before the report")]
    customers: int
    mrr: Amount
    services: Amount
    customers_percent: Percent
    mrr_percent: Percent


class CohortJson(msgspec.Struct, frozen=True):
    """Customers who came in the same month."""

    currency: str
    cohort: Annotated[str | None, Meta(description="null: all who came before the first month of the report")]
    size: int
    months: list[CohortCellJson]


class CohortReportJson(msgspec.Struct, frozen=True):
    """Customers by the month they came in, and what is left of them. Each month's cells come to that month's totals."""

    first: str
    last: str
    timezone: str
    items: list[CohortJson]
    definitions: Mapping[str, str]


class ReportedSubscriptionJson(msgspec.Struct, frozen=True):
    """A subscription behind a figure."""

    subscription: str
    before: Amount
    after: Amount


class ReportedCustomerJson(msgspec.Struct, frozen=True):
    """A customer behind a month's figures: MRR at the end of the month before and of the month."""

    customer: str
    before: Amount
    after: Amount
    movement: Annotated[Movement | None, Meta(description="null: no MRR before and none after")]
    paying_before: Annotated[int, Meta(description="Subscriptions that were paid for")]
    paying: int
    cohort: str | None
    subscriptions: list[ReportedSubscriptionJson]


class RevenueDocumentJson(msgspec.Struct, frozen=True):
    """A document behind a month's revenue."""

    number: str
    kind: Annotated[str, Meta(description="invoice or credit-note")]
    invoice: Annotated[str, Meta(description="The invoice it is, or gives back of")]
    customer: str
    issued_at: str
    amount: Annotated[str, Meta(description="Its part in what was asked for; below zero on a credit note")]


class ProductSaleJson(msgspec.Struct, frozen=True):
    """Products sold elsewhere."""

    id: str
    key: str
    date: str
    product: str
    units: int
    currency: str
    amount: Amount
    recorded_at: str


class NewProductSaleJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many of a product sold on a day. Below zero: they came back."""

    key: Annotated[str, Meta(description="Names it: the same key twice is one sale")]
    date: Annotated[str, Meta(description="Of the seller's calendar, such as 2026-05-31")]
    product: str
    units: int
    currency: Annotated[str, Meta(description="ISO 4217, such as EUR")]
    amount: Annotated[str, Meta(description="Without tax, an exact decimal")]


class TellProductSalesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them are taken, or none."""

    sales: Annotated[list[NewProductSaleJson], Meta(max_length=PRODUCT_SALES_MAX)]


class SaleResult(StrEnum):
    """What became of a sale that was told."""

    ADDED = "added"
    KNOWN = "known"


class ToldProductSalesJson(msgspec.Struct, frozen=True):
    """What became of them."""

    added: int
    known: Annotated[int, Meta(description="Told before, just so")]
    results: Annotated[list[SaleResult], Meta(description="Of each of them, in their order")]


def _amount(code: str, smallest: int) -> str:
    return f"{currency(code).of_smallest(smallest):f}"


def _part(code: str, smallest: Fraction | None) -> str | None:
    """A part of an amount, rounded to what can be paid."""
    if smallest is None:
        return None
    found = currency(code)
    return f"{found.round(smallest / 10**found.digits):f}"


def percent(part: Fraction | None) -> str | None:
    """With two digits, a half away from zero."""
    return None if part is None else f"{rounded(part * 100, 2):f}"


def _span(months: Months) -> dict[str, str]:
    return {"first": month_text(months.first), "last": month_text(months.last), "timezone": months.timezone}


def recurring_to_json(found: RecurringReport) -> RecurringReportJson:
    """As the API shows it."""
    return RecurringReportJson(
        **_span(found.months),
        items=[_recurring_month(row) for row in found.rows],
        lifetimes=[_lifetime(one) for one in found.lifetimes],
        definitions=RECURRING,
    )


_MOVED = ("opening", "new", "expansion", "contraction", "churn", "reactivation", "mrr", "services")


def _recurring_month(row: RecurringMonth) -> RecurringMonthJson:
    code = row.currency
    return RecurringMonthJson(
        currency=code,
        month=month_text(row.month),
        is_over=row.is_over,
        **{name: _amount(code, getattr(row, name)) for name in _MOVED},
        customers_before=row.customers_before,
        customers_new=row.customers_new,
        customers_back=row.customers_back,
        customers_lost=row.customers_lost,
        customers=row.customers,
        units=row.units,
        logo_churn_percent=percent(row.logo_churn),
        revenue_churn_percent=percent(row.revenue_churn),
        net_retention_percent=percent(row.net_retention),
        mrr_per_customer=_part(code, row.per_customer(row.mrr)),
        services_per_customer=_part(code, row.per_customer(row.services)),
        services_per_unit=_part(code, row.per_unit(row.services)),
    )


def _lifetime(one: Lifetime) -> LifetimeJson:
    return LifetimeJson(
        currency=one.currency,
        months=one.months,
        services_per_customer=_part(one.currency, one.services_per_customer),
        logo_churn_percent=percent(one.logo_churn),
        lifetime_value=_part(one.currency, one.value),
    )


def revenue_to_json(found: RevenueReport) -> RevenueReportJson:
    """As the API shows it."""
    return RevenueReportJson(
        **_span(found.months),
        items=[_revenue_month(row) for row in found.rows],
        groups=[_group(one) for one in found.groups],
        definitions=REVENUE,
    )


_CHARGED = ("recurring", "usage", "other", "one_time", "sold", "services", "products", "total")


def _revenue_month(row: RevenueMonth) -> RevenueMonthJson:
    return RevenueMonthJson(
        currency=row.currency,
        month=month_text(row.month),
        is_over=row.is_over,
        **{name: _amount(row.currency, getattr(row, name)) for name in _CHARGED},
        sold_units=row.sold_units,
        services_percent=percent(row.services_share),
    )


def _group(one: RevenueGroup) -> RevenueGroupJson:
    kind = "sold" if one.kind is None else one.kind.value
    return RevenueGroupJson(one.currency, month_text(one.month), one.group, kind, _amount(one.currency, one.amount))


_DEFERRED = ("opening", "charged", "put_by", "released", "recognised", "closing")


def deferred_to_json(found: DeferredReport) -> DeferredReportJson:
    """As the API shows it."""
    return DeferredReportJson(
        **_span(found.months),
        items=[
            DeferredMonthJson(
                currency=row.currency,
                month=month_text(row.month),
                is_over=row.is_over,
                **{name: _amount(row.currency, getattr(row, name)) for name in _DEFERRED},
            )
            for row in found.rows
        ],
        to_come=[
            DeferredToComeJson(one.currency, month_text(one.month), _amount(one.currency, one.amount))
            for one in found.to_come
        ],
        definitions=DEFERRED,
    )


def cohorts_to_json(found: CohortReport) -> CohortReportJson:
    """As the API shows it."""
    return CohortReportJson(
        **_span(found.months), items=[_cohort(row) for row in found.rows], definitions=COHORTS
    )  # fmt: skip


def _cohort(row: Cohort) -> CohortJson:
    return CohortJson(
        currency=row.currency,
        cohort=None if row.month is None else month_text(row.month),
        size=row.size,
        months=[_cell(row, cell) for cell in row.cells],
    )


def _cell(row: Cohort, cell: CohortCell) -> CohortCellJson:
    began = row.cells[0].mrr if row.month is not None else 0
    return CohortCellJson(
        month=month_text(cell.month),
        since=None if row.month is None else cell.month - row.month,
        customers=cell.customers,
        mrr=_amount(row.currency, cell.mrr),
        services=_amount(row.currency, cell.services),
        customers_percent=percent(Fraction(cell.customers, row.size)),
        mrr_percent=percent(Fraction(cell.mrr, began) if began else None),
    )


def customer_to_json(one: CustomerMonth, code: str) -> ReportedCustomerJson:
    """As the API shows it."""
    return ReportedCustomerJson(
        customer=format_id(one.customer_id),
        before=_amount(code, one.before),
        after=_amount(code, one.after),
        movement=one.movement,
        paying_before=one.paying_before,
        paying=one.paying,
        cohort=None if one.cohort is None else month_text(one.cohort),
        subscriptions=[
            ReportedSubscriptionJson(format_id(key), _amount(code, before), _amount(code, after))
            for key, (before, after) in one.subscriptions.items()
        ],
    )


def document_to_json(one: RevenueDocument, code: str) -> RevenueDocumentJson:
    """As the API shows it."""
    return RevenueDocumentJson(
        number=one.label,
        kind=one.kind,
        invoice=format_id(one.invoice_id),
        customer=format_id(one.customer_id),
        issued_at=format_instant(Instant(one.issued_at)),
        amount=_amount(code, one.amount),
    )


def sale_to_json(one: KeptSale) -> ProductSaleJson:
    """As the API shows it."""
    return ProductSaleJson(
        id=format_id(one.id),
        key=one.key,
        date=one.day.isoformat(),
        product=one.product,
        units=one.units,
        currency=one.currency,
        amount=_amount(one.currency, one.amount),
        recorded_at=format_instant(Instant(one.recorded_at)),
    )

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.reports`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class By(StrEnum):
    """What revenue is cut by."""

    PRODUCT = "product"
    PLAN = "plan"
    METER = "meter"


class Cohort(Struct, frozen=True, kw_only=True):
    """Customers who came in the same month."""

    currency: str
    cohort: str | None
    """null: all who came before the first month of the report"""
    size: int
    months: list[CohortCell]


class CohortCell(Struct, frozen=True, kw_only=True):
    """One month of a cohort."""

    month: str
    since: int | None
    """Months after the cohort's own; null: it came before the report"""
    customers: int
    mrr: str
    """An exact decimal"""
    services: str
    """An exact decimal"""
    customers_percent: str | None
    """With two digits; null: there is nothing to compare with"""
    mrr_percent: str | None
    """With two digits; null: there is nothing to compare with"""


class CohortReport(Struct, frozen=True, kw_only=True):
    """Customers by the month they came in, and what is left of them. Each month's cells come to that month's totals."""

    first: str
    last: str
    timezone: str
    items: list[Cohort]
    definitions: dict[str, str]


class DeferredMonth(Struct, frozen=True, kw_only=True):
    """One month in one currency; `definitions` says what each figure means."""

    currency: str
    month: str
    is_over: bool
    opening: str
    """An exact decimal"""
    charged: str
    """An exact decimal"""
    put_by: str
    """An exact decimal"""
    released: str
    """An exact decimal"""
    recognised: str
    """An exact decimal"""
    closing: str
    """An exact decimal"""


class DeferredReport(Struct, frozen=True, kw_only=True):
    """What was charged ahead, and when it is earned. What is put by and not released yet is the closing of the last
    month.
    """

    first: str
    last: str
    timezone: str
    items: list[DeferredMonth]
    """By currency and month"""
    to_come: list[DeferredToCome]
    """When the last closing is earned"""
    definitions: dict[str, str]


class DeferredToCome(Struct, frozen=True, kw_only=True):
    """What is earned later."""

    currency: str
    month: str
    amount: str
    """An exact decimal"""


class Lifetime(Struct, frozen=True, kw_only=True):
    """What a customer is worth, if all goes on as in the months that are over."""

    currency: str
    months: int
    """That are over, looked at"""
    services_per_customer: str | None
    """In a month"""
    logo_churn_percent: str | None
    """With two digits; null: there is nothing to compare with"""
    lifetime_value: str | None
    """null: nobody left"""


class Movement(StrEnum):
    """What became of a customer's recurring revenue in a month."""

    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"
    UNCHANGED = "unchanged"


class NewProductSale(Struct, frozen=True, kw_only=True):
    """So many of a product sold on a day. Below zero: they came back."""

    key: str
    """Names it: the same key twice is one sale"""
    date: str
    """Of the seller's calendar, such as 2026-05-31"""
    product: str
    units: int
    currency: str
    """ISO 4217, such as EUR"""
    amount: str
    """Without tax, an exact decimal"""


class ProductSale(Struct, frozen=True, kw_only=True):
    """Products sold elsewhere."""

    id: str
    key: str
    date: str
    product: str
    units: int
    currency: str
    amount: str
    """An exact decimal"""
    recorded_at: str


class ProductSalePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[ProductSale]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class RecurringMonth(Struct, frozen=True, kw_only=True):
    """One month in one currency; `definitions` says what each figure means."""

    currency: str
    month: str
    """Such as 2026-05"""
    is_over: bool
    opening: str
    """MRR at the end of the month before"""
    new: str
    """An exact decimal"""
    expansion: str
    """An exact decimal"""
    contraction: str
    """An exact decimal"""
    churn: str
    """An exact decimal"""
    reactivation: str
    """An exact decimal"""
    mrr: str
    """An exact decimal"""
    customers_before: int
    customers_new: int
    customers_back: int
    customers_lost: int
    customers: int
    units: int
    services: str
    """An exact decimal"""
    logo_churn_percent: str | None
    """With two digits; null: there is nothing to compare with"""
    revenue_churn_percent: str | None
    """With two digits; null: there is nothing to compare with"""
    net_retention_percent: str | None
    """With two digits; null: there is nothing to compare with"""
    mrr_per_customer: str | None
    services_per_customer: str | None
    services_per_unit: str | None


class RecurringReport(Struct, frozen=True, kw_only=True):
    """Monthly recurring revenue: how it moved, who stays and leaves."""

    first: str
    last: str
    timezone: str
    """The seller's, whose months these are"""
    items: list[RecurringMonth]
    """By currency and month"""
    lifetimes: list[Lifetime]
    definitions: dict[str, str]


class Report(StrEnum):
    """Which."""

    RECURRING = "recurring"
    REVENUE = "revenue"
    COHORTS = "cohorts"
    DEFERRED = "deferred"


class ReportedCustomer(Struct, frozen=True, kw_only=True):
    """A customer behind a month's figures: MRR at the end of the month before and of the month."""

    customer: str
    before: str
    """An exact decimal"""
    after: str
    """An exact decimal"""
    movement: Movement | None
    """null: no MRR before and none after"""
    paying_before: int
    """Subscriptions that were paid for"""
    paying: int
    cohort: str | None
    subscriptions: list[ReportedSubscription]


class ReportedCustomerPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[ReportedCustomer]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class ReportedSubscription(Struct, frozen=True, kw_only=True):
    """A subscription behind a figure."""

    subscription: str
    before: str
    """An exact decimal"""
    after: str
    """An exact decimal"""


class RevenueDocument(Struct, frozen=True, kw_only=True):
    """A document behind a month's revenue."""

    number: str
    kind: str
    """invoice or credit-note"""
    invoice: str
    """The invoice it is, or gives back of"""
    customer: str
    issued_at: str
    amount: str
    """Its part in what was asked for; below zero on a credit note"""


class RevenueDocumentPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[RevenueDocument]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class RevenueGroup(Struct, frozen=True, kw_only=True):
    """A part of a month's revenue."""

    currency: str
    month: str
    group: str
    """The product, plan or meter; empty: none is named"""
    kind: str
    """recurring, usage, one-time, other, or sold: products sold elsewhere"""
    amount: str
    """An exact decimal"""


class RevenueKind(StrEnum):
    """What was sold."""

    RECURRING = "recurring"
    USAGE = "usage"
    ONE_TIME = "one-time"
    OTHER = "other"


class RevenueMonth(Struct, frozen=True, kw_only=True):
    """One month in one currency; `definitions` says what each figure means."""

    currency: str
    month: str
    is_over: bool
    recurring: str
    """An exact decimal"""
    usage: str
    """An exact decimal"""
    other: str
    """An exact decimal"""
    one_time: str
    """An exact decimal"""
    sold: str
    """An exact decimal"""
    sold_units: int
    services: str
    """An exact decimal"""
    products: str
    """An exact decimal"""
    total: str
    """An exact decimal"""
    services_percent: str | None
    """With two digits; null: there is nothing to compare with"""


class RevenueReport(Struct, frozen=True, kw_only=True):
    """What was charged and sold, and the share of services in it."""

    first: str
    last: str
    timezone: str
    items: list[RevenueMonth]
    """By currency and month"""
    groups: list[RevenueGroup]
    """Only where `by` asks for them"""
    definitions: dict[str, str]


class SaleResult(StrEnum):
    """What became of a sale that was told."""

    ADDED = "added"
    KNOWN = "known"


class ToldProductSales(Struct, frozen=True, kw_only=True):
    """What became of them."""

    added: int
    known: int
    """Told before, just so"""
    results: list[SaleResult]
    """Of each of them, in their order"""

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.reports`: What comes again and how it moves, what was charged, products beside services, who stays; with what
is behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from monokoto.client.types import (
    By,
    CohortReport,
    DeferredReport,
    Movement,
    NewProductSale,
    ProductSale,
    ProductSalePage,
    RecurringReport,
    Report,
    ReportedCustomer,
    ReportedCustomerPage,
    RevenueDocument,
    RevenueDocumentPage,
    RevenueKind,
    RevenueReport,
    ToldProductSales,
)
from monokoto.client.wire import Api, Call, Download, Pages, given, segment


class ReportsApi:
    """What comes again and how it moves, what was charged, products beside services, who stays; with what is behind it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_product_sales(
        self,
        *,
        month: str | None = None,
        currency: str | None = None,
        product: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[ProductSalePage, ProductSale]:
        """Products sold elsewhere.

        As they were told, the last first. Needs `earn:read`.

        Args:
            month: Only of this month, such as 2026-05.
            currency: Only in this currency (at most 3 characters).
            product: Only of this product.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/product-sales",
            query=given(month=month, currency=currency, product=product, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, ProductSalePage, ProductSale)

    def record_product_sales(
        self, *, sales: Sequence[NewProductSale], idempotency_key: str | None = None
    ) -> ToldProductSales:
        """Tell of products sold elsewhere.

        They are set against services in reports, and billed by nobody here. The same again changes nothing; what was
        wrong is taken back by another sale below zero. Needs `earn:write`. Raises Conflict, TooLarge.

        Args:
            sales: At most 10,000.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path="/api/v1/product-sales", body=given(sales=sales), key=idempotency_key, keyed=True
        )
        return self._api.ask(call, ToldProductSales)

    def get_cohort_report(
        self, *, from_: str | None = None, to: str | None = None, currency: str | None = None
    ) -> CohortReport:
        """Who stays.

        Customers by the month they came in, and what is left of them and of their money. Needs `earn:read`.

        Args:
            from_: The first month, such as 2026-01; left out: eleven before the last.
            to: The last month; left out: the one that goes on.
            currency: Only this one; left out: each (at most 3 characters).
        """
        call = Call(
            method="GET",
            path="/api/v1/reports/cohorts",
            query=given(from_=from_, to=to, currency=currency),
            repeatable=True,
        )
        return self._api.ask(call, CohortReport)

    def get_deferred_report(
        self, *, from_: str | None = None, to: str | None = None, currency: str | None = None
    ) -> DeferredReport:
        """What was charged ahead, and when it is earned.

        Fees are revenue over the time they are for: what each month recognised, and what is deferred at its end.
        Needs `earn:read`.

        Args:
            from_: The first month, such as 2026-01; left out: eleven before the last.
            to: The last month; left out: the one that goes on.
            currency: Only this one; left out: each (at most 3 characters).
        """
        call = Call(
            method="GET",
            path="/api/v1/reports/deferred",
            query=given(from_=from_, to=to, currency=currency),
            repeatable=True,
        )
        return self._api.ask(call, DeferredReport)

    def list_deferred_documents(
        self, *, month: str, currency: str, limit: int | None = None, cursor: str | None = None
    ) -> Pages[RevenueDocumentPage, RevenueDocument]:
        """The documents behind deferred revenue.

        The newest first, each with what of it is not earned at the end of the month: together its closing. Needs
        `earn:read`.

        Args:
            month: Such as 2026-05.
            currency: ISO 4217, such as EUR (at most 3 characters).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/reports/deferred/documents",
            query=given(month=month, currency=currency, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, RevenueDocumentPage, RevenueDocument)

    def get_recurring_report(
        self, *, from_: str | None = None, to: str | None = None, currency: str | None = None
    ) -> RecurringReport:
        """What comes again each month.

        Monthly recurring revenue and how it moved, customers kept and lost, what each brings. Needs `earn:read`.

        Args:
            from_: The first month, such as 2026-01; left out: eleven before the last.
            to: The last month; left out: the one that goes on.
            currency: Only this one; left out: each (at most 3 characters).
        """
        call = Call(
            method="GET",
            path="/api/v1/reports/recurring",
            query=given(from_=from_, to=to, currency=currency),
            repeatable=True,
        )
        return self._api.ask(call, RecurringReport)

    def list_reported_customers(
        self,
        *,
        month: str,
        currency: str,
        movement: Movement | None = None,
        cohort: str | None = None,
        lost: bool | None = None,
        gained: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[ReportedCustomerPage, ReportedCustomer]:
        """The customers behind a month.

        With their subscriptions, and what each brought a month before and after. Needs `earn:read`.

        Args:
            month: Such as 2026-05.
            currency: ISO 4217, such as EUR (at most 3 characters).
            movement: Whose MRR moved so.
            cohort: Who came in this month, such as 2026-01.
            lost: Who stopped paying for any subscription (default: false).
            gained: Who began to, new or again (default: false).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/reports/recurring/customers",
            query=given(month=month, currency=currency, movement=movement, cohort=cohort, lost=lost, gained=gained)
            | given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, ReportedCustomerPage, ReportedCustomer)

    def get_revenue_report(
        self, *, from_: str | None = None, to: str | None = None, currency: str | None = None, by: By | None = None
    ) -> RevenueReport:
        """What was charged and sold.

        By what it is for, month by month, and the share of services beside products. Needs `earn:read`.

        Args:
            from_: The first month, such as 2026-01; left out: eleven before the last.
            to: The last month; left out: the one that goes on.
            currency: Only this one; left out: each (at most 3 characters).
            by: Cut further.
        """
        call = Call(
            method="GET",
            path="/api/v1/reports/revenue",
            query=given(from_=from_, to=to, currency=currency, by=by),
            repeatable=True,
        )
        return self._api.ask(call, RevenueReport)

    def list_reported_documents(
        self,
        *,
        month: str,
        currency: str,
        kind: RevenueKind | None = None,
        product: str | None = None,
        plan: str | None = None,
        meter: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[RevenueDocumentPage, RevenueDocument]:
        """The documents behind a month.

        The newest first, each with its part in what is asked for. Needs `earn:read`.

        Args:
            month: Such as 2026-05.
            currency: ISO 4217, such as EUR (at most 3 characters).
            kind: Only what was charged for this.
            product: Only of this product.
            plan: Only of this plan.
            meter: Only of this meter: `product/meter`.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/reports/revenue/documents",
            query=given(month=month, currency=currency, kind=kind, product=product, plan=plan, meter=meter, limit=limit)
            | given(cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, RevenueDocumentPage, RevenueDocument)

    def export_report(
        self,
        report: Report,
        *,
        from_: str | None = None,
        to: str | None = None,
        currency: str | None = None,
        by: By | None = None,
    ) -> Download:
        """A report as a file.

        CSV with the names the JSON has. Needs `earn:read`.

        Args:
            report: Which.
            from_: The first month, such as 2026-01; left out: eleven before the last.
            to: The last month; left out: the one that goes on.
            currency: Only this one; left out: each (at most 3 characters).
            by: Cut further.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/reports/{segment(report)}/file",
            query=given(from_=from_, to=to, currency=currency, by=by),
            repeatable=True,
            accept="text/csv",
        )
        return self._api.download(call)

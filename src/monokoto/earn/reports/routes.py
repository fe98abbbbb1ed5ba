"""Reports over HTTP: the seller's figures, as JSON and as CSV, and what is behind each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from monokoto.earn.reports.files import cohorts_csv, deferred_csv, recurring_csv, revenue_csv
from monokoto.earn.reports.hybrid import By
from monokoto.earn.reports.json import (
    CohortReportJson,
    DeferredReportJson,
    RecurringReportJson,
    ReportedCustomerJson,
    RevenueDocumentJson,
    RevenueReportJson,
    cohorts_to_json,
    customer_to_json,
    deferred_to_json,
    document_to_json,
    recurring_to_json,
    revenue_to_json,
)
from monokoto.earn.reports.months import parse_month
from monokoto.earn.reports.movements import Movement
from monokoto.earn.reports.revenue import RevenueKind
from monokoto.earn.reports.service import CustomerFilter, Reports
from monokoto.earn.reports.store import RevenueFilter
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, by_hand, decode_cursor, page_of, problem_responses, requires

Begin = Annotated[
    str, QueryParameter(name="from", description="The first month, such as 2026-01; left out: eleven before the last")
]
End = Annotated[str, QueryParameter(name="to", description="The last month; left out: the one that goes on")]
Code = Annotated[str, QueryParameter(name="currency", description="Only this one; left out: each", max_length=3)]
OneCode = Annotated[
    str, QueryParameter(name="currency", description="ISO 4217, such as EUR", min_length=3, max_length=3)
]
InMonth = Annotated[str, QueryParameter(description="Such as 2026-05")]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]
Cut = Annotated[By | None, QueryParameter(description="Cut further")]


class Report(StrEnum):
    """Which."""

    RECURRING = "recurring"
    REVENUE = "revenue"
    COHORTS = "cohorts"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of which months, and of which currency; empty: as each parameter says."""

    begin: str
    end: str
    code: str


def asked_of(begin: Begin = "", end: End = "", code: Code = "") -> Asked:
    """What every report is asked for."""
    return Asked(begin=begin, end=end, code=code)


def _recurring(reports: Reports, organisation_id: int, asked: Asked) -> RecurringReportJson:
    months = reports.months(organisation_id, asked.begin, asked.end)
    return recurring_to_json(reports.recurring(organisation_id, months, asked.code))


def _revenue(reports: Reports, organisation_id: int, asked: Asked, by: By | None) -> RevenueReportJson:
    months = reports.months(organisation_id, asked.begin, asked.end)
    return revenue_to_json(reports.revenue(organisation_id, months, asked.code, by))


def _cohorts(reports: Reports, organisation_id: int, asked: Asked) -> CohortReportJson:
    months = reports.months(organisation_id, asked.begin, asked.end)
    return cohorts_to_json(reports.cohorts(organisation_id, months, asked.code))


def _deferred(reports: Reports, organisation_id: int, asked: Asked) -> DeferredReportJson:
    months = reports.months(organisation_id, asked.begin, asked.end)
    return deferred_to_json(reports.deferred(organisation_id, months, asked.code))


_FILES: Mapping[Report, Callable[[Reports, int, Asked, By | None], bytes]] = {
    Report.RECURRING: lambda reports, mine, asked, _: recurring_csv(_recurring(reports, mine, asked)),
    Report.REVENUE: lambda reports, mine, asked, by: revenue_csv(_revenue(reports, mine, asked, by)),
    Report.COHORTS: lambda reports, mine, asked, _: cohorts_csv(_cohorts(reports, mine, asked)),
    Report.DEFERRED: lambda reports, mine, asked, _: deferred_csv(_deferred(reports, mine, asked)),
}


class ReportsController(Controller):
    """`/api/v1/reports`."""

    path = "/api/v1/reports"
    tags = ("Reports",)
    guards = (requires(Scope.EARN_READ),)
    dependencies: Mapping[str, Provide] = {"asked": Provide(asked_of, sync_to_thread=False)}

    @get(
        "/recurring", operation_id="getRecurringReport", responses=problem_responses(), summary="What comes again each month"
    )  # fmt: skip
    async def recurring(
        self,
        caller: NamedDependency[Caller],
        reports: NamedDependency[Reports],
        asked: NamedDependency[Asked],
    ) -> RecurringReportJson:
        """Monthly recurring revenue and how it moved, customers kept and lost, what each brings."""
        return await asyncio.to_thread(_recurring, reports, caller.organisation_id, asked)

    @get(
        "/revenue", operation_id="getRevenueReport", responses=problem_responses(), summary="What was charged and sold"
    )
    async def revenue(
        self,
        caller: NamedDependency[Caller],
        reports: NamedDependency[Reports],
        asked: NamedDependency[Asked],
        by: Cut = None,
    ) -> RevenueReportJson:
        """By what it is for, month by month, and the share of services beside products."""
        return await asyncio.to_thread(_revenue, reports, caller.organisation_id, asked, by)

    @get("/cohorts", operation_id="getCohortReport", responses=problem_responses(), summary="Who stays")
    async def cohorts(
        self,
        caller: NamedDependency[Caller],
        reports: NamedDependency[Reports],
        asked: NamedDependency[Asked],
    ) -> CohortReportJson:
        """Customers by the month they came in, and what is left of them and of their money."""
        return await asyncio.to_thread(_cohorts, reports, caller.organisation_id, asked)

    @get(
        "/deferred",
        operation_id="getDeferredReport",
        responses=problem_responses(),
        summary="What was charged ahead, and when it is earned",
    )
    async def deferred(
        self,
        caller: NamedDependency[Caller],
        reports: NamedDependency[Reports],
        asked: NamedDependency[Asked],
    ) -> DeferredReportJson:
        """Fees are revenue over the time they are for: what each month recognised, and what is deferred at its end."""
        return await asyncio.to_thread(_deferred, reports, caller.organisation_id, asked)

    @get(
        "/{report:str}/file",
        operation_id="exportReport",
        responses=problem_responses(),
        summary="A report as a file",
        operation_class=by_hand(gives=["text/csv"]),
    )
    async def file(
        self,
        caller: NamedDependency[Caller],
        reports: NamedDependency[Reports],
        report: FromPath[Report],
        asked: NamedDependency[Asked],
        by: Cut = None,
    ) -> Response[bytes]:
        """CSV with the names the JSON has."""
        written = await asyncio.to_thread(_FILES[report], reports, caller.organisation_id, asked, by)
        headers = {"Content-Disposition": f'attachment; filename="{report.value}.csv"'}
        return Response(written, media_type="text/csv; charset=utf-8", headers=headers)

    @get(
        "/recurring/customers",
        operation_id="listReportedCustomers",
        responses=problem_responses(),
        summary="The customers behind a month",
    )
    async def customers(
        self,
        caller: NamedDependency[Caller],
        reports: NamedDependency[Reports],
        month: InMonth,
        code: OneCode,
        movement: Annotated[Movement | None, QueryParameter(description="Whose MRR moved so")] = None,
        cohort: Annotated[str, QueryParameter(description="Who came in this month, such as 2026-01")] = "",
        lost: Annotated[bool, QueryParameter(description="Who stopped paying for any subscription")] = False,
        gained: Annotated[bool, QueryParameter(description="Who began to, new or again")] = False,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[ReportedCustomerJson]:
        """With their subscriptions, and what each brought a month before and after."""
        wanted = CustomerFilter(
            month=parse_month(month, "month"),
            currency=code,
            movement=movement,
            cohort=parse_month(cohort, "cohort") if cohort else None,
            lost=lost,
            gained=gained,
        )
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(
            reports.customers, caller.organisation_id, wanted, after=after, limit=limit + 1
        )  # fmt: skip
        return page_of(found, limit, lambda one: one.customer_id, lambda one: customer_to_json(one, code))

    @get(
        "/revenue/documents",
        operation_id="listReportedDocuments",
        responses=problem_responses(),
        summary="The documents behind a month",
    )
    async def documents(
        self,
        caller: NamedDependency[Caller],
        reports: NamedDependency[Reports],
        month: InMonth,
        code: OneCode,
        kind: Annotated[RevenueKind | None, QueryParameter(description="Only what was charged for this")] = None,
        product: Annotated[str | None, QueryParameter(description="Only of this product")] = None,
        plan: Annotated[str | None, QueryParameter(description="Only of this plan")] = None,
        meter: Annotated[str | None, QueryParameter(description="Only of this meter: `product/meter`")] = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[RevenueDocumentJson]:
        """The newest first, each with its part in what is asked for."""
        wanted = RevenueFilter(
            month=parse_month(month, "month"), currency=code, kind=kind, product=product, plan=plan, meter=meter
        )
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(
            reports.documents, caller.organisation_id, wanted, before=before, limit=limit + 1
        )  # fmt: skip
        return page_of(found, limit, lambda one: one.document_id, lambda one: document_to_json(one, code))

    @get(
        "/deferred/documents",
        operation_id="listDeferredDocuments",
        responses=problem_responses(),
        summary="The documents behind deferred revenue",
    )
    async def deferred_documents(
        self,
        caller: NamedDependency[Caller],
        reports: NamedDependency[Reports],
        month: InMonth,
        code: OneCode,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[RevenueDocumentJson]:
        """The newest first, each with what of it is not earned at the end of the month: together its closing."""
        asked = parse_month(month, "month")
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(
            reports.deferred_documents, caller.organisation_id, asked, code, before=before, limit=limit + 1
        )  # fmt: skip
        return page_of(found, limit, lambda one: one.document_id, lambda one: document_to_json(one, code))

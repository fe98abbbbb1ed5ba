"""Products sold elsewhere, over HTTP."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from monokoto.earn.reports.json import (
    NewProductSaleJson,
    ProductSaleJson,
    SaleResult,
    TellProductSalesRequest,
    ToldProductSalesJson,
    sale_to_json,
)
from monokoto.earn.reports.months import parse_month
from monokoto.earn.reports.product_sales import ProductSale, ProductSales
from monokoto.earn.reports.store import SaleFilter
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.kernel.money import number
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

_FAULTS_MAX = 100


class ProductSalesController(Controller):
    """`/api/v1/product-sales`."""

    path = "/api/v1/product-sales"
    tags = ("Reports",)

    @get(
        "",
        operation_id="listProductSales",
        guards=[requires(Scope.EARN_READ)],
        responses=problem_responses(),
        summary="Products sold elsewhere",
    )
    async def sales(
        self,
        caller: NamedDependency[Caller],
        product_sales: NamedDependency[ProductSales],
        month: Annotated[str, QueryParameter(description="Only of this month, such as 2026-05")] = "",
        code: Annotated[str, QueryParameter(name="currency", description="Only in this currency", max_length=3)] = "",
        product: Annotated[str, QueryParameter(description="Only of this product")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[ProductSaleJson]:
        """As they were told, the last first."""
        wanted = SaleFilter(month=parse_month(month, "month") if month else None, currency=code, product=product)
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(
            product_sales.list, caller.organisation_id, wanted, before=before, limit=limit + 1
        )
        return page_of(found, limit, lambda one: one.id, sale_to_json)

    @post(
        "",
        operation_id="recordProductSales",
        guards=[requires(Scope.EARN_WRITE)],
        status_code=200,
        responses=problem_responses(409),
        summary="Tell of products sold elsewhere",
    )
    async def tell(
        self,
        caller: NamedDependency[Caller],
        product_sales: NamedDependency[ProductSales],
        data: JSONBody[TellProductSalesRequest],
    ) -> ToldProductSalesJson:
        """They are set against services in reports, and billed by nobody here. The same again changes nothing; what was wrong is
        taken back by another sale below zero."""
        new = await asyncio.to_thread(product_sales.tell, caller.organisation_id, _sales(data.sales))
        results = [SaleResult.ADDED if one else SaleResult.KNOWN for one in new]
        return ToldProductSalesJson(added=sum(new), known=len(new) - sum(new), results=results)


def _sales(told: list[NewProductSaleJson]) -> list[ProductSale]:
    found, faults = [], []
    for place, one in enumerate(told):
        try:
            day = date.fromisoformat(one.date)
        except ValueError:
            faults.append(Fault(place=f"sales/{place}/date", reason="is a day such as 2026-05-31"))
            continue
        try:
            amount = number(one.amount)
        except Invalid as error:
            faults.append(Fault(place=f"sales/{place}/amount", reason=str(error)))
            continue
        found.append(
            ProductSale(
                key=one.key, day=day, product=one.product, units=one.units, currency=one.currency, amount=amount
            )
        )
    if faults:
        raise Invalid("Not all of these are sales.", faults=faults[:_FAULTS_MAX])
    return found

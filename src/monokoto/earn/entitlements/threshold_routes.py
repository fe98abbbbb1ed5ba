"""Thresholds of quotas that were reached, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from msgspec import Meta

from monokoto.earn.entitlements.json import source_to_text
from monokoto.earn.entitlements.service import Entitlements
from monokoto.earn.entitlements.store import Told
from monokoto.kernel.clock import Instant, format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires


class ReachedThresholdJson(msgspec.Struct, frozen=True):
    """So much of a quota was used; told once in each period of it."""

    id: str
    at: Annotated[str, Meta(description="When it was noticed")]
    product: str
    feature: str
    unit: Annotated[str, Meta(description="One of those that draw on the quota")]
    pool: Annotated[str, Meta(description="Whose quota it is: `subscription:…`, `customer:…` or `unit:…`")]
    threshold: Annotated[str, Meta(description="`80%` of what was granted, or a quantity")]
    used: str
    total: Annotated[str, Meta(description="What was granted")]


class ThresholdsController(Controller):
    """`/api/v1/entitlement-thresholds`."""

    path = "/api/v1/entitlement-thresholds"
    tags = ("Entitlements",)

    @get(
        "",
        operation_id="listReachedThresholds",
        guards=[requires(Scope.EARN_READ)],
        responses=problem_responses(),
        summary="List quotas that reached a threshold",
    )
    async def reached(
        self,
        caller: NamedDependency[Caller],
        entitlements: NamedDependency[Entitlements],
        product: Annotated[str, QueryParameter(description="Only of this product", max_length=64)] = "",
        feature: Annotated[str, QueryParameter(description="Only this feature", max_length=64)] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[ReachedThresholdJson]:
        """The newest first."""
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(
            entitlements.reached,
            caller.organisation_id,
            product=product,
            feature=feature,
            before=before,
            limit=limit + 1,
        )
        return page_of(found, limit, lambda one: one.id, _to_json)


def _to_json(one: Told) -> ReachedThresholdJson:
    return ReachedThresholdJson(
        id=format_id(one.id), at=format_instant(Instant(one.at)), product=one.product, feature=one.feature,
        unit=format_id(one.unit_id), pool=source_to_text(one.pool), threshold=one.threshold, used=one.used, total=one.total,
    )  # fmt: skip

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.plans`: What using a product costs, what it includes and promises: in versions that never change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from monokoto.client.types import PlanPreview, PublishedPlan, PublishedPlanPage, QuantityRequest
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncPlansApi:
    """What using a product costs, what it includes and promises: in versions that never change."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list_plans(
        self,
        *,
        product: str | None = None,
        retired: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[PublishedPlanPage, PublishedPlan]:
        """List plans.

        The newest version of each, by product and name. Needs `earn:read`.

        Args:
            product: Only of this product.
            retired: Only those that are retired, or are not.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/plans",
            query=given(product=product, retired=retired, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, PublishedPlanPage, PublishedPlan)

    async def get_plan(self, product: str, plan: str, *, version: int | None = None) -> PublishedPlan:
        """Look at a plan.

        What it costs, includes and promises. Needs `earn:read`. Raises NotFound.

        Args:
            product: Name of the product.
            plan: Name of the plan.
            version: A version of the plan; 0: the newest (default: 0).
        """
        call = Call(
            method="GET",
            path=f"/api/v1/products/{segment(product)}/plans/{segment(plan)}",
            query=given(version=version),
            repeatable=True,
        )
        return await self._api.ask(call, PublishedPlan)

    async def put_plan(
        self,
        product: str,
        plan: str,
        *,
        new_plan: Mapping[str, Any] | UnsetType | None = UNSET,
        yaml: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> PublishedPlan:
        """Publish a version of a plan.

        A new version, for who subscribes from now on. The same again changes nothing. `If-Match` takes the newest
        version. Needs `earn:write`. Raises NotFound, Conflict, PreconditionFailed, TooLarge.

        Args:
            product: Name of the product.
            plan: Name of the plan.
            yaml: At most 65,536 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/products/{segment(product)}/plans/{segment(plan)}",
            body=given(plan=new_plan, yaml=yaml),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, PublishedPlan)

    async def preview_plan(
        self,
        product: str,
        plan: str,
        *,
        quantities: Mapping[str, str | int | QuantityRequest] | UnsetType = UNSET,
        units: int | UnsetType = UNSET,
        first: bool | UnsetType = UNSET,
        version: int | UnsetType = UNSET,
        new_plan: Mapping[str, Any] | UnsetType | None = UNSET,
        yaml: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> PlanPreview:
        """Price quantities.

        What a period would cost by a version, or by a draft that need not be published; part by part. Needs
        `earn:read`. Raises NotFound, Conflict, TooLarge.

        Args:
            product: Name of the product.
            plan: Name of the plan.
            quantities: What was used, by meter.
            units: Fees may be for each unit (0 to 10,000,000; default: 1).
            first: The first period: one-time fees and those of other rhythms, too (default: false).
            version: 0: the newest (default: 0).
            new_plan: A draft instead of a version.
            yaml: The same, as YAML (at most 65,536 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/products/{segment(product)}/plans/{segment(plan)}/preview",
            body=given(quantities=quantities, units=units, first=first, version=version, plan=new_plan, yaml=yaml),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, PlanPreview)

    async def retire_plan(self, product: str, plan: str, *, idempotency_key: str | None = None) -> PublishedPlan:
        """Retire a plan.

        Nobody can subscribe to it any more; who did goes on. Published again it is a plan again. Needs `earn:write`.
        Raises NotFound, Conflict, TooLarge.

        Args:
            product: Name of the product.
            plan: Name of the plan.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/products/{segment(product)}/plans/{segment(plan)}/retire",
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, PublishedPlan)

    def list_plan_versions(self, product: str, plan: str) -> AsyncPages[PublishedPlanPage, PublishedPlan]:
        """List a plan's versions.

        The newest first; there are at most 1000. Needs `earn:read`. Raises NotFound.

        Args:
            product: Name of the product.
            plan: Name of the plan.
        """
        call = Call(
            method="GET", path=f"/api/v1/products/{segment(product)}/plans/{segment(plan)}/versions", repeatable=True
        )
        return self._api.pages(call, PublishedPlanPage, PublishedPlan)

"""Plans over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from monokoto.connect.products import Report, parse_yaml
from monokoto.earn.plans.documents import (
    PlanPreviewJson,
    PreviewPlanRequest,
    PublishedPlanJson,
    PublishPlanRequest,
    plan_to_json,
    preview_to_json,
    usage_from_json,
)
from monokoto.earn.plans.preview import preview
from monokoto.earn.plans.service import Plans
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, format_etag, page_of, problem_responses, requires

_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]
_FILE = "plan.yaml"
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class PlansController(Controller):
    """`/api/v1/plans`: those of all products."""

    path = "/api/v1/plans"
    tags = ("Plans",)

    @get("", operation_id="listPlans", guards=_READ, responses=problem_responses(), summary="List plans")
    async def list_plans(
        self,
        caller: NamedDependency[Caller],
        plans: NamedDependency[Plans],
        product: Annotated[str, QueryParameter(description="Only of this product")] = "",
        retired: Annotated[bool | None, QueryParameter(description="Only those that are retired, or are not")] = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[PublishedPlanJson]:
        """The newest version of each, by product and name."""
        after = decode_cursor(cursor, str, str) if cursor else ("", "")
        found = await asyncio.to_thread(
            plans.list, caller.organisation_id, product=product, retired=retired, after=(after[0], after[1]),
            limit=limit + 1,
        )  # fmt: skip
        return page_of(found, limit, lambda one: (one.plan.product, one.plan.name), plan_to_json)


class ProductPlansController(Controller):
    """`/api/v1/products/{product}/plans/{plan}`."""

    path = "/api/v1/products/{product:str}/plans/{plan:str}"
    tags = ("Plans",)

    @get("", operation_id="getPlan", guards=_READ, responses=problem_responses(404), summary="Look at a plan")
    async def one(
        self,
        caller: NamedDependency[Caller],
        plans: NamedDependency[Plans],
        product: FromPath[str],
        plan: FromPath[str],
        version: Annotated[int, QueryParameter(ge=0, description="A version of the plan; 0: the newest")] = 0,
    ) -> Response[PublishedPlanJson]:
        """What it costs, includes and promises."""
        found = await asyncio.to_thread(plans.published, caller.organisation_id, product, plan, version)
        return Response(plan_to_json(found), headers={"ETag": format_etag(found.plan.version)})

    @get(
        "/versions",
        operation_id="listPlanVersions",
        guards=_READ,
        responses=problem_responses(404),
        summary="List a plan's versions",
    )
    async def versions(
        self,
        caller: NamedDependency[Caller],
        plans: NamedDependency[Plans],
        product: FromPath[str],
        plan: FromPath[str],
    ) -> Page[PublishedPlanJson]:
        """The newest first; there are at most 1000."""
        found = await asyncio.to_thread(plans.versions, caller.organisation_id, product, plan)
        return Page(items=[plan_to_json(one) for one in found])

    @put(
        "",
        operation_id="putPlan",
        guards=_WRITE,
        responses=problem_responses(404, 409, 412, 413)
        | {201: ResponseSpec(PublishedPlanJson, description="There was none: made", generate_examples=False)},
        summary="Publish a version of a plan",
    )
    async def publish(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        plans: NamedDependency[Plans],
        product: FromPath[str],
        plan: FromPath[str],
        data: JSONBody[PublishPlanRequest],
    ) -> Response[PublishedPlanJson]:
        """A new version, for who subscribes from now on. The same again changes nothing. `If-Match` takes the newest version."""
        document, report = _document(data.plan, data.yaml)
        found, new = await asyncio.to_thread(
            plans.publish,
            caller.organisation_id,
            product,
            plan,
            document,
            actor_id=caller.actor_id,
            match=request.headers.get("if-match"),
            report=report,
        )
        headers = {"ETag": format_etag(found.plan.version)}
        return Response(plan_to_json(found), status_code=201 if new else 200, headers=headers)

    @post(
        "/retire",
        operation_id="retirePlan",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Retire a plan",
    )
    async def retire(
        self,
        caller: NamedDependency[Caller],
        plans: NamedDependency[Plans],
        product: FromPath[str],
        plan: FromPath[str],
    ) -> PublishedPlanJson:
        """Nobody can subscribe to it any more; who did goes on. Published again it is a plan again."""
        return plan_to_json(await asyncio.to_thread(plans.retire, caller.organisation_id, product, plan))

    @post(
        "/preview",
        operation_id="previewPlan",
        guards=_READ,
        status_code=200,
        responses=problem_responses(404, 413),
        summary="Price quantities",
    )
    async def preview(
        self,
        caller: NamedDependency[Caller],
        plans: NamedDependency[Plans],
        product: FromPath[str],
        plan: FromPath[str],
        data: JSONBody[PreviewPlanRequest],
    ) -> PlanPreviewJson:
        """What a period would cost by a version, or by a draft that need not be published; part by part."""
        quantities = usage_from_json(data.quantities)
        if data.plan is not None or data.yaml:
            document, report = _document(data.plan, data.yaml)
            priced = await asyncio.to_thread(plans.check, caller.organisation_id, product, plan, document, report)
        else:
            priced = await asyncio.to_thread(plans.get, caller.organisation_id, product, plan, data.version)
        found = await asyncio.to_thread(preview, priced, quantities, units=data.units, first=data.first)
        return preview_to_json(found)


def _document(plan: dict[str, Any] | None, text: str) -> tuple[dict[str, Any], Report]:
    """What the body says; the report knows the lines of YAML. Raises Invalid."""
    if (plan is None) == (not text):
        fault = Fault(place="plan", reason="is given as `plan` or as `yaml`, one of the two")
        raise Invalid("What is the plan to say?", faults=[fault])
    if plan is not None:
        return plan, Report()
    report = Report(_FILE)
    document = parse_yaml(text, report).value
    if not isinstance(document, dict):
        if not len(report):
            report.add("", "a plan is a mapping: `currency: EUR`, `every: month`, `charges: …`")
        report.raise_if_any(_FILE)
    return document, report


CONTROLLERS = (PlansController, ProductPlansController)
"""What `api` mounts."""

"""Plans tried on what was used, over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from monokoto.earn.billing.json import PlanSimulationJson, SimulatePlanRequest, simulation_to_json
from monokoto.earn.billing.simulation import DRAFT_VERSION, Simulator
from monokoto.earn.calendar import Span, local, start_of_day
from monokoto.earn.plans import Plan, Plans
from monokoto.earn.subscriptions import Subscriptions
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.web import Caller, Scope, problem_responses, requires


class SimulationsController(Controller):
    """`/api/v1/plans/simulations`."""

    path = "/api/v1/plans/simulations"
    tags = ("Billing",)

    @post(
        "",
        operation_id="tryPlan",
        guards=[requires(Scope.EARN_READ)],
        status_code=200,
        responses=problem_responses(404, 413),
        summary="Try a plan on what was used",
    )
    async def simulate(
        self,
        caller: NamedDependency[Caller],
        plans: NamedDependency[Plans],
        subscriptions: NamedDependency[Subscriptions],
        simulator: NamedDependency[Simulator],
        data: JSONBody[SimulatePlanRequest],
    ) -> PlanSimulationJson:
        """What the subscriptions of a plan would have come to by other words, beside what was billed, customer by customer. Nothing
        is published or changed."""
        span = _span(data, subscriptions.now())

        def found() -> PlanSimulationJson:
            plan = _plan(plans, caller.organisation_id, data)
            return simulation_to_json(simulator.run(caller.organisation_id, plan, span))

        return await asyncio.to_thread(found)


def _plan(plans: Plans, organisation_id: int, data: SimulatePlanRequest) -> Plan:
    if data.document is None:
        return plans.get(organisation_id, data.product, data.plan, data.version)
    if data.version:
        raise Invalid("Which plan?", faults=[Fault(place="version", reason="is not given with a document")])
    return replace(plans.check(organisation_id, data.product, data.plan, data.document), version=DRAFT_VERSION)


def _span(data: SimulatePlanRequest, now: int) -> Span:
    """The time asked for, or the last whole month. Raises Invalid."""
    first = local(now, "UTC").date().replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    begin = _instant(data.begin, "from", start_of_day(before, "UTC"))
    end = _instant(data.end, "to", start_of_day(first, "UTC"))
    reasons = {
        "lies after its beginning": end <= begin,
        "lies in the past: only what was billed is compared": end > now,
    }
    faults = [Fault(place="to", reason=reason) for reason, wrong in reasons.items() if wrong]
    if faults:
        raise Invalid("The time cannot be compared.", faults=faults)
    return Span(begin, end)


def _instant(text: str, place: str, default: int) -> int:
    if not text:
        return default
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("The time cannot be read.", faults=[Fault(place=place, reason=str(error))]) from None

"""Plans tried on what was used, over HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream

from monokoto.earn.billing.json import PlanSimulationJson, SimulatePlanRequest, simulation_to_json
from monokoto.earn.billing.simulation import DRAFT_VERSION, Simulation, Simulator
from monokoto.earn.calendar import Span, local, start_of_day
from monokoto.earn.plans import Plan, Plans
from monokoto.earn.subscriptions import Subscriptions
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Fault, Invalid, MonokotoError
from monokoto.web import Caller, Scope, problem_responses, requires

STEPS_WAITING_MAX: Final = 8
"""Steps nobody read yet; more of them are left out, the last word never is."""
LINES = "application/x-ndjson"
_LINES = {
    200: ResponseSpec(
        data_container=str,
        description="Lines of JSON: `progress` again and again, then one `result` (or `failed`)",
        media_type=LINES,
        generate_examples=False,
    )
}


class SimulationProgressJson(msgspec.Struct, frozen=True, tag="progress"):
    """How far it is."""

    looked_at: int
    """Subscriptions of the product so far."""
    subscriptions: int
    """Compared so far."""


class SimulationResultJson(msgspec.Struct, frozen=True, tag="result"):
    """What came of it."""

    simulation: PlanSimulationJson


class SimulationFailedJson(msgspec.Struct, frozen=True, tag="failed"):
    """It could not go on."""

    reason: str
    remedy: str


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

    @post(
        "/steps",
        operation_id="tryPlanInSteps",
        guards=[requires(Scope.EARN_READ)],
        status_code=200,
        responses=problem_responses(404) | _LINES,
        summary="Try a plan, and follow how far it is",
    )
    async def steps(
        self,
        caller: NamedDependency[Caller],
        plans: NamedDependency[Plans],
        subscriptions: NamedDependency[Subscriptions],
        simulator: NamedDependency[Simulator],
        data: JSONBody[SimulatePlanRequest],
    ) -> Stream:
        """The same in an answer that grows, for those with many subscriptions; close the connection to end it early."""
        span = _span(data, subscriptions.now())
        plan = await asyncio.to_thread(_plan, plans, caller.organisation_id, data)

        def run(progress: Callable[[Simulation], None]) -> Simulation:
            return simulator.run(caller.organisation_id, plan, span, progress)

        return Stream(_growing(run), media_type=LINES)


class _Left(Exception):
    """Whoever asked has gone."""


async def _growing(run: Callable[[Callable[[Simulation], None]], Simulation]) -> AsyncIterator[bytes]:
    """The lines of a simulation, which goes on in a thread until it ends or nobody reads any more."""
    loop, gone = asyncio.get_running_loop(), threading.Event()
    steps: asyncio.Queue[msgspec.Struct | None] = asyncio.Queue()

    def tell(step: msgspec.Struct | None) -> None:
        if step is None or steps.qsize() < STEPS_WAITING_MAX:
            steps.put_nowait(step)

    def progress(found: Simulation) -> None:
        if gone.is_set():
            raise _Left
        loop.call_soon_threadsafe(tell, SimulationProgressJson(found.looked_at, found.subscriptions))

    work = loop.run_in_executor(None, run, progress)
    work.add_done_callback(lambda _: tell(None))
    try:
        while (step := await steps.get()) is not None:
            yield _line(step)
        yield _line(SimulationResultJson(simulation_to_json(await work)))
    except MonokotoError as error:
        yield _line(SimulationFailedJson(error.message, error.remedy))
    finally:
        gone.set()
        work.add_done_callback(lambda ended: ended.cancelled() or ended.exception())


def _line(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value) + b"\n"


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

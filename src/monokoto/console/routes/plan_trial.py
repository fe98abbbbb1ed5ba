"""Trying a plan on what was used: what customers would have paid by it, beside what they were billed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from monokoto.console.api import Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.routes.invoices import customer_names
from monokoto.console.routes.plans import DRAFT
from monokoto.console.rule_text import Unreadable, read_rule
from monokoto.console.simulation_rows import HEIGHT, ROWS_SHOWN, WIDTH, bars, by_loss, months, share, span_of
from monokoto.console.visit import Visit

LINES = "application/x-ndjson"
SO_FAR = mark("Subscriptions looked at: %(looked_at)s; compared: %(compared)s")
NO_YAML = mark("The draft cannot be read.")
LEFT_OUT = {
    "another currency": mark("in another currency"),
    "another rhythm": mark("billed in another rhythm"),
    "not billed yet": mark("not billed yet"),
}


class PlanTrialController(Controller):
    """`/console/plans/try` and the page of a published plan's trial."""

    path = "/plans"

    @get("/{product:str}/{plan:str}/try")
    async def page(
        self, visit: NamedDependency[Visit], product: FromPath[str], plan: FromPath[str], version: FromQuery[int] = 0
    ) -> Response[str]:
        """Which month, and a version of the plan."""
        path = f"/api/v1/products/{quote(product, safe='')}/plans/{quote(plan, safe='')}"
        found = await visit.api.get(path, version=version)
        return visit.page("plans/trial.html", plan=found, text=None, result=None, **_asked(visit))

    @post("/try", status_code=200)
    async def attempt(self, visit: NamedDependency[Visit]) -> Response[str] | Stream:
        """Of the draft in the editor, or of a version. Changes nothing.

        A script that asks for lines gets how far it is again and again, then the part of the page; closing the connection
        ends the trial. Without a script the page comes when it has ended.
        """
        if visit.request.headers.get("accept") == LINES:
            return Stream(_growing(visit), media_type=LINES, headers={"Cache-Control": "no-store"})
        async for step in _steps(visit):
            if isinstance(step, Response):
                return step
        return _answer(visit, problem=Problem(status=503, code="unavailable"))


async def _growing(visit: Visit) -> AsyncIterator[bytes]:
    async for step in _steps(visit):
        if isinstance(step, Response):
            yield msgspec.json.encode({"html": step.content}) + b"\n"
        else:
            counts = {"looked_at": step["looked_at"], "compared": step["subscriptions"]}
            said = visit.say(SO_FAR, **{name: visit.formats.number(count) for name, count in counts.items()})
            yield msgspec.json.encode({"share": None, "said": said}) + b"\n"


async def _steps(visit: Visit) -> AsyncIterator[Response[str] | dict[str, Any]]:
    """How far it is, again and again, then the page about what came of it."""
    try:
        body = await _body(visit)
        async with aclosing(visit.api.lines("/api/v1/plans/simulations/steps", body, accept=LINES)) as lines:
            async for line in lines:
                step: dict[str, Any] = msgspec.json.decode(line)
                if step["type"] == "progress":
                    yield step
                elif step["type"] == "result":
                    yield await _found(visit, step["simulation"])
                else:
                    told = Problem(status=422, code="invalid", detail=step["reason"], remedy=step["remedy"])
                    yield _answer(visit, problem=told)
    except Refused as refused:
        yield _answer(visit, problem=refused.problem)


async def _body(visit: Visit) -> dict[str, Any]:
    """What is tried, and when. Raises Refused for a draft that says no plan, as the preview of the editor does."""
    product, plan = visit.value("product"), visit.value("plan") or DRAFT
    body: dict[str, Any] = {"product": product, "plan": plan}
    if span := span_of(visit.value("month")):
        body |= {"from": span[0], "to": span[1]}
    if "text" not in visit.form:
        return body | {"version": int(visit.value("version") or 0) if visit.value("version").isdigit() else 0}
    text = visit.secret("text")
    path = f"/api/v1/products/{quote(product, safe='')}/plans/{quote(plan, safe='')}/preview"
    await visit.api.post(path, {"yaml": text, "quantities": {}})
    try:
        return body | {"document": dict(read_rule(text).document)}
    except Unreadable:
        raise Refused(Problem(status=422, code="invalid", detail=visit.say(NO_YAML))) from None


async def _found(visit: Visit, result: Mapping[str, Any]) -> Response[str]:
    customers = by_loss(result["customers"])
    half = ROWS_SHOWN // 2
    rows = [*customers[:half], *customers[-half:]] if len(customers) > ROWS_SHOWN else customers
    drawn, line = bars([one for one in customers if one["difference"].strip("-0.")])
    names = await customer_names(visit, (one["customer"] for one in rows))
    return _answer(visit, result=result, rows=rows, names=names, bars=drawn, line=line)


def _answer(visit: Visit, *, problem: Problem | None = None, **found: Any) -> Response[str]:
    # 200, so that a script puts it where the result would be; what is wrong is in it.
    plan = {"product": visit.value("product"), "name": visit.value("plan"), "version": visit.value("version")}
    text = visit.secret("text") if "text" in visit.form else None
    shown: dict[str, Any] = {"result": None, "plan": plan, "text": text, "entered": visit.form, **_asked(visit)}
    template = "plans/tried.html" if visit.is_part else "plans/trial.html"
    return visit.page(template, problem=problem, **{**shown, **found})


def _asked(visit: Visit) -> dict[str, Any]:
    return {
        "months": months(visit.formats),
        "left_out": LEFT_OUT,
        "share": share,
        "across": WIDTH,
        "down": HEIGHT,
        "rows": [],
        "names": {},
        "bars": [],
        "line": 0.0,
    }

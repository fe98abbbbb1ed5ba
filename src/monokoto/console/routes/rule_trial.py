"""Trying a rule on what was measured: how often it would have raised an alert, and when, on a chart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.response import Stream

from monokoto.console.api import Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.lookups import serials
from monokoto.console.rule_form import lined, watched, written
from monokoto.console.unit_chart import chart_of
from monokoto.console.visit import Visit
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant

DAYS = {"1": mark("1 day"), "7": mark("7 days"), "30": mark("30 days"), "90": mark("90 days")}
DAYS_UNASKED = "30"
LINES = "application/x-ndjson"
ALERT = mark("Alert")
SO_FAR = mark("Alerts so far: %(count)s")
UNITS_LISTED = 10
SPANS_DRAWN_MAX = 500
_DAY_US = 86_400 * MICROSECONDS_PER_SECOND


class RuleTrialController(Controller):
    """`/console/rules/try`."""

    path = "/rules/try"

    @post("/", status_code=200)
    async def attempt(self, visit: NamedDependency[Visit]) -> Response[str] | Stream:
        """Of the rule in the editor, or of a product's rule (`rule`, `version`). Changes nothing.

        A script that asks for lines gets how far it is again and again, then the part of the page; closing the connection
        ends the trial. Without a script the page comes when the trial has ended.
        """
        if visit.request.headers.get("accept") == LINES:
            return Stream(_growing(visit), media_type=LINES, headers={"Cache-Control": "no-store"})
        return await _last_of(visit, _steps(visit))


async def _growing(visit: Visit) -> AsyncIterator[bytes]:
    async for step in _steps(visit):
        if isinstance(step, Response):
            yield msgspec.json.encode({"html": step.content}) + b"\n"
        else:
            said = visit.say(SO_FAR, count=visit.formats.number(step["alerts"]))
            yield msgspec.json.encode({"share": float(step["share"]), "said": said}) + b"\n"


async def _last_of(visit: Visit, steps: AsyncIterator[Response[str] | dict[str, Any]]) -> Response[str]:
    async for step in steps:
        if isinstance(step, Response):
            return step
    return _refusal(visit, "", Refused(Problem(status=503, code="unavailable")))


async def _steps(visit: Visit) -> AsyncIterator[Response[str] | dict[str, Any]]:
    """How far the trial is, again and again, then the page about what came of it."""
    days = visit.value("days") if visit.value("days") in DAYS else DAYS_UNASKED
    start = visit.formats.now - int(days) * _DAY_US
    body: dict[str, Any] = {
        "product": visit.value("product"),
        "from": format_instant(start),
        "to": format_instant(visit.formats.now),
    }
    try:
        if visit.value("rule"):
            body |= {"rules": [visit.value("rule")], "version": visit.value("version")}
        else:
            body |= {"rule": written(visit).document}
        body |= await watched(visit)
        async with aclosing(visit.api.lines("/api/v1/rules/try", body, accept=LINES)) as lines:
            async for line in lines:
                step: dict[str, Any] = msgspec.json.decode(line)
                if step["type"] == "progress":
                    yield step
                elif step["type"] == "result":
                    yield visit.page("rules/trial.html", days=days, faults=[], **await _shown(visit, step, body))
                else:
                    raise Refused(Problem(status=422, code="invalid", detail=str(step.get("reason", ""))))
    except Refused as refused:
        yield _refusal(visit, days, refused)


def _refusal(visit: Visit, days: str, refused: Refused) -> Response[str]:
    # 200, so that a script puts it where the result would be; the faults are in it.
    faults = lined(visit, refused.problem)
    return visit.page("rules/trial.html", result=None, days=days, faults=faults, problem=refused.problem)


async def _shown(visit: Visit, result: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    by_unit = sorted(result["by_unit"].items(), key=lambda one: -int(one[1]))[:UNITS_LISTED]
    names = await serials(visit, [unit for unit, _ in by_unit])
    chart = None
    if by_unit:
        unit = by_unit[0][0]
        raised = [one for one in result["shown"] if one["unit"] == unit]
        named = [part["name"] for one in raised[:1] for part in one["evidence"]]
        label = visit.say(ALERT)
        spans = [
            {"from": one["raised"], "to": one["cleared"], "severity": one["severity"], "label": label}
            for one in raised[:SPANS_DRAWN_MAX]
        ]
        chart = await chart_of(visit, unit, named, {"from": body["from"], "to": body["to"]}, spans)
    return {"result": result, "by_unit": by_unit, "names": names, "chart": chart}

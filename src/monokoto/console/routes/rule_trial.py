"""Trying a rule on what was measured: how often it would have raised an alert, and when, on a chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency

from monokoto.console.api import Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.lookups import serials
from monokoto.console.rule_form import lined, watched, written
from monokoto.console.unit_chart import chart_of
from monokoto.console.visit import Visit
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant

DAYS = {"1": mark("1 day"), "7": mark("7 days"), "30": mark("30 days"), "90": mark("90 days")}
DAYS_UNASKED = "30"
ALERT = mark("Alert")
UNITS_LISTED = 10
SPANS_DRAWN_MAX = 500
_DAY_US = 86_400 * MICROSECONDS_PER_SECOND


class RuleTrialController(Controller):
    """`/console/rules/try`."""

    path = "/rules/try"

    @post("/", status_code=200)
    async def attempt(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Of the rule in the editor, or of a product's rule (`rule`, `version`). Changes nothing."""
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
            result = await _tried(visit, body)
        except Refused as refused:
            # 200, so that a script puts it where the result would be; the faults are in it.
            return visit.page(
                "rules/trial.html",
                result=None,
                days=days,
                faults=lined(visit, refused.problem),
                problem=refused.problem,
            )
        return visit.page("rules/trial.html", days=days, faults=[], **await _shown(visit, result, body))


async def _tried(visit: Visit, body: Mapping[str, Any]) -> dict[str, Any]:
    """The last line of the answer: the result. Raises Refused, also where the trial could not go on."""
    answer = await visit.api.send(
        "/api/v1/rules/try",
        msgspec.json.encode(body),
        content_type="application/json",
        accept="application/x-ndjson",
    )
    last: dict[str, Any] = msgspec.json.decode(answer.content.strip().rpartition(b"\n")[2])
    if last["type"] != "result":
        raise Refused(Problem(status=422, code="invalid", detail=str(last.get("reason", ""))))
    return last


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

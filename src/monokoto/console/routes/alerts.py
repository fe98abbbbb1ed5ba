"""Alerts: the inbox, and one alert with all that happened to it. The inbox keeps itself current (`static/alerts.js`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from monokoto.console.alert_query import (
    QUIET_LABELS,
    SEVERITIES,
    SPAN_LABELS,
    STATE_LABELS,
    AlertQuery,
    read_query,
)
from monokoto.console.alert_rule import rule_of_alert
from monokoto.console.api import NotSignedIn, Part, Problem, Refused
from monokoto.console.formats import instant_of
from monokoto.console.languages import mark
from monokoto.console.lookups import nothing, products, unit_id
from monokoto.console.unit_chart import chart_around
from monokoto.console.visit import Visit
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant

PAGE_SIZE = 50
SHELF_HOURS = {
    "1": mark("1 hour"),
    "8": mark("8 hours"),
    "24": mark("1 day"),
    "168": mark("1 week"),
    "720": mark("30 days"),
}
DONE = mark("%(count)s done.")
NOT_DONE = mark("%(count)s could not be done: %(reason)s")
NOTHING_CHOSEN = mark("No alert was chosen.")
_ACTS = ("acknowledge", "unacknowledge", "unshelve", "clear")
"""What needs to say no more than that."""


class AlertPagesController(Controller):
    """`/console/alerts`."""

    path = "/alerts"

    @get("/")
    async def index(self, visit: NamedDependency[Visit]) -> Response[str]:
        """What there is to look at."""
        return await _inbox(visit, read_query(visit.request.query_params.multi_items()))

    @get("/badge")
    async def badge(self, guest: NamedDependency[Visit]) -> Response[str]:
        """How many stand unacknowledged: the number beside the entry of the navigation, which asks again by itself."""
        counts = Part()
        if guest.may("telemetry:read"):
            try:
                counts = await guest.api.part("/api/v1/alerts/counts")
            except NotSignedIn:
                counts = Part()
        return guest.page("alerts/badge.html", counts=counts.value)

    @post("/many")
    async def many(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Acknowledge or shelve what is ticked."""
        query = read_query(parse_qsl(urlsplit(visit.value("next")).query))
        chosen, doing = visit.values("alert")[:PAGE_SIZE], visit.value("do")
        body = _shelf(visit) if doing == "shelve" else None
        wanted = doing if doing in (*_ACTS, "shelve") else "acknowledge"
        told = await asyncio.gather(
            *(visit.api.part_of("POST", f"/api/v1/alerts/{quote(one, safe='')}/{wanted}", body=body) for one in chosen)
        )
        failed = [one.problem for one in told if one.problem]
        said = visit.say(DONE, count=len(told) - len(failed)) if told else visit.say(NOTHING_CHOSEN)
        if failed and len(failed) == len(told):
            return await _inbox(visit, query, problem=failed[0])
        if failed:
            said += " " + visit.say(NOT_DONE, count=len(failed), reason=failed[0].detail)
        if visit.is_part:
            return await _inbox(visit, query, done=said)
        return visit.go(query.address(), said)

    @get("/{alert:str}")
    async def alert(self, visit: NamedDependency[Visit], alert: FromPath[str]) -> Response[str]:
        """One alert."""
        return visit.page("alerts/alert.html", **await _alert(visit, alert))

    @post("/{alert:str}/{doing:str}")
    async def act(self, visit: NamedDependency[Visit], alert: FromPath[str], doing: FromPath[str]) -> Response[str]:
        """Acknowledge, comment, assign, shelve, clear."""
        path = f"/api/v1/alerts/{quote(alert, safe='')}"
        bodies: Mapping[str, Any] = {
            "comment": {"text": visit.value("text"), "shared": bool(visit.value("shared"))},
            "assign": {"person": visit.value("person") or None},
            "shelve": _shelf(visit),
        }
        try:
            if doing in _ACTS or doing in bodies:
                await visit.api.post(f"{path}/{doing}", bodies.get(doing))
        except Refused as refused:
            if refused.problem.status == 404:
                raise
            return visit.again("alerts/alert.html", refused, **await _alert(visit, alert))
        return visit.go(f"/console/alerts/{quote(alert, safe='')}")


async def _inbox(visit: Visit, query: AlertQuery, done: str = "", problem: Problem | None = None) -> Response[str]:
    unit = await unit_id(visit, query.get("unit"))
    path = "/api/v1/alerts/groups" if query.grouped else "/api/v1/alerts"
    asked = query.asked(visit.formats.now, unit)
    found, counts, known = await asyncio.gather(
        visit.api.part(path, **asked, limit=PAGE_SIZE, cursor=query.cursor),
        visit.api.part("/api/v1/alerts/counts"),
        products(visit),
    )
    return visit.page(
        "alerts/list.html",
        query=query,
        found=found,
        counts=counts,
        done=done,
        problem=problem,
        status=problem.status if problem else 200,
        products=known,
        states=STATE_LABELS,
        severities=SEVERITIES,
        spans=SPAN_LABELS,
        quiets=QUIET_LABELS,
        shelf_hours=SHELF_HOURS,
        me=visit.who.person.id if visit.who else "",
    )


async def _alert(visit: Visit, alert: str) -> dict[str, Any]:
    told = await visit.api.get(f"/api/v1/alerts/{quote(alert, safe='')}")
    people, rule, chart = await asyncio.gather(
        visit.api.part("/api/v1/members", limit=200) if visit.may("people:read") else nothing(),
        rule_of_alert(visit, told),
        chart_around(visit, told["unit"], [one["name"] for one in told["evidence"]], _span(visit, told)),
    )
    members = {one["person"]["id"]: one["person"] for one in (people.value or {"items": []})["items"]}
    return {
        "alert": told,
        "rule": rule,
        "chart": chart,
        "members": {person: one["name"] or one["email"] for person, one in members.items()},
        "shelf_hours": SHELF_HOURS,
    }


def _span(visit: Visit, told: Mapping[str, Any]) -> dict[str, Any]:
    """When it stood, as a chart marks it."""
    ends = instant_of(told["cleared_at"])
    return {
        "begin": instant_of(told["began_at"]) or 0,
        "end": ends if ends is not None else visit.formats.now,
        "mark": {"from": told["began_at"], "to": told["cleared_at"], "severity": told["severity_max"]},
        "title": told["title"],
        "rule": told["rule"],
    }


def _shelf(visit: Visit) -> dict[str, Any]:
    hours = visit.value("hours")
    seconds = timedelta(hours=int(hours) if hours in SHELF_HOURS else 1).total_seconds()
    # A little less than what the API allows at most: time goes by until it looks.
    until = visit.formats.now + round((seconds - 1) * MICROSECONDS_PER_SECOND)
    return {"until": format_instant(until), "rule": bool(visit.value("rule"))}

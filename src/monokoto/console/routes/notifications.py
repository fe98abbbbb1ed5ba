"""What was told of alerts, the routes that say whom, and the visitor's own browser."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from monokoto.console import notification_forms as forms
from monokoto.console.alert_query import SEVERITIES
from monokoto.console.api import Part, Problem, Refused
from monokoto.console.assets import assets
from monokoto.console.languages import mark
from monokoto.console.lookups import groups, products
from monokoto.console.visit import Visit

PAGE_SIZE = 50
STATES = {
    "waiting": mark("Waiting"),
    "outbox": mark("In the outbox"),
    "sent": mark("Sent"),
    "merged": mark("Told by another route"),
    "withdrawn": mark("Withdrawn"),
    "dead": mark("Not delivered"),
}
ROUTE_MADE = mark("The route is made. It tells what happens from now on.")
ROUTE_CHANGED = mark("The route is changed.")
ROUTE_REMOVED = mark("The route is removed.")
AGAIN = mark("It is sent again.")
FORGOTTEN = mark("That browser is told no more.")
_ROUTES, _API = "/console/notifications/routes", "/api/v1/notification-routes"
_STATES = {"enable": True, "disable": False}


class NotificationPagesController(Controller):
    """`/console/notifications`."""

    path = "/notifications"

    @get("/")
    async def log(
        self,
        visit: NamedDependency[Visit],
        only: Annotated[str, QueryParameter(name="state")] = "",
        alert: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """What was and is to be told, the newest first."""
        state = only if only in STATES else ""
        found, receivers = await asyncio.gather(
            visit.api.part("/api/v1/notifications", state=state, alert=alert, limit=PAGE_SIZE, cursor=cursor),
            _receivers(visit),
        )
        return visit.page(
            "notifications/log.html", found=found, receivers=dict(receivers), state=state, states=STATES, alert=alert
        )

    @post("/{notification:str}/retry")
    async def retry(self, visit: NamedDependency[Visit], notification: FromPath[str]) -> Response[str]:
        """Send again what could not be delivered."""
        await visit.api.post(f"/api/v1/notifications/{quote(notification, safe='')}/retry")
        return visit.go("/console/notifications", visit.say(AGAIN))

    @get("/browser")
    async def browser(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The visitor's browsers that are told, and whether this is one (`static/push.js`)."""
        found, key = await asyncio.gather(
            visit.api.part("/api/v1/push-subscriptions"), visit.api.part("/api/v1/push-subscriptions/key")
        )
        return visit.page("notifications/browser.html", found=found, key=key.value["key"] if key.value else "")

    @post("/browser/forget")
    async def forget(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Tell a browser no more."""
        await visit.api.delete(f"/api/v1/push-subscriptions/{quote(visit.value('subscription'), safe='')}")
        return visit.go("/console/notifications/browser", visit.say(FORGOTTEN))

    @get("/routes")
    async def routes(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Of which alerts whom."""
        found, receivers = await asyncio.gather(visit.api.part(_API), _receivers(visit))
        return visit.page("notifications/routes.html", found=found, receivers=dict(receivers))

    @get("/routes/new")
    async def new_route(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The form."""
        return visit.page("notifications/route_new.html", **await _choices(visit))

    @post("/routes/new")
    async def make_route(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Make it."""
        try:
            made = await visit.api.post(_API, await forms.route(visit))
        except Refused as refused:
            return visit.again("notifications/route_new.html", refused, **await _choices(visit))
        return visit.go(f"{_ROUTES}/{made['id']}", visit.say(ROUTE_MADE))

    @get("/routes/{route:str}")
    async def route(self, visit: NamedDependency[Visit], route: FromPath[str]) -> Response[str]:
        """One, to be changed."""
        return visit.page("notifications/route.html", **await _route(visit, route))

    @post("/routes/{route:str}/{doing:str}")
    async def act(self, visit: NamedDependency[Visit], route: FromPath[str], doing: FromPath[str]) -> Response[str]:
        """Change it, switch it, remove it, ask whom it would reach."""
        path, page = f"{_API}/{quote(route, safe='')}", f"{_ROUTES}/{quote(route, safe='')}"
        try:
            if doing == "preview":
                body = {"severity": visit.value("preview_severity") or "major", "rule": visit.value("preview_rule")}
                told = await visit.api.post(f"{_API}/preview", {**body, "route": route})
                return visit.page("notifications/route.html", **await _route(visit, route, Part(value=told["items"])))
            if doing == "remove":
                await visit.api.delete(path)
                return visit.go(_ROUTES, visit.say(ROUTE_REMOVED))
            if doing in _STATES:
                await visit.api.patch(path, {"enabled": _STATES[doing]})
                return visit.go(page)
            await visit.api.patch(path, await forms.route(visit))
        except Refused as refused:
            if refused.problem.status == 404:
                raise
            return visit.again("notifications/route.html", refused, **await _route(visit, route))
        return visit.go(page, visit.say(ROUTE_CHANGED))


async def _receivers(visit: Visit) -> list[tuple[str, str]]:
    found = await visit.api.part("/api/v1/receivers")
    return [(one["id"], one["name"]) for one in found.value["items"]] if found.value else []


async def _choices(visit: Visit) -> dict[str, Any]:
    receivers, known, of = await asyncio.gather(_receivers(visit), products(visit), groups(visit))
    return {
        "receivers": receivers,
        "products": known,
        "groups": of,
        "days": forms.DAYS,
        "whats": forms.WHATS,
        "severities": SEVERITIES,
        "route": None,
        "steps": forms.steps_shown([]),
    }


async def _route(visit: Visit, route: str, preview: Part | None = None) -> dict[str, Any]:
    found, choices = await asyncio.gather(visit.api.get(f"{_API}/{quote(route, safe='')}"), _choices(visit))
    return {**choices, "route": found, "steps": forms.steps_shown(found["steps"]), "preview": preview}


@get("/push-worker.js")
async def push_worker() -> Response[bytes]:
    """The service worker of the pages. It needs an address of its own that stays, and lies where the pages are that it serves."""
    found = assets().files.get("push-worker.js")
    if found is None:
        raise Refused(Problem(status=404, code="not-found"))
    return Response(found.content, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

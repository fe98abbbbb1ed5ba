"""Webhooks: receivers, what was delivered, what was not and why."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Refused
from monokoto.console.languages import mark
from monokoto.console.visit import Visit

REMOVED = mark("The receiver is removed.")
AGAIN = mark("The delivery is tried again.")
PINGED = mark("A ping was sent; it was answered with %(status)s.")
PING_FAILED = mark("A ping was sent, and failed: %(reason)s")


class WebhooksController(Controller):
    """`/console/webhooks`."""

    path = "/webhooks"

    @get("/")
    async def index(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The receivers, which are few."""
        found = await visit.api.get("/api/v1/webhooks")
        return visit.page("webhooks/list.html", webhooks=found["items"])

    @get("/new")
    async def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The form."""
        return visit.page("webhooks/new.html", events=await visit.api.get("/api/v1/webhooks/events"))

    @post("/new")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Make it, and show its secret this once."""
        body = {"url": visit.value("url"), "name": visit.value("name"), "events": visit.values("events") or ["*"]}
        try:
            made = await visit.api.post("/api/v1/webhooks", body)
        except Refused as refused:
            events = await visit.api.get("/api/v1/webhooks/events")
            return visit.again("webhooks/new.html", refused, events=events)
        return visit.page("webhooks/made.html", status=201, webhook=made["webhook"], secret=made["secret"])

    @get("/{webhook:str}")
    async def receiver(
        self, visit: NamedDependency[Visit], webhook: FromPath[str], cursor: FromQuery[str] = ""
    ) -> Response[str]:
        """One receiver and its deliveries."""
        return visit.page("webhooks/webhook.html", **await _receiver(visit, webhook, cursor))

    @post("/{webhook:str}/{doing:str}")
    async def act(self, visit: NamedDependency[Visit], webhook: FromPath[str], doing: FromPath[str]) -> Response[str]:
        """Ping, pause, go on, try a delivery again, remove."""
        path, page = f"/api/v1/webhooks/{webhook}", f"/console/webhooks/{webhook}"
        try:
            if doing == "remove":
                await visit.api.delete(path)
                return visit.go("/console/webhooks", visit.say(REMOVED))
            if doing in _STATES:
                await visit.api.patch(path, {"state": _STATES[doing]})
                return visit.go(page)
            if doing == "again":
                await visit.api.post(f"{path}/deliveries/{visit.value('delivery')}/replay")
                return visit.go(page, visit.say(AGAIN))
            tried = await visit.api.post(f"{path}/ping")
        except Refused as refused:
            return visit.again("webhooks/webhook.html", refused, **await _receiver(visit, webhook))
        if tried["reason"]:
            return visit.go(page, visit.say(PING_FAILED, reason=tried["reason"]))
        return visit.go(page, visit.say(PINGED, status=tried["status"]))


_STATES = {"pause": "paused", "resume": "enabled"}


async def _receiver(visit: Visit, webhook: str, cursor: str = "") -> dict[str, Any]:
    path = f"/api/v1/webhooks/{webhook}"
    deliveries = await visit.api.part(f"{path}/deliveries", cursor=cursor, limit=50)
    return {"webhook": await visit.api.get(path), "deliveries": deliveries}

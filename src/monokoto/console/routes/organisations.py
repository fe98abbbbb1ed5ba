"""The organisations of the whole platform, for whoever runs it."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from monokoto.console.api import Refused
from monokoto.console.languages import mark
from monokoto.console.visit import Visit

KINDS = ("maker", "owner", "provider")
MADE = mark("%(name)s is made.")


class OrganisationsController(Controller):
    """`/console/organisations`."""

    path = "/organisations"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """All of them, and a form for one more."""
        return visit.page("organisations/list.html", **await _organisations(visit, cursor))

    @post("/")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """With its first administrator, who gets a mail."""
        body = {name: visit.value(name) for name in ("name", "slug", "kind")} | {"admin": visit.value("admin") or None}
        try:
            await visit.api.post("/api/v1/organisations", body)
        except Refused as refused:
            return visit.again("organisations/list.html", refused, **await _organisations(visit))
        return visit.go("/console/organisations", visit.say(MADE, name=str(body["name"])))


async def _organisations(visit: Visit, cursor: str = "") -> dict[str, Any]:
    found = await visit.api.get("/api/v1/organisations", cursor=cursor, limit=100)
    return {"organisations": found["items"], "next_cursor": found["next_cursor"], "kinds": KINDS}

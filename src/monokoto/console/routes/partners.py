"""Who gets a part of what is sold: what each is owed, and which organisation sees that itself."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Refused
from monokoto.console.languages import mark
from monokoto.console.months import months_of, span_of
from monokoto.console.visit import Visit

PATH = "/console/partners"
PAGE_SIZE = 30
SAID = mark("They see their statements from now on, under “My shares”.")
FORGOTTEN = mark("Nobody but you sees these statements now.")


class PartnerPagesController(Controller):
    """`/console/partners`."""

    path = "/partners"

    @get("/")
    async def index(self, visit: NamedDependency[Visit]) -> Response[str]:
        """By name, with what each is owed."""
        return visit.page("partners/list.html", **await _shown(visit))

    @post("/")
    async def say(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Which organisation a partner is."""
        partner = quote(visit.value("partner"), safe="")
        try:
            await visit.api.put(
                f"/api/v1/partner-organisations/{partner}", {"organisation": visit.value("organisation")}
            )
        except Refused as refused:
            if refused.problem.status in {401, 403}:
                raise
            return visit.again("partners/list.html", refused, **await _shown(visit))
        return visit.go(PATH, visit.say(SAID))

    @get("/{partner:str}/statement")
    async def statement(
        self,
        visit: NamedDependency[Visit],
        partner: FromPath[str],
        currency: FromQuery[str] = "EUR",
        month: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """A month of the visitor's calendar, as the partner sees it."""
        months = months_of(visit)
        month = month if month in months else months[0]
        begin, end = span_of(month, visit.formats.zone)
        statement = await visit.api.get(
            f"/api/v1/partners/{quote(partner, safe='')}/statement",
            currency=currency, to=end, cursor=cursor, limit=PAGE_SIZE, **{"from": begin},
        )  # fmt: skip
        return visit.page("partners/statement.html", statement=statement, month=month, months=months)

    @post("/{partner:str}/forget")
    async def forget(self, visit: NamedDependency[Visit], partner: FromPath[str]) -> Response[str]:
        """Let it be a name alone again."""
        await visit.api.delete(f"/api/v1/partner-organisations/{quote(partner, safe='')}")
        return visit.go(PATH, visit.say(FORGOTTEN))


async def _shown(visit: Visit) -> dict[str, Any]:
    owed, known = await asyncio.gather(
        visit.api.get("/api/v1/partners"), visit.api.get("/api/v1/partner-organisations")
    )
    rows: dict[str, dict[str, Any]] = {}
    for one in owed["items"]:
        rows.setdefault(one["partner"], {"owed": [], "organisation": None})["owed"].append(one)
    for one in known["items"]:
        rows.setdefault(one["partner"], {"owed": [], "organisation": None})["organisation"] = one
    return {"rows": sorted(rows.items()), "writes": visit.may("earn:write")}

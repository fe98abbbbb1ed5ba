"""What one is owed as a partner: parts of what makers sell, by month and line, and what was paid."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import NotThere, Problem
from monokoto.console.months import months_of, span_of
from monokoto.console.visit import Visit

PAGE_SIZE = 30


class MyPartnershipPagesController(Controller):
    """`/console/mine/partnerships`."""

    path = "/mine/partnerships"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """By maker, with what is owed."""
        found = await visit.api.get("/api/v1/my/partnerships", cursor=cursor, limit=PAGE_SIZE)
        return visit.page("mine/partnerships.html", items=found["items"], next_cursor=found["next_cursor"])

    @get("/{maker:str}/{partner:str}")
    async def statement(
        self,
        visit: NamedDependency[Visit],
        maker: FromPath[str],
        partner: FromPath[str],
        currency: FromQuery[str] = "EUR",
        month: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """A month of the visitor's calendar: what it began with, what came, what was paid, what it ended with."""
        months = months_of(visit)
        month = month if month in months else months[0]
        begin, end = span_of(month, visit.formats.zone)
        one = await _partnership(visit, maker, partner)
        statement = await visit.api.get(
            f"/api/v1/my/partnerships/{quote(maker, safe='')}/{quote(partner, safe='')}/statement",
            currency=currency, to=end, cursor=cursor, limit=PAGE_SIZE, **{"from": begin},
        )  # fmt: skip
        return visit.page("mine/partnership.html", one=one, statement=statement, month=month, months=months)


async def _partnership(visit: Visit, maker: str, partner: str) -> Any:
    cursor: str | None = ""
    while cursor is not None:
        found = await visit.api.get("/api/v1/my/partnerships", cursor=cursor, limit=200)
        for one in found["items"]:
            if (one["maker"], one["partner"]) == (maker, partner):
                return one
        cursor = found["next_cursor"]
    raise NotThere(Problem(status=404, code="not-found"))

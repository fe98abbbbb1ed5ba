"""What one is owed as a partner: parts of what makers sell, by month and line, and what was paid."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import NotThere, Problem
from monokoto.console.visit import Visit

PAGE_SIZE = 30
MONTHS_SHOWN = 24
"""Back from the present one."""
_MICROSECONDS = 1_000_000


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
        months = _months(visit)
        month = month if month in months else months[0]
        begin, end = _span(month, visit.formats.zone)
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


def _months(visit: Visit) -> list[str]:
    """Such as 2026-11, the present one first."""
    now = datetime.fromtimestamp(visit.formats.now / _MICROSECONDS, ZoneInfo(visit.formats.zone))
    months = [now.year * 12 + now.month - 1 - back for back in range(MONTHS_SHOWN)]
    return [f"{one // 12:04}-{one % 12 + 1:02}" for one in months]


def _span(month: str, zone: str) -> tuple[str, str]:
    """Where a month begins and ends, in UTC."""
    year, number = int(month[:4]), int(month[5:])
    begin = datetime(year, number, 1, tzinfo=ZoneInfo(zone))
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=ZoneInfo(zone))
    first, last = (one.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for one in (begin, end))
    return first, last

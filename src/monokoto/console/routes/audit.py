"""The audit log: who did what, filtered, and as a file."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from monokoto.console.api import Refused
from monokoto.console.formats import zone_of
from monokoto.console.visit import Visit
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant


class AuditController(Controller):
    """`/console/audit`."""

    path = "/audit"

    @get("/")
    async def index(
        self,
        visit: NamedDependency[Visit],
        action: FromQuery[str] = "",
        subject: FromQuery[str] = "",
        actor: FromQuery[str] = "",
        outcome: FromQuery[str] = "",
        begin: Annotated[str, QueryParameter(name="from")] = "",
        end: Annotated[str, QueryParameter(name="to")] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """From the newest on. Days are the visitor's own."""
        asked = {"action": action, "subject": subject, "actor": actor, "outcome": outcome}
        days = {"from": _day(visit, begin), "to": _day(visit, end, after=1)}
        values: dict[str, Any] = {"query": {**asked, "from": begin, "to": end}, "files": _query({**asked, **days})}
        try:
            found = await visit.api.get("/api/v1/audit", **asked, **days, cursor=cursor, limit=50)
        except Refused as refused:
            if refused.problem.status != 422:
                raise
            return visit.again("audit/list.html", refused, entries=[], next_cursor=None, **values)
        return visit.page("audit/list.html", entries=found["items"], next_cursor=found["next_cursor"], **values)


def _query(values: dict[str, str]) -> str:
    """The filters as they follow `format=` in the address of a file."""
    given = {name: value for name, value in values.items() if value}
    return "&" + urlencode(given) if given else ""


def _day(visit: Visit, text: str, after: int = 0) -> str:
    """The instant a day of the visitor's begins (or the one `after` so many days); what is no day goes as it is."""
    try:
        midnight = datetime.fromisoformat(text).replace(tzinfo=zone_of(visit.formats.zone)) + timedelta(days=after)
    except ValueError:
        return text
    return format_instant(round(midnight.timestamp()) * MICROSECONDS_PER_SECOND)

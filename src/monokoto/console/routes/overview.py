"""The first page: the fleet at a glance."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from monokoto.console.api import Part
from monokoto.console.formats import instant_of, zone_of
from monokoto.console.navigation import navigation
from monokoto.console.visit import HOME, Visit
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant

PLACES_SHOWN = 12
LIST_CELLS = 24
LETTERS_SHOWN = 5
ENTRIES_SHOWN = 8
PACE_WIDTH, PACE_HEIGHT = 600, 72


@get("/")
async def overview(visit: NamedDependency[Visit]) -> Response[str]:
    """The fleet in numbers; whoever may not see units goes on to the first page that is theirs, at the latest their account."""
    if not visit.may("units:read"):
        hrefs = [link.entry.href for _, links in navigation(visit) for link in links]
        return visit.go(next((href for href in hrefs if href != HOME), "/console/account"))
    summary, places, letters, entries, alerts = await asyncio.gather(
        visit.api.part("/api/v1/fleet/summary", since=format_instant(_midnight(visit))),
        visit.api.part("/api/v1/fleet/map", cells=LIST_CELLS),
        _if_may(visit, "telemetry:read", "/api/v1/dead-letters", LETTERS_SHOWN),
        _if_may(visit, "audit:read", "/api/v1/audit", ENTRIES_SHOWN),
        visit.api.part("/api/v1/alerts/counts") if visit.may("telemetry:read") else _none(),
    )
    told = summary.value or {}
    return visit.page(
        "overview/overview.html",
        summary=summary,
        places=places,
        places_shown=PLACES_SHOWN,
        letters=letters,
        entries=entries,
        alerts=alerts.value if alerts else None,
        pace=_curve(told.get("pace")),
        is_maker=bool(visit.who and visit.who.organisation and visit.who.organisation.kind == "maker"),
    )


async def _if_may(visit: Visit, scope: str, path: str, limit: int) -> Part | None:
    """A part that is not asked for where the answer is known to be no."""
    return await visit.api.part(path, limit=limit) if visit.may(scope) else None


async def _none() -> None:
    return None


def _midnight(visit: Visit) -> int:
    zone = zone_of(visit.formats.zone)
    now = datetime.fromtimestamp(visit.formats.now / MICROSECONDS_PER_SECOND, tz=zone)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return round((midnight if midnight <= now else midnight - timedelta(days=1)).timestamp()) * MICROSECONDS_PER_SECOND


def _curve(pace: dict[str, Any] | None) -> dict[str, Any] | None:
    """The readings of each minute as a line in a box of 600 by 72, left open where nobody counted."""
    if pace is None:
        return None
    counts: list[int | None] = pace["readings"][:-1]  # the minute that is passing is not whole yet
    known = [one for one in counts if one is not None]
    highest = max(known, default=0)
    steps, path, before = max(len(counts) - 1, 1), [], False
    for place, count in enumerate(counts):
        if count is not None:
            x, y = place * PACE_WIDTH / steps, PACE_HEIGHT - 4 - (PACE_HEIGHT - 8) * count / max(highest, 1)
            path.append(f"{'L' if before else 'M'}{x:.1f} {y:.1f}")
        before = count is not None
    begin = instant_of(pace["begin"]) or 0
    return {
        "path": "".join(path),
        "now": known[-1] / 60 if known and counts[-1] is not None else None,
        "mean": sum(known) / len(known) / 60 if known else None,
        "highest": highest / 60,
        "total": sum(known),
        "begin": begin,
        "minutes": len(known),
    }

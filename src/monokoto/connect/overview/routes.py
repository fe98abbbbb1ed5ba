"""The fleet at a glance over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from msgspec import Meta

from monokoto.connect.fleet import parse_box
from monokoto.connect.overview.clusters import Cluster
from monokoto.connect.overview.service import Overview, Summary
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import MAP_CELLS_MAX
from monokoto.web import Caller, Scope, problem_responses, requires

_CELLS = 48


class ProductCountJson(msgspec.Struct, frozen=True):
    """How many units of a product there are."""

    product: str
    units: int
    online: int
    versions: Annotated[dict[str, int], Meta(description="Of each version how many")]


class PaceJson(msgspec.Struct, frozen=True):
    """What arrived in each minute of the last hour."""

    begin: Annotated[str, Meta(description="The first minute's beginning")]
    width_seconds: int
    readings: Annotated[
        list[int | None], Meta(description="The last minute is passing; null: before the platform began to count")
    ]


class FleetSummaryJson(msgspec.Struct, frozen=True):
    """A fleet in numbers."""

    since: str
    units: Annotated[int, Meta(description="All that are not retired")]
    online: int
    never_seen: Annotated[int, Meta(description="Of those offline, how many were never heard of")]
    suspended: int
    new: Annotated[int, Meta(description="Since then: registered; to whoever holds units of others, come to them")]
    claimed: Annotated[int, Meta(description="Belong to somebody other than their maker")]
    located: Annotated[int, Meta(description="Have a location")]
    products: Annotated[list[ProductCountJson], Meta(description="The most units first")]
    dead_letters: Annotated[int | None, Meta(description="Since then; null: not open to the asker")]
    pace: Annotated[PaceJson | None, Meta(description="Readings as they arrive; null: not open to the asker")]
    alerts: Annotated[int | None, Meta(description="Alerts that stand now; null: not open to the asker")] = None


class ClusterJson(msgspec.Struct, frozen=True):
    """Units near each other as one place."""

    latitude: float
    longitude: float
    units: int
    online: int
    box: Annotated[str, Meta(description="`south,west,north,east` of all of them, as `GET /api/v1/units` takes it")]
    unit: Annotated[str | None, Meta(description="The unit, where it is one alone")]
    serial: str | None


class FleetMapJson(msgspec.Struct, frozen=True):
    """Where units are."""

    units: Annotated[int, Meta(description="In all clusters together")]
    clusters: Annotated[list[ClusterJson], Meta(description="The most units first")]


def summary_to_json(summary: Summary, since: int) -> FleetSummaryJson:
    """As the API shows it."""
    pace = summary.pace
    return FleetSummaryJson(
        since=format_instant(since),
        units=summary.units,
        online=summary.online,
        never_seen=summary.never_seen,
        suspended=summary.suspended,
        new=summary.fresh,
        claimed=summary.claimed,
        located=summary.located,
        products=[ProductCountJson(one.product, one.units, one.online, one.versions) for one in summary.products],
        dead_letters=summary.dead_letters,
        pace=None if pace is None else PaceJson(format_instant(pace.begin), 60, list(pace.readings)),
        alerts=summary.alerts,
    )


def cluster_to_json(cluster: Cluster, serial: str) -> ClusterJson:
    """As the API shows it."""
    alone, box = cluster.units == 1, cluster.box
    return ClusterJson(
        latitude=round(cluster.latitude, 6),
        longitude=round(cluster.longitude, 6),
        units=cluster.units,
        online=cluster.online,
        box=",".join(repr(edge) for edge in (box.south, box.west, box.north, box.east)),
        unit=format_id(cluster.unit_id) if alone else None,
        serial=serial if alone else None,
    )


class OverviewController(Controller):
    """`/api/v1/fleet/summary` and `/api/v1/fleet/map`."""

    path = "/api/v1/fleet"
    tags = ("Overview",)
    guards = (requires(Scope.UNITS_READ),)

    @get("/summary", operation_id="getFleetSummary", responses=problem_responses(), summary="The fleet in numbers")
    async def summary(
        self,
        caller: NamedDependency[Caller],
        overview: NamedDependency[Overview],
        since: Annotated[
            str | None, QueryParameter(description="What is new, and dead letters, from here on; left out: a day ago")
        ] = None,
    ) -> FleetSummaryJson:
        """Of a maker the units it made, of others those they hold now."""
        begin = overview.day_ago if since is None else _instant(since)
        found = await asyncio.to_thread(overview.summary, caller, begin)
        return summary_to_json(found, begin)

    @get("/map", operation_id="getFleetMap", responses=problem_responses(), summary="Where the units are")
    async def map(
        self,
        caller: NamedDependency[Caller],
        overview: NamedDependency[Overview],
        box: Annotated[
            str, QueryParameter(description="Only within `south,west,north,east`, in degrees; left out: everywhere")
        ] = "",
        cells: Annotated[
            int, QueryParameter(ge=1, le=MAP_CELLS_MAX, description="How many cells the box is wide")
        ] = _CELLS,
        product: Annotated[str, QueryParameter(description="Units of this product")] = "",
        online: FromQuery[bool | None] = None,
    ) -> FleetMapJson:
        """Units that fall into one cell are one place with their number; the finer the cells, the fewer fall together."""
        wanted = parse_box(box) if box else None

        def found() -> list[ClusterJson]:
            clusters = overview.map(caller, box=wanted, cells=cells, product=product, online=online)
            return [cluster_to_json(one, overview.serial(one.unit_id) if one.units == 1 else "") for one in clusters]

        shown = await asyncio.to_thread(found)
        return FleetMapJson(units=sum(one.units for one in shown), clusters=shown)


def _instant(text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no time.", faults=[Fault(place="since", reason=str(error))]) from None

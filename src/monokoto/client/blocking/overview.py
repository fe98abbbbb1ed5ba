# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.overview`: The fleet at a glance: counts, the pace of what arrives, where units are."""

from __future__ import annotations

from monokoto.client.types import FleetMap, FleetSummary
from monokoto.client.wire import Api, Call, given


class OverviewApi:
    """The fleet at a glance: counts, the pace of what arrives, where units are."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get_fleet_map(
        self,
        *,
        box: str | None = None,
        cells: int | None = None,
        product: str | None = None,
        online: bool | None = None,
    ) -> FleetMap:
        """Where the units are.

        Units that fall into one cell are one place with their number; the finer the cells, the fewer fall together.
        Needs `units:read`.

        Args:
            box: Only within `south,west,north,east`, in degrees; left out: everywhere.
            cells: How many cells the box is wide (1 to 96; default: 48).
            product: Units of this product.
            online: Connected now, or not.
        """
        call = Call(
            method="GET",
            path="/api/v1/fleet/map",
            query=given(box=box, cells=cells, product=product, online=online),
            repeatable=True,
        )
        return self._api.ask(call, FleetMap)

    def get_fleet_summary(self, *, since: str | None = None) -> FleetSummary:
        """The fleet in numbers.

        Of a maker the units it made, of others those they hold now. Needs `units:read`.

        Args:
            since: What is new, and dead letters, from here on; left out: a day ago.
        """
        call = Call(method="GET", path="/api/v1/fleet/summary", query=given(since=since), repeatable=True)
        return self._api.ask(call, FleetSummary)

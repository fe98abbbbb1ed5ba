"""Changes to many units: what runs, what became of each unit, cancel and undo."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

OPEN = ("waiting", "running", "undoing")


class JobsController(Controller):
    """`/console/jobs`."""

    path = "/jobs"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """The newest first."""
        found = await visit.api.get("/api/v1/jobs", cursor=cursor, limit=50)
        return visit.page("jobs/list.html", jobs=found["items"], next_cursor=found["next_cursor"])

    @get("/{job:str}")
    async def job(
        self,
        visit: NamedDependency[Visit],
        job: FromPath[str],
        cursor: FromQuery[str] = "",
        only: Annotated[str, QueryParameter(name="state")] = "",
    ) -> Response[str]:
        """One job; the page keeps itself current while there is something to do."""
        found = await visit.api.get(f"/api/v1/jobs/{job}")
        items = await visit.api.part(f"/api/v1/jobs/{job}/items", cursor=cursor, state=only, limit=50)
        names = await names_of(visit, [one["unit"] for one in items.value["items"]] if items.value else [])
        is_open = found["state"] in OPEN
        return visit.page("jobs/job.html", job=found, items=items, names=names, is_open=is_open, state=only)

    @post("/{job:str}/cancel")
    async def cancel(self, visit: NamedDependency[Visit], job: FromPath[str]) -> Response[str]:
        """What is done stays done."""
        await visit.api.post(f"/api/v1/jobs/{job}/cancel")
        return visit.go(f"/console/jobs/{job}")

    @post("/{job:str}/undo")
    async def undo(self, visit: NamedDependency[Visit], job: FromPath[str]) -> Response[str]:
        """Put back what stood there."""
        await visit.api.post(f"/api/v1/jobs/{job}/undo")
        return visit.go(f"/console/jobs/{job}")

"""Runs of scenes: how far one is, what became of each unit, cancel and undo."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

PATH = "/console/scene-runs"
PAGE_SIZE = 30
OPEN = ("waiting", "running", "stopping", "undoing")
_UNDOABLE = ("done", "stopped", "cancelled")


class SceneRunPagesController(Controller):
    """`/console/scene-runs`."""

    path = "/scene-runs"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """The newest first."""
        found = await visit.api.get("/api/v1/scene-runs", cursor=cursor, limit=50)
        return visit.page("scenes/runs.html", runs=found["items"], next_cursor=found["next_cursor"])

    @get("/{run:str}")
    async def run(
        self,
        visit: NamedDependency[Visit],
        run: FromPath[str],
        cursor: FromQuery[str] = "",
        only: Annotated[str, QueryParameter(name="state")] = "",
    ) -> Response[str]:
        """One run; the page keeps itself current while something happens."""
        path = f"/api/v1/scene-runs/{quote(run, safe='')}"
        found = await visit.api.get(path)
        items = await visit.api.part(f"{path}/items", cursor=cursor, state=only, limit=PAGE_SIZE)
        return visit.page(
            "scenes/run.html",
            run=found,
            items=items,
            names=await names_of(visit, (one["unit"] for one in items.value["items"])) if items.value else {},
            is_open=found["state"] in OPEN,
            undoable=found["state"] in _UNDOABLE and not found["cancelling"] and bool(found["counts"].get("done")),
            state=only,
            cursor=cursor,
        )

    @post("/{run:str}/{doing:str}")
    async def act(self, visit: NamedDependency[Visit], run: FromPath[str], doing: FromPath[str]) -> Response[str]:
        """Cancel it: what is done stays done. Undo it: what was desired before is desired again."""
        if doing in ("cancel", "undo"):
            await visit.api.post(f"/api/v1/scene-runs/{quote(run, safe='')}/{doing}")
        return visit.go(f"{PATH}/{quote(run, safe='')}")

"""The API explorer: every operation of the public API, described, and tried with the visitor's own session."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console import explorer
from monokoto.console.api import NotThere, Problem
from monokoto.console.visit import Visit


class ExplorerController(Controller):
    """`/console/explorer`."""

    path = "/explorer"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], q: FromQuery[str] = "") -> Response[str]:
        """All operations by tag, or those that hold the words of the search."""
        groups = explorer.operations(await _document(visit))
        return visit.page("explorer/index.html", groups=explorer.matching(groups, q) if q else groups, q=q)

    @get("/{operation:str}")
    async def operation(self, visit: NamedDependency[Visit], operation: FromPath[str]) -> Response[str]:
        """One operation: what it takes and gives, and a form to try it."""
        found = explorer.find(await _document(visit), operation)
        if found is None:
            raise NotThere(Problem(status=404, code="not-found"))
        return visit.page("explorer/operation.html", operation=found)


async def _document(visit: Visit) -> Any:
    """The application's document, which does not change while it runs."""
    state = visit.request.app.state
    if "console_openapi" not in state:
        state.console_openapi = await visit.api.get("/openapi/openapi.json")
    return state.console_openapi

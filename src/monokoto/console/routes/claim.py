"""Claiming a unit: the code from its box, typed or scanned (`/console/claim?code=…`)."""

from __future__ import annotations

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from monokoto.console.api import Refused
from monokoto.console.visit import Visit


class ClaimController(Controller):
    """`/console/claim`."""

    path = "/claim"

    @get("/")
    async def form(self, visit: NamedDependency[Visit], code: FromQuery[str] = "") -> Response[str]:
        """The code stands in the form when it was scanned; claiming takes one more press."""
        return visit.page("claim/claim.html", code=code[:80])

    @post("/")
    async def claim(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The unit belongs to the visitor's organisation from now on."""
        code = visit.value("code")
        try:
            claimed = await visit.api.post("/api/v1/claims", {"code": code})
        except Refused as refused:
            return visit.again("claim/claim.html", refused, code=code)
        return visit.page("claim/claimed.html", unit=claimed)

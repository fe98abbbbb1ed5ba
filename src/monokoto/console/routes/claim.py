"""Claiming a unit: the code from its box, typed or scanned (`/console/claim?code=…`), and units that others offer."""

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
        return visit.page("claim/claim.html", code=code[:80], offers_in=await visit.api.part("/api/v1/transfers"))

    @post("/")
    async def claim(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The unit belongs to the visitor's organisation from now on."""
        body = {"code": visit.value("code"), "label": visit.value("label")}
        return await self._take(visit, "/api/v1/claims", body)

    @post("/accept")
    async def accept(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Take a unit that its owner hands on."""
        return await self._take(visit, "/api/v1/transfers/accept", {"transfer": visit.value("transfer")})

    @staticmethod
    async def _take(visit: Visit, path: str, body: dict[str, str]) -> Response[str]:
        try:
            claimed = await visit.api.post(path, body)
        except Refused as refused:
            offers_in = await visit.api.part("/api/v1/transfers")
            return visit.again("claim/claim.html", refused, code=body.get("code", ""), offers_in=offers_in)
        return visit.page("claim/claimed.html", claimed=claimed)

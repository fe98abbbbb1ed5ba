"""Where one's invoices go: to whom, by which mail, with which VAT number, with each maker one is a customer of."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from babel import Locale
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Refused
from monokoto.console.languages import mark
from monokoto.console.visit import Visit

PATH = "/console/mine/billing"
PAGE_SIZE = 20
SAVED = mark("Saved. It stands on the next invoice; those that were sent stay as they are.")
_ADDRESS = ("street", "more", "postal_code", "city", "region")


class MyBillingPagesController(Controller):
    """`/console/mine/billing`."""

    path = "/mine/billing"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """A form for each maker."""
        return visit.page("mine/billing.html", **await _shown(visit, cursor))

    @post("/{maker:str}")
    async def save(self, visit: NamedDependency[Visit], maker: FromPath[str]) -> Response[str]:
        """Of one maker."""
        body: dict[str, Any] = {name: visit.value(name) for name in ("name", "email", "vat_id", "language")}
        # What the form does not show stays; an address is said whole.
        body["address"] = {name: visit.value(name) for name in _ADDRESS}
        try:
            await visit.api.patch(f"/api/v1/my/billing/{quote(maker, safe='')}", body)
        except Refused as refused:
            if refused.problem.status in {401, 403, 404}:
                raise
            return visit.again("mine/billing.html", refused, at=maker, **await _shown(visit, ""))
        return visit.go(PATH, visit.say(SAVED))


async def _shown(visit: Visit, cursor: str) -> dict[str, Any]:
    found = await visit.api.get("/api/v1/my/billing", cursor=cursor, limit=PAGE_SIZE)
    territories = Locale.parse(visit.formats.language).territories
    return {
        "rows": [(one, territories.get(one["country"], one["country"])) for one in found["items"]],
        "next_cursor": found["next_cursor"],
        "writes": visit.may("portal:write"),
    }

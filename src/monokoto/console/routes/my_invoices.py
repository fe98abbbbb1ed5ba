"""The invoices one was sent: what is open, the document, what each line stands for."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import NotThere, Problem
from monokoto.console.routes.usage import with_pages
from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

PAGE_SIZE = 30


class MyInvoicePagesController(Controller):
    """`/console/mine/invoices`."""

    path = "/mine/invoices"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """The newest first."""
        found = await visit.api.get("/api/v1/my/invoices", cursor=cursor, limit=PAGE_SIZE)
        return visit.page("mine/invoices.html", invoices=found["items"], next_cursor=found["next_cursor"])

    @get("/{invoice:str}")
    async def one(self, visit: NamedDependency[Visit], invoice: FromPath[str]) -> Response[str]:
        """Its lines and documents."""
        found = await visit.api.get(f"/api/v1/my/invoices/{invoice}")
        paper = visit.api.offers("/api/v1/my/invoices/{invoice}/document.pdf")
        one = found["invoice"]
        of = await visit.api.part(f"/api/v1/my/subscriptions/{one['subscription']}") if one["subscription"] else None
        sent = next((each for each in found["documents"] if each["kind"] == "invoice"), None)
        return visit.page(
            "mine/invoice.html", found=found, one=one, of=of and of.value, paper=paper,
            seller=sent["content"]["seller"] if sent else {}, lacking=sent["electronic_lacking"] if sent else [],
        )  # fmt: skip

    @get("/{invoice:str}/usage")
    async def usage(
        self,
        visit: NamedDependency[Visit],
        invoice: FromPath[str],
        line: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """What was counted for a line: each sample, with the reading or event it was taken from."""
        api = f"/api/v1/my/invoices/{quote(invoice, safe='')}"
        found, samples = await asyncio.gather(
            visit.api.get(api), visit.api.part(f"{api}/usage", line=line, cursor=cursor, limit=PAGE_SIZE)
        )
        shown = next((one for one in found["lines"] if one["key"] == line), None)
        if shown is None:
            raise NotThere(Problem(status=404, code="not-found"))
        rows = [with_pages(one["sample"]) for one in samples.value["items"]] if samples.value else []
        names = await names_of(visit, (one["unit"] for one in rows))
        return visit.page(
            "mine/usage.html", invoice=found["invoice"], line=shown, samples=samples, rows=rows, names=names
        )

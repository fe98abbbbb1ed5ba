"""The invoices one was sent: what is open, the document, what each line stands for."""

from __future__ import annotations

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

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
        return visit.page("mine/invoice.html", found=found, one=one, of=of and of.value, paper=paper)

"""What a bank tells of the account: statements are taken in, and what nothing in them names is given to whom it belongs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Refused
from monokoto.console.languages import mark
from monokoto.console.money_forms import CHOICES_MAX, customers_to_choose
from monokoto.console.routes.payment_files import uploaded
from monokoto.console.visit import Visit
from monokoto.kernel.limits import PAYMENT_ANSWER_BYTES_MAX

PATH = "/console/bank"
PAGE_SIZE = 50
GIVEN = mark("It is said what this money is.")
_FORM_BYTES = 1 << 16


class BankPagesController(Controller):
    """`/console/bank`."""

    path = "/bank"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """What waits for somebody."""
        return visit.page("payments/bank.html", **await _shown(visit, cursor), taken=None)

    @post("/", request_max_body_size=PAYMENT_ANSWER_BYTES_MAX + _FORM_BYTES)
    async def take(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Take a statement in, and say what came of it."""
        try:
            content = await uploaded(visit)
            sent = await visit.api.send(
                "/api/v1/bank-statements", content, content_type="application/xml", accept="application/json"
            )
        except Refused as refused:
            return visit.again("payments/bank.html", refused, **await _shown(visit, ""), taken=None)
        return visit.page("payments/bank.html", **await _shown(visit, ""), taken=msgspec.json.decode(sent.content))

    @post("/{entry:str}")
    async def give(self, visit: NamedDependency[Visit], entry: FromPath[str]) -> Response[str]:
        """It pays an invoice, is a customer's credit, or is nothing of ours."""
        body = {name: visit.value(name) or None for name in ("invoice", "customer")}
        body |= {"nothing_of_ours": visit.value("nothing_of_ours")}
        try:
            await visit.api.post(f"/api/v1/bank-entries/{quote(entry, safe='')}/assignment", body)
        except Refused as refused:
            return visit.again("payments/bank.html", refused, **await _shown(visit, ""), taken=None)
        return visit.go(PATH, visit.say(GIVEN))


async def _shown(visit: Visit, cursor: str) -> dict[str, Any]:
    found = await visit.api.get("/api/v1/bank-entries", state="open", cursor=cursor, limit=PAGE_SIZE)
    statements = await visit.api.part("/api/v1/bank-statements", limit=10)
    owed = await visit.api.part("/api/v1/invoices", state="finalised", limit=CHOICES_MAX)
    return {
        "found": found,
        "statements": statements.value["items"] if statements.value else [],
        "owed": owed.value["items"] if owed.value else [],
        "customers": await customers_to_choose(visit),
    }

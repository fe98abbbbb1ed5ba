"""Invoices: what is owed, line by line down to the readings, and what can be done about it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from monokoto.console.api import NotThere, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.money_forms import METHODS, day_begins
from monokoto.console.routes.usage import with_pages
from monokoto.console.titles import titles_of
from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

PATH = "/console/invoices"
PAGE_SIZE = 50
ROWS_SHOWN = 50
EMPTY_COUNTED = 200
"""Of the periods in which nothing was charged; how many more there are is not said."""
STATES = ("draft", "grace", "finalised", "paid", "void", "uncollectible")
SAID = {
    "finalise": mark("The invoice is a document now."),
    "void": mark("The invoice is taken back."),
    "uncollectible": mark("What was open is written off."),
    "reinstate": mark("The invoice is owed again."),
    "credit": mark("The credit note is written."),
    "pay": mark("The payment is recorded."),
    "pause": mark("Nobody is reminded of it meanwhile."),
    "remind": mark("Reminders go on."),
}
_PLAIN = {"finalise": "finalise", "reinstate": "reinstate"}
_REASONED = {"void": "void", "uncollectible": "uncollectible"}


class InvoicePagesController(Controller):
    """`/console/invoices`."""

    path = "/invoices"

    @get("/")
    async def index(
        self,
        visit: NamedDependency[Visit],
        in_state: Annotated[str, QueryParameter(name="state")] = "",
        customer: FromQuery[str] = "",
        number: FromQuery[str] = "",
        overdue: FromQuery[str] = "",
        empty: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """The newest first."""
        query = {"state": in_state if in_state in STATES else "", "customer": customer, "number": number}
        query |= {"overdue": "true" if overdue else ""}
        wanted = query if empty else {**query, "empty": "false"}
        found, nothing = await asyncio.gather(
            visit.api.get("/api/v1/invoices", **wanted, cursor=cursor, limit=PAGE_SIZE),
            visit.api.part("/api/v1/invoices", **query, empty="true", limit=EMPTY_COUNTED),
        )
        buyers = await customer_names(visit, [customer, *(one["customer"] for one in found["items"])])
        return visit.page(
            "invoices/list.html",
            found=found,
            query={**query, "empty": "yes" if empty else ""},
            states=STATES,
            buyers=buyers,
            empty_count=len(nothing.value["items"]) if nothing.value else 0,
            empty_more=bool(nothing.value and nothing.value["next_cursor"]),
        )

    @get("/{invoice:str}")
    async def one(self, visit: NamedDependency[Visit], invoice: FromPath[str]) -> Response[str]:
        """With its lines, its documents, and what was paid."""
        return visit.page("invoices/invoice.html", **await _shown(visit, invoice))

    @get("/{invoice:str}/usage")
    async def usage(
        self,
        visit: NamedDependency[Visit],
        invoice: FromPath[str],
        line: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """The samples behind a line."""
        found, samples = await asyncio.gather(
            visit.api.get(_api(invoice)),
            visit.api.part(f"{_api(invoice)}/usage", line=line, cursor=cursor, limit=ROWS_SHOWN),
        )
        shown = next((one for one in found["lines"] if one["key"] == line), None)
        if shown is None:
            raise NotThere(Problem(status=404, code="not-found"))
        rows = [with_pages(one["sample"]) for one in samples.value["items"]] if samples.value else []
        return visit.page(
            "invoices/usage.html",
            invoice=found["invoice"],
            line=shown,
            samples=samples,
            rows=rows,
            names=await names_of(visit, (one["unit"] for one in rows)),
        )

    @post("/{invoice:str}/{doing:str}")
    async def act(self, visit: NamedDependency[Visit], invoice: FromPath[str], doing: FromPath[str]) -> Response[str]:
        """Finalise, take back, write off, reinstate, credit, record a payment."""
        if doing not in SAID:
            raise NotThere(Problem(status=404, code="not-found"))
        try:
            await _do(visit, invoice, doing)
        except Refused as refused:
            if refused.problem.status in {401, 404}:
                raise
            return visit.again("invoices/invoice.html", refused, **await _shown(visit, invoice))
        return visit.go(f"{PATH}/{quote(invoice, safe='')}", visit.say(SAID[doing]))


async def customer_names(visit: Visit, ids: Iterable[str]) -> dict[str, str]:
    """What these customers are called."""
    wanted = [one for one in dict.fromkeys(ids) if one]
    parts = await asyncio.gather(*(visit.api.part(f"/api/v1/customers/{quote(one, safe='')}") for one in wanted))
    return {one: part.value["name"] for one, part in zip(wanted, parts, strict=True) if part.value}


def _api(invoice: str) -> str:
    return f"/api/v1/invoices/{quote(invoice, safe='')}"


async def _do(visit: Visit, invoice: str, doing: str) -> None:
    if doing in _PLAIN:
        await visit.api.post(f"{_api(invoice)}/{_PLAIN[doing]}")
    elif doing in _REASONED:
        await visit.api.post(f"{_api(invoice)}/{_REASONED[doing]}", {"reason": visit.value("reason")})
    elif doing == "credit":
        lines = {visit.value("line"): visit.value("amount")} if visit.value("line") else None
        body = {"key": visit.value("key"), "reason": visit.value("reason"), "lines": lines}
        await visit.api.post(f"{_api(invoice)}/credit-notes", body)
    elif doing == "pause":
        body = {"until": day_begins(visit, visit.value("until")) or None, "because": visit.value("because")}
        await visit.api.put(f"{_api(invoice)}/dunning-pause", body)
    elif doing == "remind":
        await visit.api.delete(f"{_api(invoice)}/dunning-pause")
    else:
        found = (await visit.api.get(_api(invoice)))["invoice"]
        body = {"customer": found["customer"], "currency": found["currency"], "invoice": found["id"]}
        body |= {"amount": visit.value("amount"), "key": visit.value("key"), "reference": visit.value("reference")}
        await visit.api.post("/api/v1/payments", body)


async def _shown(visit: Visit, invoice: str) -> dict[str, Any]:
    found, payments, steps, pause = await asyncio.gather(
        visit.api.get(_api(invoice)),
        visit.api.part("/api/v1/payments", invoice=invoice),
        visit.api.part(f"{_api(invoice)}/dunning"),
        visit.api.part(f"{_api(invoice)}/dunning-pause"),
    )
    one = found["invoice"]
    buyer = await visit.api.part(f"/api/v1/customers/{quote(one['customer'], safe='')}")
    plans = [(line["product"], line["explanation"].get("plan", "")) for line in found["lines"]]
    return {
        "titles": await titles_of(visit, plans=plans),
        "invoice": one,
        "lines": found["lines"],
        "documents": found["documents"],
        "preview": found["preview"],
        "lacking": found["lacking"],
        "payments": payments,
        "methods": METHODS,
        "steps": steps,
        "pause": pause,
        "buyer": buyer.value["name"] if buyer.value else one["customer"],
        # Of a draft: an electronic invoice names where its buyer gets it.
        "unreachable": bool(buyer.value and not buyer.value["email"] and not buyer.value["vat_id"]),
        # Sent twice, it is done once: each form that is shown has a name of its own for what it asks.
        "key": secrets.token_hex(8),
    }

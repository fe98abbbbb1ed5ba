"""Customers: who pays, what they subscribed to, and what they owe."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.money_forms import left_of, writers_only
from monokoto.console.titles import titles_of_subscriptions
from monokoto.console.visit import Visit

PATH = "/console/customers"
PAGE_SIZE = 50
SHOWN = 20
SAVED = mark("The customer is saved.")
ARCHIVED = mark("The customer is archived. What was invoiced stays on record.")
PLAIN = ("name", "email", "reference", "country", "vat_id", "iban", "currency", "timezone", "language")
ADDRESS = ("street", "more", "postal_code", "city", "region")


class CustomerPagesController(Controller):
    """`/console/customers`."""

    path = "/customers"

    @get("/")
    async def index(
        self,
        visit: NamedDependency[Visit],
        search: FromQuery[str] = "",
        archived: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """In the order they were made."""
        query = {"search": search, "archived": "true" if archived else ""}
        found = await visit.api.get("/api/v1/customers", **query, cursor=cursor, limit=PAGE_SIZE)
        return visit.page("customers/list.html", found=found, query=query)

    @get("/new")
    async def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The form."""
        writers_only(visit)
        return visit.page("customers/edit.html", customer=None, tag="")

    @post("/new")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Make it."""
        try:
            made = await visit.api.post("/api/v1/customers", _body(visit))
        except Refused as refused:
            return visit.again("customers/edit.html", _placed(refused), customer=None, tag="")
        return visit.go(f"{PATH}/{made['id']}", visit.say(SAVED))

    @get("/{customer:str}")
    async def one(self, visit: NamedDependency[Visit], customer: FromPath[str]) -> Response[str]:
        """What it subscribed to, and what it owes."""
        return visit.page("customers/customer.html", **await _shown(visit, customer))

    @get("/{customer:str}/edit")
    async def edit(self, visit: NamedDependency[Visit], customer: FromPath[str]) -> Response[str]:
        """The form, filled in."""
        writers_only(visit)
        found, tag = await visit.api.tagged(_api(customer))
        return visit.page("customers/edit.html", customer=found, tag=tag)

    @post("/{customer:str}/edit")
    async def change(self, visit: NamedDependency[Visit], customer: FromPath[str]) -> Response[str]:
        """Save it, unless somebody was faster."""
        try:
            await visit.api.amend(_api(customer), _body(visit), visit.value("tag"))
        except Refused as refused:
            found, tag = await visit.api.tagged(_api(customer))
            return visit.again("customers/edit.html", _placed(refused), customer=found, tag=tag)
        return visit.go(f"{PATH}/{quote(customer, safe='')}", visit.say(SAVED))

    @post("/{customer:str}/archive")
    async def archive(self, visit: NamedDependency[Visit], customer: FromPath[str]) -> Response[str]:
        """Put it away; refused while something it subscribed to goes on."""
        try:
            await visit.api.post(f"{_api(customer)}/archive")
        except Refused as refused:
            return visit.again("customers/customer.html", refused, **await _shown(visit, customer))
        return visit.go(PATH, visit.say(ARCHIVED))


def _api(customer: str) -> str:
    return f"/api/v1/customers/{quote(customer, safe='')}"


def _body(visit: Visit) -> dict[str, Any]:
    days = visit.value("terms_days")
    body: dict[str, Any] = {name: visit.value(name) for name in PLAIN}
    body["address"] = {name: visit.value(name) for name in ADDRESS}
    body["organisation"] = visit.value("organisation")
    # What is no number is the API's to refuse, at its field.
    body["terms_days"] = int(days) if days.isascii() and days.isdigit() else days
    return body


def _placed(refused: Refused) -> Refused:
    """Faults at the fields of the form, which knows no address around the street."""
    faults = [
        msgspec.structs.replace(one, place=one.place.strip("/$.").removeprefix("address").strip("/."))
        for one in refused.problem.faults
    ]
    return Refused(Problem(**{**msgspec.structs.asdict(refused.problem), "faults": faults}))


async def _shown(visit: Visit, customer: str) -> dict[str, Any]:
    found = await visit.api.get(_api(customer))
    subscriptions, invoices, credit = await asyncio.gather(
        visit.api.part("/api/v1/subscriptions", customer=found["id"], limit=SHOWN),
        visit.api.part("/api/v1/invoices", customer=found["id"], empty="false", limit=SHOWN),
        visit.api.part(f"{_api(customer)}/credit"),
    )
    wallet = await visit.api.part("/api/v1/ledger/balances", accounts=f"wallet:{found['id']}")
    titles = await titles_of_subscriptions(visit, subscriptions.value["items"] if subscriptions.value else [])
    return {
        "customer": found,
        "subscriptions": subscriptions,
        "invoices": invoices,
        "left": left_of(credit.value["credits"]) if credit.value else {},
        "wallet": [
            one for one in (wallet.value["accounts"] if wallet.value else []) if one["account"].endswith(found["id"])
        ],
        "titles": titles,
    }

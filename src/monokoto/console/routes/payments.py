"""Payments: what came and went, money recorded by hand, asked for ahead, sent back, paid to partners."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from monokoto.console.api import NotThere, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.money_forms import (
    CHOICES_MAX,
    METHODS,
    customers_to_choose,
    day_begins,
    left_of,
    names_in,
    writers_only,
)
from monokoto.console.visit import Visit

PATH = "/console/payments"
PAGE_SIZE = 50
STATES = ("pending", "succeeded", "failed", "reversed")
RECORDED = mark("The payment is recorded.")
OUTCOMES = {
    "succeeded": mark("The payment came."),
    "failed": mark("The payment did not come."),
    "reversed": mark("The payment is taken back; what it paid is owed again."),
}
SENT = {
    "refund": mark("The money is on its way back."),
    "pay-out": mark("The partner's money is on its way."),
    "top-up": mark("The money is asked for."),
}
_ROUTES = {"refund": "/api/v1/refunds", "pay-out": "/api/v1/payouts", "top-up": "/api/v1/top-ups"}
_SENT = ("amount", "currency", "method", "key")
_TO = ("iban", "holder")


class PaymentPagesController(Controller):
    """`/console/payments`."""

    path = "/payments"

    @get("/")
    async def index(
        self,
        visit: NamedDependency[Visit],
        in_state: Annotated[str, QueryParameter(name="state")] = "",
        direction: FromQuery[str] = "",
        method: FromQuery[str] = "",
        customer: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """The newest first."""
        query = {
            "state": in_state if in_state in STATES else "",
            "direction": direction if direction in {"in", "out"} else "",
            "method": method,
            "customer": customer,
        }
        found = await visit.api.get("/api/v1/payments", **query, cursor=cursor, limit=PAGE_SIZE)
        names = await names_in(visit, (one["customer"] for one in found["items"]))
        return visit.page("payments/list.html", found=found, query=query, states=STATES, methods=METHODS, names=names)

    @get("/new")
    async def new(
        self, visit: NamedDependency[Visit], customer: FromQuery[str] = "", invoice: FromQuery[str] = ""
    ) -> Response[str]:
        """Money that came."""
        return visit.page("payments/new.html", **await _new(visit), customer=customer, invoice=invoice)

    @post("/new")
    async def record(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Record it: on the invoice named, else on the oldest due."""
        try:
            made = await visit.api.post("/api/v1/payments", await _receipt(visit))
        except Refused as refused:
            return visit.again("payments/new.html", refused, **await _new(visit), customer="", invoice="")
        return visit.go(f"{PATH}/{made['id']}", visit.say(RECORDED))

    @get("/send/{doing:str}")
    async def send_form(
        self, visit: NamedDependency[Visit], doing: FromPath[str], customer: FromQuery[str] = ""
    ) -> Response[str]:
        """Send credit back, pay a partner, ask for money ahead."""
        return visit.page("payments/send.html", **await _sending(visit, doing, customer))

    @post("/send/{doing:str}")
    async def send(self, visit: NamedDependency[Visit], doing: FromPath[str]) -> Response[str]:
        """Do it, once however often the form is sent."""
        shown = await _sending(visit, doing, visit.value("customer"))
        body = {name: visit.value(name) for name in _SENT}
        body |= {"partner": visit.value("partner")} if doing == "pay-out" else {"customer": visit.value("customer")}
        if doing != "top-up":
            body |= {name: visit.value(name) for name in _TO}
        try:
            made = await visit.api.post(_ROUTES[doing], body)
        except Refused as refused:
            return visit.again("payments/send.html", refused, **shown)
        return visit.go(f"{PATH}/{made['id']}", visit.say(SENT[doing]))

    @get("/{payment:str}")
    async def one(self, visit: NamedDependency[Visit], payment: FromPath[str]) -> Response[str]:
        """What it is for, what became of it."""
        return visit.page("payments/payment.html", **await _shown(visit, payment))

    @post("/{payment:str}/{outcome:str}")
    async def outcome(
        self, visit: NamedDependency[Visit], payment: FromPath[str], outcome: FromPath[str]
    ) -> Response[str]:
        """It came, it did not, or it was taken back."""
        if outcome not in OUTCOMES:
            raise NotThere(Problem(status=404, code="not-found"))
        try:
            await visit.api.post(f"{_api(payment)}/outcome", {"state": outcome, "reason": visit.value("reason")})
        except Refused as refused:
            if refused.problem.status in {401, 404}:
                raise
            return visit.again("payments/payment.html", refused, **await _shown(visit, payment))
        return visit.go(f"{PATH}/{quote(payment, safe='')}", visit.say(OUTCOMES[outcome]))


def _api(payment: str) -> str:
    return f"/api/v1/payments/{quote(payment, safe='')}"


async def _shown(visit: Visit, payment: str) -> dict[str, Any]:
    one = await visit.api.get(_api(payment))
    names = await names_in(visit, [one["customer"]])
    invoice = await visit.api.part(f"/api/v1/invoices/{one['invoice']}") if one["invoice"] else None
    return {
        "payment": one,
        "names": names,
        "methods": METHODS,
        "invoice": invoice.value["invoice"] if invoice and invoice.value else None,
    }


async def _new(visit: Visit) -> dict[str, Any]:
    writers_only(visit)
    customers, owed = await asyncio.gather(
        customers_to_choose(visit), visit.api.part("/api/v1/invoices", state="finalised", limit=CHOICES_MAX)
    )
    return {
        "customers": customers,
        "owed": owed.value["items"] if owed.value else [],
        "names": dict(customers),
        # Sent twice, it is recorded once.
        "key": secrets.token_hex(8),
    }


async def _receipt(visit: Visit) -> dict[str, Any]:
    """What the form says; who pays an invoice, and in which currency, stands on it."""
    body: dict[str, Any] = {name: visit.value(name) for name in ("customer", "amount", "currency", "key", "reference")}
    body["wallet"] = visit.value("for") == "wallet"
    invoice = visit.value("invoice")
    if invoice and not body["wallet"]:
        found = (await visit.api.get(f"/api/v1/invoices/{quote(invoice, safe='')}"))["invoice"]
        body |= {"customer": found["customer"], "currency": found["currency"], "invoice": found["id"]}
    if day := visit.value("day"):
        body["received_at"] = day_begins(visit, day)
    return body


async def _sending(visit: Visit, doing: str, customer: str) -> dict[str, Any]:
    writers_only(visit)
    if doing not in _ROUTES:
        raise NotThere(Problem(status=404, code="not-found"))
    credit, partners, customers = await asyncio.gather(
        visit.api.part(f"/api/v1/customers/{quote(customer or '-', safe='')}/credit"),
        visit.api.part("/api/v1/partners"),
        customers_to_choose(visit),
    )
    return {
        "doing": doing,
        "customer": customer,
        "customers": customers,
        "left": left_of(credit.value["credits"]) if customer and credit.value else {},
        "partners": partners.value["items"] if partners.value else [],
        "methods": METHODS,
        "key": secrets.token_hex(8),
    }

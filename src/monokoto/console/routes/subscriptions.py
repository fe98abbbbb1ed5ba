"""Subscriptions: who pays by which plan for which units, since when and until when."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from monokoto.console.api import NotThere, Problem, Refused
from monokoto.console.form_values import unreadable
from monokoto.console.languages import mark
from monokoto.console.money_forms import writers_only
from monokoto.console.routes.invoices import customer_names
from monokoto.console.titles import titles_of, titles_of_subscriptions
from monokoto.console.unit_names import ids_of, names_of
from monokoto.console.visit import Visit

PATH = "/console/subscriptions"
PAGE_SIZE = 50
CHOICES_MAX = 200
EVENTS_SHOWN = 50
STATUSES = ("scheduled", "trialing", "active", "suspended", "ended")
NAME_SOME = mark("Name the units it is for.")
STARTED = mark("The subscription is started.")
SAID = {
    "change": mark("The plan is changed."),
    "end": mark("It ends then."),
    "withdraw": mark("What was planned is withdrawn."),
    "suspend": mark("The subscription is suspended."),
    "resume": mark("The subscription goes on."),
}


class SubscriptionPagesController(Controller):
    """`/console/subscriptions`."""

    path = "/subscriptions"

    @get("/")
    async def index(
        self,
        visit: NamedDependency[Visit],
        in_status: Annotated[str, QueryParameter(name="status")] = "",
        plan: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """In the order they were made."""
        query = {"status": in_status if in_status in STATUSES else "", "plan": plan}
        found = await visit.api.get("/api/v1/subscriptions", **query, cursor=cursor, limit=PAGE_SIZE)
        buyers = await customer_names(visit, (one["customer"] for one in found["items"]))
        titles = await titles_of_subscriptions(visit, found["items"])
        return visit.page(
            "subscriptions/list.html", found=found, query=query, statuses=STATUSES, buyers=buyers, titles=titles
        )

    @get("/new")
    async def new(self, visit: NamedDependency[Visit], customer: FromQuery[str] = "") -> Response[str]:
        """The form."""
        writers_only(visit)
        return visit.page("subscriptions/new.html", **await _choices(visit, customer), customer=customer)

    @post("/new")
    async def start(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Start it now."""
        product, _, plan = visit.value("plan").partition("/")
        trial, units = visit.value("trial"), visit.value("units")
        body: dict[str, Any] = {"customer": visit.value("customer"), "product": product, "plan": plan}
        try:
            chosen = await _chosen(visit, units)
            body |= {"units": chosen, "trial_days": (int(trial) if trial.isdigit() else trial) if trial else None}
            made = await visit.api.post("/api/v1/subscriptions", body)
        except Refused as refused:
            shown = await _choices(visit, visit.value("customer"))
            return visit.again("subscriptions/new.html", refused, **shown, customer=visit.value("customer"))
        return visit.go(f"{PATH}/{made['id']}", visit.say(STARTED))

    @get("/{subscription:str}")
    async def one(self, visit: NamedDependency[Visit], subscription: FromPath[str]) -> Response[str]:
        """Its phases, what comes next, and what was decided about it."""
        return visit.page("subscriptions/subscription.html", **await _shown(visit, subscription))

    @post("/{subscription:str}/{doing:str}")
    async def act(
        self, visit: NamedDependency[Visit], subscription: FromPath[str], doing: FromPath[str]
    ) -> Response[str]:
        """Change its plan, end it, withdraw what is planned, suspend it, let it go on."""
        if doing not in SAID:
            raise NotThere(Problem(status=404, code="not-found"))
        bodies: dict[str, dict[str, Any] | None] = {
            "change": {
                "plan": visit.value("plan"), "at": visit.value("at") or "now", "agreed": bool(visit.value("agreed")),
            },
            "end": {"at": visit.value("at") or "period-end", "because": visit.value("because")},
            "suspend": {"because": visit.value("because")},
        }  # fmt: skip
        try:
            await visit.api.post(f"{_api(subscription)}/{doing}", bodies.get(doing))
        except Refused as refused:
            if refused.problem.status in {401, 404}:
                raise
            return visit.again("subscriptions/subscription.html", refused, **await _shown(visit, subscription))
        return visit.go(f"{PATH}/{quote(subscription, safe='')}", visit.say(SAID[doing]))


def _api(subscription: str) -> str:
    return f"/api/v1/subscriptions/{quote(subscription, safe='')}"


async def _chosen(visit: Visit, units: str) -> list[str] | str:
    """Which units the form means. Raises Refused where it says none, at its field."""
    if units != "named":
        return units
    if not visit.value("named"):
        raise unreadable(visit, "named", NAME_SOME)
    return await ids_of(visit, visit.value("named"), "named")


async def _choices(visit: Visit, customer: str) -> dict[str, Any]:
    customers, plans = await asyncio.gather(
        visit.api.get("/api/v1/customers", limit=CHOICES_MAX),
        visit.api.get("/api/v1/plans", retired="false", limit=CHOICES_MAX),
    )
    found = list(customers["items"])
    if customer and customer not in {one["id"] for one in found}:
        part = await visit.api.part(f"/api/v1/customers/{quote(customer, safe='')}")
        found += [part.value] if part.value else []
    titles = await titles_of(visit, products=(one["product"] for one in plans["items"]))
    return {"customers": found, "plans": plans["items"], "titles": titles}


async def _shown(visit: Visit, subscription: str) -> dict[str, Any]:
    found = await visit.api.get(_api(subscription))
    upcoming, events, plans, buyers, names = await asyncio.gather(
        visit.api.part(f"{_api(subscription)}/next-invoice"),
        visit.api.part(f"{_api(subscription)}/events", limit=EVENTS_SHOWN),
        visit.api.part("/api/v1/plans", product=found["product"], retired="false", limit=CHOICES_MAX),
        customer_names(visit, [found["customer"]]),
        names_of(visit, found["units"][:PAGE_SIZE] if isinstance(found["units"], list) else []),
    )
    ends = [*(one["begins_at"] for one in found["phases"][1:]), found["ends_at"]]
    return {
        "subscription": found,
        "phases": list(zip(found["phases"], ends, strict=True)),
        "upcoming": upcoming,
        "events": events,
        "plans": plans.value["items"] if plans.value else [],
        "buyer": buyers.get(found["customer"], found["customer"]),
        "names": names,
        "titles": await titles_of_subscriptions(visit, [found]),
    }

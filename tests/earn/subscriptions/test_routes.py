"""Plans, customers and subscriptions over HTTP: a maker's side, and the customer's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient
from subscriptions_making import House

from monokoto.connect.tenancy import ApiKeys
from monokoto.earn.plans import CONTROLLERS as PLANS
from monokoto.earn.subscriptions import CONTROLLERS as SUBSCRIPTIONS
from monokoto.earn.subscriptions import Coverage, MySubscriptionsController
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import format_id
from monokoto.web import authentication, exception_handlers, provide_caller

DRAFT = "currency: EUR\nevery: month\ncharges:\n  wash: {meter: washes, standard: {price: 1.50}}\n"


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


class Heard:
    """Facts that only remember what was told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def tell(self, fact: Fact) -> None:
        self.facts.append(fact)


class Asker:
    """A client with one organisation's key."""

    def __init__(self, client: TestClient, secret: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {secret}"}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        given = {**self._headers, **headers}
        return self._client.request(method, f"/api/v1{path}", json=body, headers=given)


def provided(one: Any) -> Provide:
    return Provide(lambda: one, sync_to_thread=False)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def client(house: House, heard: Heard) -> Iterator[TestClient]:
    keys = ApiKeys(house.records, house.clock)
    named = {"plans": house.plans, "customers": house.customers, "subscriptions": house.subscriptions, "facts": heard}
    # What customers used is asked of metering, which this house has not: test_usage.py.
    controllers = [one for one in SUBSCRIPTIONS if one.path != "/api/v1/customer-usage"]
    application = Litestar(
        [*PLANS, *controllers, MySubscriptionsController],
        middleware=[authentication(keys)],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            **{name: provided(one) for name, one in named.items()},
        },
    )
    with TestClient(application) as opened:
        yield opened


@pytest.fixture
def asker(house: House, client: TestClient) -> Any:
    keys = ApiKeys(house.records, house.clock)

    def make(organisation_id: int, *scopes: str) -> Asker:
        return Asker(client, keys.create(organisation_id, name="test", scopes=scopes)[1])

    return make


def test_plans_are_published_seen_previewed_and_retired(house: House, asker: Any) -> None:
    maker = asker(house.maker, "earn:write")
    path = "/products/washer/plans/basic"
    listed = maker.ask("GET", "/plans?product=washer&limit=2").json()
    assert [one["name"] for one in listed["items"]] == ["basic", "calendar"]
    rest = maker.ask("GET", f"/plans?cursor={listed['next_cursor']}").json()["items"]
    assert [one["name"] for one in rest] == ["dollars", "trial", "yearly"]
    refused = maker.ask("PUT", path, {"yaml": DRAFT})
    assert refused.status_code == 422
    assert [(one["file"], one["line"]) for one in refused.json()["faults"]] == [("plan.yaml", 4)]
    put = maker.ask("PUT", path, {"yaml": DRAFT.replace("1.50", '"1.50"')}, **{"If-Match": '"1"'})
    assert (put.status_code, put.json()["version"], put.headers["etag"]) == (200, 2, '"2"')
    assert maker.ask("PUT", path, {"plan": put.json()["plan"]}, **{"If-Match": '"1"'}).status_code == 412
    assert maker.ask("PUT", "/products/washer/plans/new", {"plan": put.json()["plan"]}).status_code == 201
    assert [one["version"] for one in maker.ask("GET", f"{path}/versions").json()["items"]] == [2, 1]
    assert maker.ask("GET", f"{path}?version=1").json()["charges"][1]["fee"] == "4.90"
    asked = {"quantities": {"washes": "3"}, "version": 1}
    seen = maker.ask("POST", f"{path}/preview", asked).json()
    assert (seen["total"], seen["lines"][0]["parts"][0]["price"]) == ("8.50", "1.20")
    draft = maker.ask("POST", f"{path}/preview", {"quantities": {"washes": 3}, "plan": put.json()["plan"]}).json()
    assert draft["total"] == "4.50"
    assert maker.ask("POST", f"{path}/preview", {"quantities": {"washes": "x"}}).status_code == 422
    assert maker.ask("POST", f"{path}/retire").json()["retired_at"]
    assert asker(house.maker, "earn:read").ask("POST", f"{path}/retire").status_code == 403


def test_a_customer_subscribes_changes_and_leaves(house: House, asker: Any, heard: Heard) -> None:
    maker = asker(house.maker, "earn:write")
    body = {"name": "Ann", "country": "DE", "currency": "EUR", "organisation": "house", "vat_id": "DE 136695976"}
    made = maker.ask("POST", "/customers", body)
    assert (made.status_code, made.json()["vat_id"]) == (201, "DE136695976")
    customer = made.json()["id"]
    assert maker.ask("POST", "/customers", {**body, "vat_id": "DE1", "iban": "x"}).status_code == 422
    changed = maker.ask("PATCH", f"/customers/{customer}", {"address": {"city": "Köln"}}, **{"If-Match": '"1"'})
    assert (changed.json()["address"]["city"], changed.json()["name"]) == ("Köln", "Ann")
    started = maker.ask("POST", "/subscriptions", {"customer": customer, "product": "washer", "plan": "trial"})
    assert (started.status_code, started.json()["status"], started.json()["units"]) == (201, "trialing", "owned")
    path = f"/subscriptions/{started.json()['id']}"
    later = maker.ask("POST", f"{path}/change", {"plan": "yearly", "at": "period-end"}).json()
    assert [(one["plan"], one["begins_at"]) for one in later["phases"]] == [
        ("trial", "2026-01-01T00:00:00Z"), ("yearly", "2026-01-15T00:00:00Z"),
    ]  # fmt: skip
    assert maker.ask("POST", f"{path}/change", {"plan": "yearly", "at": "soon"}).status_code == 422
    assert len(maker.ask("POST", f"{path}/withdraw").json()["phases"]) == 1
    assert maker.ask("POST", f"{path}/suspend", {"because": "unpaid"}).json()["status"] == "suspended"
    house.clock.advance(1)
    assert maker.ask("POST", f"{path}/resume").json()["status"] == "trialing"
    coupon = maker.ask("POST", f"{path}/coupons", {"name": "half", "percent": "50", "periods": 1})
    assert coupon.json()["coupons"][0]["ends_at"] == "2026-01-15T00:00:00Z"
    ended = maker.ask("POST", f"{path}/end", {}).json()
    assert (ended["status"], ended["ends_at"]) == ("trialing", "2026-01-15T00:00:00Z")
    events = maker.ask("GET", f"{path}/events").json()["items"]
    assert [one["kind"] for one in events] == [
        "started", "changed", "withdrawn", "suspended", "resumed", "coupon", "ended",
    ]  # fmt: skip
    assert {fact.name for fact in heard.facts} == {"subscriptions.changed"}
    assert len(heard.facts) == len(events)
    found = maker.ask("GET", f"/subscriptions?status=trialing&customer={customer}").json()["items"]
    assert [one["id"] for one in found] == [ended["id"]]


def test_a_customer_sees_its_own_and_what_is_to_come(house: House, asker: Any) -> None:
    maker, mine = asker(house.maker, "earn:write"), asker(house.buyer, "portal:read")
    one = house.start(house.customer(organisation="house"))
    other = house.start(house.customer(name="other"), coverage=Coverage.FLEET)
    house.dearer()
    asked = {"product": "washer", "plan": "basic"}
    assert maker.ask("POST", "/subscriptions/move", {**asked, "preview": True}).json()["moved"] == 2
    moved = maker.ask("POST", "/subscriptions/move", asked).json()
    assert (moved["moved"], moved["first_at"], moved["left"]) == (2, "2026-02-01T00:00:00Z", [])
    (seen,) = mine.ask("GET", "/my/subscriptions").json()["items"]
    assert [(phase["version"], phase["begins_at"]) for phase in seen["phases"]] == [
        (1, "2026-01-01T00:00:00Z"), (2, "2026-02-01T00:00:00Z"),
    ]  # fmt: skip
    assert mine.ask("GET", f"/my/subscriptions/{seen['id']}").json() == seen
    assert seen["id"] == format_id(one.id)
    assert mine.ask("GET", f"/my/subscriptions/{format_id(other.id)}").status_code == 404
    assert mine.ask("GET", "/subscriptions").status_code == 403
    assert asker(house.buyer, "earn:write").ask("GET", f"/subscriptions/{seen['id']}").status_code == 404


def test_units_are_listed_with_their_times(house: House, asker: Any) -> None:
    house.owners.units |= {1, 2, 3}
    maker = asker(house.maker, "earn:write")
    one = house.start(house.customer(), coverage=Coverage.UNITS, unit_ids=(1, 2))
    path = f"/subscriptions/{format_id(one.id)}"
    house.clock.advance(3600)
    changed = maker.ask("POST", f"{path}/units", {"add": [format_id(3)], "remove": [format_id(1)]})
    assert changed.json()["units"] == [format_id(2), format_id(3)]
    day = maker.ask("GET", f"{path}/units?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&limit=2").json()
    assert [(row["unit"], row["times"][0]["ends_at"]) for row in day["items"]] == [
        (format_id(1), "2026-01-01T01:00:00Z"), (format_id(2), "2026-01-02T00:00:00Z"),
    ]  # fmt: skip
    assert day["next_cursor"]
    assert [row["unit"] for row in maker.ask("GET", f"{path}/units").json()["items"]] == [format_id(2), format_id(3)]
    assert maker.ask("GET", f"{path}/units?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").status_code == 422
    assert maker.ask("POST", f"{path}/units", {"add": [format_id(404)]}).status_code == 422

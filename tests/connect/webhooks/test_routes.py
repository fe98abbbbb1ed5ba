"""Receivers over HTTP: the secret is shown once, walls and scopes hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from receivers import Receiver

from monokoto.api import create_app
from monokoto.connect.webhooks import EVENT_TYPES, Deliverer, Happening, Webhooks, WebhooksController
from monokoto.kernel.ids import ApiKeyId, OrganisationId
from monokoto.web import Caller, Scope

ACME = OrganisationId(11)


def caller(organisation: int, scope: Scope) -> Caller:
    return Caller(organisation_id=OrganisationId(organisation), scopes=frozenset({scope}), key_id=ApiKeyId(1))


CALLERS = {
    "acme": caller(11, Scope.WEBHOOKS_WRITE),
    "reader": caller(11, Scope.WEBHOOKS_READ),
    "other": caller(22, Scope.ADMIN),
    "nobody": caller(11, Scope.UNITS_WRITE),
}


class Keys:
    def authenticate(self, secret: str) -> Caller:
        return CALLERS[secret]


@pytest.fixture
def client(webhooks: Webhooks, deliverer: Deliverer) -> Iterator[TestClient[Litestar]]:
    services = {"webhooks": webhooks, "deliverer": deliverer}
    with TestClient(create_app(routes=[WebhooksController], dependencies=services, authenticator=Keys())) as found:
        yield found


def ask(client: TestClient[Litestar], method: str, path: str, who: str = "acme", **options: Any) -> Any:
    return client.request(method, f"/api/v1/webhooks{path}", headers={"Authorization": f"Bearer {who}"}, **options)


def test_the_life_of_a_receiver(
    client: TestClient[Litestar], webhooks: Webhooks, deliverer: Deliverer, receiver: Callable[..., Receiver]
) -> None:
    one = receiver()
    made = ask(client, "POST", "", json={"url": one.url, "events": ["unit.*"], "name": "shop"})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    path = "/" + made.json()["webhook"]["id"]
    for shown in (ask(client, "GET", path, "reader"), ask(client, "GET", "", "reader")):
        assert shown.status_code == 200
        assert secret not in shown.text
    assert ask(client, "PATCH", path, json={"state": "paused", "events": ["*"]}).json()["state"] == "paused"
    webhooks.tell(ACME, "job.finished", [Happening(key="1", at=webhooks.clock.now(), data={"job": "x"})])
    assert ask(client, "GET", path).json()["waiting"] == 1
    assert ask(client, "PATCH", path, json={"state": "enabled"}).json()["state"] == "enabled"
    asyncio.run(deliverer.deliver_due())
    (delivery,) = ask(client, "GET", f"{path}/deliveries?state=delivered").json()["items"]
    assert delivery["type"] == "job.finished"
    detail = ask(client, "GET", f"{path}/deliveries/{delivery['id']}").json()
    assert detail["body"]["data"] == {"job": "x"}
    assert [attempt["status"] for attempt in detail["log"]] == [200]
    assert ask(client, "POST", f"{path}/deliveries/{delivery['id']}/replay").json()["state"] == "waiting"
    asyncio.run(deliverer.deliver_due())
    since = {"since": "2026-01-01T00:00:00Z", "delivered": True}
    assert ask(client, "POST", f"{path}/replay", json=since).json() == {"deliveries": 1}
    rotated = ask(client, "POST", f"{path}/secret", json={"grace_seconds": 60}).json()
    assert rotated["secret"] != secret
    assert rotated["webhook"]["rotating_until"]
    assert ask(client, "POST", f"{path}/ping").json()["status"] == 200
    assert ask(client, "DELETE", path).status_code == 204
    assert ask(client, "GET", path).status_code == 404


def test_scopes_and_walls(client: TestClient[Litestar]) -> None:
    body = {"url": "https://example.com/", "events": ["*"]}
    assert ask(client, "POST", "", "reader", json=body).status_code == 403
    path = "/" + ask(client, "POST", "", json=body).json()["webhook"]["id"]
    asked: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("POST", f"{path}/secret", {}),
        ("POST", f"{path}/ping", None),
        ("POST", f"{path}/replay", {"since": "2026-01-01T00:00:00Z"}),
        ("GET", f"{path}/deliveries", None),
        ("GET", f"{path}/deliveries/0000000000001", None),
        ("POST", f"{path}/deliveries/0000000000001/replay", None),
        ("DELETE", path, None),
    ]
    for method, where, data in asked:
        options = {} if data is None else {"json": data}
        assert ask(client, method, where, "other", **options).status_code == 404, where
        assert ask(client, method, where, "nobody", **options).status_code == 403, where
    assert ask(client, "GET", "", "other").json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://user:x@example.com/", "events": ["*"]},
        {"url": "https://example.com/", "events": []},
        {"url": "https://example.com/", "events": ["unit.exploded"]},
        {"url": "", "events": ["*"]},
    ],
)
def test_what_is_no_receiver(client: TestClient[Litestar], body: dict[str, Any]) -> None:
    assert ask(client, "POST", "", json=body).status_code in {400, 422}


def test_every_type_is_listed(client: TestClient[Litestar]) -> None:
    assert {one["type"] for one in ask(client, "GET", "/events", "nobody").json()} == set(EVENT_TYPES)

"""Receivers, routes, the log and browsers over HTTP: walls and scopes hold, what is secret is never shown."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from litestar import Litestar
from litestar.testing import TestClient
from notification_world import UNIT, World

from monokoto.api import create_app
from monokoto.connect.fleet import Directory
from monokoto.kernel.ids import ApiKeyId, OrganisationId, PersonId, format_id
from monokoto.kernel.limits import NOTIFICATION_ROUTES_PER_ORGANISATION_MAX, RECEIVERS_PER_ORGANISATION_MAX
from monokoto.operate.notifications import CONTROLLERS, PushSubscriptions, What
from monokoto.operate.rules import Severity
from monokoto.web import Caller, Gate, Scope

POSTED = "https://hooks.example.com/services/T0/secret-token"


def caller(organisation: int, scope: Scope, person: int | None = None) -> Caller:
    return Caller(
        organisation_id=OrganisationId(organisation),
        scopes=frozenset({scope}),
        key_id=None if person else ApiKeyId(1),
        person_id=None if person is None else PersonId(person),
    )


CALLERS = {
    "acme": caller(11, Scope.WEBHOOKS_WRITE),
    "reader": caller(11, Scope.WEBHOOKS_READ),
    "kim": caller(11, Scope.UNITS_READ, 7),
    "lee": caller(11, Scope.ADMIN, 8),
    "other": caller(22, Scope.ADMIN),
}


class Keys:
    def authenticate(self, secret: str) -> Caller:
        return CALLERS[secret]


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def client(world: World, own_gate: Gate) -> Iterator[TestClient[Litestar]]:
    services = {
        "receivers": world.receivers,
        "notification_routes": world.routes,
        "notifications": world.log,
        "notifier": world.deliverer,
        "push_subscriptions": PushSubscriptions(world.records, world.clock),
        "directory": Directory(world.records),
        "gate": own_gate,
    }
    with TestClient(create_app(routes=CONTROLLERS, dependencies=services, authenticator=Keys())) as found:
        yield found


def ask(client: TestClient[Litestar], method: str, path: str, who: str = "acme", **options: Any) -> Any:
    return client.request(method, f"/api/v1{path}", headers={"Authorization": f"Bearer {who}"}, **options)


def made(client: TestClient[Litestar], **body: Any) -> dict[str, Any]:
    given = {"name": "ops", "kind": "mail", "address": "ops@example.com"} if "kind" not in body else {}
    answer = ask(client, "POST", "/receivers", json={**given, **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_life_of_a_receiver(client: TestClient[Litestar]) -> None:
    hook = made(
        client,
        name="hook",
        kind="webhook",
        url=POSTED,
        quiet={"from": "22:00", "until": "07:00", "timezone": "Asia/Seoul"},
    )
    secret, receiver = hook["secret"], hook["receiver"]
    path = f"/receivers/{receiver['id']}"
    assert secret.startswith("whsec_")
    assert receiver["address"] == "https://hooks.example.com"
    assert receiver["quiet"]["from"] == "22:00"
    for shown in (ask(client, "GET", path, "reader"), ask(client, "GET", "/receivers", "reader")):
        assert shown.status_code == 200
        assert secret not in shown.text
        assert "secret-token" not in shown.text
    changed = ask(client, "PATCH", path, json={"state": "paused", "quiet": None, "digest": {"every_minutes": 5}}).json()
    assert (changed["state"], changed["quiet"], changed["digest"]["every_minutes"]) == ("paused", None, 5)
    assert ask(client, "PATCH", path, json={"state": "disabled"}).status_code == 422
    assert ask(client, "POST", f"{path}/secret").json()["secret"] != secret
    assert ask(client, "POST", f"{path}/test").json()["reason"] == ""
    assert ask(client, "DELETE", path).status_code == 204
    assert ask(client, "GET", path).status_code == 404


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"kind": "mail", "name": "x"}, "address"),
        ({"kind": "mail", "name": "x", "address": "no address"}, "address"),
        ({"kind": "mail", "name": "x", "address": "a@example.com", "url": POSTED}, "url"),
        ({"kind": "slack", "name": "x", "url": "ftp://example.com/secret-token"}, "url"),
        ({"kind": "person", "name": "x", "person": format_id(8)}, "person"),
        ({"kind": "push", "name": "x", "time_zone": "Mars/Base"}, "time_zone"),
        ({"kind": "push", "name": "x", "locale": "xx"}, "locale"),
        ({"kind": "push", "name": "x", "digest": {}}, "digest"),
        ({"kind": "push", "name": "x", "quiet": {"from": "22:00", "until": "07:00", "timezone": "Mars/Base"}}, "quiet.timezone"),
        ({"kind": "push", "name": "x\nBcc: y@example.com"}, "name"),
    ],
)  # fmt: skip
def test_what_is_no_receiver(client: TestClient[Litestar], body: dict[str, Any], place: str) -> None:
    answer = ask(client, "POST", "/receivers", json=body)
    assert answer.status_code == 422
    assert place in {fault["place"] for fault in answer.json()["faults"]}
    assert "secret-token" not in answer.text


def test_routes_name_receivers_of_their_own_organisation(client: TestClient[Litestar], world: World) -> None:
    ops = made(client)["receiver"]["id"]
    body = {"name": "all", "steps": [{"receivers": [ops]}, {"receivers": [ops], "after_seconds": 60}]}
    route = ask(client, "POST", "/notification-routes", json=body)
    assert route.status_code == 201
    path = f"/notification-routes/{route.json()['id']}"
    assert route.json()["what"] == ["raised", "cleared"]
    assert ask(client, "POST", "/notification-routes", "other", json=body).status_code == 422
    for who, wanted in (("other", 404), ("kim", 403), ("reader", 200)):
        assert ask(client, "GET", path, who).status_code == wanted
    assert ask(client, "DELETE", path, "reader").status_code == 403
    assert ask(client, "DELETE", f"/receivers/{ops}").status_code == 409
    wrong: tuple[dict[str, Any], ...] = (
        {"steps": []}, {"steps": [{"receivers": []}]}, {"what": ["unacknowledged"]}, {"match": {"severity": "huge"}},
        {"match": {"units": ["x" * 13]}}, {"steps": [{"receivers": [ops], "after_seconds": 5}], "what": ["cleared"]},
        {"hours": {"from": "25:00", "until": "07:00", "timezone": "UTC"}},
    )  # fmt: skip
    for bad in wrong:
        assert ask(client, "PATCH", path, json=bad).status_code in (400, 422), bad
    changed = ask(client, "PATCH", path, json={"match": {"severity": "critical"}, "enabled": False}).json()
    assert (changed["match"]["severity"], changed["enabled"]) == ("critical", False)
    assert ask(client, "PATCH", path, json={"match": {"products": ["cooker"]}, "enabled": True}).status_code == 200
    ask(client, "PATCH", f"/receivers/{ops}", json={"quiet": {"from": "12:00", "until": "13:00", "timezone": "UTC"}})
    asked = {"severity": "major", "rule": "cooker/overheating", "at": "2026-03-02T12:00:00Z"}
    answer = ask(client, "POST", "/notification-routes/preview", "reader", json=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()["items"]
    assert [(one["planned_at"], one["due_at"], one["step"]) for one in found] == [
        ("2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z", 0), ("2026-03-02T12:01:00Z", "2026-03-02T13:00:00Z", 1),
    ]  # fmt: skip
    for other in ({**asked, "severity": "info"}, {**asked, "rule": "lamp/x"}, {**asked, "product": "lamp"}):
        assert ask(client, "POST", "/notification-routes/preview", json=other).json()["items"] == []
    assert ask(client, "POST", "/notification-routes/preview", json={"at": "noon"}).status_code == 422
    assert ask(client, "POST", "/notification-routes/preview", json={"unit": format_id(UNIT)}).status_code == 200
    assert world.run() == []


def test_the_log_is_the_organisations_own(client: TestClient[Litestar], world: World) -> None:
    ops = made(client)["receiver"]["id"]
    ask(client, "POST", "/notification-routes", json={"name": "all", "steps": [{"receivers": [ops]}]})
    for alert_id in (1, 2, 3):
        world.book.tell(alert_id, What.RAISED, Severity.MAJOR)
    world.takers.answers["ops"] = lambda: world.takers.failed(410)
    world.planner.look()
    page = ask(client, "GET", "/notifications?limit=2", "reader").json()
    assert [one["state"] for one in page["items"]] == ["waiting", "waiting"]
    rest = ask(client, "GET", f"/notifications?limit=2&cursor={page['next_cursor']}").json()
    assert len(rest["items"]) == 1
    assert rest["next_cursor"] is None
    one = page["items"][0]
    assert (one["serial"], one["title"], one["what"]) == ("RC-0001", "The motor is too hot", "raised")
    assert ask(client, "GET", f"/notifications?alert={one['alert']}").json()["items"] == [one]
    assert ask(client, "GET", "/notifications?state=dead").json()["items"] == []
    path = f"/notifications/{one['id']}"
    for who, wanted in (("other", 404), ("kim", 403), ("reader", 200)):
        assert ask(client, "GET", path, who).status_code == wanted
    assert ask(client, "POST", f"{path}/retry").status_code == 409
    assert ask(client, "POST", f"{path}/retry", "reader").status_code == 403
    assert ask(client, "GET", "/notifications", "other").json()["items"] == []


def test_a_browser_is_its_persons_own(client: TestClient[Litestar]) -> None:
    key = ask(client, "GET", "/push-subscriptions/key", "kim").json()["key"]
    assert len(base64.urlsafe_b64decode(key + "=")) == 65
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )  # fmt: skip
    keys = {"p256dh": base64.urlsafe_b64encode(point).decode(), "auth": base64.urlsafe_b64encode(b"x" * 16).decode()}
    body = {"endpoint": "https://push.example.com/secret-token", "keys": keys, "expirationTime": None}
    found = ask(client, "POST", "/push-subscriptions", "kim", json=body)
    assert found.status_code == 201, found.text
    shown = ask(client, "GET", "/push-subscriptions", "kim")
    assert shown.json()["items"] == [found.json()]
    assert found.json()["service"] == "push.example.com"
    assert "secret-token" not in shown.text
    path = f"/push-subscriptions/{found.json()['id']}"
    assert ask(client, "GET", "/push-subscriptions", "lee").json()["items"] == []
    assert ask(client, "DELETE", path, "lee").status_code == 404
    assert ask(client, "POST", "/push-subscriptions", "acme", json=body).status_code == 403
    assert (
        ask(client, "POST", "/push-subscriptions", "kim", json={**body, "endpoint": "https://10.0.0.1/"}).status_code
        == 422
    )
    assert ask(client, "DELETE", path, "kim").status_code == 204


def test_there_are_not_more_than_may_be(client: TestClient[Litestar]) -> None:
    ids = [made(client)["receiver"]["id"] for _ in range(RECEIVERS_PER_ORGANISATION_MAX)]
    body = {"name": "x", "kind": "mail", "address": "x@example.com"}
    assert ask(client, "POST", "/receivers", json=body).status_code == 409
    route = {"name": "x", "steps": [{"receivers": ids[:1]}]}
    for _ in range(NOTIFICATION_ROUTES_PER_ORGANISATION_MAX):
        assert ask(client, "POST", "/notification-routes", json=route).status_code == 201
    assert ask(client, "POST", "/notification-routes", json=route).status_code == 409

"""Presence over HTTP."""

import asyncio
from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient
from presence_making import ACME, OTHER, batch_of, connected, disconnected

from monokoto.connect.presence import Presence, PresenceController
from monokoto.kernel.ids import ApiKeyId, OrganisationId, format_id
from monokoto.web import Caller, Gate, Scope, authentication, exception_handlers, provide_caller

START = 1_767_225_600_000_000


class FixedKeys:
    def authenticate(self, secret: str) -> Caller:
        organisation = OrganisationId(ACME if secret.startswith("acme") else OTHER)
        scope = Scope.TELEMETRY_READ if secret.endswith("blind") else Scope.UNITS_READ
        return Caller(organisation_id=organisation, key_id=ApiKeyId(1), scopes=frozenset({scope}))


@pytest.fixture
def client(presence: Presence, own_gate: Gate) -> Iterator[TestClient[Litestar]]:
    application = Litestar(
        [PresenceController],
        middleware=[authentication(FixedKeys())],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            "presence": Provide(lambda: presence, sync_to_thread=False),
            "gate": Provide(lambda: own_gate, sync_to_thread=False),
        },
    )
    with TestClient(application) as opened:
        opened.headers["Authorization"] = "Bearer acme"
        yield opened


@pytest.fixture(autouse=True)
def lived(presence: Presence) -> None:
    records = (connected(1, START), connected(2, START + 1), disconnected(2, START + 1_000_000, reason="left"))
    asyncio.run(presence.observe(batch_of(1, *records)))


def test_a_unit_tells_its_sessions(client: TestClient[Litestar]) -> None:
    online = client.get(f"/api/v1/units/{format_id(1)}/presence").json()
    assert online == {
        "unit": format_id(1),
        "online": True,
        "since": "2026-01-01T00:00:00Z",
        "last_seen": "2026-01-01T00:00:00Z",
        "reason": None,
        "sessions": [
            {
                "gateway": "g1",
                "session": "s1",
                "client_id": "c",
                "address": "10.0.0.1:5",
                "protocol": "mqtt-5",
                "since": "2026-01-01T00:00:00Z",
            }
        ],
    }
    left = client.get(f"/api/v1/units/{format_id(2)}/presence").json()
    assert (left["online"], left["since"], left["reason"]) == (False, "2026-01-01T00:00:01Z", "left")
    never = client.get(f"/api/v1/units/{format_id(3)}/presence").json()
    assert (never["online"], never["since"], never["last_seen"]) == (False, None, None)


def test_the_fleet_is_counted_and_paged(client: TestClient[Litestar]) -> None:
    answer = client.get("/api/v1/presence?online=false&limit=4").json()
    assert (answer["online"], answer["offline"], answer["never_seen"]) == (1, 7, 6)
    rest = client.get(f"/api/v1/presence?online=false&limit=4&cursor={answer['next_cursor']}").json()
    assert [one["unit"] for one in answer["items"] + rest["items"]] == [format_id(unit) for unit in range(2, 9)]
    assert rest["next_cursor"] is None
    assert [one["unit"] for one in client.get("/api/v1/presence?online=true").json()["items"]] == [format_id(1)]


def test_walls_and_scopes(client: TestClient[Litestar]) -> None:
    path = f"/api/v1/units/{format_id(1)}/presence"
    assert client.get(path, headers={"Authorization": "Bearer other"}).status_code == 404
    assert client.get(path, headers={"Authorization": "Bearer acme-blind"}).status_code == 403
    assert client.get("/api/v1/presence", headers={"Authorization": "Bearer acme-blind"}).status_code == 403
    assert client.get("/api/v1/units/rubbish/presence").status_code == 422
    assert client.get("/api/v1/presence?cursor=rubbish").status_code == 422
    other = client.get("/api/v1/presence", headers={"Authorization": "Bearer other"}).json()
    assert (other["online"], other["offline"]) == (0, 1)


def test_the_presence_of_some_units(client: TestClient[Litestar]) -> None:
    asked = [format_id(unit) for unit in (3, 1, 3)]
    answer = client.get("/api/v1/presence", params={"unit": asked}).json()
    assert [(one["unit"], one["online"]) for one in answer["items"]] == [(format_id(1), True), (format_id(3), False)]
    assert (answer["online"], answer["offline"], answer["never_seen"]) == (1, 1, 1)
    assert client.get("/api/v1/presence?unit=rubbish").status_code == 422

"""Twins over HTTP: conditional requests, problems, scopes, the wall between tenants, the latest values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.testing import TestClient
from twins_making import MAKER, OTHER, FakeUnits, House, Message, batch, make_house, unit

from monokoto.kernel.clock import ManualClock, format_instant
from monokoto.kernel.errors import Unauthenticated
from monokoto.kernel.ids import ApiKeyId, OrganisationId, format_id
from monokoto.operate.twins import CONTROLLERS
from monokoto.web import Caller, Scope, authentication, exception_handlers, provide_caller

AT = 1_767_225_600_250_000
KEYS = {
    "reader": (MAKER, Scope.TELEMETRY_READ),
    "writer": (MAKER, Scope.CONTROL_WRITE),
    "admin": (MAKER, Scope.ADMIN),
    "other": (OTHER, Scope.ADMIN),
}
ONE, TWO, FOREIGN = format_id(1), format_id(2), format_id(9)


class Keys:
    def authenticate(self, secret: str) -> Caller:
        if secret not in KEYS:
            raise Unauthenticated("unknown key")
        organisation_id, scope = KEYS[secret]
        return Caller(organisation_id=OrganisationId(organisation_id), key_id=ApiKeyId(77), scopes=frozenset({scope}))


def make_app(house: House) -> Litestar:
    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        await house.twins.start()
        yield
        await house.twins.stop()

    return Litestar(
        list(CONTROLLERS),
        dependencies={
            "caller": Provide(provide_caller),
            "twins": Provide(lambda: house.twins, sync_to_thread=False),
            "gate": Provide(lambda: house.gate, sync_to_thread=False),
        },
        middleware=[authentication(Keys())],
        exception_handlers=exception_handlers,
        lifespan=[lifespan],
        openapi_config=OpenAPIConfig(title="test", version="0"),
    )


@pytest.fixture
def house(tmp_path: Path) -> House:
    units = FakeUnits(*(unit(number) for number in range(1, 6)), unit(9, organisation_id=OTHER, product="kettle"))
    made = make_house(tmp_path, units=units, clock=ManualClock(AT))
    first = [
        Message(1, AT, AT + 5, {"temperature": 80.5, "count": 3.0, "on": 1.0, "mode": "slow", "place": '{"lat":1.5}'}),
        Message(2, AT + 1, AT + 6, {"temperature": 81.0}),
    ]
    asyncio.run(made.twins.observe(batch(first)))
    return made


@pytest.fixture
def client(house: House) -> Iterator[TestClient[Litestar]]:
    with TestClient(make_app(house), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = "Bearer admin"
        yield client


def twin_path(unit_text: str, rest: str = "") -> str:
    return f"/api/v1/units/{unit_text}/twin{rest}"


def test_a_twin_and_its_entity_tag(client: TestClient[Litestar], house: House) -> None:
    client.patch(twin_path(ONE, "/desired"), json={"count": 3, "mode": "fast"})
    answer = client.get(twin_path(ONE))
    at = format_instant(AT)
    assert answer.json() == {
        "unit": ONE,
        "product": "cooker",
        "reported": {
            "revision": AT + 5,
            "at": at,
            "properties": {
                "count": {"value": 3, "at": at},
                "mode": {"value": "slow", "at": at},
                "on": {"value": True, "at": at},
                "place": {"value": {"lat": 1.5}, "at": at},
                "temperature": {"value": 80.5, "at": at},
            },
        },
        "desired": {"revision": 1, "at": at, "properties": {"count": 3, "mode": "fast"}},
        "drift": {"mode": "fast"},
    }
    tag = answer.headers["ETag"]
    same = client.get(twin_path(ONE), headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    asyncio.run(house.twins.observe(batch([Message(1, AT + 9, AT + 9, {"mode": "fast"})])))
    changed = client.get(twin_path(ONE), headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.json()["drift"] == {}
    assert changed.headers["ETag"] != tag


def test_a_unit_that_said_nothing_has_a_twin(client: TestClient[Litestar]) -> None:
    answer = client.get(twin_path(format_id(3)))
    assert answer.json()["reported"] == {"revision": 0, "at": None, "properties": {}}
    assert answer.json()["desired"] == {"revision": 0, "at": None, "properties": {}}


def test_desired_is_changed_conditionally(client: TestClient[Litestar]) -> None:
    path = twin_path(ONE, "/desired")
    empty = client.get(path)
    assert (empty.json(), empty.headers["ETag"]) == ({}, '"0"')
    first = client.put(path, json={"mode": "slow", "place": {"lat": 1}}, headers={"If-Match": '"0"'})
    assert (first.status_code, first.json(), first.headers["ETag"]) == (
        200,
        {"mode": "slow", "place": {"lat": 1}},
        '"1"',
    )
    stale = client.put(path, json={"mode": "fast"}, headers={"If-Match": '"0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    patched = client.patch(
        path,
        content=b'{"mode": null, "place": {"note": "x"}}',
        headers={"If-Match": '"1"', "Content-Type": "application/merge-patch+json"},
    )
    assert (patched.json(), patched.headers["ETag"]) == ({"place": {"lat": 1, "note": "x"}}, '"2"')
    assert client.get(path, headers={"If-None-Match": '"2"'}).status_code == 304
    page = client.get(path + "/revisions", params={"limit": 1}).json()
    assert page["items"] == [
        {
            "revision": 2,
            "at": format_instant(AT + 1),
            "by": format_id(77),
            "properties": {"place": {"lat": 1, "note": "x"}},
        }
    ]
    rest = client.get(path + "/revisions", params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert ([item["revision"] for item in rest["items"]], rest["next_cursor"]) == ([1], None)


def test_faults_are_told_with_their_place(client: TestClient[Litestar]) -> None:
    answer = client.patch(twin_path(ONE, "/desired"), json={"temperature": 999, "serial": "x"})
    assert answer.status_code == 422
    assert sorted(fault["place"] for fault in answer.json()["faults"]) == ["/serial", "/temperature"]


@pytest.mark.parametrize("body", [b"", b"[1]", b"nonsense", b'"x"', b"5", b'{"count": NaN}'])
def test_a_body_that_is_no_object_is_a_problem(client: TestClient[Litestar], body: bytes) -> None:
    answer = client.patch(twin_path(ONE, "/desired"), content=body)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


READS = ["", "/desired", "/desired/revisions", "/stream"]


@pytest.mark.parametrize("rest", READS)
@pytest.mark.parametrize(("unit_text", "status"), [(FOREIGN, 404), (format_id(4444), 404), ("no-id", 422)])
def test_foreign_and_unknown_units_are_not_there(
    client: TestClient[Litestar], rest: str, unit_text: str, status: int
) -> None:
    assert client.get(twin_path(unit_text, rest)).status_code == status


def test_changes_of_foreign_units_are_refused(client: TestClient[Litestar], house: House) -> None:
    for method in (client.put, client.patch):
        assert method(twin_path(FOREIGN, "/desired"), json={"count": 1}).status_code == 404
        refused = method(twin_path(ONE, "/desired"), json={"count": 1}, headers={"Authorization": "Bearer other"})
        assert refused.status_code == 404
    assert house.twins.desired.get(MAKER, 1).revision == 0


def test_scopes(client: TestClient[Litestar]) -> None:
    reader, writer = {"Authorization": "Bearer reader"}, {"Authorization": "Bearer writer"}
    assert client.get(twin_path(ONE), headers=reader).status_code == 200
    assert client.get(twin_path(ONE), headers=writer).status_code == 403
    assert client.patch(twin_path(ONE, "/desired"), json={"count": 1}, headers=reader).status_code == 403
    assert client.patch(twin_path(ONE, "/desired"), json={"count": 1}, headers=writer).status_code == 200
    assert client.get("/api/v1/latest", params={"product": "cooker"}, headers=writer).status_code == 403
    assert client.post("/api/v1/twins/rebuild", headers=writer).status_code == 403
    assert client.get("/api/v1/twins/stream", headers=writer).status_code == 403
    assert client.get(twin_path(ONE), headers={"Authorization": "Bearer nobody"}).status_code == 401


def test_latest_as_rows_and_as_columns(client: TestClient[Litestar]) -> None:
    at, later = format_instant(AT), format_instant(AT + 1)
    asked: dict[str, Any] = {"units": [TWO, ONE, format_id(3)], "properties": ["temperature", "on", "nothing"]}
    rows = client.post("/api/v1/latest", json=asked).json()
    assert rows == {
        "items": [
            {"unit": TWO, "product": "cooker", "properties": {"temperature": {"value": 81.0, "at": later}}},
            {
                "unit": ONE,
                "product": "cooker",
                "properties": {"on": {"value": True, "at": at}, "temperature": {"value": 80.5, "at": at}},
            },
            {"unit": format_id(3), "product": "cooker", "properties": {}},
        ],
        "next_cursor": None,
    }
    columns = client.post("/api/v1/latest", json={**asked, "format": "columns"}).json()
    assert columns["items"] == [
        {
            "product": "cooker",
            "units": [TWO, ONE, format_id(3)],
            "properties": {
                "on": {"values": [None, True, None], "at": [None, at, None]},
                "temperature": {"values": [81.0, 80.5, None], "at": [later, at, None]},
            },
        }
    ]
    by_get = client.get(
        "/api/v1/latest", params={"units": f"{TWO},{ONE},{format_id(3)}", "properties": ["temperature", "on"]}
    )
    assert by_get.json() == rows


def test_latest_of_a_product_is_paged(client: TestClient[Litestar]) -> None:
    first = client.get("/api/v1/latest", params={"product": "cooker", "limit": 1}).json()
    assert [item["unit"] for item in first["items"]] == [ONE]
    assert first["items"][0]["properties"]["place"]["value"] == {"lat": 1.5}
    second = client.get(
        "/api/v1/latest", params={"product": "cooker", "limit": 1, "cursor": first["next_cursor"]}
    ).json()
    assert [item["unit"] for item in second["items"]] == [TWO]
    third = client.get(
        "/api/v1/latest", params={"product": "cooker", "limit": 1, "cursor": second["next_cursor"]}
    ).json()
    assert (third["items"], third["next_cursor"]) == ([], None)
    foreign = client.get(
        "/api/v1/latest", params={"product": "cooker"}, headers={"Authorization": "Bearer other"}
    ).json()
    assert foreign["items"] == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 422),
        ({"units": [ONE], "product": "cooker"}, 422),
        ({"units": ["x"]}, 422),
        ({"units": [ONE, FOREIGN]}, 404),
        ({"units": [ONE] * 10_001}, 422),
        ({"product": "cooker", "limit": 0}, 422),
        ({"product": "cooker", "cursor": "x"}, 422),
        ({"product": "cooker", "format": "xml"}, 422),
        ({"product": "cooker", "colour": "red"}, 422),
    ],
    ids=lambda value: str(value)[:40],
)
def test_latest_says_what_is_wrong(client: TestClient[Litestar], asked: dict[str, Any], status: int) -> None:
    answer = client.post("/api/v1/latest", json=asked)
    assert answer.status_code == status or (status == 422 and answer.status_code == 400)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_get_has_the_limits_of_a_post(client: TestClient[Litestar]) -> None:
    many = {"product": "cooker", "properties": ",".join(f"p{number}" for number in range(101))}
    assert client.get("/api/v1/latest", params=many).status_code == 422


def test_a_rebuild_over_http(client: TestClient[Litestar]) -> None:
    assert client.get("/api/v1/twins/rebuild").status_code == 404
    started = client.post("/api/v1/twins/rebuild")
    assert started.status_code == 202
    for _ in range(200):
        progress = client.get("/api/v1/twins/rebuild").json()
        if progress["state"] != "running":
            break
    assert progress["state"] == "done"


def test_the_api_describes_itself(house: House) -> None:
    document = make_app(house).openapi_schema.to_schema()
    paths = document["paths"]
    patch = paths["/api/v1/units/{unit}/twin/desired"]["patch"]
    assert "application/merge-patch+json" in patch["requestBody"]["content"]
    assert {"404", "412"} <= patch["responses"].keys()
    stream = paths["/api/v1/twins/stream"]["get"]["responses"]["200"]["content"]
    assert "text/event-stream" in stream
    latest = paths["/api/v1/latest"]["get"]["responses"]["200"]["content"]["application/json"]
    assert "LatestRowsJson" in str(latest)

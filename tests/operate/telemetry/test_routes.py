"""The history over HTTP: the same answers, behind the wall of the caller's organisation."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from monokoto.kernel.errors import NotFound, Unauthenticated
from monokoto.kernel.ids import ApiKeyId, OrganisationId, UnitId, format_id
from monokoto.operate.telemetry import CONTROLLERS
from monokoto.web import Caller, Gate, Reach, Scope, Side, authentication, exception_handlers, provide_caller

KEYS = {
    "reader": (7, frozenset({Scope.TELEMETRY_READ})),
    "writer": (7, frozenset({Scope.TELEMETRY_WRITE})),
    "stranger": (8, frozenset({Scope.ADMIN})),
    "keeper": (7, frozenset({Scope.UNITS_WRITE})),
}
ARROW = "application/vnd.apache.arrow.stream"


class Keys:
    """Who has which key."""

    def authenticate(self, secret: str) -> Caller:
        if secret not in KEYS:
            raise Unauthenticated("Nobody has this key.")
        organisation, scopes = KEYS[secret]
        return Caller(organisation_id=OrganisationId(organisation), key_id=ApiKeyId(1), scopes=scopes)


class FixedGate(Gate):
    """Units below 1000 are the maker's."""

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        if (unit_id < 1000) != (caller.organisation_id == 7):
            raise NotFound("There is no such unit.")
        return Reach(unit_id=UnitId(unit_id), organisation_id=caller.organisation_id, side=Side.MAKER)

    def units(self, _caller: Caller) -> Sequence[Reach] | None:
        return None

    def held(self, _caller: Caller) -> Sequence[Reach]:
        return ()

    def clipped(self, _caller: Caller) -> Mapping[int, Reach]:
        return {}


def _provide(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


@pytest.fixture
def api(store: Any) -> Iterator[Any]:
    given = {"telemetry": store.telemetry, "gate": FixedGate()}
    app = Litestar(
        route_handlers=list(CONTROLLERS),
        dependencies={
            "caller": Provide(provide_caller),
            **{name: _provide(value) for name, value in given.items()},
        },
        middleware=[authentication(Keys())],
        exception_handlers=exception_handlers,
        request_max_body_size=2 << 20,
    )
    with TestClient(app) as client:
        client.headers["Authorization"] = "Bearer reader"
        yield client


@pytest.fixture
def said(store: Any, kit: SimpleNamespace) -> Any:
    """An hour of readings of two units, a minute apart, that ended just now."""
    now = store.clock.now()
    store.say(
        *(
            kit.Said(unit, "temperature", now - minute * kit.MINUTE, minute, float(minute * unit))
            for unit in (1, 2)
            for minute in range(1, 61)
        ),
        kit.Said(1, "place", now - kit.MINUTE, 1, {"x": [1, None]}),
    )
    store.happen(kit.Happened(1, "boiled", now - kit.MINUTE, 1, b'{"n":1}'))
    return now


UNIT, OTHER_UNIT = format_id(1), format_id(2)


def test_readings_page_by_page(api: Any, said: Any) -> None:
    first = api.get("/api/v1/history", params={"product": "cooker", "property": "temperature", "limit": 100}).json()
    second = api.get(
        "/api/v1/history",
        params={"product": "cooker", "property": "temperature", "limit": 100, "cursor": first["next_cursor"]},
    ).json()
    assert second["next_cursor"] is None
    assert [sum(len(one["at"]) for one in page["series"]) for page in (first, second)] == [100, 20]


def test_one_units_history_and_events(api: Any, said: Any) -> None:
    answer = api.get(
        f"/api/v1/units/{UNIT}/history", params={"from": "-10min", "property": ["temperature", "place"]}
    ).json()
    assert [(one["property"], len(one["at"])) for one in answer["series"]] == [("place", 1), ("temperature", 10)]
    assert answer["series"][0]["value"] == [{"x": [1, None]}]
    events = api.get(f"/api/v1/units/{UNIT}/events").json()
    assert [(one["event"], one["data"]) for one in events["items"]] == [("boiled", {"n": 1})]
    assert api.get(f"/api/v1/units/{UNIT}/events", params={"event": "opened"}).json()["items"] == []


def test_buckets_charts_and_named_sets(api: Any, said: Any) -> None:
    answer = api.get(
        "/api/v1/history", params={"unit": UNIT, "width": "1h", "aggregate": "avg,p50", "property": "temperature"}
    )
    assert answer.json()["series"][0]["p50"] == [30.5]
    chart = api.get("/api/v1/history", params={"unit": UNIT, "points": 10, "property": "temperature"}).json()
    assert len(chart["series"][0]["at"]) == 10
    body = {
        "groups": {"both": [UNIT, OTHER_UNIT], "one": [UNIT]},
        "width": "day",
        "zone": "Europe/Berlin",
        "aggregates": ["count"],
    }
    grouped = api.post("/api/v1/history", json={**body, "properties": ["temperature"]}).json()["series"]
    assert [(one["group"], sum(one["count"])) for one in grouped] == [("both", 120), ("one", 60)]


def test_arrow_when_asked_for(api: Any, said: Any) -> None:
    answer = api.get("/api/v1/history", params={"unit": UNIT, "limit": 7}, headers={"Accept": ARROW})
    assert answer.headers["content-type"].startswith(ARROW)
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.num_rows == 7
    assert b"next_cursor" in table.schema.metadata
    buckets = api.get("/api/v1/history", params={"unit": UNIT, "width": "1h"}, headers={"Accept": ARROW})
    assert pa.ipc.open_stream(buckets.content).read_all().column_names[:3] == ["unit", "property", "at"]


def test_out_and_in_again(api: Any, said: Any, store: Any) -> None:
    params = {"product": "cooker", "format": "csv", "shape": "wide", "gzip": "true"}
    file = api.get("/api/v1/export", params=params)
    assert file.headers["content-disposition"] == 'attachment; filename="readings.csv.gz"'
    store.empty()
    api.headers["Authorization"] = "Bearer writer"
    for _ in range(2):
        done = api.post("/api/v1/import", content=file.content, headers={"Content-Type": "text/csv"})
        assert done.status_code == 200
        assert done.json() == {"rows": 120, "readings": 121, "refused": 0, "faults": []}
    assert len(api.get("/api/v1/history", params={"unit": UNIT}).json()["series"][1]["at"]) == 60


def test_an_import_tells_its_faulty_rows(api: Any) -> None:
    api.headers["Authorization"] = "Bearer writer"
    lines = f"unit,at,level\n{UNIT},2026-05-01T00:00:00Z,400\n{UNIT},2026-05-01T00:00:00Z,40\n"
    done = api.post("/api/v1/import", params={"format": "csv", "check": "true"}, content=lines).json()
    assert (done["rows"], done["readings"], done["refused"], done["faults"][0]["row"]) == (2, 1, 1, 2)


def test_another_organisation_sees_and_writes_nothing(api: Any, said: Any, store: Any, kit: Any) -> None:
    api.headers["Authorization"] = "Bearer stranger"
    assert api.get("/api/v1/history", params={"unit": UNIT}).status_code == 404
    assert api.get("/api/v1/export", params={"unit": UNIT}).status_code == 404
    assert api.post("/api/v1/history", json={"units": [UNIT]}).status_code == 404
    assert api.get("/api/v1/history", params={"product": "cooker", "width": "1h"}).json()["series"] == []
    assert api.get(f"/api/v1/units/{UNIT}/history").status_code == 404
    assert api.get(f"/api/v1/units/{UNIT}/events").status_code == 404
    assert api.get("/api/v1/export", params={"product": "cooker"}).text.count("\n") == 1  # the header
    line = json.dumps({"unit": UNIT, "at": "2026-05-01T00:00:00Z", "values": {"level": 1}})
    done = api.post("/api/v1/import", params={"format": "ndjson"}, content=line).json()
    assert (done["readings"], done["refused"]) == (0, 1)


@pytest.mark.parametrize(
    ("key", "method", "path", "status"),
    [
        ("nobody", "GET", "/api/v1/history", 401),
        ("keeper", "GET", "/api/v1/history?product=cooker", 403),
        ("keeper", "GET", "/api/v1/export?product=cooker", 403),
        ("reader", "POST", "/api/v1/import?format=csv", 403),
        ("reader", "GET", "/api/v1/history", 422),
        ("reader", "GET", "/api/v1/history?unit=nonsense", 422),
        ("reader", "GET", "/api/v1/history?product=cooker&from=yesterday&to=now", 422),
        ("reader", "GET", "/api/v1/history?product=cooker&width=1us&from=-7d", 422),
        ("reader", "GET", "/api/v1/history?product=cooker&limit=100001", 422),
        ("reader", "GET", "/api/v1/history?product=cooker&cursor=zzz", 422),
        ("reader", "GET", f"/api/v1/units/{format_id(1500)}/history", 404),
        ("reader", "GET", "/api/v1/export?product=cooker&format=pdf", 422),
        ("writer", "POST", "/api/v1/import", 422),
        ("writer", "POST", "/api/v1/import?format=parquet", 422),
    ],
)
def test_refusals_are_problem_documents(api: Any, key: str, method: str, path: str, status: int) -> None:
    answer = api.request(method, path, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == status


def test_a_large_import_is_not_bound_by_the_limit_of_other_bodies(api: Any, kit: Any) -> None:
    api.headers["Authorization"] = "Bearer writer"
    rows = (f"{UNIT},{kit.START + index},{index % 100}\n" for index in range(120_000))
    content = ("unit,at,level\n" + "".join(rows)).encode()
    assert len(content) > 3 << 20
    done = api.post("/api/v1/import", params={"format": "csv"}, content=io.BytesIO(content)).json()
    assert (done["rows"], done["readings"]) == (120_000, 120_000)

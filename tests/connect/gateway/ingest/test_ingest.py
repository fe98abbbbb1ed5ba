"""Readings by HTTP: who may, in which shapes, and that 204 means kept."""

from __future__ import annotations

import gzip
import json
import zlib
from contextlib import asynccontextmanager

import cbor2
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from monokoto.connect.gateway import Authentication, Committer, Ingest, Route, ingest_routes, split_subject
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.limits import INGEST_BODY_BYTES_MAX, PAYLOAD_BYTES_MAX
from monokoto.settings import GatewaySettings
from monokoto.web import exception_handlers

BEARER = {"Authorization": "Bearer token-a"}


@pytest.fixture
def log(new_log):
    return new_log(body_bytes_max=4 << 20)


@pytest.fixture
def http(log, new_fleet):
    """A client of the ingest routes, over the log in memory."""
    fleet = new_fleet()
    fleet.add("token-a", serial="unit-a")
    made = {}

    @asynccontextmanager
    async def lifespan(_app):
        settings = GatewaySettings(unit_messages_per_second=50)
        made["committer"] = committer = Committer(log, SystemClock(), patience_seconds=0.2)
        made["ingest"] = Ingest(committer, Authentication(fleet), settings, SystemClock())
        yield

    app = Litestar(
        route_handlers=ingest_routes(),
        dependencies={"ingest": Provide(lambda: made["ingest"], sync_to_thread=False)},
        lifespan=[lifespan],
        exception_handlers=exception_handlers,
        request_max_body_size=None,
    )
    with TestClient(app) as client:
        client.made = made
        yield client


@pytest.mark.parametrize(
    ("path", "body", "kind", "status", "route"),
    [
        ("/api/v1/telemetry", b'{"t":1}', "application/json", 204, Route.TELEMETRY),
        ("/api/v1/telemetry", b'{"t":1}', "application/x-www-form-urlencoded", 204, Route.TELEMETRY),
        ("/api/v1/telemetry", cbor2.dumps({"t": 1}), "application/cbor", 204, Route.TELEMETRY_CBOR),
        ("/api/v1/columns", b'{"at":[1],"values":{"t":[1]}}', "application/json", 204, Route.COLUMNS),
        ("/api/v1/columns", cbor2.dumps({"values": {"t": [1]}}), "application/cbor", 204, Route.COLUMNS_CBOR),
        ("/api/v1/token-a/telemetry", b'{"ts":1,"values":{"t":1}}', "application/json", 200, Route.TELEMETRY),
        ("/api/v1/token-a/attributes", b'{"firmware":"1"}', "application/json", 200, Route.TELEMETRY),
    ],
)
def test_what_is_accepted_is_kept(http, log, path, body, kind, status, route):
    headers = {"Content-Type": kind} | ({} if "token-a" in path else BEARER)
    assert http.post(path, content=body, headers=headers).status_code == status
    assert log.records() == [(1001, route, body)]


def test_an_event(http, log):
    assert http.post("/api/v1/events/door-opened", content=b'{"by":"anna"}', headers=BEARER).status_code == 204
    assert http.post("/api/v1/events/door-opened", headers=BEARER).status_code == 204
    found = [split_subject(payload) for _, _, payload in log.records(Route.EVENT)]
    assert found == [("door-opened", b'{"by":"anna"}'), ("door-opened", b"")]


@pytest.mark.parametrize(
    "path", ["/api/v1/telemetry", "/api/v1/columns", "/api/v1/events/e", "/write", "/api/v2/write"]
)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic !"}])
def test_nobody_writes_without_a_token(http, log, path, headers):
    answer = http.post(path, content=b"m f=1", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert http.post("/api/v1/wrong/telemetry", content=b"{}").status_code == 401
    assert not log.entries


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/write?db=x&precision=s&u=any&p=token-a", {}),
        ("/write?u=token-a&precision=s", {}),
        ("/write?precision=s", {"Authorization": "Token any:token-a"}),
        ("/write?precision=s", {"Authorization": "Basic YW55OnRva2VuLWE="}),
        ("/api/v2/write?org=o&bucket=b&precision=s", {"Authorization": "Token token-a"}),
    ],
)
def test_influxdb_writers(http, log, path, headers):
    body = b'trucks,unit=t1 speed=50i,state="on" 1767225600\ntrucks,unit=t2 speed=51i,state="off" 1767225601\n'
    for content, encoding in ((body, {}), (gzip.compress(body), {"Content-Encoding": "gzip"})):
        assert http.post(path, content=content, headers=headers | encoding).status_code == 204
    (_, route, payload), _ = log.records()
    assert route == Route.COLUMNS
    assert json.loads(payload) == {
        "unit": ["t1", "t2"],
        "at": [1767225600_000_000, 1767225601_000_000],
        "values": {"speed": [50, 51], "state": ["on", "off"]},
    }


def test_a_partial_write_says_which_lines(http, log):
    answer = http.post("/write?p=token-a", content=b"m f=1\nm f=\nm f=3\nnonsense\n")
    assert answer.status_code == 400
    assert [fault["line"] for fault in answer.json()["faults"]] == [2, 4]
    assert answer.json()["error"] == answer.headers["X-Influxdb-Error"]
    assert json.loads(log.records()[0][2])["values"] == {"f": [1, 3]}
    assert http.post("/write?p=token-a&precision=x", content=b"m f=1").status_code == 422
    assert http.get("/ping").status_code == 204


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/api/v1/telemetry", "application/json", b'{"t":'),
        ("/api/v1/telemetry", "application/json", b"[1,2"),
        ("/api/v1/telemetry", "application/json", b"[" * 100_000),
        ("/api/v1/telemetry", "application/cbor", b"\xff"),
        ("/api/v1/columns", "application/json", b"nope"),
    ],
)
def test_what_is_not_what_it_says_is_refused(http, log, path, kind, body):
    answer = http.post(path, content=body, headers=BEARER | {"Content-Type": kind})
    assert answer.status_code == 422
    assert not log.entries


def test_large_bodies_are_cut_to_what_a_record_may_hold(http, log):
    messages = [{"ts": 1767225600000 + number, "values": {"text": "x" * 200}} for number in range(30_000)]
    body = json.dumps(messages).encode()
    assert PAYLOAD_BYTES_MAX < len(body) < INGEST_BODY_BYTES_MAX
    assert http.post("/api/v1/telemetry", content=body, headers=BEARER).status_code == 204
    kept = [payload for _, _, payload in log.records()]
    assert all(len(payload) <= PAYLOAD_BYTES_MAX for payload in kept)
    assert [message for payload in kept for message in json.loads(payload)] == messages

    log.entries.clear()
    columns = {"unit": [f"u{n}" for n in range(40_000)], "values": {"v": list(range(40_000))}}
    assert http.post("/api/v1/columns", content=json.dumps(columns).encode(), headers=BEARER).status_code == 204
    parts = [json.loads(payload) for _, _, payload in log.records()]
    assert [value for part in parts for value in part["values"]["v"]] == list(range(40_000))
    assert [unit for part in parts for unit in part["unit"]] == columns["unit"]
    ragged = {"at": [1], "values": {"v": list(range(100_000))}}
    assert http.post("/api/v1/columns", content=json.dumps(ragged).encode(), headers=BEARER).status_code == 422


def test_limits_of_size(http, log):
    body = b'{"t":"' + b"x" * INGEST_BODY_BYTES_MAX + b'"}'
    assert http.post("/api/v1/telemetry", content=body, headers=BEARER).status_code == 413
    assert http.post("/api/v1/telemetry", content=iter([body]), headers=BEARER).status_code == 413
    bomb = {"Content-Encoding": "gzip"} | BEARER
    assert http.post("/api/v1/telemetry", content=gzip.compress(body), headers=bomb).status_code == 413
    assert http.post("/api/v1/telemetry", content=b"no gzip", headers=bomb).status_code == 422
    assert http.post("/api/v1/telemetry", content=gzip.compress(b"{}")[:-9], headers=bomb).status_code == 422
    deflate = {"Content-Encoding": "deflate"} | BEARER
    assert http.post("/api/v1/telemetry", content=zlib.compress(b"{}"), headers=deflate).status_code == 204
    assert http.post("/api/v1/telemetry", content=b"{}", headers=BEARER | {"Content-Encoding": "br"}).status_code == 422
    assert len(log.records()) == 1


def test_too_fast_is_told(http, log):
    answers = [http.post("/api/v1/telemetry", content=b"{}", headers=BEARER)]
    while answers[-1].status_code == 204 and len(answers) < 2_000:  # a slow machine earns some of them again
        answers.append(http.post("/api/v1/telemetry", content=b"{}", headers=BEARER))
    codes = [answer.status_code for answer in answers]
    assert codes[:50] == [204] * 50
    assert codes[-1] == 429
    assert answers[-1].headers["Retry-After"]
    assert len(log.records()) == codes.count(204)


def test_when_the_log_is_away_nothing_is_promised(http, log):
    log.down = True
    answer = http.post("/api/v1/telemetry", content=b"{}", headers=BEARER)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert not log.entries
    log.down = False
    assert http.post("/api/v1/telemetry", content=b"{}", headers=BEARER).status_code == 204

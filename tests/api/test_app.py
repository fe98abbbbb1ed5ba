"""The application around the routes: what is open, what a stranger sees, HEAD, OPTIONS, metrics, health."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from litestar import Controller, get, post
from litestar.response import Stream
from litestar.testing import TestClient

from monokoto.api import Check, Health, Metrics, Sample, create_app
from monokoto.kernel.errors import Unauthenticated, Unavailable
from monokoto.web import Caller, Scope, by_hand, requires

KEY = {"Authorization": "Bearer good"}


class Keys:
    def authenticate(self, secret):
        if secret != "good":
            raise Unauthenticated("No such key.")
        return Caller(organisation_id=1, key_id=2, scopes=frozenset({Scope.UNITS_READ}))


class Thing(msgspec.Struct):
    """A thing."""

    name: str
    size: int


class Things(Controller):
    """`/things`."""

    guards = (requires(Scope.UNITS_READ),)
    path = "/things"
    tags = ("Units",)

    @get(operation_id="listThings", summary="Things")
    async def things(self, name: str = "", limit: int = 10) -> Thing:
        return Thing(name, limit)

    @post(guards=[requires(Scope.UNITS_WRITE)], operation_id="createThing", summary="Make")
    async def make_thing(self, data: Thing) -> Thing:
        return data


@post("/dialect", opt={"exclude_from_auth": True}, operation_id="sendThing", summary="Send", tags=["Ingest"],
      status_code=204, operation_class=by_hand(["text/csv"], query={"db": "Not looked at"}))  # fmt: skip
async def dialect() -> None:
    return None


ended = []


@get("/stream", operation_id="streamThings", summary="Live", tags=["Units"])
async def stream() -> Stream:
    async def forever():
        try:
            while True:
                yield b"more\n"
                await asyncio.sleep(0.01)
        finally:
            ended.append(True)

    return Stream(forever(), media_type="text/event-stream")


def make_app(checks: dict[str, Check] | None = None, metrics: Metrics | None = None):
    return create_app(
        routes=[Things, dialect, stream],
        dependencies={"health": Health(checks or {}), "metrics": metrics or Metrics()},
        authenticator=Keys(),
    )


@pytest.fixture
def client():
    with TestClient(make_app(), raise_server_exceptions=False) as found:
        yield found


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/readyz", "/metrics", "/openapi/openapi.json", "/openapi/openapi.yaml"]
)
def test_what_the_platform_says_of_itself_needs_no_key(client, path):
    assert client.get(path).status_code == 200


def test_the_index_leads_to_what_is_there(client):
    for name, path in client.get("/").json().items():
        if name not in {"name", "version"}:
            assert client.get(path).status_code == 200, name


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/openapi/nowhere", 404),
        ("DELETE", "/things", 405),
        ("POST", "/healthz", 405),
        ("GET", "/things?limit=many", 422),
        ("POST", "/things", 403),
    ],
)
def test_errors_are_problem_documents(client, method, path, status):
    answer = client.request(method, path, headers=KEY)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["code"]


def test_without_a_key_nothing_else_is_answered(client):
    answer = client.get("/things")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_method_that_is_not_there_names_those_that_are(client):
    refused = client.delete("/things", headers=KEY)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    options = client.options("/things")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert client.options("/dialect").headers["allow"] == "OPTIONS, POST"


def test_head_is_get_without_its_body(client):
    whole, head = client.get("/things", headers=KEY), client.head("/things", headers=KEY)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert client.head("/things").status_code == 401
    assert client.head("/dialect").status_code == 405


def test_head_of_a_live_stream_ends(client):
    ended.clear()
    head = client.head("/stream", headers=KEY)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert ended == [True]


def test_a_parameter_nobody_knows_is_refused_with_the_one_that_was_meant(client):
    answer = client.get("/things?limt=3&nonsense=1&name=x", headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["faults"] == [
        {"reason": "there is no such parameter; did you mean `limit`?", "place": "limt"},
        {"reason": "there is no such parameter", "place": "nonsense"},
    ]
    assert client.get("/things?limit=3", headers=KEY).json() == {"name": "", "size": 3}


def test_clients_of_other_systems_may_send_what_they_know(client):
    assert client.post("/dialect?db=x&rp=y&anything=z").status_code == 204


def test_the_document_says_which_scope_a_route_needs(client):
    paths = client.get("/openapi/openapi.json").json()["paths"]
    assert paths["/things"]["get"]["security"] == [{"key": ["units:read"]}, {"session": ["units:read"]}]
    both = ["units:read", "units:write"]
    assert paths["/things"]["post"]["security"] == [{"key": both}, {"session": both}]
    assert paths["/dialect"]["post"]["security"] == []
    assert paths["/stream"]["get"]["security"] == [{"key": []}, {"session": []}]
    assert list(paths["/dialect"]["post"]["requestBody"]["content"]) == ["text/csv"]


def test_readiness_says_what_is_wrong():
    async def broken():
        raise Unavailable("The log is away.", remedy="Start it.")

    async def sound():
        return None

    with TestClient(make_app({"log": broken, "records": sound})) as client:
        answer = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert answer.json()["problems"] == [{"part": "log", "what": "The log is away.", "remedy": "Start it."}]


def test_metrics_of_this_process_and_of_those_it_asks():
    async def neighbours():
        labels = {"gateway": "G1"}
        return [Sample("gateway_up", "help", 3, labels), Sample("gateway_publishes", "help", 3, labels, rises=True)]

    metrics = Metrics(lambda: [Sample("units", "Units", 7)], asked=[neighbours])
    with TestClient(make_app(metrics=metrics)) as client:
        for _ in range(2):
            text = client.get("/metrics").text
            assert "\nmonokoto_units 7.0\n" in text
            assert '\nmonokoto_gateway_up{gateway="G1"} 3.0\n' in text
            assert '\nmonokoto_gateway_publishes_total{gateway="G1"} 3.0\n' in text
            assert text.count("# HELP process_resident_memory_bytes ") == 1

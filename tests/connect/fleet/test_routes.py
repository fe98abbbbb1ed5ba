"""Units and credentials over HTTP."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from monokoto.connect.fleet import Credentials, CredentialsController, Fleet, UnitsController, import_units
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Unauthenticated
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import ApiKeyId, OrganisationId, format_id, parse_id
from monokoto.web import Caller, Scope, authentication, exception_handlers, provide_caller

UNITS = "/api/v1/units"
KEYS = {
    "acme": (11, {Scope.UNITS_WRITE}),
    "acme-reader": (11, {Scope.UNITS_READ}),
    "other": (22, {Scope.ADMIN}),
}


class FixedKeys:
    def authenticate(self, secret: str) -> Caller:
        if secret not in KEYS:
            raise Unauthenticated("This key is not known.")
        organisation, scopes = KEYS[secret]
        return Caller(organisation_id=OrganisationId(organisation), key_id=ApiKeyId(1), scopes=frozenset(scopes))


@dataclass
class HeardFacts:
    heard: list[Fact] = field(default_factory=list)

    async def tell(self, fact: Fact) -> None:
        self.heard.append(fact)

    async def listen(self, *_: object) -> None: ...


@pytest.fixture
def facts() -> HeardFacts:
    return HeardFacts()


@pytest.fixture(params=["sqlite"])
def records_kind(request: pytest.FixtureRequest) -> str:
    """What is asked of the engine, the other tests ask on both."""
    kind: str = request.param
    return kind


@pytest.fixture
def client(
    records: Records, clock: ManualClock, facts: HeardFacts, fixed_products: object, own_gate: object, unit_sets: object
) -> Iterator[TestClient[Litestar]]:
    application = Litestar(
        [UnitsController, CredentialsController, import_units],
        middleware=[authentication(FixedKeys())],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            "fleet": Provide(lambda: Fleet(records, fixed_products, clock, facts), sync_to_thread=False),
            "credentials": Provide(lambda: Credentials(records, clock), sync_to_thread=False),
            "clock": Provide(lambda: clock, sync_to_thread=False),
            "gate": Provide(lambda: own_gate, sync_to_thread=False),
            "unit_sets": Provide(lambda: unit_sets, sync_to_thread=False),
        },
    )
    with TestClient(application) as opened:
        opened.headers["Authorization"] = "Bearer acme"
        yield opened


def register(client: TestClient[Litestar], serial: str = "R-1", **more: object) -> dict[str, object]:
    answer = client.post(UNITS, json={"serial": serial, "product": "robot"} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_unit_is_registered_read_and_changed(client: TestClient[Litestar], facts: HeardFacts) -> None:
    made = register(client, location={"latitude": 1.5, "longitude": 2.5, "place": "here"}, tags=["a"])
    unit = made["unit"]
    assert len(made["token"]) == 32
    assert unit["created_at"] == "2026-01-01T00:00:00Z"
    assert [fact.name for fact in facts.heard] == ["fleet.units_changed"]
    answer = client.get(f"{UNITS}/{unit['id']}")
    assert answer.json() == unit
    assert answer.headers["ETag"] == '"1"'
    assert client.get(f"{UNITS}/{unit['id']}", headers={"If-None-Match": '"1"'}).status_code == 304

    patch = {"name": "Robbie", "location": {"place": None, "altitude": 3}}
    stale = client.patch(f"{UNITS}/{unit['id']}", json=patch, headers={"If-Match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    changed = client.patch(
        f"{UNITS}/{unit['id']}",
        content=json.dumps(patch),
        headers={"If-Match": '"1"', "Content-Type": "application/merge-patch+json"},
    )
    assert changed.status_code == 200, changed.text
    assert changed.headers["ETag"] == '"2"'
    assert changed.json()["location"] == {"latitude": 1.5, "longitude": 2.5, "altitude": 3.0}
    assert changed.json()["tags"] == ["a"]
    emptied = client.patch(f"{UNITS}/{unit['id']}", json={"location": None, "tags": None, "name": None}).json()
    assert (emptied["location"], emptied["tags"], emptied["name"]) == (None, [], "")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", UNITS + "/rubbish", None, 422),
        ("GET", UNITS + "/0000000000001", None, 404),
        ("PATCH", UNITS + "/0000000000001", {"name": "x"}, 404),
        ("DELETE", UNITS + "/0000000000001", None, 404),
        ("GET", UNITS + "/0000000000001/tree", None, 404),
        ("GET", UNITS + "/0000000000001/children", None, 404),
        ("GET", UNITS + "/0000000000001/credentials", None, 404),
        ("POST", UNITS, {"serial": "x", "product": "toaster"}, 422),
        ("POST", UNITS, {"serial": "x", "product": "robot", "colour": "red"}, 422),
        ("POST", UNITS, {"product": "robot"}, 422),
        ("GET", UNITS + "?sort=colour", None, 422),
        ("GET", UNITS + "?limit=0", None, 422),
        ("GET", UNITS + "?cursor=rubbish", None, 422),
        ("GET", UNITS + "?parent=rubbish", None, 422),
        ("POST", UNITS + "/upgrade", {"product": "robot", "version": "8.8.8"}, 422),
    ],
)
def test_refusals_are_problem_documents(
    client: TestClient[Litestar], method: str, path: str, body: object, status: int
) -> None:
    answer = client.request(method, path, json=body)
    problem = answer.json()
    assert (problem["status"] in {status, 400}, answer.headers["content-type"]) == (True, "application/problem+json")
    assert answer.status_code == problem["status"]
    assert problem["title"]


def test_a_taken_serial_is_a_conflict_with_its_place(client: TestClient[Litestar]) -> None:
    register(client)
    answer = client.post(UNITS, json={"serial": "R-1", "product": "robot"})
    assert answer.status_code == 409
    assert answer.json()["faults"][0]["place"] == "serial"


def test_lists_filter_and_page(client: TestClient[Litestar]) -> None:
    site = register(client, "site")["unit"]["id"]
    for number in range(5):
        register(client, f"A-{number}", parent="site", tags=["even"] if number % 2 == 0 else ["odd", "x y"])

    def serials(query: str) -> list[str]:
        return [unit["serial"] for unit in client.get(f"{UNITS}?{query}").json()["items"]]

    assert serials("tag=even&sort=-serial") == ["A-4", "A-2", "A-0"]
    assert serials("tag=odd&tag=x%20y") == ["A-1", "A-3"]
    assert serials("parent=none") == ["site"]
    assert len(serials(f"below={site}")) == 5
    assert serials("status=retired") == []
    first = client.get(f"{UNITS}?serial_prefix=A-&limit=3").json()
    rest = client.get(f"{UNITS}?serial_prefix=A-&limit=3&cursor={first['next_cursor']}").json()
    assert [unit["serial"] for unit in first["items"] + rest["items"]] == [f"A-{number}" for number in range(5)]
    assert rest["next_cursor"] is None
    assert len(client.get(f"{UNITS}/{site}/children").json()["items"]) == 5
    tree = client.get(f"{UNITS}/{site}/tree").json()
    assert (len(tree["above"]), len(tree["items"]), tree["items"][1]["depth"]) == (0, 6, 2)
    assert client.post(UNITS + "/upgrade", json={"product": "robot", "version": "1.0.0", "tags": ["even"]}).json() == {
        "units": 3
    }


def test_credentials_come_and_go_and_the_gateways_hear_of_it(client: TestClient[Litestar], facts: HeardFacts) -> None:
    made = register(client)
    unit, first = made["unit"]["id"], made["credentials"][0]["id"]
    issued = client.post(f"{UNITS}/{unit}/credentials", json={"name": "spare", "expires_at": "2026-02-01T00:00:00Z"})
    assert issued.status_code == 201
    assert issued.json()["credential"]["ends_at"] == "2026-02-01T00:00:00Z"
    assert issued.json()["token"]
    assert "token" not in client.get(f"{UNITS}/{unit}/credentials").json()["items"][1]
    facts.heard.clear()
    graceful = client.post(f"{UNITS}/{unit}/credentials/{first}/rotate", json={"grace_seconds": 60})
    assert graceful.status_code == 201
    assert facts.heard == []
    successor = graceful.json()["credential"]["id"]
    client.post(f"{UNITS}/{unit}/credentials/{successor}/rotate", json={})
    revoked = client.delete(f"{UNITS}/{unit}/credentials/{first}")
    assert revoked.json()["revoked_at"] == "2026-01-01T00:00:00Z"
    assert [(fact.name, fact.data) for fact in facts.heard] == [
        ("fleet.credential_ended", {"credential_id": parse_id(one), "unit_id": parse_id(unit)})
        for one in (successor, first)
    ]
    bad = client.post(f"{UNITS}/{unit}/credentials", json={"expires_at": "tomorrow"})
    assert (bad.status_code, bad.json()["faults"][0]["place"]) == (422, "expires_at")
    facts.heard.clear()
    retired = client.delete(f"{UNITS}/{unit}")
    assert retired.json()["status"] == "retired"
    assert {fact.name for fact in facts.heard} == {"fleet.units_changed", "fleet.credential_ended"}


def test_scopes_and_walls(client: TestClient[Litestar]) -> None:
    unit = register(client)["unit"]["id"]
    reader = {"Authorization": "Bearer acme-reader"}
    assert client.get(f"{UNITS}/{unit}", headers=reader).status_code == 200
    for method, path in (
        ("POST", UNITS),
        ("POST", UNITS + "/import"),
        ("POST", UNITS + "/upgrade"),
        ("PATCH", f"{UNITS}/{unit}"),
        ("DELETE", f"{UNITS}/{unit}"),
        ("POST", f"{UNITS}/{unit}/credentials"),
        ("DELETE", f"{UNITS}/{unit}/credentials/{unit}"),
    ):
        assert client.request(method, path, json={}, headers=reader).status_code == 403, path
        assert client.request(method, path, json={}, headers={"Authorization": "Bearer no"}).status_code == 401, path
    other = {"Authorization": "Bearer other"}
    for path in ("", "/tree", "/children", "/credentials"):
        assert client.get(f"{UNITS}/{unit}{path}", headers=other).status_code == 404
    assert client.get(UNITS, headers=other).json()["items"] == []


def test_an_import_answers_every_row_once(client: TestClient[Litestar], facts: HeardFacts) -> None:
    body = "serial,product\n" + "".join(f"S-{number},robot\n" for number in range(2500)) + "S-1,robot\n"
    refused = client.post(UNITS + "/import", content=body, headers={"Content-Type": "text/csv"})
    assert refused.status_code == 422
    assert refused.json()["faults"] == [
        {"reason": "'S-1' is a unit of robot already", "place": "serial", "line": 2502},
    ]
    assert facts.heard == []
    answer = client.post(
        UNITS + "/import?mode=skip-faulty", content=body, headers={"Content-Type": "text/csv; charset=utf-8"}
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert (answer.headers["Units-Registered"], answer.headers["Units-Refused"]) == ("2500", "1")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 2501
    assert (rows[0]["line"], rows[0]["result"], rows[0]["serial"], len(rows[0]["token"])) == (
        "2",
        "registered",
        "S-0",
        32,
    )
    assert (rows[-1]["result"], rows[-1]["unit"], rows[-1]["token"]) == ("refused", "", "")
    assert "already" in rows[-1]["reason"]
    assert client.get(f"{UNITS}/{rows[0]['unit']}").json()["serial"] == "S-0"
    assert [fact.name for fact in facts.heard] == ["fleet.units_changed"]


def test_an_import_speaks_the_format_asked_for(client: TestClient[Litestar]) -> None:
    answer = client.post(
        UNITS + "/import?product=robot&tokens=false",
        content='{"serial":"a"}\n{"serial":"b"}\n',
        headers={"Content-Type": "application/x-ndjson"},
    )
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [(row["line"], row["result"], "token" in row) for row in rows] == [
        (1, "registered", False),
        (2, "registered", False),
    ]
    as_csv = client.post(
        UNITS + "/import?product=robot",
        content='{"serial":"c"}',
        headers={"Content-Type": "application/x-ndjson", "Accept": "text/csv"},
    )
    assert as_csv.text.startswith("line,result,serial")
    unknown = client.post(UNITS + "/import", content="x", headers={"Content-Type": "text/plain"})
    assert unknown.status_code == 422
    assert unknown.json()["faults"][0]["place"] == "Content-Type"


def test_the_api_describes_the_import(client: TestClient[Litestar]) -> None:
    document = client.app.openapi_schema.to_schema()
    operation = document["paths"]["/api/v1/units/import"]["post"]
    assert set(operation["requestBody"]["content"]) == {"text/csv", "application/x-ndjson"}
    assert format_id(0) not in document["paths"]


def test_units_are_found_by_what_others_know_of_them(client: TestClient[Litestar], unit_sets: object) -> None:
    made = {serial: str(register(client, serial)["unit"]["id"]) for serial in ("A", "B", "C")}
    unit_sets.connected = [parse_id(made["A"]), parse_id(made["B"])]
    unit_sets.claimed = [parse_id(made["B"])]

    def serials(query: str) -> list[str]:
        return [unit["serial"] for unit in client.get(f"{UNITS}?{query}").json()["items"]]

    assert [serials(query) for query in ("online=true", "online=false", "claimed=true", "claimed=false")] == [
        ["A", "B"], ["C"], ["B"], ["A", "C"],
    ]  # fmt: skip
    assert serials("online=true&claimed=false&sort=-serial") == ["A"]
    unit_sets.connected = []
    assert (serials("online=true"), serials("online=false")) == ([], ["A", "B", "C"])


def test_units_are_found_in_a_part_of_the_earth(client: TestClient[Litestar]) -> None:
    for serial, latitude, longitude in (("seoul", 37.57, 126.98), ("suva", -18.12, 178.45), ("apia", -13.83, -171.76)):
        register(client, serial, location={"latitude": latitude, "longitude": longitude})
    register(client, "nowhere")

    def serials(box: str) -> list[str]:
        return [unit["serial"] for unit in client.get(f"{UNITS}?sort=serial&box={box}").json()["items"]]

    assert serials("37,126,38,127.5") == ["seoul"]
    assert serials("-20,170,-10,-170") == ["apia", "suva"]  # over the 180th meridian
    assert serials("-90,-180,90,180") == ["apia", "seoul", "suva"]
    for wrong in ("1,2,3", "a,b,c,d", "38,126,37,127", "0,0,91,0", "nan,0,1,1"):
        assert client.get(f"{UNITS}?box={wrong}").status_code == 422, wrong


@pytest.mark.parametrize("sort", ["product,-serial", "-name,serial", "-created_at", "status,-name,serial", "-version"])
def test_any_order_pages_without_gap_or_repeat_and_the_cursor_carries_it(
    client: TestClient[Litestar], sort: str
) -> None:
    for number in range(9):
        register(client, f"S-{number}", name=f"n{number % 3}")
    whole = client.get(f"{UNITS}?sort={sort}").json()["items"]
    keys = [[unit[name.removeprefix("-")] for name in sort.split(",")] for unit in whole]
    for at, name in reversed(list(enumerate(sort.split(",")))):
        keys.sort(key=lambda key, at=at: key[at], reverse=name.startswith("-"))
    assert [[unit[name.removeprefix("-")] for name in sort.split(",")] for unit in whole] == keys
    paged, query = [], f"sort={sort}&limit=2"
    while True:
        page = client.get(f"{UNITS}?{query}").json()
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        query = f"limit=2&cursor={page['next_cursor']}"  # the order is in the cursor
    assert paged == whole
    other = client.get(f"{UNITS}?sort=serial&{query}")
    assert (other.status_code, other.json()["faults"][0]["place"]) == (422, "cursor")


@pytest.mark.parametrize(
    "sort", ["colour", "serial,serial", "serial,-serial", "", "serial,", "name,serial,product,version,status"]
)
def test_an_order_there_is_not_is_refused(client: TestClient[Litestar], sort: str) -> None:
    assert client.get(f"{UNITS}?sort={sort}").status_code == (200 if sort == "" else 422)

"""Every unsafe request is recorded, without its values; the application is a real one with routes of its own."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar import Litestar, Request, get, patch, post, put
from litestar.response import Response
from litestar.testing import TestClient

from monokoto.api import create_app
from monokoto.connect.audit import AuditController, AuditFilter, AuditLog, AuditWriter, Outcome
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Forbidden, Unauthenticated, Unavailable
from monokoto.kernel.ids import format_id
from monokoto.web import Caller, RecordedRequest, Scope, note_caller, note_subjects, requires

MAKER, OWNER, UNIT = 7, 8, 5_000
SECRET = "s3cret-value-nobody-may-see"
CALLERS = {
    "maker": Caller(organisation_id=MAKER, key_id=70, scopes=frozenset({Scope.ADMIN})),
    "owner": Caller(organisation_id=OWNER, person_id=80, scopes=frozenset({Scope.ADMIN}), organisation_kind="owner"),
    "viewer": Caller(organisation_id=MAKER, key_id=71, scopes=frozenset({Scope.UNITS_READ})),
}
NAMES = {70: "Robot", 80: "Olga", 71: "Peeper"}


class Keys:
    def authenticate(self, secret: str) -> Caller:
        if secret not in CALLERS:
            raise Unauthenticated("No such key.")
        return CALLERS[secret]


def key(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


@post("/api/v1/things", operation_id="createThing", guards=[requires(Scope.UNITS_WRITE)])
async def create(data: dict[str, Any]) -> dict[str, Any]:
    if data.get("fail"):
        raise Forbidden("Not you.")
    return {"thing": {"id": format_id(99)}, "secret": SECRET}


@put("/api/v1/units/{unit:str}/parts/{part:str}", operation_id="putPart", guards=[requires(Scope.UNITS_WRITE)])
async def change(unit: str, part: str, data: dict[str, Any], token: str = "") -> Response[None]:
    return Response(None, status_code=204)


@patch("/api/v1/doors/{code:str}", operation_id="openDoor")
async def door(code: str) -> None:
    raise RuntimeError("broken")


@post("/api/v1/questions", operation_id="ask", guards=[requires(Scope.TELEMETRY_READ)])
async def ask(data: dict[str, Any]) -> dict[str, Any]:
    return {}


@post("/api/v1/sign-in", operation_id="signIn", opt={"exclude_from_auth": True})
async def sign_in(request: Request[Any, Any, Any], data: dict[str, Any]) -> dict[str, Any]:
    if data["password"] == SECRET:
        note_caller(request.scope, CALLERS["owner"])
    return {}


@get("/api/v1/look", operation_id="look")
async def look() -> dict[str, Any]:
    return {}


@post("/api/v1/many", operation_id="changeMany")
async def many(request: Request[Any, Any, Any], data: dict[str, Any]) -> dict[str, Any]:
    note_subjects(request.scope, [(format_id(unit), {"action": "turn"}) for unit in data["units"]], {"refused": 1})
    return {}


def make_app(audit: AuditLog, writer: AuditWriter) -> Litestar:
    return create_app(
        routes=[AuditController, create, change, door, ask, sign_in, look, many],
        dependencies={"audit": audit},
        authenticator=Keys(),
        recorder=writer,
        on_shutdown=[writer.stop],
    )


@pytest.fixture
def writer(audit: AuditLog) -> AuditWriter:
    return AuditWriter(audit, name_of=lambda caller: NAMES[caller.actor_id])


@pytest.fixture
def client(audit: AuditLog, writer: AuditWriter) -> Iterator[TestClient[Litestar]]:
    with TestClient(make_app(audit, writer), raise_server_exceptions=False) as found:
        yield found


def until(look: Callable[[], Any], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)
    return found


def test_a_request_about_many_units_has_an_entry_of_its_own_and_one_of_each(
    client: TestClient[Litestar], audit: AuditLog
) -> None:
    units = [UNIT, 6_000]
    assert client.post("/api/v1/many", json={"units": units}, headers=key("owner")).status_code == 201
    found = list(reversed(audit.list(OWNER)))
    assert [(one.draft.action, one.draft.subject.kind, one.draft.subject.id) for one in found] == [
        ("changeMany", "", ""), ("changeMany", "unit", format_id(UNIT)), ("changeMany", "unit", format_id(6_000)),
    ]  # fmt: skip
    assert [dict(one.detail) for one in found] == [{"fields": ["units"], "refused": 1}, *[{"action": "turn"}] * 2]
    # The maker of a unit sees what others do with it, and nothing of the rest of the request.
    assert [one.draft.subject.id for one in audit.list(MAKER)] == [format_id(UNIT)]
    assert audit.verify(OWNER).sound


def test_a_change_is_there_when_it_is_answered(client: TestClient[Litestar], audit: AuditLog) -> None:
    body = {"name": SECRET, "password": SECRET}
    headers = key("maker") | {"User-Agent": "tester/1"}
    assert client.post("/api/v1/things", json=body, headers=headers).status_code == 201
    (entry,) = audit.list(MAKER)
    draft = entry.draft
    assert draft.action == "createThing"
    assert (draft.actor.kind, draft.actor.id, draft.actor.name) == ("key", 70, "Robot")
    assert (draft.subject.kind, draft.subject.id) == ("thing", format_id(99))
    assert (draft.outcome, draft.status) == (Outcome.DONE, 201)
    assert draft.agent == "tester/1"
    assert draft.address
    assert entry.detail == {"fields": ["name", "password"]}


def test_of_a_path_the_unit_is_the_subject_and_values_are_not_told(
    client: TestClient[Litestar], audit: AuditLog
) -> None:
    path = f"/api/v1/units/{format_id(UNIT)}/parts/{format_id(3)}?token={SECRET}"
    assert client.put(path, json={"a": 1}, headers=key("owner")).status_code == 204
    (entry,) = audit.list(OWNER)
    assert (entry.draft.subject.kind, entry.draft.subject.id) == ("unit", format_id(UNIT))
    assert entry.draft.maker_id == MAKER
    assert entry.detail == {"fields": ["a"], "part": format_id(3), "query": ["token"]}


def test_what_is_refused_is_recorded_soon(client: TestClient[Litestar], audit: AuditLog) -> None:
    assert client.post("/api/v1/things", json={"fail": 1}, headers=key("maker")).status_code == 403
    assert client.post("/api/v1/things", json={}, headers=key("viewer")).status_code == 403
    assert client.patch(f"/api/v1/doors/{SECRET}", headers=key("maker")).status_code == 500
    found = until(lambda: len(got := audit.list(MAKER)) == 3 and got)
    assert [(one.draft.action, one.draft.outcome, one.draft.actor.name) for one in found] == [
        ("openDoor", Outcome.FAILED, "Robot"),
        ("createThing", Outcome.REFUSED, "Peeper"),
        ("createThing", Outcome.REFUSED, "Robot"),
    ]


def test_what_changes_nothing_or_has_nobody_is_not_recorded(
    client: TestClient[Litestar], audit: AuditLog, records: Records
) -> None:
    assert client.get("/api/v1/look", headers=key("maker")).status_code == 200
    assert client.post("/api/v1/questions", json={}, headers=key("maker")).status_code == 201
    assert client.post("/api/v1/things", json={}, headers=key("nobody")).status_code == 401
    assert client.post("/api/v1/nowhere", json={}, headers=key("maker")).status_code == 404
    assert client.post("/api/v1/sign-in", json={"password": "x"}).status_code == 201
    # The next one recorded comes after all of them.
    client.post("/api/v1/sign-in", json={"password": SECRET})
    assert audit.list(MAKER) == []
    assert [entry.draft.action for entry in audit.list(OWNER)] == ["signIn"]


def test_no_value_reaches_the_records(client: TestClient[Litestar], audit: AuditLog, records: Records) -> None:
    client.post("/api/v1/things", json={"token": SECRET}, headers=key("maker"))
    client.patch(f"/api/v1/doors/{SECRET}?code={SECRET}", headers=key("maker"))
    client.post("/api/v1/sign-in", json={"password": SECRET})
    until(lambda: len(audit.list(MAKER)) == 2)
    exported = client.get("/api/v1/audit/export", headers=key("maker")).text
    exported += client.get("/api/v1/audit/export", headers=key("owner")).text
    assert "signIn" in exported
    assert SECRET not in exported


def test_one_who_is_refused_without_end_fills_no_disk(
    audit: AuditLog, writer: AuditWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.connect.audit.writer.AUDIT_REFUSED_PER_ACTOR_MINUTE_MAX", 5)
    with TestClient(make_app(audit, writer)) as client:
        for _ in range(12):
            client.post("/api/v1/things", json={}, headers=key("viewer"))
        client.post("/api/v1/things", json={}, headers=key("maker"))
        assert writer.unwritten == 7
    found = audit.list(MAKER)
    assert sum(one.draft.actor.id == 71 for one in found) == 5
    (told,) = audit.list(MAKER, AuditFilter(action="audit.refusals_counted"))
    assert told.detail == {"action": "createThing", "actor": 71, "requests": 7}


def test_without_the_records_nothing_is_answered_as_done(
    client: TestClient[Litestar], audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.connect.audit.writer.PATIENCE_SECONDS", 0.3)
    write = audit.write

    def away(_drafts: object) -> None:
        raise Unavailable("The records are away.")

    monkeypatch.setattr(audit, "write", away)
    answer = client.post("/api/v1/things", json={}, headers=key("maker"))
    assert answer.status_code == 503
    assert "may have been done" in answer.json()["detail"]
    assert SECRET not in answer.text
    # They come back, and what could not be written then is written now.
    monkeypatch.setattr(audit, "write", write)
    until(lambda: audit.list(MAKER))


def test_many_at_once_share_a_transaction(audit: AuditLog, writer: AuditWriter) -> None:
    written: list[int] = []
    write = audit.write

    def counted(drafts: Any) -> Any:
        written.append(len(drafts))
        time.sleep(0.02)
        return write(drafts)

    audit.write = counted  # type: ignore[method-assign]

    async def run() -> None:
        one = RecordedRequest(caller=CALLERS["maker"], action="x", status=200)
        await asyncio.gather(*(writer.record(one) for _ in range(200)))
        await writer.stop()

    asyncio.run(run())
    assert sum(written) == 200
    assert len(written) <= 5
    assert audit.verify(MAKER).entries == 200
    assert audit.verify(MAKER).sound


def test_pages_and_conditions_over_http(client: TestClient[Litestar], clock: ManualClock) -> None:
    for _ in range(3):
        client.post("/api/v1/things", json={}, headers=key("maker"))
        clock.advance(10)
    client.put(f"/api/v1/units/{format_id(UNIT)}/parts/{format_id(3)}", json={}, headers=key("owner"))
    first = client.get("/api/v1/audit?limit=3", headers=key("maker")).json()
    second = client.get(f"/api/v1/audit?limit=3&cursor={first['next_cursor']}", headers=key("maker")).json()
    assert [one["number"] for one in first["items"] + second["items"]] == [None, 3, 2, 1]
    assert second["next_cursor"] is None
    # What the owner did with the maker's unit: the deed, not the person.
    foreign = first["items"][0]
    assert foreign["action"] == "putPart"
    assert foreign["actor"] is None
    assert "Olga" not in json.dumps(foreign)
    assert foreign["address"] == foreign["agent"] == ""
    for question, count in (
        (f"subject=unit:{format_id(UNIT)}", 1),
        (f"subject={format_id(UNIT)}", 1),
        ("subject=thing", 3),
        (f"actor={format_id(70)}", 3),
        ("action=createThing&outcome=done", 3),
        ("outcome=refused", 0),
        ("to=2026-01-01T00:00:10Z", 1),
        ("from=2026-01-01T00:00:10Z", 3),
    ):
        found = client.get(f"/api/v1/audit?{question}", headers=key("maker")).json()["items"]
        assert len(found) == count, question
    assert client.get("/api/v1/audit?from=yesterday", headers=key("maker")).status_code == 422
    assert client.get("/api/v1/audit", headers=key("viewer")).status_code == 403


def test_files(client: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMES, 70, "=HYPERLINK(0)")
    client.post("/api/v1/things", json={"b": 1}, headers=key("maker"))
    client.post("/api/v1/things", json={"c": 1}, headers=key("maker"))
    lines = client.get("/api/v1/audit/export", headers=key("maker")).text.splitlines()
    assert [json.loads(line)["detail"] for line in lines] == [{"fields": ["b"]}, {"fields": ["c"]}]
    answer = client.get("/api/v1/audit/export?format=csv", headers=key("maker"))
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["actor_name"] for row in rows] == ["'=HYPERLINK(0)"] * 2
    assert rows[0]["number"] == "1"
    empty = client.get("/api/v1/audit/export?format=csv&action=none", headers=key("maker")).text
    assert empty.startswith("id,at,")

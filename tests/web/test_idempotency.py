"""`Idempotency-Key`: carried out once, answered again, and nobody is told a guess after a crash."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Response, post, put
from litestar.testing import TestClient

from monokoto.api import Health, Metrics, create_app
from monokoto.engines.records import Records, metadata, open_records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Conflict, Unauthenticated, Unavailable
from monokoto.kernel.ids import ApiKeyId, OrganisationId
from monokoto.kernel.limits import API_BODY_BYTES_MAX, IDEMPOTENCY_SECONDS, IDEMPOTENT_ANSWER_BYTES_MAX
from monokoto.web import Caller, KeptAnswers, Scope
from monokoto.web.kept_answers import answers, asked

CALLERS = {"one": (1, 11), "two": (1, 12), "neighbour": (2, 13)}
SECRET = "koto_a_secret_shown_once"


class Keys:
    def authenticate(self, secret: str) -> Caller:
        if secret not in CALLERS:
            raise Unauthenticated("No such key.")
        organisation_id, key_id = CALLERS[secret]
        return Caller(
            organisation_id=OrganisationId(organisation_id), key_id=ApiKeyId(key_id), scopes=frozenset({Scope.ADMIN})
        )


class House:
    """An application whose one route counts how often it was carried out."""

    def __init__(self, records: Records) -> None:
        self.records, self.clock = records, ManualClock()
        self.done = 0
        self.fails: list[Exception] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.size = 0
        self.kept = KeptAnswers(records, self.clock)

    def client(self) -> TestClient[Litestar]:
        async def make(data: dict[str, Any]) -> Response[dict[str, Any]]:
            self.entered.set()
            await asyncio.to_thread(self.gate.wait)
            if self.fails:
                raise self.fails.pop()
            self.done += 1
            body = {"number": self.done, "secret": SECRET, "padding": "x" * self.size}
            return Response(body, status_code=201, headers={"Location": f"/made/{self.done}"})

        how = {"operation_id": "createThing", "summary": "Make", "tags": ["Units"]}
        app = create_app(
            routes=[
                post("/api/v1/things", **how)(make),
                put("/api/v1/things", **{**how, "operation_id": "putThing"})(make),
                post("/api/v1/open", opt={"exclude_from_auth": True}, **{**how, "operation_id": "postOpen"})(make),
            ],
            dependencies={"health": Health({}), "metrics": Metrics()},
            authenticator=Keys(),
            kept_answers=self.kept,
        )
        return TestClient(app, raise_server_exceptions=False)

    def rows(self) -> list[Any]:
        with self.records.read() as connection:
            return list(connection.execute(answers.select()))


@pytest.fixture
def house(records: Records) -> House:
    return House(records)


def send(
    client: TestClient[Litestar], key: str | None = "k-1", *, who: str = "one", method: str = "POST", body: Any = None
) -> Any:
    headers = {"Authorization": f"Bearer {who}", **({} if key is None else {"Idempotency-Key": key})}
    return client.request(method, "/api/v1/things", json={"a": 1} if body is None else body, headers=headers)


def test_the_same_request_is_carried_out_once_and_answered_again(house: House) -> None:
    with house.client() as client:
        first, again = send(client), send(client)
        assert (first.status_code, first.headers["location"]) == (201, "/made/1")
        assert (again.status_code, again.content, again.headers["location"]) == (201, first.content, "/made/1")
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        assert send(client, '"k-1"').json() == first.json()  # as the draft writes it: a quoted string
        assert (send(client, None).json()["number"], send(client, "k-2").json()["number"]) == (2, 3)


def test_keys_belong_to_the_caller(house: House) -> None:
    with house.client() as client:
        assert [send(client, who=who).json()["number"] for who in CALLERS] == [1, 2, 3]


@pytest.mark.parametrize("change", [{"body": {"a": 2}}, {"method": "PUT"}])
def test_another_request_under_the_same_key_is_refused(house: House, change: dict[str, Any]) -> None:
    with house.client() as client:
        send(client)
        refused = send(client, **change)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")
    assert house.done == 1


def test_while_it_is_carried_out_it_is_refused_and_then_answered(house: House) -> None:
    house.gate.clear()
    with house.client() as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, client)
        assert house.entered.wait(30)
        refused = send(client)
        assert (refused.status_code, refused.json()["code"]) == (409, "request-in-flight")
        assert refused.headers["retry-after"] == "1"
        house.gate.set()
        assert first.result(30).json() == send(client).json()
    assert house.done == 1


@pytest.mark.parametrize(("error", "status"), [(Conflict("taken"), 409), (Unavailable("away"), 503)])
def test_what_was_refused_was_not_carried_out_and_may_be_sent_again(
    house: House, error: Exception, status: int
) -> None:
    house.fails = [error]
    with house.client() as client:
        assert [send(client).status_code, send(client).status_code] == [status, 201]
    assert house.done == 1


def test_after_a_bug_nobody_is_told_a_guess(house: House) -> None:
    house.fails = [RuntimeError("after the change, before the answer")]
    with house.client() as client:
        assert send(client).status_code == 500
        again = send(client)
        assert (again.status_code, again.json()["code"]) == (409, "outcome-unknown")


def test_a_key_is_free_after_a_day_and_its_row_goes(house: House) -> None:
    with house.client() as client:
        assert send(client).json()["number"] == 1
        house.clock.advance(IDEMPOTENCY_SECONDS - 1)
        assert send(client).json()["number"] == 1
        assert house.kept.forget() == 0
        house.clock.advance(2)
        assert send(client, "other").json()["number"] == 2
        assert house.kept.forget() == 1
        assert send(client).json()["number"] == 3


def test_a_secret_in_an_answer_is_not_kept_in_clear(house: House) -> None:
    with house.client() as client:
        assert send(client, "the-key-itself").json()["secret"] == SECRET
    (row,) = house.rows()
    kept = b"|".join(bytes(value) for value in row if isinstance(value, bytes | memoryview))
    for text in (SECRET, "the-key-itself", "one"):
        assert text.encode() not in kept


def test_another_session_of_the_same_person_is_told_nothing() -> None:
    mine, other = (
        asked(organisation_id=1, actor_id=7, credential_id=one, credential=text, key="k", request=[b"POST", b"{}"])
        for one, text in ((1, "cookie"), (2, "another"))
    )
    assert mine.row == other.row
    assert mine.secret != other.secret
    assert mine.fingerprint != other.fingerprint


def test_a_large_answer_is_not_kept_and_a_large_request_not_taken(house: House) -> None:
    with house.client() as client:
        house.size = IDEMPOTENT_ANSWER_BYTES_MAX
        assert send(client).status_code == 201
        again = send(client)
        assert (again.status_code, again.json()["code"]) == (409, "answer-not-kept")
        assert send(client, "large", body={"a": "x" * API_BODY_BYTES_MAX}).status_code == 413
    assert house.done == 1


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "tab\there", "ü"])
def test_what_is_no_key_is_refused(house: House, key: str) -> None:
    with house.client() as client:
        headers = {"Authorization": b"Bearer one", "Idempotency-Key": key.encode("latin-1")}
        assert client.post("/api/v1/things", json={}, headers=headers).status_code == 422


def test_who_is_not_known_has_no_keys(house: House) -> None:
    with house.client() as client:
        for number in (1, 2):
            answer = client.post("/api/v1/open", json={}, headers={"Idempotency-Key": "k"})
            assert answer.json()["number"] == number
    assert house.rows() == []


def test_many_at_once_are_carried_out_once(house: House) -> None:
    with house.client() as client, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: send(client), range(24)))
    assert house.done == 1
    assert {answer.status_code for answer in found} <= {201, 409}
    assert any(answer.status_code == 201 for answer in found)


_CRASHING = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_idempotency import House, send
from monokoto.engines.records import open_records
house = House(open_records("", data_dir=Path(sys.argv[1])))
house.gate.clear()
import threading
threading.Thread(target=lambda: (house.entered.wait(), print("begun", flush=True))).start()
with house.client() as client:
    send(client, "k-1", method=sys.argv[3])
"""


@pytest.mark.parametrize(("method", "status", "code"), [("POST", 409, "outcome-unknown"), ("PUT", 201, "")])
def test_a_process_killed_in_between(tmp_path: Path, method: str, status: int, code: str) -> None:
    """What may be repeated is; of what may not, the outcome is said to be unknown. Neither is carried out twice by itself."""
    records = open_records("", data_dir=tmp_path)
    metadata.create_all(records.engine, tables=[answers])
    script = [sys.executable, "-c", _CRASHING, str(tmp_path), str(Path(__file__).parent), method]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        os.kill(process.pid, signal.SIGKILL)
    house = House(records)
    with house.client() as client:
        answer = send(client, method=method)
        assert (answer.status_code, answer.json().get("code", "")) == (status, code)
        assert send(client, "k-2", method=method).status_code == 201
    records.close()


def test_in_a_cluster_another_process_is_believed_alive_for_a_while(house: House) -> None:
    """PostgreSQL: several processes may carry requests out. SQLite: the other one has ended, or we would not be here."""
    other = KeptAnswers(house.records, house.clock)
    request = asked(
        organisation_id=1, actor_id=11, credential_id=11, credential="Bearer one", key="k", request=[b"POST"]
    )
    assert other.begin(request) is None
    alone = house.records.dialect == "sqlite"
    deadline = time.monotonic() + 30
    for code in ("outcome-unknown",) if alone else ("request-in-flight", "outcome-unknown"):
        with pytest.raises(Conflict) as told:
            house.kept.begin(request)
        assert told.value.code == code
        house.clock.advance(301)
    assert time.monotonic() < deadline

"""Jobs over HTTP: previewed, made, watched, looked through, cancelled, undone."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from jobs_making import ACME, OTHER, caller_of, register, work_until_done
from litestar import Litestar
from litestar.testing import TestClient

from monokoto.api import create_app
from monokoto.connect.fleet import Fleet
from monokoto.connect.jobs import Jobs, JobsController
from monokoto.kernel.ids import format_id
from monokoto.web import Caller, Scope

CALLERS = {
    "acme": caller_of(ACME),
    "reader": caller_of(ACME, Scope.UNITS_READ),
    "other": caller_of(OTHER),
    "nobody": caller_of(ACME, Scope.PEOPLE_READ),
}
TAG = {"kind": "units.tag", "selection": {"product": "robot"}, "parameters": {"add": ["a"]}}


class Keys:
    def authenticate(self, secret: str) -> Caller:
        return CALLERS[secret]


@pytest.fixture
def client(jobs: Jobs) -> Iterator[TestClient[Litestar]]:
    app = create_app(routes=[JobsController], dependencies={"jobs": jobs}, authenticator=Keys())
    with TestClient(app) as found:
        yield found


def key(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


def test_a_job_from_its_preview_to_its_undoing(client: TestClient[Litestar], jobs: Jobs, fleet: Fleet) -> None:
    ids = register(fleet, ACME, 3)
    asked = client.post("/api/v1/jobs", json={**TAG, "preview": True}, headers=key("acme"))
    assert asked.status_code == 200
    preview = asked.json()
    assert (preview["selected"], preview["changed"], preview["undoable"]) == (3, 3, True)
    assert preview["sample"][0]["after"] == {"tags": ["a"]}
    assert client.get("/api/v1/jobs", headers=key("acme")).json()["items"] == []
    made = client.post("/api/v1/jobs", json=TAG, headers=key("acme"))
    assert made.status_code == 201
    path = made.headers["Location"]
    assert made.json()["progress"] == 0.0
    work_until_done(jobs)
    with client.stream("GET", f"{path}/stream", headers=key("acme")) as stream:
        events = [line for line in stream.iter_lines() if line.startswith("data: ")]
    (last,) = [msgspec.json.decode(line.removeprefix("data: ")) for line in events]
    assert (last["state"], last["progress"], last["undoable"]) == ("done", 1.0, True)
    first = client.get(f"{path}/items?limit=2", headers=key("acme")).json()
    second = client.get(f"{path}/items?limit=2&cursor={first['next_cursor']}", headers=key("acme")).json()
    assert [one["unit"] for one in first["items"] + second["items"]] == [format_id(one) for one in ids]
    assert client.get(f"{path}/items?state=failed", headers=key("acme")).json()["items"] == []
    assert client.post(f"{path}/cancel", headers=key("acme")).status_code == 409
    assert client.post(f"{path}/undo", headers=key("reader")).status_code == 403
    assert client.post(f"{path}/undo", headers=key("acme")).json()["state"] == "undoing"
    work_until_done(jobs)
    assert client.get(path, headers=key("acme")).json()["counts"] == {"undone": 3}


def test_what_may_not_be(client: TestClient[Litestar], fleet: Fleet) -> None:
    register(fleet, ACME, 1)
    assert client.post("/api/v1/jobs", json=TAG, headers=key("reader")).status_code == 403
    path = client.post("/api/v1/jobs", json=TAG, headers=key("acme")).headers["Location"]
    for method, rest in (("GET", ""), ("GET", "/items"), ("GET", "/stream"), ("POST", "/cancel"), ("POST", "/undo")):
        assert client.request(method, path + rest, headers=key("other")).status_code == 404, rest
        assert client.request(method, path + rest, headers=key("nobody")).status_code == 403, rest
    assert client.get("/api/v1/jobs", headers=key("other")).json()["items"] == []
    wrong = client.post("/api/v1/jobs", json={**TAG, "parameters": {"add": "a"}}, headers=key("acme"))
    assert wrong.status_code == 422
    assert wrong.json()["faults"][0]["place"] == "parameters/add"
    assert client.post(
        "/api/v1/jobs", json={**TAG, "selection": {"colour": "red"}}, headers=key("acme")
    ).status_code in {400, 422}


def test_the_kinds_say_what_they_take(client: TestClient[Litestar]) -> None:
    kinds = {one["name"]: one for one in client.get("/api/v1/jobs/kinds", headers=key("acme")).json()}
    assert {"units.tag", "units.move", "units.update", "units.retire"} <= set(kinds)
    assert not kinds["units.retire"]["undoable"]
    assert "add" in msgspec.json.encode(kinds["units.tag"]["parameters"]).decode()
    assert client.get("/api/v1/jobs/kinds", headers=key("reader")).json() == []

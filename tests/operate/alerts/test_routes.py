"""Alerts over HTTP: shown, acted upon, watched live; scopes and both sides of the wall."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from alerts_making import (
    ALONE,
    ANNA,
    BERT,
    FIRST,
    GATEWAY,
    HOT,
    LONELY,
    MAKER,
    OTHER,
    OWNER,
    OWNING,
    House,
    at,
    change,
    cleared,
    held,
    raised,
)
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.testing import TestClient

from monokoto.connect.jobs import Target
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import NotFound, Unauthenticated
from monokoto.kernel.ids import ApiKeyId, OrganisationId, PersonId, UnitId, format_id
from monokoto.operate.alerts import CONTROLLERS, AcknowledgeAlerts, RuleText
from monokoto.operate.alerts.job_kinds import AcknowledgeParameters
from monokoto.operate.alerts.serving import AlertStream, parse_last_event_id
from monokoto.operate.rules import Severity
from monokoto.web import Caller, Gate, Reach, Scope, Side, authentication, exception_handlers, provide_caller

KEYS = {
    "reader": (MAKER, ANNA, Scope.TELEMETRY_READ),
    "writer": (MAKER, ANNA, Scope.CONTROL_WRITE),
    "admin": (MAKER, ANNA, Scope.ADMIN),
    "owner": (OWNER, OWNING, Scope.ADMIN),
    "other": (OTHER, 1, Scope.ADMIN),
}


def caller(name: str) -> Caller:
    organisation_id, actor_id, scope = KEYS[name]
    kind = "owner" if organisation_id == OWNER else "maker"
    return Caller(
        organisation_id=OrganisationId(organisation_id), key_id=ApiKeyId(actor_id), scopes=frozenset({scope}),
        organisation_kind=kind,
    )  # fmt: skip


class Keys:
    def authenticate(self, secret: str) -> Caller:
        if secret not in KEYS:
            raise Unauthenticated("unknown key")
        return caller(secret)


class HeldGate(Gate):
    """The owner holds some units; everything else is the maker's."""

    def __init__(self) -> None:
        self.reaches = {ALONE: held(ALONE, 0)}

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        if caller.organisation_id == MAKER:
            return Reach(unit_id=UnitId(unit_id), organisation_id=OrganisationId(MAKER), side=Side.MAKER)
        if caller.organisation_id == OWNER and unit_id in self.reaches:
            return self.reaches[unit_id]
        raise NotFound("There is no such unit.")

    def units(self, caller: Caller) -> Sequence[Reach] | None:
        return None if caller.organisation_kind == "maker" else self.held(caller)

    def held(self, caller: Caller) -> Sequence[Reach]:
        return tuple(self.reaches.values()) if caller.organisation_id == OWNER else ()

    def clipped(self, _caller: Caller) -> Mapping[int, Reach]:
        return {}


class Rules:
    def text(self, _organisation_id: int, rule: str, _version: str) -> RuleText:
        return RuleText({"en": f"Title of {rule}"}, {"en": "Switch it off."})

    def watches(self, _organisation_id: int, rule: str, _unit_id: int) -> bool:
        return rule == HOT


@pytest.fixture
def gate() -> HeldGate:
    return HeldGate()


@pytest.fixture
def client(house: House, gate: HeldGate) -> Iterator[TestClient[Litestar]]:
    house.alerts.know(Rules())
    app = Litestar(
        list(CONTROLLERS),
        dependencies={
            "caller": Provide(provide_caller),
            "alerts": Provide(lambda: house.alerts, sync_to_thread=False),
            "gate": Provide(lambda: gate, sync_to_thread=False),
        },
        middleware=[authentication(Keys())],
        exception_handlers=exception_handlers,
        openapi_config=OpenAPIConfig(title="test", version="0"),
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = "Bearer admin"
        yield client


def by(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


def test_one_alert_with_all_that_happened(house: House, client: TestClient[Litestar]) -> None:
    house.take(raised(10), change("severity", 10, 20, severity="critical"), cleared(10, 40, severity="critical"))
    (listed,) = client.get("/api/v1/alerts").json()["items"]
    assert listed["title"] == {"en": f"Title of {HOT}"}
    assert (listed["unit"], listed["serial"], listed["state"]) == (format_id(ALONE), f"SN-{ALONE}", "cleared")
    assert (listed["severity"], listed["severity_max"], listed["own"]) == ("critical", "critical", True)
    found = client.get(f"/api/v1/alerts/{listed['id']}").json()
    assert {name: found[name] for name in listed} == listed
    assert found["help"] == {"en": "Switch it off."}
    assert found["evidence"] == [{"name": "temperature", "at": format_instant(at(10)), "value": 90.0}]
    assert [one["what"] for one in found["timeline"]] == ["raised", "severity", "cleared"]
    assert found["timeline"][1]["evidence"][0]["value"] == 100.0
    assert client.get("/api/v1/alerts/0000000000001").status_code == 404


def test_acts(house: House, client: TestClient[Litestar]) -> None:
    house.take(raised(10))
    path = f"/api/v1/alerts/{format_id(house.one().id)}"
    done = client.post(f"{path}/acknowledge").json()
    assert (done["state"], done["acknowledged_by"]) == ("acknowledged", {"side": "own", "id": format_id(ANNA)})
    assert client.post(f"{path}/assign", json={"person": format_id(BERT)}).json()["assignee"] == format_id(BERT)
    assert client.post(f"{path}/assign", json={"person": None}).json()["assignee"] is None
    assert client.post(f"{path}/assign", json={"person": format_id(OWNING)}).status_code == 422
    assert client.post(f"{path}/comment", json={"text": "seen it"}).status_code == 200
    until = format_instant(at(600))
    shelved = client.post(f"{path}/shelve", json={"until": until}).json()
    assert (shelved["quiet"], shelved["shelved_until"]) == ("shelved", until)
    assert client.get("/api/v1/alerts").json()["items"] == []
    assert len(client.get("/api/v1/alerts", params={"shelved": "only"}).json()["items"]) == 1
    assert client.post(f"{path}/shelve", json={"until": "tomorrow"}).status_code == 422
    assert client.post(f"{path}/unshelve").json()["quiet"] is None
    assert client.post(f"{path}/unacknowledge").json()["state"] == "raised"
    assert client.post(f"{path}/clear").status_code == 409
    timeline = client.get(path).json()["timeline"]
    assert {one["text"] for one in timeline if one["what"] == "commented"} == {"seen it"}
    assert {one["text"] for one in timeline if one["what"] == "shelved"} == {until}


def test_scopes(house: House, client: TestClient[Litestar]) -> None:
    house.take(raised(10))
    path = f"/api/v1/alerts/{format_id(house.one().id)}"
    assert client.get(path, headers=by("reader")).status_code == 200
    assert client.post(f"{path}/acknowledge", headers=by("reader")).status_code == 403
    assert client.get(path, headers=by("writer")).status_code == 403
    assert client.post(f"{path}/acknowledge", headers=by("writer")).status_code == 200
    assert client.get(path, headers={"Authorization": ""}).status_code == 401


def test_what_an_owner_is_shown(house: House, client: TestClient[Litestar], gate: HeldGate) -> None:
    house.take(raised(10), raised(10, unit=LONELY), raised(11, audience="maker"))
    alert = next(one for one in house.all() if (one.unit_id, one.instance) == (ALONE, at(10)))
    path = f"/api/v1/alerts/{format_id(alert.id)}"
    assert client.get(path, headers=by("other")).status_code == 404
    client.post(f"{path}/assign", json={"person": format_id(BERT)})
    client.post(f"{path}/shelve", json={"until": format_instant(at(600))})
    client.post(f"{path}/acknowledge")
    (listed,) = client.get("/api/v1/alerts", headers=by("owner")).json()["items"]
    assert (listed["own"], listed["assignee"], listed["shelved_until"], listed["quiet"]) == (False, None, None, None)
    assert listed["acknowledged_by"] == {"side": "maker", "id": None}
    client.post(f"{path}/unacknowledge")
    client.post(f"{path}/acknowledge", headers=by("owner"))
    assert client.get(path).json()["acknowledged_by"] == {"side": "owner", "id": None}
    assert client.post(f"{path}/shelve", headers=by("owner"), json={"until": format_instant(at(9))}).status_code == 403
    assert len(client.get(f"/api/v1/units/{format_id(ALONE)}/alerts", headers=by("owner")).json()["items"]) == 1
    assert client.get(f"/api/v1/units/{format_id(LONELY)}/alerts", headers=by("owner")).status_code == 404
    assert len(client.get(f"/api/v1/units/{format_id(ALONE)}/alerts").json()["items"]) == 2
    assert client.get("/api/v1/alerts/counts", headers=by("owner")).json()["standing"] == 1
    # The unit goes to somebody else; what becomes of the alert is no longer the owner's to know.
    gate.reaches = {ALONE: held(ALONE, 0, 30)}
    house.take(change("severity", 10, 40, severity="critical"), cleared(10, 50, severity="critical"))
    (past,) = client.get("/api/v1/alerts", headers=by("owner")).json()["items"]
    assert (past["state"], past["cleared_at"], past["severity"], past["severity_max"]) == (
        "closed", None, "major", "major",
    )  # fmt: skip
    timeline = client.get(path, headers=by("owner")).json()["timeline"]
    assert {one["what"] for one in timeline} == {"raised", "acknowledged", "unacknowledged"}
    assert client.post(f"{path}/comment", headers=by("owner"), json={"text": "?"}).status_code == 403


def test_lists_and_groups(house: House, client: TestClient[Litestar]) -> None:
    house.take(*(raised(n, unit=10_000 + n) for n in range(5)), raised(5, unit=GATEWAY, severity="info"))
    page = client.get("/api/v1/alerts", params={"limit": 4}).json()
    rest = client.get("/api/v1/alerts", params={"limit": 4, "cursor": page["next_cursor"]}).json()
    assert [len(page["items"]), len(rest["items"]), rest["next_cursor"]] == [4, 2, None]
    groups = client.get("/api/v1/alerts/groups", params={"severity": "major"}).json()["items"]
    assert [(one["alerts"], one["units"], one["top"]) for one in groups] == [(5, 5, format_id(GATEWAY))]
    inside = client.get("/api/v1/alerts", params={"group": groups[0]["group"]}).json()["items"]
    assert len(inside) == 5
    system = client.get("/api/v1/alerts", params={"system": format_id(GATEWAY), "state": ["raised", "closed"]}).json()
    assert len(system["items"]) == 6
    times = {"from": format_instant(at(2)), "to": format_instant(at(4))}
    assert len(client.get("/api/v1/alerts", params=times).json()["items"]) == 2
    for wrong in (
        {"severity": "awful"},
        {"sort": "title"},
        {"from": "noon"},
        {"group": "x"},
        {"shelved": "maybe"},
        {"cursor": "x"},
    ):
        assert client.get("/api/v1/alerts", params=wrong).status_code in {400, 422}, wrong
    assert client.get("/api/v1/alerts/groups", params={"cursor": page["next_cursor"]}).status_code in {400, 422}


def test_maintenance_windows(house: House, client: TestClient[Litestar]) -> None:
    body = {"to": format_instant(at(100)), "selection": {"units": [format_id(ALONE)]}, "reason": "filters"}
    made = client.post("/api/v1/maintenance-windows", json=body)
    assert made.status_code == 201
    path = made.headers["location"]
    assert client.get(path).json() == made.json()
    house.take(raised(10))
    (listed,) = client.get("/api/v1/alerts").json()["items"]
    assert (listed["quiet"], listed["maintenance"]) == ("maintenance", made.json()["id"])
    assert client.get(path, headers=by("other")).status_code == 404
    assert client.delete(path, headers=by("reader")).status_code == 403
    ended = client.delete(path).json()
    assert (ended["over"], ended["to"]) == (True, format_instant(at(0)))
    assert client.get("/api/v1/maintenance-windows").json()["items"] == []
    assert len(client.get("/api/v1/maintenance-windows", params={"over": True}).json()["items"]) == 1
    for wrong in ({**body, "to": "noon"}, {**body, "selection": {}}, {**body, "reason": ""}, {**body, "more": 1}):
        assert client.post("/api/v1/maintenance-windows", json=wrong).status_code in {400, 422}, wrong


# Live


async def served(stream: AlertStream, count: int) -> list[bytes]:
    """So many events, whatever lies between them."""
    found: list[bytes] = []
    chunks = stream.chunks()
    async with asyncio.timeout(30):
        async for chunk in chunks:
            found += [part for part in chunk.split(b"\n\n") if part.startswith(b"event:")]
            if len(found) >= count:
                break
    await chunks.aclose()
    return found


def test_watched_live(house: House, gate: HeldGate) -> None:
    async def story() -> None:
        alerts = house.alerts
        house.take(raised(1))
        streams = {
            name: AlertStream(alerts, gate, caller(name), alerts.streams.open(KEYS[name][0]), None)
            for name in ("admin", "owner")
        }
        watching = {name: asyncio.create_task(served(stream, 1)) for name, stream in streams.items()}
        while not all(stream._since for stream in streams.values()):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(house.take, raised(10), raised(10, unit=FIRST))
        alerts.streams.wake(MAKER)
        events = await asyncio.gather(*watching.values())
        told = [msgspec.json.decode(one.partition(b"data: ")[2]) for one in events[1]]
        assert [one["unit"] for one in told] == [format_id(ALONE)]
        # Whoever comes back goes on where they were.
        last = parse_last_event_id(events[1][0].split(b"id: ")[1].split(b"\n")[0].decode())
        await asyncio.to_thread(house.take, cleared(10, 20))
        again = AlertStream(alerts, gate, caller("owner"), alerts.streams.open(OWNER), last)
        (event,) = await served(again, 1)
        assert msgspec.json.decode(event.partition(b"data: ")[2])["state"] == "cleared"

    asyncio.run(story())


def test_a_storm_is_one_event(house: House, gate: HeldGate) -> None:
    async def story() -> None:
        stream = AlertStream(house.alerts, gate, caller("admin"), house.alerts.streams.open(MAKER), {MAKER: 0})
        await asyncio.to_thread(house.take, *(raised(1, unit=10_000 + n) for n in range(600)))
        (event,) = await served(stream, 1)
        assert event.startswith(b"event: many")

    asyncio.run(story())


@pytest.mark.parametrize("text", ["x", "kQE", "////"])
def test_a_last_event_id_that_is_none(client: TestClient[Litestar], text: str) -> None:
    assert client.get("/api/v1/alerts/stream", headers={"Last-Event-ID": text}).status_code == 422


# Many at once


def test_acknowledging_the_alerts_of_units(house: House, gate: HeldGate) -> None:
    kind = AcknowledgeAlerts(house.alerts, gate)
    house.take(raised(1, severity="minor"), raised(10), raised(20), cleared(20, 30))
    target, mine = Target(UnitId(ALONE), OrganisationId(MAKER)), replace(caller("admin"), person_id=PersonId(BERT))
    parameters = AcknowledgeParameters(severity=Severity.MAJOR)

    async def story() -> None:
        plan = await kind.plan(mine, target, parameters)
        assert plan.after == {"acknowledged": 2}
        for _ in range(2):
            await kind.apply(mine, target, parameters)
        assert [alert.state.value for alert in house.all()] == ["raised", "acknowledged", "closed"]
        assert not (await kind.plan(mine, target, parameters)).changes
        assert plan.before is not None
        house.alerts.acts.unacknowledge(house.maker, house.all()[1].id)
        house.alerts.acts.acknowledge(house.maker, house.all()[1].id)
        await kind.undo(mine, target, parameters, plan.before)
        assert [alert.state.value for alert in house.all()] == ["raised", "acknowledged", "cleared"]

    asyncio.run(story())


def test_units_of_others_are_not_acknowledged(house: House, gate: HeldGate) -> None:
    kind = AcknowledgeAlerts(house.alerts, gate)
    house.take(raised(1))
    target: Any = Target(UnitId(ALONE), OrganisationId(MAKER))
    with pytest.raises(NotFound):
        asyncio.run(kind.apply(caller("other"), target, AcknowledgeParameters()))
    asyncio.run(kind.apply(caller("owner"), target, AcknowledgeParameters()))
    assert house.one().acknowledged_by is not None
    assert house.one().acknowledged_by.organisation_id == OWNER

"""The fleet at a glance: whose units are in which number, and where they are."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from overview_making import Scene

from monokoto.api import create_app
from monokoto.connect.fleet import Box, Located, Status, UnitChange
from monokoto.connect.line import Batch, Block, Column
from monokoto.connect.overview import OverviewController
from monokoto.connect.overview.clusters import clustered, inside
from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.kernel.ids import OrganisationId, ProductName, format_id
from monokoto.kernel.values import Kind
from monokoto.web import Caller, Scope

MINUTE = 60_000_000
SEOUL, BUSAN, BERLIN = (37.55, 126.99), (35.18, 129.08), (52.52, 13.40)


def block_of(
    scene: Scene, maker: str, arrived: list[int], units: list[int], present: list[bool] | None = None
) -> Block:
    model = ProductModel(
        organisation_id=OrganisationId(scene.house.ids[maker]), product=ProductName("open"), version="1.0.0"
    )
    power = PropertyModel(name="power", kind=Kind.NUMBER, schema={"type": "number"})
    full = Column(power, np.ones(len(arrived)))
    some = Column(power, np.ones(len(arrived)), None if present is None else np.array(present))
    at = np.array(arrived, np.int64)
    return Block(model=model, unit=np.array(units, np.int64), at=at, arrived=at, columns=(full, some))


def hear(scene: Scene, *blocks: Block) -> None:
    scene.arrivals.heard(Batch(partition=0, first_sequence=1, last_sequence=1, blocks=blocks))


def test_a_maker_counts_what_it_made(scene: Scene) -> None:
    house = scene.house
    first, second, third = (house.unit(f"U-{number}") for number in range(3))
    house.unit("F-1", maker="maker-2")
    house.fleet.update(house.ids["maker"], third, UnitChange(status=Status.SUSPENDED))
    house.directory.refresh()
    house.claim("kim", second)
    scene.presence.online = {first, second}
    scene.place(first, *SEOUL)
    found = scene.overview.summary(house.caller("maker"), house.at(0))
    assert (found.units, found.online, found.suspended, found.claimed, found.located) == (3, 2, 1, 1, 1)
    assert [(one.product, one.units, one.online, one.versions) for one in found.products] == [
        ("open", 3, 2, {"1.0.0": 3})
    ]
    assert (found.fresh, found.dead_letters) == (3, 3)
    assert scene.overview.summary(house.caller("maker"), (time.time_ns() // 1000) + 3600 * 1_000_000).fresh == 0


def test_an_owner_counts_what_it_holds_now_and_knows_no_pace(scene: Scene) -> None:
    house = scene.house
    first, second = house.unit("U-1"), house.unit("U-2")
    house.claim("kim", first)
    house.claim("lee", second)
    scene.presence.online = {first, second}
    for unit, where in ((first, SEOUL), (second, BERLIN)):
        scene.place(unit, *where)
    found = scene.overview.summary(house.caller("kim"), house.at(-60))
    assert (found.units, found.online, found.fresh, found.claimed, found.located) == (1, 1, 1, 1, 1)
    assert (found.dead_letters, found.pace) == (None, None)
    (place,) = scene.overview.map(house.caller("kim"), box=None, cells=48, product="", online=None)
    assert (place.unit_id, place.units, place.online) == (first, 1, 1)
    assert scene.overview.summary(house.caller("park"), 0).units == 0
    assert scene.overview.map(house.caller("park"), box=None, cells=48, product="", online=None) == []


def test_what_an_owner_keeps_to_themselves_is_in_no_number_of_the_maker(scene: Scene) -> None:
    house = scene.house
    known, hidden = house.unit("U-1"), house.unit("D-1", "discreet")
    house.claim("kim", hidden)
    scene.presence.online = {known, hidden}
    for unit in (known, hidden):
        scene.place(unit, *SEOUL)
    found = scene.overview.summary(house.caller("maker"), house.at(0))
    assert (found.units, found.online, found.located) == (2, 1, 1)
    (place,) = scene.overview.map(house.caller("maker"), box=None, cells=4, product="", online=None)
    assert (place.unit_id, place.units) == (known, 1)
    house.clock.advance(120)
    now = house.clock.now()
    hear(scene, block_of(scene, "maker", [now, now], [known, hidden]))
    pace = scene.overview.summary(house.caller("maker"), house.at(0)).pace
    assert pace is not None
    assert pace.readings[-1] == 2


def test_the_pace_is_counted_by_minute_and_unknown_before_the_beginning(scene: Scene) -> None:
    house, maker = scene.house, scene.house.ids["maker"]
    begun = house.clock.now()
    unit = house.unit()
    house.clock.advance(180)
    now = house.clock.now()
    last = now // MINUTE * MINUTE
    hear(scene, block_of(scene, "maker", [last - MINUTE, last, last], [unit] * 3, [True, False, True]))
    hear(scene, block_of(scene, "maker", [last + 5], [unit]), block_of(scene, "maker-2", [last], [9]))
    hear(scene, block_of(scene, "maker", [begun - 10 * MINUTE], [unit]))
    pace = scene.arrivals.pace(maker)
    assert pace.begin == last - 59 * MINUTE
    assert pace.readings == (*[None] * 57, 0, 2, 5)
    assert scene.arrivals.pace(house.ids["maker-2"]).readings[-1] == 2
    house.clock.advance(3 * 3600)
    assert set(scene.arrivals.pace(maker).readings) == {0}


def test_places_follow_every_change(scene: Scene) -> None:
    house = scene.house
    maker = house.caller("maker")
    one, other = house.unit("U-1"), house.unit("U-2")

    def where() -> list[tuple[int, int]]:
        found = scene.overview.map(maker, box=None, cells=96, product="", online=None)
        return sorted((round(place.latitude), place.units) for place in found)

    assert where() == []
    scene.place(one, *SEOUL)
    scene.place(other, *BERLIN)
    assert where() == [(38, 1), (53, 1)]
    scene.place(other, *SEOUL)
    assert where() == [(38, 2)]
    scene.place(one, None, None)
    assert where() == [(38, 1)]
    house.fleet.retire(house.ids["maker"], other)
    assert where() == []


def test_a_map_is_narrowed(scene: Scene) -> None:
    house = scene.house
    maker = house.caller("maker")
    here, there = house.unit("U-1"), house.unit("D-1", "discreet")
    scene.place(here, *SEOUL)
    scene.place(there, *BERLIN)
    scene.presence.online = {there}

    def found(**wanted: object) -> list[int]:
        asked = {"box": None, "cells": 48, "product": "", "online": None, **wanted}
        return [place.unit_id for place in scene.overview.map(maker, **asked)]  # type: ignore[arg-type]

    assert found(product="open") == [here]
    assert found(product="nothing") == []
    assert found(online=True) == [there]
    assert found(online=False) == [here]
    assert found(box=Box(30, 120, 40, 130)) == [here]
    assert found(box=Box(30, 170, 60, 20)) == [there], "a box over the 180th meridian"


def test_clusters_are_those_of_an_honest_count(random: np.random.Generator) -> None:
    count, box, cells = 3000, Box(-60.0, -180.0, 80.0, 180.0), 24
    located = Located(
        np.arange(1, count + 1), random.uniform(-60, 80, count), random.uniform(-180, 180, count)
    )  # fmt: skip
    online = random.random(count) < 0.3
    found = clustered(located, online, box, cells)
    assert sum(one.units for one in found) == count
    assert sum(one.online for one in found) == int(online.sum())
    assert [one.units for one in found] == sorted((one.units for one in found), reverse=True)
    for one in found:
        chosen = inside(located, one.box)
        assert one.unit_id in chosen.unit
        assert one.box.south <= one.latitude <= one.box.north
        assert one.box.east - one.box.west <= 15.0, "no wider than a cell"
    assert len(clustered(located, online, box, 1)) <= 2 * 2 * 3


def test_the_grid_stands_still_when_the_window_moves(random: np.random.Generator) -> None:
    located = Located(np.arange(500), random.uniform(30, 50, 500), random.uniform(100, 140, 500))
    online = np.zeros(500, np.bool_)
    one = clustered(located, online, Box(0, 90, 60, 150), 20)
    moved = clustered(located, online, Box(5, 95, 65, 155), 20)
    assert one == moved


def test_a_hundred_thousand_units_are_a_matter_of_milliseconds(random: np.random.Generator) -> None:
    count = 100_000
    located = Located(np.arange(count), random.uniform(-60, 70, count), random.uniform(-180, 180, count))
    online = random.random(count) < 0.5
    took = []
    for _ in range(5):
        began = time.process_time()
        clustered(located, online, Box(-90, -180, 90, 180), 96)
        took.append(time.process_time() - began)
    assert min(took) < 1.0, f"{min(took) * 1000:.0f} ms"


class Keys:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def authenticate(self, secret: str) -> Caller:
        who, _, scope = secret.partition("/")
        caller = self.scene.house.caller(who)
        scopes = frozenset({Scope(scope) if scope else Scope.ADMIN})
        return Caller(organisation_id=caller.organisation_id, scopes=scopes, organisation_kind=caller.organisation_kind)


@pytest.fixture
def client(scene: Scene) -> Iterator[TestClient[Litestar]]:
    services = {"overview": scene.overview}
    app = create_app(routes=[OverviewController], dependencies=services, authenticator=Keys(scene))
    with TestClient(app) as found:
        yield found


def key(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


def test_over_http(client: TestClient[Litestar], scene: Scene) -> None:
    unit = scene.house.unit("U-77")
    scene.place(unit, *BUSAN)
    summary = client.get("/api/v1/fleet/summary?since=2026-01-01T00:00:00Z", headers=key("maker")).json()
    assert (summary["units"], summary["located"], summary["dead_letters"]) == (1, 1, 3)
    assert len(summary["pace"]["readings"]) == 60
    assert summary["since"] == "2026-01-01T00:00:00Z"
    blind = client.get("/api/v1/fleet/summary", headers=key("maker/units:read")).json()
    assert (blind["units"], blind["dead_letters"], blind["pace"]) == (1, None, None)
    (place,) = client.get("/api/v1/fleet/map", headers=key("maker")).json()["clusters"]
    assert (place["unit"], place["serial"], place["units"]) == (format_id(unit), "U-77", 1)
    assert place["box"] == "35.18,129.08,35.18,129.08"
    assert client.get("/api/v1/fleet/map", headers=key("kim")).json() == {"units": 0, "clusters": []}
    for refused in ("map?cells=0", "map?cells=97", "map?box=1,2", "summary?since=yesterday"):
        assert client.get(f"/api/v1/fleet/{refused}", headers=key("maker")).status_code == 422
    assert client.get("/api/v1/fleet/map", headers=key("maker/people:read")).status_code == 403


def test_letters_are_asked_for_now_and_then(client: TestClient[Litestar], scene: Scene) -> None:
    path = "/api/v1/fleet/summary?since=2026-01-01T00:00:00Z"
    for _ in range(3):
        client.get(path, headers=key("maker"))
    assert len(scene.letters.asked) == 1
    scene.house.clock.advance(11)
    client.get(path, headers=key("maker"))
    assert len(scene.letters.asked) == 2

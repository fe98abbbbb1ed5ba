"""A function bought for an evening reaches the unit, opens the action's gate and closes by itself; a token keeps the promise
while the unit is away; a quota is used up by what the unit reports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from unit_clients import Paho, Unit, soon, units

from monokoto.cli.client import ApiClient
from monokoto.device.entitlement import TOPIC, Entitlements, keys_of
from monokoto.kernel.clock import SystemClock, format_instant, parse_instant
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.testing import Installation, wait_until

PRODUCT = """
product: washer
model:
  title: Washer
  version: {model: 1.0.0}
  properties:
    quiet: {type: boolean}
    maxSpeed: {type: number, minimum: 0, maximum: 30}
    cycles: {type: integer, readOnly: true}
  actions:
    startNight: {}
    start: {}
    stop: {}
  events:
    cycleFinished: {data: {type: object, properties: {programme: {type: string}}}}
meters:
  washes: {count: cycleFinished}
features:
  night-programme:
    kind: boolean
    title: {en: Night programme}
    unlocks: {actions: [startNight]}
    sets: {property: quiet, otherwise: false}
  speed-limit: {kind: value, type: number, sets: {property: maxSpeed, otherwise: 6}}
  washes-included: {kind: metered, meter: washes, unlocks: {actions: [start]}}
plans:
  eco:
    title: Eco
    currency: EUR
    every: month
    charges:
      wash: {meter: washes, standard: {price: "1.20"}}
    includes:
      speed-limit: 25
      washes-included: {amount: 2, every: month}
"""


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("entitled") as api:
        api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
        yield api


def desired(unit: Unit) -> Any:
    return unit.get("/twin/desired")


def act(unit: Unit, action: str) -> None:
    unit.api.request("POST", f"/api/v1/units/{unit.id}/actions/{action}")


def give(unit: Unit, **said: Any) -> Any:
    return unit.api.post("/api/v1/entitlements", {"unit": unit.id, **said})


def test_a_function_for_one_evening(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "washer", "evening")
    soon(lambda: desired(unit), {"quiet": False, "maxSpeed": 6})
    with Paho(here.mqtt_port, unit.token) as paho:
        paho.subscribe("koto/v1/#")
        with pytest.raises(Conflict, match="night-programme"):
            act(unit, "startNight")
        with pytest.raises(Conflict):
            unit.desire({"quiet": True})
        began = time.monotonic()
        end = SystemClock().now() + 6_000_000
        give(unit, feature="night-programme", source="bought", end=format_instant(end))
        wait_until(lambda: desired(unit)["quiet"] is True, every=0.02)
        took = time.monotonic() - began
        assert took < 5, "a second on a quiet machine"
        act(unit, "startNight")
        token = paho.text_on(TOPIC)
        keys = keys_of(httpx.get(f"{here.api_url}/api/v1/entitlement-keys").json())
        held = Entitlements(unit=unit.id, keys=keys)
        held.take(token)
        assert held.may("night-programme")
        assert not held.may("speed-limit")
        claims = held.claims
        assert claims is not None
        assert claims.features["night-programme"]["until"] == end
        soon(lambda: desired(unit)["quiet"], False)
        assert SystemClock().now() >= end
        assert not held.may("night-programme")
        with pytest.raises(Conflict, match="night-programme"):
            act(unit, "startNight")


def test_a_plan_includes_what_is_used_up(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "washer", "eco")
    with pytest.raises(NotFound):
        unit.get("/entitlement-token")
    customer = maker.post("/api/v1/customers", {"name": "Ada", "country": "DE", "currency": "EUR"})
    subscription = maker.post(
        "/api/v1/subscriptions",
        {"customer": customer["id"], "product": "washer", "plan": "eco", "units": [unit.id]},
    )
    assert subscription["id"]
    soon(lambda: desired(unit).get("maxSpeed"), 25)
    assert unit.get("/entitlements/washes-included")["left"] == "2"
    with Paho(here.mqtt_port, unit.token) as paho:
        for number in range(2):
            paho.publish("koto/v1/events/cycleFinished", f'{{"programme": "{number}"}}')
    soon(lambda: unit.get("/entitlements/washes-included")["left"], "0")
    with pytest.raises(Conflict, match="used up"):
        act(unit, "start")
    top_up = give(unit, feature="washes-included", amount="5", source="top-up", key="t1")
    assert top_up["holder"] == "subscription"
    act(unit, "start")
    assert unit.get("/entitlements/washes-included")["left"] == "5"

    maker.post("/api/v1/entitlement-suspensions", {"customer": customer["id"], "because": "overdue"})
    soon(lambda: desired(unit).get("maxSpeed"), 6)
    assert "suspended" in unit.get("/entitlements/speed-limit")["reason"]
    maker.delete(f"/api/v1/entitlement-suspensions/{customer['id']}")
    soon(lambda: desired(unit).get("maxSpeed"), 25)
    token = unit.get("/entitlement-token")
    assert parse_instant(token["expires_at"]) > SystemClock().now()

"""Functions that come and go with hands: given, shared, taken back, sold along; every gate follows within moments."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from unit_clients import Paho, Unit, soon, units

from monokoto.cli.client import ApiClient
from monokoto.connect.tenancy import OrganisationKind
from monokoto.kernel.errors import Conflict
from monokoto.testing import Installation, wait_until

PRODUCT = """
product: washer
model:
  title: Washer
  version: {model: 1.0.0}
  properties: {quiet: {type: boolean}}
  actions: {startNight: {}}
  events: {cycleFinished: {data: {type: object}}}
meters: {washes: {count: cycleFinished}}
features:
  night: {kind: boolean, title: {en: Night}, unlocks: {actions: [startNight]}, sets: {property: quiet, otherwise: false}}
  washes-included: {kind: metered, meter: washes, title: {en: Washes, ko: 세탁}}
plans:
  evening:
    currency: EUR
    every: day
    charges: {once: {once: "2.00"}}
    includes: {night: true}
    offer: {lasts: 12 h}
"""
BILLING = {"name": "Kim", "country": "DE"}
TURN_SECONDS = 5.0
"""A second on a quiet machine."""


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("handing") as api:
        api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
        yield api


@pytest.fixture(scope="module")
def owners(here: Installation) -> Iterator[tuple[ApiClient, ApiClient]]:
    with (
        here.organisation("hand-kim", kind=OrganisationKind.OWNER) as kim,
        here.organisation("hand-lee", kind=OrganisationKind.OWNER) as lee,
    ):
        yield kim, lee


def owned(maker: ApiClient, owner: ApiClient, serial: str) -> Unit:
    (made,) = units(maker, "washer", serial)
    owner.post("/api/v1/claims", {"code": maker.post(f"/api/v1/units/{made.id}/claim-code")["code"]})
    return Unit(owner, made.id, serial, made.token)


def offer(owner: ApiClient) -> dict[str, Any]:
    """What it may buy, as a purchase says it."""
    (found,) = wait_until(lambda: owner.get("/api/v1/my/offers")["items"])
    plan = {name: found["plan"][name] for name in ("product", "plan", "version")}
    return plan | {"maker": found["maker"], "billing": BILLING}


def turns(unit: Unit, *, is_open: bool) -> None:
    """Its gate opens, or closes, in time: for actions and in what is desired of it."""
    began = time.monotonic()
    wait_until(lambda: unit.get("/entitlements/night")["allowed"] is is_open, every=0.02)
    # What was desired before an owner's time is not theirs to see; then it is as it was: closed.
    wait_until(lambda: unit.get("/twin/desired").get("quiet", False) is is_open, every=0.02)
    took = time.monotonic() - began
    assert took < TURN_SECONDS
    path = f"/api/v1/units/{unit.id}/actions/startNight"
    if is_open:
        unit.api.post(path)
    else:
        with pytest.raises(Conflict, match="night"):
            unit.api.post(path)


def test_a_present_opens_and_what_is_taken_back_closes(maker: ApiClient, owners: tuple[ApiClient, ApiClient]) -> None:
    kim, lee = owners
    owned(maker, kim, "g-1")
    theirs = owned(maker, lee, "g-2")
    turns(theirs, is_open=False)
    code = kim.post("/api/v1/my/gifts", {**offer(kim), "message": "For you"})["code"]
    taken = lee.post(
        "/api/v1/my/gifts/take", {"code": code, "unit": theirs.id, "billing": {"name": "Lee", "country": "DE"}}
    )
    turns(theirs, is_open=True)
    maker.post(f"/api/v1/subscriptions/{taken['id']}/end", {"at": "now", "because": "It was ended."})
    turns(theirs, is_open=False)


def test_a_family_shares_until_it_is_taken_back_or_one_is_sold(
    maker: ApiClient, owners: tuple[ApiClient, ApiClient]
) -> None:
    kim, lee = owners
    bought, beside = owned(maker, kim, "f-1"), owned(maker, kim, "f-2")
    kim.post("/api/v1/my/subscriptions", {**offer(kim), "units": [bought.id]})
    turns(bought, is_open=True)
    shared = f"/api/v1/units/{bought.id}/entitlement-shares"
    share = kim.post(shared, {"feature": "night", "with_unit": beside.id})
    turns(beside, is_open=True)
    kim.delete(f"{shared}/{share['id']}")
    turns(beside, is_open=False)
    kim.post(shared, {"feature": "night", "with_unit": beside.id})
    turns(beside, is_open=True)
    code = kim.post(f"/api/v1/units/{bought.id}/transfer", {})["code"]
    lee.post("/api/v1/claims", {"code": code})
    turns(Unit(lee, bought.id, bought.serial, bought.token), is_open=False)
    turns(beside, is_open=False)


def test_what_goes_with_the_unit_is_not_shared_by_whoever_had_it(
    maker: ApiClient, owners: tuple[ApiClient, ApiClient]
) -> None:
    kim, lee = owners
    given, beside = owned(maker, kim, "s-1"), owned(maker, kim, "s-2")
    maker.post("/api/v1/entitlements", {"unit": given.id, "feature": "night"})
    kim.post(f"/api/v1/units/{given.id}/entitlement-shares", {"feature": "night", "with_unit": beside.id})
    turns(beside, is_open=True)
    code = kim.post(f"/api/v1/units/{beside.id}/transfer", {})["code"]
    lee.post("/api/v1/claims", {"code": code})
    turns(Unit(lee, beside.id, beside.serial, beside.token), is_open=False)
    turns(given, is_open=True)


def test_the_maker_and_the_owner_are_told_of_a_quota_that_runs_out(
    here: Installation, maker: ApiClient, owners: tuple[ApiClient, ApiClient]
) -> None:
    _, lee = owners
    unit = owned(maker, lee, "t-1")
    for api in (maker, lee):
        receiver = api.post("/api/v1/receivers", {"name": "ops", "kind": "mail", "address": "ops@example.com"})[
            "receiver"
        ]
        route = {"name": "quotas", "what": ["threshold"], "steps": [{"receivers": [receiver["id"]]}]}
        api.post("/api/v1/notification-routes", route)
    maker.post("/api/v1/entitlements", {"unit": unit.id, "feature": "washes-included", "amount": "5"})
    soon(lambda: unit.get("/entitlements/washes-included")["left"], "5")
    with Paho(here.mqtt_port, unit.token) as paho:
        for number in range(4):
            paho.publish("koto/v1/events/cycleFinished", f'{{"number": {number}}}')
    for api in (maker, lee):
        wait_until(lambda api=api: len(api.get("/api/v1/notifications")["items"]) == 2)
        told = api.get("/api/v1/notifications")["items"]
        assert {(one["what"], one["alert"], one["serial"], one["rule"]) for one in told} == {
            ("threshold", "", "t-1", "washer/washes-included")
        }
        assert {one["titles"]["ko"] for one in told} == {"세탁"}

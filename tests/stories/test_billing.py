"""Washes of past days become invoices by themselves: documents on paper and as data, each line shown down to what the unit told."""

from __future__ import annotations

from typing import Any

from unit_clients import Paho, Unit, seconds_ago, soon, units

from monokoto.cli.client import ApiClient
from monokoto.connect.tenancy import OrganisationKind
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.testing import Installation, wait_until

PRODUCT = """
product: biller
model:
  title: Washer
  version: {model: 1.0.0}
  properties: {power: {type: number}}
  events:
    cycleFinished: {data: {type: object, properties: {programme: {type: string}}}}
meters:
  washes: {title: {en: Washes}, unit: wash, count: cycleFinished}
plans:
  daily:
    title: Pay per wash
    currency: EUR
    every: day
    charges:
      wash: {title: Wash, meter: washes, graduated: {tiers: [{up_to: "2", price: "1.20"}, {price: "0.80"}]}}
      base: {title: Base fee, fee: "0.50", in: advance}
"""
HOUR, DAY = 3600, 86_400
SELLER = {
    "name": "Biller GmbH", "country": "DE", "vat_id": "DE136695976", "email": "bills@example.com", "iban": "DE89370400440532013000",
    "address": {"street": "Weg 1", "postal_code": "10115", "city": "Berlin"}, "grace_seconds": 0,
}  # fmt: skip
BUYER = {
    "name": "Hotel Sol", "country": "DE", "currency": "EUR", "organisation": "hotel", "email": "sol@example.com",
    "address": {"street": "Allee 2", "postal_code": "20095", "city": "Hamburg"},
}  # fmt: skip


def wash(here: Installation, unit: Unit, *seconds: int) -> None:
    with Paho(here.mqtt_port, unit.token) as paho:
        for second in seconds:
            told = f'{{"at": "{format_instant(second * 1_000_000)}", "data": {{"programme": "eco"}}}}'
            paho.publish("koto/v1/events/cycleFinished", told)


def sold(maker: ApiClient, unit: Unit, starts: int) -> str:
    maker.request("PUT", "/api/v1/issuer", json=SELLER)
    maker.request("PUT", "/api/v1/tax-rules", json={"rules": [{"category": "S", "rate_percent": "19"}]})
    customer = maker.post("/api/v1/customers", BUYER)["id"]
    asked = {
        "customer": customer, "product": "biller", "plan": "daily", "units": [unit.id],
        "starts_at": format_instant(starts * 1_000_000),
    }  # fmt: skip
    return str(maker.post("/api/v1/subscriptions", asked)["id"])


def invoices(maker: ApiClient) -> list[Any]:
    return list(maker.pages("/api/v1/invoices", {"state": "finalised"}))[::-1]


def test_washes_of_past_days_become_invoices(here: Installation) -> None:
    hotel = here.organisation("hotel", kind=OrganisationKind.OWNER)
    with here.organisation("biller") as maker, hotel:
        maker.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
        (unit,) = units(maker, "biller", "b1")
        starts = seconds_ago(3 * DAY + 6 * HOUR)
        wash(here, unit, starts + 10, starts + 20, starts + 30, starts + DAY + 10)
        since = format_instant(starts * 1_000_000)
        soon(lambda: unit.get("/usage", meter="washes", **{"from": since})["items"][0]["quantity"], "4")
        subscription = sold(maker, unit, starts)

        made = wait_until(lambda: len(found := invoices(maker)) == 4 and found, seconds=60)
        assert [one["net"] for one in made] == ["0.50", "3.70", "1.70", "0.50"]
        assert maker.get("/api/v1/billing/runs")["failures"] == []

        second = made[1]["id"]
        lines = maker.get(f"/api/v1/invoices/{second}")["lines"]
        (line,) = [one for one in lines if one["title"] == "Wash (tier 1)"]
        times = [parse_instant(line["span"][side]) for side in ("from", "to")]
        assert times[1] - times[0] == DAY * 10**6
        assert made[1]["period"]["from"] == line["span"]["from"]
        rows = maker.get(f"/api/v1/invoices/{second}/usage", {"line": line["key"]})["items"]
        assert [row["sample"]["subject"] for row in rows] == ["cycleFinished"] * 3
        assert [len(maker.get(row["told"])["items"]) for row in rows] == [1, 1, 1]
        key = maker.api.http.headers["Authorization"].removeprefix("Bearer ")
        shown = here.koto("invoices", "show", second, "--line", str(lines.index(line) + 1), key=key)
        assert shown.stdout.splitlines()[0].split() == ["Wash", "(tier", "1)", line["amount"]]
        assert line["key"] in shown.stdout
        assert shown.stdout.count("cycleFinished") >= 2
        assert here.koto("invoices", "show", second, "--line", "99", key=key).returncode != 0
        mine = hotel.get(f"/api/v1/my/invoices/{second}/usage", {"line": line["key"], "limit": 2})
        assert len(mine["items"]) == 2
        assert mine["next_cursor"]

        for side, api in (("", maker), ("my/", hotel)):
            paper = api.api.http.get(f"/api/v1/{side}invoices/{second}/document.pdf")
            assert (paper.status_code, paper.content[:5]) == (200, b"%PDF-")
            again = api.api.http.get(
                f"/api/v1/{side}invoices/{second}/document.pdf", headers={"If-None-Match": paper.headers["etag"]}
            )
            assert (again.status_code, again.content) == (304, b"")
            data = api.api.http.get(f"/api/v1/{side}invoices/{second}/document.xml")
            assert data.status_code == 200
            assert made[1]["number"].encode() in data.content

        draft = {
            "currency": "EUR",
            "every": "day",
            "charges": {"wash": {"meter": "washes", "standard": {"price": "1.00"}}},
        }
        asked = {
            "product": "biller",
            "plan": "daily",
            "document": draft,
            "from": since,
            "to": format_instant(seconds_ago(0) * 1_000_000),
        }
        tried = maker.post("/api/v1/plans/simulations", asked)
        assert (tried["billed"], tried["simulated"], tried["difference"]) == ("5.90", "4.00", "-1.90")

        wash(here, unit, starts + 40)

        def corrected() -> list[str]:
            maker.post("/api/v1/billing/runs")
            found = hotel.get(f"/api/v1/my/subscriptions/{subscription}/next-invoice")
            return [one["title"] for one in found["lines"] if one["title"].startswith("Correction")]

        soon(corrected, ["Correction: Wash (tier 2)"])
        assert len(invoices(maker)) == 4, "documents stay as they are"

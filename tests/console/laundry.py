"""A maker of washing machines that cost by the wash, for tests and pictures of the pages about money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from monokoto.testing import Installation, wait_until

PRODUCT = """\
product: laundry
model:
  title: Washing machine
  version: {model: 1.0.0}
  properties:
    energy: {type: number, minimum: 0, unit: kWh, readOnly: true, title: Energy}
meters:
  washes: {title: {en: Washes, ko: 세탁}, unit: wash, count: com.example.wash, external: {programme: string}, by: [data.programme]}
  energy: {title: {en: Energy, ko: 전력량}, unit: kWh, counter: energy}
features:
  steam: {title: {en: Steam, ko: 스팀}, kind: boolean}
  free-washes: {title: {en: Washes on the house, ko: 무료 세탁}, kind: metered, meter: washes, overage: true}
plans:
  pay-per-wash:
    title: {en: Pay per wash, ko: 세탁당 결제}
    currency: EUR
    every: day
    notice: 30 d
    minimum: "5.00"
    charges:
      wash:
        title: {en: Wash, ko: 세탁}
        meter: washes
        matrix: {by: data.programme, prices: {eco: "0.90", wool: "1.40"}, otherwise: "1.20"}
      energy:
        title: {en: Energy, ko: 전력}
        meter: energy
        graduated: {tiers: [{up_to: "10", price: "0.30"}, {price: "0.25", flat: "1.00"}]}
      base: {title: {en: Base fee, ko: 기본료}, fee: "4.90", in: advance}
      set-up: {title: {en: Set-up, ko: 설치}, once: "49.00"}
    includes:
      steam: true
      free-washes: {amount: 2, every: month}
  family:
    title: {en: Twenty washes, ko: 세탁 20회}
    currency: EUR
    every: month
    charges:
      base: {title: {en: Twenty washes, ko: 세탁 20회}, fee: "17.90", in: advance}
      more: {title: {en: Wash beyond twenty, ko: 20회 초과 세탁}, meter: washes, standard: {price: "1.00"}, free: 20}
    includes:
      steam: true
"""
SELLER = {
    "name": "Hanbit Appliances GmbH", "country": "DE", "vat_id": "DE136695976", "email": "bills@example.com",
    "iban": "DE89370400440532013000", "grace_seconds": 0, "address": {"street": "Weg 1", "postal_code": "10115", "city": "Berlin"},
}  # fmt: skip
BUYER = {
    "name": "Hotel Sol", "country": "DE", "currency": "EUR", "email": "sol@example.com",
    "address": {"street": "Allee 2", "postal_code": "20095", "city": "Hamburg"},
}  # fmt: skip
PROGRAMMES = ("eco", "eco", "cotton", "wool", "eco")


@dataclass
class Laundry:
    """What is there."""

    here: Installation
    admin: httpx.Client
    unit: str
    customer: str
    subscription: str
    invoice: str
    """A draft by hand."""
    sold: str = ""
    """The one of the subscription."""

    def get(self, path: str, **query: Any) -> Any:
        """What the API says."""
        return self.admin.get(path, params=query).raise_for_status().json()

    def pages(self) -> dict[str, str]:
        """Pages of what is there, by what their pictures are called."""
        return {
            "plans": "/console/plans",
            "plan": "/console/plans/laundry/pay-per-wash",
            "plan-edit": "/console/plans/laundry/pay-per-wash/edit",
            "customers": "/console/customers",
            "customer": f"/console/customers/{self.customer}",
            "subscriptions": "/console/subscriptions",
            "subscription": f"/console/subscriptions/{self.subscription}",
            "subscription-new": "/console/subscriptions/new",
            "invoices": "/console/invoices",
            "invoice-draft": f"/console/invoices/{self.invoice}",
            "invoice": f"/console/invoices/{self.sold}",
            "revenue": "/console/revenue",
            "revenue-customers": f"/console/revenue/customers?month={month()}&currency=EUR",
            "product-sales": "/console/revenue/sales",
            "revenue-documents": f"/console/revenue/documents?month={month()}&currency=EUR",
            "usage": "/console/usage?meter=laundry/energy&from=-7d",
            "usage-groups": "/console/usage?meter=laundry/washes&by=data.programme",
        }


def month() -> str:
    """The one that goes on."""
    return datetime.now(UTC).strftime("%Y-%m")


def furnish(here: Installation, admin: httpx.Client) -> Laundry:
    """Make the product, a unit that was used, a customer with a subscription, and an invoice."""

    def post(path: str, body: Any, **options: Any) -> Any:
        return admin.post(path, json=body, **options).raise_for_status().json()

    post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    made = post("/api/v1/units", {"product": "laundry", "serial": "WM-1"})
    unit, token = made["unit"]["id"], made["token"]
    now = datetime.now(UTC)
    since = now - timedelta(days=3)
    with httpx.Client(base_url=here.api_url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as device:
        for hour in range(0, 70, 2):
            at = (since + timedelta(hours=hour)).isoformat()
            device.post("/api/v1/telemetry", json={"at": at, "energy": 100 + hour * 0.75}).raise_for_status()
    admin.put("/api/v1/issuer", json=SELLER).raise_for_status()
    admin.put("/api/v1/tax-rules", json={"rules": [{"category": "S", "rate_percent": "19"}]}).raise_for_status()
    customer = post("/api/v1/customers", BUYER)["id"]
    asked = {
        "customer": customer, "product": "laundry", "plan": "pay-per-wash", "units": [unit], "starts_at": since.isoformat(),
    }  # fmt: skip
    subscription = post("/api/v1/subscriptions", asked)["id"]
    events = [
        {"specversion": "1.0", "type": "com.example.wash", "source": "/laundry", "id": f"wash-{number}", "subject": unit,
         "time": (since + timedelta(hours=3 + 9 * number)).isoformat(), "data": {"programme": programme}}
        for number, programme in enumerate(PROGRAMMES)
    ]  # fmt: skip
    told = post("/api/v1/usage-events", events, headers={"Content-Type": "application/cloudevents-batch+json"})
    assert told["accepted"] == len(events), told
    draft = {
        "customer": customer, "currency": "EUR", "key": "by-hand", "period": {"from": since.isoformat(), "to": now.isoformat()},
        "lines": [{"key": "hours", "title": "Repair", "amount": "84.00", "quantity": "1.5", "unit": "h", "price": "56.00"}],
    }  # fmt: skip
    invoice = post("/api/v1/invoices", draft)["id"]
    laundry = Laundry(here, admin, unit, customer, subscription, invoice)
    wait_until(lambda: laundry.get("/api/v1/usage", meter="laundry/washes", unit=unit)["items"][0]["quantity"] == "5")
    wait_until(lambda: laundry.get("/api/v1/usage", meter="laundry/energy", unit=unit)["items"][0]["quantity"] == "51")
    # Days are over that the platform bills by itself.
    laundry.sold = wait_until(lambda: _billed(laundry), seconds=60)
    return laundry


def _billed(laundry: Laundry) -> str:
    """Id of an invoice with usage on it; the platform's run makes it."""
    laundry.admin.post("/api/v1/billing/runs").raise_for_status()
    for one in laundry.get("/api/v1/invoices", customer=laundry.customer)["items"]:
        if any(line["meter"] for line in laundry.get(f"/api/v1/invoices/{one['id']}")["lines"]):
            return str(one["id"])
    return ""

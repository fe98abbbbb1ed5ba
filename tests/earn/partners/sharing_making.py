"""A maker whose rides are shared among three partners."""

from __future__ import annotations

from subscriptions_making import at
from till import GRACE, METER, Till

from monokoto.connect.products import Folder
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import Invoice
from monokoto.earn.subscriptions import NewSubscription
from monokoto.engines.records import Records

SHUTTLE = f"""\
product: shuttle
model:
  version: {{model: 1.0.0}}
  properties: {{power: {{type: number}}}}
meters:
  washes: {METER}
plans:
  ride:
    currency: EUR
    every: month
    charges:
      ride: {{meter: washes, standard: {{price: "2.50"}}, shares: {{operator: 55, city: "15", charging: "12.5"}}}}
      base: {{fee: "4.90", in: arrears, shares: {{city: 100}}}}
      own: {{fee: "1.00", in: arrears}}
    minimum: "1.00"
"""
SHUTTLE_UNIT = 601
YEAR = Span(at("2026-01-01"), at("2027-01-01"))


def shuttles(records: Records) -> Till:
    """A till with the product."""
    made = Till(records)
    made.products.apply(made.maker, Folder({"product.yaml": SHUTTLE}))
    return made


def billed(till: Till, rides: int) -> Invoice:
    """A month of rides, sent."""
    till.owners.give(SHUTTLE_UNIT, till.find("house"), 0)
    till.subscriptions.start(till.maker, subscription(till), actor_id=7)
    for ride in range(rides):
        till.used.add(SHUTTLE_UNIT, at("2026-01-02") + ride * 60_000_000)
    till.go(at("2026-02-01"))
    till.go(at("2026-02-01") + GRACE)
    return till.sent()[-1]


def subscription(till: Till) -> NewSubscription:
    return NewSubscription(customer_id=till.customer(organisation="house").id, product="shuttle", plan="ride")

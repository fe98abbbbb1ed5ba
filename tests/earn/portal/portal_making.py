"""A maker with plans owners may choose, and an owner with two washers."""

from __future__ import annotations

from typing import Any

from subscriptions_making import FILE, House

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import Folder
from monokoto.earn.plans import Plans
from monokoto.earn.portal import Choice, Offered, Offers, Portal, Purchases
from monokoto.earn.subscriptions import NewCustomer
from monokoto.engines.records import Records
from monokoto.kernel.ids import format_id

OFFERED = """\
  eco:
    currency: EUR
    every: month
    trial: 14 d
    charges: {base: {fee: "2.00"}}
    offer: true
  family: {currency: EUR, every: month, charges: {base: {fee: "5.00"}}, offer: true}
  evening: {currency: EUR, every: month, charges: {once: {once: "2.00"}}, offer: {lasts: 12 h}}
"""
ANN = NewCustomer(name="Ann", country="DE", currency="")
HERS, ALSO_HERS, NOT_HERS = 1, 2, 3
TAKER = 77
"""Another organisation."""


class Shop(House):
    """Everything a test asks."""

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.products.apply(self.maker, Folder({"product.yaml": FILE.replace("1.0.0", "1.1.0") + OFFERED}))
        for unit_id in (HERS, ALSO_HERS):
            self.owners.give(unit_id, self.buyer, 0)
        self.owners.give(NOT_HERS, 99, 0)
        self.offering = Offers(self.plans, self.owners, self, self.clock)  # type: ignore[arg-type]
        self.purchases = Purchases(self.plans, self.customers, self.subscriptions)

    def find(self, reference: object) -> object:
        """As `Directory.find` of a unit's id, and as `subscriptions.Buyers` of an organisation."""
        if isinstance(reference, int):
            return UnitIdentity(
                unit_id=reference, organisation_id=self.maker, product="washer", version="1.1.0",
                serial=f"w-{reference}", parent_id=0,
            )  # fmt: skip
        if reference in {"house"}:
            return super().find(str(reference))
        return TAKER if reference == format_id(TAKER) else self.buyer

    def offers(self) -> list[Offered]:
        return self.offering.to(self.buyer, (HERS, ALSO_HERS, NOT_HERS))

    def choice(self, plan: str = "eco", **given: object) -> Choice:
        asked = {"version": 1, "billing": ANN, **given}
        return Choice(maker_id=self.maker, product="washer", plan=plan, **asked)  # type: ignore[arg-type]

    def buy(self, plan: str = "eco", **given: object):
        return self.purchases.buy(self.buyer, self.choice(plan, **given), self.offers(), actor_id=7)


def billing_portal(shop: Shop) -> Portal:
    """What knows the shop's customers alone."""
    nobody: Any = None
    return Portal(
        shop.offering, shop.purchases, nobody, subscriptions=shop.subscriptions, plans=shop.plans, customers=shop.customers,
        gifts=nobody, standing=nobody,
    )  # fmt: skip


__all__ = ["ALSO_HERS", "ANN", "HERS", "NOT_HERS", "TAKER", "Plans", "Shop", "billing_portal"]

"""The portal: everything its routes ask, in one place. Blocking: call it from a thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monokoto.earn.calendar import Span
from monokoto.earn.plans import Plan, Plans
from monokoto.earn.portal.documents import MyPlanJson, PlanOfferJson, Words
from monokoto.earn.portal.gift import Gift
from monokoto.earn.portal.gifts import Gifts
from monokoto.earn.portal.offers import Offered, Offers
from monokoto.earn.portal.own import Standing
from monokoto.earn.portal.purchases import Choice, Purchases
from monokoto.earn.portal.wording import Wording
from monokoto.earn.subscriptions import (
    Customer,
    Customers,
    MySubscriptionJson,
    Subscription,
    Subscriptions,
    my_subscription_to_json,
)
from monokoto.kernel.errors import NotFound


class Portal:
    """Of all organisations that own units; every method is about one of them. `held` are the units that lie open to it, of
    which those it owns count."""

    def __init__(
        self,
        offers: Offers,
        purchases: Purchases,
        wording: Wording,
        *,
        subscriptions: Subscriptions,
        plans: Plans,
        customers: Customers,
        gifts: Gifts,
        standing: Standing,
    ) -> None:
        self._offers = offers
        self._purchases = purchases
        self._wording = wording
        self._subscriptions = subscriptions
        self._plans = plans
        self._customers = customers
        self.gifts = gifts
        self.standing = standing

    def offers(self, buyer_id: int, held: Iterable[int], product: str = "") -> list[PlanOfferJson]:
        """What it may buy, by maker, product and name."""
        found = self._offers.to(buyer_id, held)
        return self._wording.offers([one for one in found if product in {"", one.published.plan.product}])

    def offered(self, buyer_id: int, held: Iterable[int]) -> Sequence[Offered]:
        """The same, as it is known here."""
        return self._offers.to(buyer_id, held)

    def buy(self, buyer_id: int, choice: Choice, held: Iterable[int], *, actor_id: int = 0) -> Subscription:
        """As `Purchases.buy`."""
        return self._purchases.buy(buyer_id, choice, self._offers.to(buyer_id, held), actor_id=actor_id)

    def change(
        self,
        buyer_id: int,
        subscription_id: int,
        held: Iterable[int],
        *,
        plan: str,
        version: int,
        at: str,
        actor_id: int = 0,
    ) -> Subscription:
        """As `Purchases.change`."""
        offers = self._offers.to(buyer_id, held)
        return self._purchases.change(
            buyer_id, subscription_id, offers, plan=plan, version=version, at=at, actor_id=actor_id
        )

    def end(self, buyer_id: int, subscription_id: int, *, because: str = "", actor_id: int = 0) -> Subscription:
        """As `Purchases.end`."""
        return self._purchases.end(buyer_id, subscription_id, because=because, actor_id=actor_id)

    def plan(self, buyer_id: int, subscription_id: int) -> MyPlanJson:
        """What holds of a subscription of its own. Raises NotFound."""
        one = self._subscriptions.one_of_buyer(buyer_id, subscription_id)
        return self._wording.plan(self._purchases.plan_of(one, self._subscriptions.now()))

    def units(self, buyer_id: int, subscription_id: int) -> Mapping[int, Sequence[Span]]:
        """By id, when each is in a subscription of its own in the period that runs. Raises NotFound."""
        one = self._subscriptions.one_of_buyer(buyer_id, subscription_id)
        now = self._subscriptions.now()
        return self._subscriptions.units(one, one.period(now).span) if one.holds(now) else {}

    def shown(self, one: Subscription) -> MySubscriptionJson:
        """As its customer sees it."""
        return my_subscription_to_json(one, self._plans, self._subscriptions.now())

    # Words

    def worded(self, plan: Plan) -> MyPlanJson:
        """What a plan costs and includes, in words of its product."""
        return self._wording.plan(plan)

    def words(self, organisation_id: int, product: str) -> Words:
        """Of a product."""
        return self._wording.of(organisation_id, product)

    def maker(self, organisation_id: int) -> str:
        """What it is called."""
        return self._wording.maker(organisation_id)

    def plan_given(self, gift: Gift) -> Plan:
        """The plan of a present."""
        return self._plans.get(gift.organisation_id, gift.product, gift.plan, gift.version)

    def customers_of(self, buyer_id: int, *, after: int = 0, limit: int) -> Sequence[Customer]:
        """What it is to makers, past one."""
        return self._customers.of_buyer(buyer_id, after=after, limit=limit)

    def change_billing(self, buyer_id: int, maker_id: int, changes: dict[str, Any]) -> Customer:
        """Itself as a maker's customer with other fields. Raises Invalid, Conflict, NotFound: it is none of that maker."""
        found = self._customers.list(maker_id, buyer_id=buyer_id, limit=1)
        if not found:
            raise NotFound(
                "You are no customer of this maker.", remedy="GET /api/v1/my/billing lists those you are of."
            )
        return self._customers.change(maker_id, found[0].id, changes)

    def is_customer(self, buyer_id: int, maker_id: int) -> bool:
        """Whether the maker knows it as a customer."""
        return bool(self._customers.list(maker_id, buyer_id=buyer_id, limit=1))

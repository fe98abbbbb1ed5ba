"""The portal: everything its routes ask, in one place. Blocking: call it from a thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monokoto.earn.calendar import Span
from monokoto.earn.plans import Plans
from monokoto.earn.portal.documents import MyPlanJson, PlanOfferJson
from monokoto.earn.portal.offers import Offers
from monokoto.earn.portal.purchases import Choice, Purchases
from monokoto.earn.portal.wording import Wording
from monokoto.earn.subscriptions import MySubscriptionJson, Subscription, Subscriptions, my_subscription_to_json


class Portal:
    """Of all organisations that own units; every method is about one of them. `held` are the units that lie open to it, of
    which those it owns count."""

    def __init__(
        self, offers: Offers, purchases: Purchases, wording: Wording, *, subscriptions: Subscriptions, plans: Plans
    ) -> None:
        self._offers = offers
        self._purchases = purchases
        self._wording = wording
        self._subscriptions = subscriptions
        self._plans = plans

    def offers(self, buyer_id: int, held: Iterable[int], product: str = "") -> list[PlanOfferJson]:
        """What it may buy, by maker, product and name."""
        found = self._offers.to(buyer_id, held)
        return self._wording.offers([one for one in found if product in {"", one.published.plan.product}])

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

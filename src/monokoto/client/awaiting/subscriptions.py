# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.subscriptions`: Who subscribed to what, since when, by which version of a plan; a customer's own."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    Billing,
    CouponRequest,
    Gift,
    GiftPlan,
    GiftPlanPage,
    MovedSubscriptions,
    MyAccount,
    MyAccountPage,
    MyPlan,
    MyShare,
    MySharePage,
    MySubscription,
    MySubscriptionPage,
    NewGift,
    OpenedGift,
    PlanOffer,
    PlanOfferPage,
    SubscribedUnit,
    SubscribedUnitPage,
    Subscription,
    SubscriptionEvent,
    SubscriptionEventPage,
    SubscriptionPage,
    SubscriptionsStatus,
)
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncSubscriptionsApi:
    """Who subscribed to what, since when, by which version of a plan; a customer's own."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list_my_credit(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[MyAccountPage, MyAccount]:
        """What we have left.

        With each maker one is a customer of: money that pays no invoice yet, and what was paid ahead. Needs
        `portal:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/my/credit", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, MyAccountPage, MyAccount)

    def list_my_gifts(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[GiftPlanPage, GiftPlan]:
        """What we gave.

        The newest first; codes are not kept. Needs `portal:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/my/gifts", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, GiftPlanPage, GiftPlan)

    async def give_offer(
        self,
        *,
        maker: str,
        product: str,
        plan: str,
        version: int,
        message: str | UnsetType = UNSET,
        billing: Billing | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> NewGift:
        """Give what is offered to somebody.

        Something that ends by itself. Whoever has the code takes it for a unit of theirs; only then it runs and is
        charged. Send an `Idempotency-Key`: asked again it is made once. Needs `portal:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            product: At most 64 characters.
            plan: At most 64 characters.
            version: That was seen; another one by now is a conflict.
            message: At most 200 characters.
            billing: Needed from whoever is no customer of the maker yet.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/my/gifts",
            body=given(maker=maker, product=product, plan=plan, version=version, message=message, billing=billing),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, NewGift)

    async def see_gift(self, *, code: str, idempotency_key: str | None = None) -> OpenedGift:
        """See what a code opens.

        Asked by POST, since a code has no business in an address. Needs `portal:write`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            code: However it is typed (at most 64 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path="/api/v1/my/gifts/look", body=given(code=code), key=idempotency_key, keyed=True)
        return await self._api.ask(call, OpenedGift)

    async def claim_gift(
        self, *, code: str, unit: str, billing: Billing | UnsetType | None = UNSET, idempotency_key: str | None = None
    ) -> MySubscription:
        """Take a present.

        From now on; what it includes opens on the unit within a second. Whoever gave it pays. Needs `portal:write`.
        Raises NotFound, Conflict, TooLarge.

        Args:
            code: However it is typed (at most 64 characters).
            billing: Who you are, for the maker; nothing is charged.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/my/gifts/take",
            body=given(code=code, unit=unit, billing=billing),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, MySubscription)

    async def withdraw_my_gift(self, gift: str, *, idempotency_key: str | None = None) -> GiftPlan:
        """Take a present back.

        Its code opens nothing from now on. 409 where somebody has taken it. Needs `portal:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            gift: Id of the present.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/my/gifts/{segment(gift)}/withdraw", key=idempotency_key, keyed=True)
        return await self._api.ask(call, GiftPlan)

    def list_my_offers(
        self, *, product: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[PlanOfferPage, PlanOffer]:
        """What we may buy.

        Plans makers offer to whoever owns a unit of the product, by maker, product and name. Needs `portal:read`.

        Args:
            product: Only for this product (at most 64 characters).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/my/offers",
            query=given(product=product, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, PlanOfferPage, PlanOffer)

    def list_my_shares(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[MySharePage, MyShare]:
        """What our units share.

        Functions of units one owns that other units may use too, the newest first. `DELETE
        /api/v1/units/{unit}/entitlement-shares/{share}` ends one. Needs `portal:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/my/shares", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, MySharePage, MyShare)

    def list_my_subscriptions(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[MySubscriptionPage, MySubscription]:
        """What we subscribe to.

        The caller's organisation as a customer, of all makers; in the order they were made. Needs `portal:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET", path="/api/v1/my/subscriptions", query=given(limit=limit, cursor=cursor), repeatable=True
        )
        return self._api.pages(call, MySubscriptionPage, MySubscription)

    async def start_my_subscription(
        self,
        *,
        maker: str,
        product: str,
        plan: str,
        version: int,
        units: Sequence[str] | UnsetType = UNSET,
        billing: Billing | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> MySubscription:
        """Buy what is offered.

        From now on; what it includes opens on the units within a second. Send an `Idempotency-Key`: asked again it
        is bought once. 409 where you have it already, or the offer has changed since you saw it. Needs
        `portal:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            product: At most 64 characters.
            plan: At most 64 characters.
            version: That was seen; another one by now is a conflict.
            units: None: all of the product you own, also those to come (at most 10,000).
            billing: Needed from whoever is no customer of the maker yet.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/my/subscriptions",
            body=given(maker=maker, product=product, plan=plan, version=version, units=units, billing=billing),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, MySubscription)

    async def get_my_subscription(self, subscription: str) -> MySubscription:
        """Look at one of ours.

        With what is to come. Needs `portal:read`. Raises NotFound.

        Args:
            subscription: Id of the subscription.
        """
        call = Call(method="GET", path=f"/api/v1/my/subscriptions/{segment(subscription)}", repeatable=True)
        return await self._api.ask(call, MySubscription)

    async def change_my_subscription(
        self,
        subscription: str,
        *,
        plan: str,
        version: int,
        at: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> MySubscription:
        """Change to another offer.

        Another plan that is offered for the same product. 409 where the subscription was agreed with the maker.
        Needs `portal:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            subscription: Id of the subscription.
            plan: At most 64 characters.
            version: That was seen.
            at: now or period-end (default: now).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/my/subscriptions/{segment(subscription)}/change",
            body=given(plan=plan, version=version, at=at),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, MySubscription)

    async def end_my_subscription(
        self, subscription: str, *, because: str | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> MySubscription:
        """End one of ours.

        With the period that runs. 409 where it was agreed with the maker, or ends by itself. Needs `portal:write`.
        Raises NotFound, Conflict, TooLarge.

        Args:
            subscription: Id of the subscription.
            because: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/my/subscriptions/{segment(subscription)}/end",
            body=given(because=because),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, MySubscription)

    async def get_my_plan(self, subscription: str) -> MyPlan:
        """What one of ours costs and includes.

        The version that holds now. Needs `portal:read`. Raises NotFound.

        Args:
            subscription: Id of the subscription.
        """
        call = Call(method="GET", path=f"/api/v1/my/subscriptions/{segment(subscription)}/plan", repeatable=True)
        return await self._api.ask(call, MyPlan)

    def list_my_subscribed_units(
        self, subscription: str, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[SubscribedUnitPage, SubscribedUnit]:
        """Which units one of ours is for.

        In the period that runs, each with when it is in it; by id. Needs `portal:read`. Raises NotFound.

        Args:
            subscription: Id of the subscription.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/my/subscriptions/{segment(subscription)}/units",
            query=given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, SubscribedUnitPage, SubscribedUnit)

    def list_subscriptions(
        self,
        *,
        customer: str | None = None,
        product: str | None = None,
        plan: str | None = None,
        version: int | None = None,
        unit: str | None = None,
        status: SubscriptionsStatus | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[SubscriptionPage, Subscription]:
        """List subscriptions.

        In the order they were made. Needs `earn:read`.

        Args:
            customer: Of the customer with this id.
            product: Only to this product.
            plan: Whose last phase is this plan.
            version: And this version of it (default: 0).
            unit: That name the unit with this id.
            status: Only where it stands so.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/subscriptions",
            query=given(customer=customer, product=product, plan=plan, version=version, unit=unit, status=status)
            | given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, SubscriptionPage, Subscription)

    async def start_subscription(
        self,
        *,
        customer: str,
        product: str,
        plan: str,
        version: int | UnsetType = UNSET,
        units: str | Sequence[str] | UnsetType = UNSET,
        starts_at: str | UnsetType | None = UNSET,
        trial_days: int | UnsetType | None = UNSET,
        ends_at: str | UnsetType | None = UNSET,
        timezone: str | UnsetType = UNSET,
        coupons: Sequence[CouponRequest] | UnsetType = UNSET,
        gift: Gift | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Subscription:
        """Start a subscription.

        By the newest version of a plan, or by another one. 409 where the customer subscribed to the same already.
        Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            version: 0: the newest (default: 0).
            units: `owned`: those of the product the customer owns; `fleet`: all of it; or a list of ids (default:
                owned).
            starts_at: Left out: now.
            trial_days: Left out: as the plan says.
            timezone: Left out: the customer's.
            coupons: At most 20.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/subscriptions",
            body=given(customer=customer, product=product, plan=plan, version=version, units=units, starts_at=starts_at)
            | given(trial_days=trial_days, ends_at=ends_at, timezone=timezone, coupons=coupons, gift=gift),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Subscription)

    async def move_subscriptions(
        self,
        *,
        product: str,
        plan: str,
        version: int | UnsetType = UNSET,
        from_version: int | UnsetType = UNSET,
        preview: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> MovedSubscriptions:
        """Move all who subscribed to another version.

        Each from its first period on that begins when the notice its own version gives is over. Asked again, nobody
        is moved twice. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            version: 0: the newest (default: 0).
            from_version: Only those on this one; 0: on whichever (default: 0).
            preview: Only say what would happen (default: false).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/subscriptions/move",
            body=given(product=product, plan=plan, version=version, from_version=from_version, preview=preview),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, MovedSubscriptions)

    async def get_subscription(self, subscription: str) -> Subscription:
        """Look at a subscription.

        With all its phases, those to come too. Needs `earn:read`. Raises NotFound.

        Args:
            subscription: Id of the subscription.
        """
        call = Call(method="GET", path=f"/api/v1/subscriptions/{segment(subscription)}", repeatable=True)
        return await self._api.ask(call, Subscription)

    async def change_subscription(
        self,
        subscription: str,
        *,
        plan: str | UnsetType = UNSET,
        version: int | UnsetType = UNSET,
        at: str | UnsetType = UNSET,
        agreed: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Subscription:
        """Change the plan.

        Another plan, or another version of its own. 409 where the notice of a price is not kept and nobody agreed.
        Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            subscription: Id of the subscription.
            plan: Left out: the same, in another version.
            version: 0: the newest (default: 0).
            at: `now`, `period-end`, or an instant (RFC 3339); `notice`: the first period after the notice (default:
                now).
            agreed: The customer agrees to a change of price before the notice is over (default: false).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/subscriptions/{segment(subscription)}/change",
            body=given(plan=plan, version=version, at=at, agreed=agreed),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Subscription)

    async def give_coupon(
        self,
        subscription: str,
        *,
        name: str,
        percent: str | int | UnsetType | None = UNSET,
        amount: str | int | UnsetType | None = UNSET,
        charges: Sequence[str] | UnsetType = UNSET,
        periods: int | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Subscription:
        """Give a coupon.

        From now on, for a number of periods or for ever. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            subscription: Id of the subscription.
            name: At most 200 characters.
            percent: Of what is charged; this or `amount`.
            amount: Off each period.
            charges: Only off these charges; none: off all (at most 50).
            periods: For so many; 0: for ever (0 to 1000; default: 0).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/subscriptions/{segment(subscription)}/coupons",
            body=given(name=name, percent=percent, amount=amount, charges=charges, periods=periods),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Subscription)

    async def end_subscription(
        self,
        subscription: str,
        *,
        at: str | UnsetType = UNSET,
        because: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Subscription:
        """End a subscription.

        By default with the period that runs. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            subscription: Id of the subscription.
            at: `now`, `period-end`, or an instant (RFC 3339) (default: period-end).
            because: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/subscriptions/{segment(subscription)}/end",
            body=given(at=at, because=because),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Subscription)

    def list_subscription_events(
        self, subscription: str, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[SubscriptionEventPage, SubscriptionEvent]:
        """What was decided about a subscription.

        The oldest first; none is ever changed. Needs `earn:read`. Raises NotFound.

        Args:
            subscription: Id of the subscription.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/subscriptions/{segment(subscription)}/events",
            query=given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, SubscriptionEventPage, SubscriptionEvent)

    async def resume_subscription(self, subscription: str, *, idempotency_key: str | None = None) -> Subscription:
        """Resume a subscription.

        From now on. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            subscription: Id of the subscription.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path=f"/api/v1/subscriptions/{segment(subscription)}/resume", key=idempotency_key, keyed=True
        )
        return await self._api.ask(call, Subscription)

    async def suspend_subscription(
        self, subscription: str, *, because: str | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> Subscription:
        """Suspend a subscription.

        From now on, until it is resumed. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            subscription: Id of the subscription.
            because: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/subscriptions/{segment(subscription)}/suspend",
            body=given(because=because),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Subscription)

    def list_subscribed_units(
        self,
        subscription: str,
        *,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[SubscribedUnitPage, SubscribedUnit]:
        """Which units it was for, and when.

        By id. A unit that changed hands in the time is there with its part of it. Needs `earn:read`. Raises
        NotFound.

        Args:
            subscription: Id of the subscription.
            from_: Left out: the present alone.
            to: Left out: until now.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/subscriptions/{segment(subscription)}/units",
            query=given(from_=from_, to=to, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, SubscribedUnitPage, SubscribedUnit)

    async def change_subscribed_units(
        self,
        subscription: str,
        *,
        add: Sequence[str] | UnsetType = UNSET,
        remove: Sequence[str] | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Subscription:
        """Change the named units.

        From now on; until now it stays for those it was for. Needs `earn:write`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            subscription: Id of the subscription.
            add: At most 10,000.
            remove: At most 10,000.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/subscriptions/{segment(subscription)}/units",
            body=given(add=add, remove=remove),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Subscription)

    async def withdraw_subscription_change(
        self, subscription: str, *, idempotency_key: str | None = None
    ) -> Subscription:
        """Withdraw what is planned.

        Changes and an end that are still to come do not happen. Needs `earn:write`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            subscription: Id of the subscription.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/subscriptions/{segment(subscription)}/withdraw",
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Subscription)

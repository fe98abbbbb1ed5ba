# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.portal`: For owners: what they subscribe to, may buy, share and have left."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    Billing,
    MyAccount,
    MyAccountPage,
    MyPlan,
    MyShare,
    MySharePage,
    MySubscription,
    MySubscriptionPage,
    PlanOffer,
    PlanOfferPage,
    SubscribedUnit,
    SubscribedUnitPage,
)
from monokoto.client.wire import Api, Call, Pages, given, segment


class PortalApi:
    """For owners: what they subscribe to, may buy, share and have left."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_credit(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[MyAccountPage, MyAccount]:
        """What we have left.

        With each maker one is a customer of: money that pays no invoice yet, and what was paid ahead. Needs
        `portal:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/my/credit", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, MyAccountPage, MyAccount)

    def list_offers(
        self, *, product: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pages[PlanOfferPage, PlanOffer]:
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

    def list_shares(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[MySharePage, MyShare]:
        """What our units share.

        Functions of units one owns that other units may use too, the newest first. `DELETE
        /api/v1/units/{unit}/entitlement-shares/{share}` ends one. Needs `portal:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/my/shares", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, MySharePage, MyShare)

    def list_subscriptions(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[MySubscriptionPage, MySubscription]:
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

    def start_subscription(
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
        return self._api.ask(call, MySubscription)

    def get_subscription(self, subscription: str) -> MySubscription:
        """Look at one of ours.

        With what is to come. Needs `portal:read`. Raises NotFound.

        Args:
            subscription: Id of the subscription.
        """
        call = Call(method="GET", path=f"/api/v1/my/subscriptions/{segment(subscription)}", repeatable=True)
        return self._api.ask(call, MySubscription)

    def change_subscription(
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
        return self._api.ask(call, MySubscription)

    def end_subscription(
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
        return self._api.ask(call, MySubscription)

    def get_plan(self, subscription: str) -> MyPlan:
        """What one of ours costs and includes.

        The version that holds now. Needs `portal:read`. Raises NotFound.

        Args:
            subscription: Id of the subscription.
        """
        call = Call(method="GET", path=f"/api/v1/my/subscriptions/{segment(subscription)}/plan", repeatable=True)
        return self._api.ask(call, MyPlan)

    def list_subscribed_units(
        self, subscription: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[SubscribedUnitPage, SubscribedUnit]:
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

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.subscriptions`: Who subscribed to what, since when, by which version of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    BillingAddress,
    CouponRequest,
    Gift,
    MovedSubscriptions,
    MyBilling,
    MyBillingPage,
    SubscribedUnit,
    SubscribedUnitPage,
    Subscription,
    SubscriptionEvent,
    SubscriptionEventPage,
    SubscriptionPage,
    SubscriptionsStatus,
)
from monokoto.client.wire import Api, Call, Pages, given, segment


class SubscriptionsApi:
    """Who subscribed to what, since when, by which version of a plan."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_my_billing(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[MyBillingPage, MyBilling]:
        """Where our invoices go.

        With each maker one is a customer of. Needs `portal:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/my/billing", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, MyBillingPage, MyBilling)

    def change_my_billing(
        self,
        maker: str,
        *,
        name: str | UnsetType = UNSET,
        email: str | UnsetType = UNSET,
        vat_id: str | UnsetType = UNSET,
        address: BillingAddress | UnsetType = UNSET,
        language: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> MyBilling:
        """Say where our invoices go.

        It stands on the next document; one that was sent stays as it is. A VAT number is checked with its country.
        Needs `portal:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            maker: Id of the maker's organisation.
            name: At most 200 characters.
            email: At most 256 characters.
            vat_id: At most 32 characters.
            language: At most 64 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/my/billing/{segment(maker)}",
            body=given(name=name, email=email, vat_id=vat_id, address=address, language=language),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, MyBilling)

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
    ) -> Pages[SubscriptionPage, Subscription]:
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

    def start_subscription(
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
        return self._api.ask(call, Subscription)

    def move_subscriptions(
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
        return self._api.ask(call, MovedSubscriptions)

    def get_subscription(self, subscription: str) -> Subscription:
        """Look at a subscription.

        With all its phases, those to come too. Needs `earn:read`. Raises NotFound.

        Args:
            subscription: Id of the subscription.
        """
        call = Call(method="GET", path=f"/api/v1/subscriptions/{segment(subscription)}", repeatable=True)
        return self._api.ask(call, Subscription)

    def change_subscription(
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
        return self._api.ask(call, Subscription)

    def give_coupon(
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
        return self._api.ask(call, Subscription)

    def end_subscription(
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
        return self._api.ask(call, Subscription)

    def list_subscription_events(
        self, subscription: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[SubscriptionEventPage, SubscriptionEvent]:
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

    def resume_subscription(self, subscription: str, *, idempotency_key: str | None = None) -> Subscription:
        """Resume a subscription.

        From now on. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            subscription: Id of the subscription.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path=f"/api/v1/subscriptions/{segment(subscription)}/resume", key=idempotency_key, keyed=True
        )
        return self._api.ask(call, Subscription)

    def suspend_subscription(
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
        return self._api.ask(call, Subscription)

    def list_subscribed_units(
        self,
        subscription: str,
        *,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[SubscribedUnitPage, SubscribedUnit]:
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

    def change_subscribed_units(
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
        return self._api.ask(call, Subscription)

    def withdraw_subscription_change(self, subscription: str, *, idempotency_key: str | None = None) -> Subscription:
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
        return self._api.ask(call, Subscription)

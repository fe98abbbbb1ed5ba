# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.entitlements`: What units may use: features given, bought, shared; tokens for units that are away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    Entitlement,
    EntitlementPage,
    EntitlementToken,
    ReachedThreshold,
    ReachedThresholdPage,
    SigningKeys,
    Suspension,
    SuspensionPage,
    Verdict,
)
from monokoto.client.wire import Api, Call, Pages, given, segment


class EntitlementsApi:
    """What units may use: features given, bought, shared; tokens for units that are away."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_signing_keys(self) -> SigningKeys:
        """List the keys that sign tokens.

        A JSON Web Key Set. A key is here a week before it signs, and as long as what it signed may hold.
        """
        call = Call(method="GET", path="/api/v1/entitlement-keys", repeatable=True)
        return self._api.ask(call, SigningKeys)

    def rotate_signing_keys(self, *, idempotency_key: str | None = None) -> SigningKeys:
        """Sign with a new key from now on.

        The keys before sign no more; what they signed holds to its end. Needs `platform`. Raises Conflict, TooLarge.

        Args:
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path="/api/v1/entitlement-keys", key=idempotency_key, keyed=True)
        return self._api.ask(call, SigningKeys)

    def list_suspensions(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[SuspensionPage, Suspension]:
        """List customers without features.

        Those who are suspended now. Needs `earn:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/entitlement-suspensions",
            query=given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, SuspensionPage, Suspension)

    def put_suspension(self, *, customer: str, because: str, idempotency_key: str | None = None) -> Suspension:
        """Suspend a customer's features.

        All but those of safety, at once. A customer who is suspended by hand already stays so, for the reason given
        first. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            because: At most 500 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/entitlement-suspensions",
            body=given(customer=customer, because=because),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Suspension)

    def end_suspension(self, customer: str, *, idempotency_key: str | None = None) -> None:
        """Open a customer's features again.

        At once, whoever suspended it. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            customer: Id of the customer.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE",
            path=f"/api/v1/entitlement-suspensions/{segment(customer)}",
            key=idempotency_key,
            keyed=True,
        )
        self._api.tell(call)

    def list_reached_thresholds(
        self,
        *,
        product: str | None = None,
        feature: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[ReachedThresholdPage, ReachedThreshold]:
        """List quotas that reached a threshold.

        The newest first. Needs `earn:read`.

        Args:
            product: Only of this product (at most 64 characters).
            feature: Only this feature (at most 64 characters).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/entitlement-thresholds",
            query=given(product=product, feature=feature, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, ReachedThresholdPage, ReachedThreshold)

    def list_entitlements(
        self,
        *,
        product: str | None = None,
        feature: str | None = None,
        unit: str | None = None,
        customer: str | None = None,
        subscription: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[EntitlementPage, Entitlement]:
        """List what was given, bought and shared.

        The newest first. What subscriptions include follows from them and is not listed here. Needs `earn:read`.

        Args:
            product: Only of this product.
            feature: Only this feature.
            unit: Only what this unit has by itself.
            customer: Only what this customer has.
            subscription: Only what was added to this subscription.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/entitlements",
            query=given(product=product, feature=feature, unit=unit, customer=customer, subscription=subscription)
            | given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, EntitlementPage, Entitlement)

    def give_entitlement(
        self,
        *,
        feature: str,
        unit: str | UnsetType = UNSET,
        customer: str | UnsetType = UNSET,
        subscription: str | UnsetType = UNSET,
        product: str | UnsetType = UNSET,
        key: str | UnsetType = UNSET,
        source: str | UnsetType = UNSET,
        begin: str | UnsetType | None = UNSET,
        end: str | UnsetType | None = UNSET,
        value: Any | UnsetType = UNSET,
        amount: str | UnsetType | None = UNSET,
        priority: int | UnsetType = UNSET,
        note: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Entitlement:
        """Give a feature.

        To a unit, a customer or a subscription; from an instant until another. Top-ups are given so, too. Needs
        `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            feature: At most 64 characters.
            product: Needed unless it is for a unit (at most 64 characters).
            key: Names it: sent twice, it is given once (at most 200 characters).
            source: given, bought or top-up (default: given).
            begin: null: now.
            end: null: until it is taken back.
            amount: An exact decimal, of a metered feature.
            priority: Lower is used first (0 to 255; default: 1).
            note: At most 500 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/entitlements",
            body=given(feature=feature, unit=unit, customer=customer, subscription=subscription, product=product)
            | given(key=key, source=source, begin=begin, end=end, value=value, amount=amount, priority=priority)
            | given(note=note),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Entitlement)

    def get_entitlement(self, entitlement: str) -> Entitlement:
        """Look at what was given.

        One of them. Needs `earn:read`. Raises NotFound.

        Args:
            entitlement: Id of the entitlement.
        """
        call = Call(method="GET", path=f"/api/v1/entitlements/{segment(entitlement)}", repeatable=True)
        return self._api.ask(call, Entitlement)

    def withdraw_entitlement(self, entitlement: str, *, idempotency_key: str | None = None) -> Entitlement:
        """Take back what was given.

        It ends now; that it was there stays known. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            entitlement: Id of the entitlement.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE", path=f"/api/v1/entitlements/{segment(entitlement)}", key=idempotency_key, keyed=True
        )
        return self._api.ask(call, Entitlement)

    def transfer_entitlement(self, entitlement: str, *, unit: str, idempotency_key: str | None = None) -> Entitlement:
        """Hand on what was bought, as a gift.

        To another unit, as long as nothing of it is used. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            entitlement: Id of the entitlement.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/entitlements/{segment(entitlement)}/hand-on",
            body=given(unit=unit),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Entitlement)

    def share_feature(
        self,
        unit: str,
        *,
        feature: str,
        with_unit: str,
        until: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Entitlement:
        """Use a feature together with another unit.

        As long as this unit has it; a metered one is used up together. Both must be the asker's to control. Needs
        `portal:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            feature: At most 64 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/units/{segment(unit)}/entitlement-shares",
            body=given(feature=feature, with_unit=with_unit, until=until),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Entitlement)

    def end_feature_share(self, unit: str, share: str, *, idempotency_key: str | None = None) -> Entitlement:
        """Share a feature no longer.

        At once; by whoever owns the unit that has it. Needs `portal:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            share: Id of the share.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE",
            path=f"/api/v1/units/{segment(unit)}/entitlement-shares/{segment(share)}",
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Entitlement)

    def get_entitlement_token(self, unit: str) -> EntitlementToken:
        """Get what a unit shows itself while it is away.

        The unit's token as it is now: signed, for this unit alone, with an end. Units that are connected find it on
        `koto/v1/entitlements`. Needs `control:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/entitlement-token", repeatable=True)
        return self._api.ask(call, EntitlementToken)

    def list_unit_entitlements(self, unit: str) -> Sequence[Verdict]:
        """Say what a unit may use.

        Every feature of its product, and why the unit may or may not use it now. Needs `units:read`. Raises
        NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/entitlements", repeatable=True)
        return self._api.ask(call, list[Verdict])

    def get_unit_entitlement(self, unit: str, feature: str, *, at: str | None = None) -> Verdict:
        """Say whether a unit may use a feature.

        Now, or at an instant of the asker's own times. Needs `units:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            feature: Name of the feature.
            at: An instant (RFC 3339) instead of now.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/entitlements/{segment(feature)}",
            query=given(at=at),
            repeatable=True,
        )
        return self._api.ask(call, Verdict)

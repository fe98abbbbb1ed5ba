# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.gifts`: What is offered, given by one owner and taken by another, who has its code."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from monokoto.client.types import Billing, GiftPlan, GiftPlanPage, MySubscription, NewGift, OpenedGift
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncGiftsApi:
    """What is offered, given by one owner and taken by another, who has its code."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> AsyncPages[GiftPlanPage, GiftPlan]:
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

    async def see(self, *, code: str, idempotency_key: str | None = None) -> OpenedGift:
        """See what a code opens.

        Asked by POST, since a code has no business in an address. Needs `portal:write`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            code: However it is typed (at most 64 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path="/api/v1/my/gifts/look", body=given(code=code), key=idempotency_key, keyed=True)
        return await self._api.ask(call, OpenedGift)

    async def claim(
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

    async def withdraw(self, gift: str, *, idempotency_key: str | None = None) -> GiftPlan:
        """Take a present back.

        Its code opens nothing from now on. 409 where somebody has taken it. Needs `portal:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            gift: Id of the present.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/my/gifts/{segment(gift)}/withdraw", key=idempotency_key, keyed=True)
        return await self._api.ask(call, GiftPlan)

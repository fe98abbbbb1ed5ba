"""Presents: one buys, another takes by the code. Blocking: call it from a thread.

Nothing is charged and nothing runs until a present is taken; then it is a subscription of the taker's that the giver pays.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from monokoto.earn.plans import Plan, Plans
from monokoto.earn.portal import store
from monokoto.earn.portal.gift import Gift, GiftState, digest, new_code
from monokoto.earn.portal.offers import Offered, Offers, Owned
from monokoto.earn.portal.purchases import Choice, Purchases
from monokoto.earn.subscriptions import Coverage, NewCustomer, NewSubscription, Subscription, Subscriptions
from monokoto.earn.subscriptions import Gift as PaidBy
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import OrganisationId, format_id, new_id
from monokoto.kernel.limits import GIFT_DAYS, GIFTS_OPEN_MAX

_DAY = 86_400_000_000


class Gifts:
    """Of all organisations."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        plans: Plans,
        offers: Offers,
        purchases: Purchases,
        subscriptions: Subscriptions,
    ) -> None:
        self._records = records
        self._clock = clock
        self._plans = plans
        self._offers = offers
        self._purchases = purchases
        self._subscriptions = subscriptions

    def make(self, giver_id: int, choice: Choice, offers: Sequence[Offered], message: str = "") -> tuple[Gift, str]:
        """A present out of an offer, and the code that opens it, which is not kept.

        Raises:
            NotFound: nothing of this name is offered to the giver.
            Invalid: who pays is not said.
            Conflict: it does not end by itself; the offer has changed; too many presents wait to be taken.
        """
        plan = self._purchases.offered(choice, offers).published.plan
        if plan.offer is None or not plan.offer.lasts:
            raise Conflict("Only what ends by itself can be given.", remedy="Choose an offer that lasts for a time.")
        customer_id = self._purchases.customer(giver_id, choice, plan)
        now, code = self._clock.now(), new_code()
        gift = Gift(
            id=new_id(),
            organisation_id=OrganisationId(choice.maker_id),
            giver_organisation_id=giver_id,
            giver_id=customer_id,
            product=str(plan.product),
            plan=plan.name,
            version=plan.version,
            message=message,
            created_at=now,
            expires_at=now + GIFT_DAYS * _DAY,
        )
        with self._records.write() as connection:
            if store.count_open(connection, giver_id, now) >= GIFTS_OPEN_MAX:
                raise Conflict(f"{GIFTS_OPEN_MAX} presents wait to be taken already.", remedy="Take some of them back.")
            store.insert(connection, gift, digest(code))
        return gift, code

    def list(self, giver_id: int, *, before: int | None = None, limit: int) -> builtins.list[Gift]:
        """What it gave, the newest first."""
        with self._records.read() as connection:
            return store.find_all(connection, giver_id, before=before, limit=limit)

    def withdraw(self, giver_id: int, gift_id: int) -> Gift:
        """Nobody takes it any more; asked again, nothing changes. Raises NotFound, Conflict (it was taken)."""
        now = self._clock.now()
        with self._records.write() as connection:
            found = store.find(connection, giver_id, gift_id)
            if found is None:
                raise NotFound(f"There is no present {format_id(gift_id)} of yours.")
            if found.ended_at is None:
                store.end(connection, replace(found, ended_at=now))
                found = store.find(connection, giver_id, gift_id) or found
        if found.state(now) is GiftState.TAKEN:
            raise Conflict("Somebody has taken it.")
        return found

    def look(self, taker_id: int, code: str, held: Iterable[int]) -> tuple[Gift, Plan, Sequence[int]]:
        """What a code opens: the present, its plan, and the taker's units it could be for.

        Raises:
            NotFound: it opens nothing.
            Conflict: the present was taken or withdrawn, or is too old.
        """
        with self._records.read() as connection:
            found = store.by_code(connection, digest(code))
        if found is None:
            raise NotFound("This code opens no present.", remedy="Look again at each letter and digit.")
        state = found.state(self._clock.now())
        if state is not GiftState.OPEN:
            raise Conflict(_GONE[state])
        plan = self._plans.get(found.organisation_id, found.product, found.plan, found.version)
        owned = self._offers.owned(taker_id, held)
        return found, plan, owned.get(Owned(int(found.organisation_id), found.product), ())

    def take(
        self,
        taker_id: int,
        code: str,
        unit_id: int,
        held: Iterable[int],
        *,
        billing: NewCustomer | None = None,
        actor_id: int = 0,
    ) -> Subscription:
        """Have it, for a unit of one's own, from now on. Raises as `look`; Invalid (the unit, or who one is, is not said)."""
        gift, plan, units = self.look(taker_id, code, held)
        if unit_id not in units:
            fault = Fault(place="unit", reason=f"{format_id(unit_id)} is no {gift.product} of yours")
            raise Invalid("This is for a unit of your own.", faults=[fault])
        choice = Choice(
            maker_id=gift.organisation_id, product=gift.product, plan=gift.plan, version=gift.version, billing=billing
        )
        customer_id = self._purchases.customer(taker_id, choice, plan)
        now = self._clock.now()

        def end(connection: sa.Connection, made: Subscription) -> None:
            # In the subscription's own transaction: whatever dies here, there is a whole present or none was taken.
            if not store.end(connection, replace(gift, ended_at=now, subscription_id=made.id)):
                raise Conflict(_GONE[GiftState.TAKEN])

        asked = _asked(gift, plan, customer_id, unit_id, now)
        return self._subscriptions.start(gift.organisation_id, asked, actor_id=actor_id, together=end)


def _asked(gift: Gift, plan: Plan, customer_id: int, unit_id: int, now: int) -> NewSubscription:
    lasts = plan.offer.lasts if plan.offer is not None else 0
    return NewSubscription(
        customer_id=customer_id,
        product=gift.product,
        plan=gift.plan,
        version=gift.version,
        coverage=Coverage.UNITS,
        unit_ids=(unit_id,),
        starts_at=now,
        ends_at=now + lasts if lasts else None,
        trial=0,
        gift=PaidBy(giver_id=gift.giver_id, message=gift.message),  # type: ignore[arg-type] # an id of the records
    )


_GONE = {
    GiftState.TAKEN: "This present was taken already.",
    GiftState.WITHDRAWN: "Whoever gave this present took it back.",
    GiftState.EXPIRED: "This present is too old.",
}

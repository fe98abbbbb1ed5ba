"""What customers decide about subscriptions by themselves. Blocking: call it from a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monokoto.earn.plans import Plan, Plans
from monokoto.earn.portal.offers import Offered
from monokoto.earn.subscriptions import (
    Coverage,
    Customers,
    NewCustomer,
    NewSubscription,
    Subscription,
    Subscriptions,
    Wanted,
)
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import SUBSCRIPTIONS_PER_CUSTOMER_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody wants to buy."""

    maker_id: int
    product: str
    plan: str
    version: int
    """That was seen."""
    units: tuple[int, ...] = ()
    """Empty: all of the product they own, also those to come."""
    billing: NewCustomer | None = None
    """Who pays, from whoever is no customer of the maker yet; its currency is the plan's."""


class Purchases:
    """Of all organisations; every method is about one."""

    def __init__(self, plans: Plans, customers: Customers, subscriptions: Subscriptions) -> None:
        self._plans = plans
        self._customers = customers
        self._subscriptions = subscriptions

    def buy(self, buyer_id: int, choice: Choice, offers: Sequence[Offered], *, actor_id: int = 0) -> Subscription:
        """Subscribe by an offer, from now on.

        Raises:
            NotFound: nothing of this name is offered to the buyer.
            Invalid: some of the units are not the buyer's; who pays is not said.
            Conflict: another version is offered by now; the buyer has the same already, or pays in another currency.
        """
        offered = self.offered(choice, offers)
        plan = offered.published.plan
        faults = [
            Fault(place=f"units/{number}", reason=f"{format_id(one)} is no {choice.product} of yours")
            for number, one in enumerate(choice.units)
            if one not in offered.units
        ]
        if faults:
            raise Invalid("This is bought for units of your own.", faults=faults)
        customer_id = self.customer(buyer_id, choice, plan)
        now = self._subscriptions.now()
        assert plan.offer is not None
        new = NewSubscription(
            customer_id=customer_id,
            product=choice.product,
            plan=plan.name,
            version=plan.version,
            coverage=Coverage.UNITS if choice.units else Coverage.OWNED,
            unit_ids=choice.units,
            starts_at=now,
            ends_at=now + plan.offer.lasts if plan.offer.lasts else None,
            trial=0 if self._had(choice.maker_id, customer_id, plan) else None,
        )
        return self._subscriptions.start(choice.maker_id, new, actor_id=actor_id)

    def offered(self, choice: Choice, offers: Sequence[Offered]) -> Offered:
        """What was chosen, as it was seen. Raises NotFound, Conflict (another version is offered by now)."""
        found = _found(offers, choice)
        if choice.version != found.published.plan.version:
            raise Conflict("The offer has changed since you saw it.", remedy="Look again, then decide.")
        return found

    def customer(self, buyer_id: int, choice: Choice, plan: Plan) -> int:
        """The customer a buyer is to the maker; a new one where it is none yet. Raises Invalid (who pays is not said)."""
        known = self._customers.list(choice.maker_id, buyer_id=buyer_id, limit=1)
        if known:
            return known[0].id
        if choice.billing is None:
            fault = Fault(place="billing", reason="is needed: you are no customer of this maker yet")
            raise Invalid("Who pays?", faults=[fault])
        new = replace(choice.billing, organisation=format_id(buyer_id), currency=plan.currency.code)
        return self._customers.create(choice.maker_id, new).id

    def _had(self, maker_id: int, customer_id: int, plan: Plan) -> bool:
        """Whether the customer had the plan before."""
        wanted = Wanted(customer_id=customer_id, product=plan.product)
        found = self._subscriptions.list(maker_id, wanted, limit=SUBSCRIPTIONS_PER_CUSTOMER_MAX)
        return any(phase.plan == plan.name for one in found for phase in one.phases)

    def change(
        self,
        buyer_id: int,
        subscription_id: int,
        offers: Sequence[Offered],
        *,
        plan: str,
        version: int,
        at: str,
        actor_id: int = 0,
    ) -> Subscription:
        """Another offered plan of the same product, `now` or from the `period-end` on. Raises as `buy` and `_own`."""
        one = self._own(buyer_id, subscription_id)
        wanted = Choice(maker_id=one.organisation_id, product=one.product, plan=plan, version=version)
        chosen = self.offered(wanted, offers).published.plan
        if chosen.offer is None or chosen.offer.lasts:
            raise Conflict("This ends by itself; it is bought beside what you have.")
        return self._subscriptions.change(
            one.organisation_id, one.id, plan=plan, version=version, at=at, agreed=True, actor_id=actor_id
        )

    def end(self, buyer_id: int, subscription_id: int, *, because: str = "", actor_id: int = 0) -> Subscription:
        """Over with the period that runs. Raises as `_own`."""
        one = self._own(buyer_id, subscription_id)
        return self._subscriptions.end(one.organisation_id, one.id, because=because, actor_id=actor_id)

    def _own(self, buyer_id: int, subscription_id: int) -> Subscription:
        """A subscription the customer may decide about. Raises NotFound; Conflict where a maker agreed to it."""
        one = self._subscriptions.one_of_buyer(buyer_id, subscription_id)
        now = self._subscriptions.now()
        offer = self.plan_of(one, now).offer
        if offer is None or one.gift is not None:
            raise Conflict("This was agreed with the maker.", remedy="Ask the maker to change it.")
        if offer.lasts:
            raise Conflict("This ends by itself.")
        return one

    def plan_of(self, one: Subscription, now: int) -> Plan:
        """The plan that holds."""
        phase = one.phase_at(max(now, one.starts_at))
        return self._plans.get(one.organisation_id, one.product, phase.plan, phase.version)


def _found(offers: Sequence[Offered], choice: Choice) -> Offered:
    for one in offers:
        plan = one.published.plan
        if (plan.organisation_id, plan.product, plan.name) == (choice.maker_id, choice.product, choice.plan):
            return one
    raise NotFound(
        f"There is no offer {choice.plan[:80]!r} for you.", remedy="`GET /api/v1/my/offers` has those there are."
    )

"""Subscriptions: started, changed, moved, suspended, ended; which units they are for. Plain methods block: call them from
a thread.

Each change is decided by pure functions (`life.py`), kept with the subscription's next revision and written down as an event
in one transaction. Who calls tells the fact afterwards (`subscriptions_changed`).
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from monokoto.earn.calendar import Span
from monokoto.earn.plans import Plans
from monokoto.earn.subscriptions import life, starting, store
from monokoto.earn.subscriptions.customer_store import find as find_customer
from monokoto.earn.subscriptions.customer_store import find_many as find_customers
from monokoto.earn.subscriptions.ports import Owners
from monokoto.earn.subscriptions.starting import NewCoupon, NewSubscription
from monokoto.earn.subscriptions.store import SubscriptionEvent, Wanted
from monokoto.earn.subscriptions.subscription import (
    Coverage,
    Subscription,
)
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant, format_instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import (
    PAGE_SIZE_DEFAULT,
    SUBSCRIPTION_EVENTS_MAX,
    SUBSCRIPTIONS_PER_CUSTOMER_MAX,
    TITLE_LENGTH_MAX,
)

_SECOND = 1_000_000
Together = Callable[[sa.Connection, Subscription], None]
"""Writes what belongs to a subscription that begins."""


class Subscriptions:
    """The subscriptions of all makers; every method is about those of one."""

    def __init__(self, records: Records, clock: Clock, *, plans: Plans, owners: Owners) -> None:
        self._records = records
        self._clock = clock
        self._plans = plans
        self._owners = owners

    def now(self) -> int:
        """The present instant, by which statuses are told."""
        return self._clock.now()

    def get(self, organisation_id: int, subscription_id: int) -> Subscription:
        """One subscription; raises NotFound."""
        with self._records.read() as connection:
            return store.find(connection, organisation_id, subscription_id)

    def get_many(self, organisation_id: int, subscription_ids: Iterable[int]) -> dict[int, Subscription]:
        """Subscriptions by id; raises NotFound when one is not there."""
        with self._records.read() as connection:
            return {int(one.id): one for one in store.find_many(connection, organisation_id, subscription_ids)}

    def list(
        self, organisation_id: int, wanted: Wanted | None = None, *, after: int = 0, limit: int = PAGE_SIZE_DEFAULT
    ) -> builtins.list[Subscription]:
        """Subscriptions in the order they were made, past one."""
        asked = replace(wanted or Wanted(), now=self._clock.now())
        with self._records.read() as connection:
            return store.find_all(connection, organisation_id, asked, after=after, limit=limit)

    def of_buyer(
        self, customer_organisation_id: int, *, after: int = 0, limit: int = PAGE_SIZE_DEFAULT
    ) -> builtins.list[Subscription]:
        """What an organisation subscribes to as a customer, of whichever maker."""
        with self._records.read() as connection:
            return store.find_of_buyer(connection, customer_organisation_id, after=after, limit=limit)

    def one_of_buyer(self, customer_organisation_id: int, subscription_id: int) -> Subscription:
        """One of them; raises NotFound."""
        with self._records.read() as connection:
            found = store.find_of_buyer(
                connection, customer_organisation_id, after=0, limit=1, subscription_id=subscription_id
            )
        if not found:
            raise NotFound(f"There is no subscription {format_id(subscription_id)}.")
        return found[0]

    def events(
        self, organisation_id: int, subscription_id: int, *, after: int = 0, limit: int = PAGE_SIZE_DEFAULT
    ) -> builtins.list[SubscriptionEvent]:
        """What was decided about it, the oldest first; raises NotFound."""
        with self._records.read() as connection:
            store.find(connection, organisation_id, subscription_id)
            return store.events(connection, organisation_id, subscription_id, after=after, limit=limit)

    # Which units

    def units(self, subscription: Subscription, span: Span) -> Mapping[int, Sequence[Span]]:
        """By unit, in order of their ids, when in this time it was the subscription's.

        A unit that changes hands in the middle belongs to each for its own time. A named unit is the subscription's while
        nobody but the customer owns it; of a customer without an organisation here, whoever owns it.
        """
        return self.units_many([(subscription, span)])[0]

    def units_many(self, asked: Sequence[tuple[Subscription, Span]]) -> builtins.list[Mapping[int, Sequence[Span]]]:
        """The same for many subscriptions of one maker, in their order: their customers are looked up together."""
        concerned = {int(one.customer_id) for one, _ in asked if one.coverage is not Coverage.FLEET}
        if not concerned:
            return [self._units(one, span, None) for one, span in asked]
        with self._records.read() as connection:
            known = find_customers(connection, asked[0][0].organisation_id, concerned)
        owners = {key: one.customer_organisation_id for key, one in known.items()}
        return [self._units(one, span, owners.get(int(one.customer_id))) for one, span in asked]

    def _units(self, subscription: Subscription, span: Span, owner_id: int | None) -> Mapping[int, Sequence[Span]]:
        time = life.clipped(subscription, span)
        if time is None:
            return {}
        if subscription.coverage is Coverage.FLEET:
            fleet = self._owners.fleet(subscription.organisation_id, subscription.product)
            return dict.fromkeys(sorted(fleet), (time,))
        if subscription.coverage is Coverage.UNITS:
            return self._named(subscription, owner_id, time)
        if owner_id is None:
            return {}
        found = self._owners.owned(subscription.organisation_id, subscription.product, owner_id, time)
        return dict(sorted(found.items()))

    def _named(self, subscription: Subscription, owner_id: int | None, time: Span) -> dict[int, Sequence[Span]]:
        found: dict[int, builtins.list[Span]] = {}
        for one in sorted(subscription.named, key=lambda unit: (unit.unit_id, unit.begin)):
            begin, end = max(one.begin, time.start), min(time.end, time.end if one.end is None else one.end)
            if begin >= end:
                continue
            there = Span(begin, end)
            others: builtins.list[Span] = []
            if owner_id is not None:
                others = [held for owner, held in self._owners.owners(one.unit_id, there) if owner != owner_id]
            found.setdefault(one.unit_id, []).extend(_without(there, others))
        return {unit_id: tuple(spans) for unit_id, spans in found.items() if spans}

    def of_unit(self, organisation_id: int, product: str, unit_id: int, at: int) -> builtins.list[Subscription]:
        """The subscriptions a unit is in at an instant; suspended ones too."""
        held = self._owners.owners(unit_id, Span(at, at + 1))
        owner_id = held[0][0] if held else 0
        with self._records.read() as connection:
            found = store.find_of_unit(connection, organisation_id, product, unit_id, owner_id, at)
        return [
            one
            for one, buyer_id in found
            if one.coverage is not Coverage.UNITS or buyer_id is None or owner_id in (0, buyer_id)
        ]

    # Billing

    def touching(self, organisation_id: int, product: str, unit_id: int, span: Span) -> builtins.list[Subscription]:
        """The subscriptions a unit may have been in at some time of a span: all it was in, and perhaps some it was not."""
        owners = {owner_id for owner_id, _ in self._owners.owners(unit_id, span)}
        with self._records.read() as connection:
            return store.find_touching(connection, organisation_id, product, unit_id, owners, span)

    def sellers_due(self) -> builtins.list[int]:
        """The organisations with something to bill by now."""
        with self._records.read() as connection:
            return store.sellers_due(connection, self._clock.now())

    def due(
        self, organisation_id: int, until: int, *, after: tuple[int, int] = (-1, 0), limit: int = 1000
    ) -> builtins.list[Subscription]:
        """Those with something to bill up to an instant: their `next_at` has come. The longest due first, past one."""
        with self._records.read() as connection:
            return store.find_due(connection, organisation_id, until, after=after, limit=limit)

    def billed(self, organisation_id: int, subscription_id: int, until: int) -> Subscription:
        """Remember that it is billed up to an instant; never moves backward."""
        return self.billed_many(organisation_id, {subscription_id: until})[0]

    def billed_many(self, organisation_id: int, until: Mapping[int, int]) -> builtins.list[Subscription]:
        """The same for many, in one transaction."""
        with self._records.write() as connection:
            found = {int(one.id): one for one in store.find_many(connection, organisation_id, until, locked=True)}
            moved = {
                key: replace(one, billed_until=until[key])
                for key, one in found.items()
                if one.billed_until is None or one.billed_until < until[key]
            }
            store.update_billed(connection, moved.values())
        return [*(found | moved).values()]

    # What can become of it

    def start(
        self, organisation_id: int, new: NewSubscription, *, actor_id: int = 0, together: Together | None = None
    ) -> Subscription:
        """A new subscription; `together` writes in the same transaction, and what it raises undoes all. Raises Invalid,
        NotFound (customer, plan), Conflict (the plan is retired, or in another currency than the customer; the same
        subscription is there)."""
        published = self._plans.published(organisation_id, new.product, new.plan, new.version)
        if published.retired_at is not None:
            raise Conflict(f"The plan {new.plan!r} is retired.", remedy="Choose another, or publish it again.")
        now = self._clock.now()
        with self._records.write() as connection:
            # Locked, so that of two who start the same the second is told.
            customer = find_customer(connection, organisation_id, new.customer_id, locked=True)
            if new.gift is not None:
                find_customer(connection, organisation_id, new.gift.giver_id)
            made = starting.made(customer, new, published.plan, self._owners, now=now)
            theirs = store.of_customer(connection, organisation_id, customer.id, limit=SUBSCRIPTIONS_PER_CUSTOMER_MAX)
            if len(theirs) >= SUBSCRIPTIONS_PER_CUSTOMER_MAX:
                raise Conflict(f"The customer has {len(theirs)} subscriptions, the most there may be.")
            same = next((one for one in theirs if life.overlap(one, made)), None)
            if same is not None:
                raise Conflict(f"The customer subscribed to this already: {format_id(same.id)}.")
            store.insert(connection, made)
            detail = {"plan": new.plan, "version": published.plan.version, "units": made.coverage.value}
            store.add_event(connection, made, "started", at=made.starts_at, actor_id=actor_id, detail=detail)
            if together is not None:
                together(connection, made)
        return made

    def change(
        self,
        organisation_id: int,
        subscription_id: int,
        *,
        plan: str = "",
        version: int = 0,
        at: int | str = "now",
        agreed: bool = False,
        actor_id: int = 0,
    ) -> Subscription:
        """Another plan, or another version of its own (0: the newest), from `now`, the `period-end`, `notice` (the first period
        after the notice of its price), or an instant on.

        Raises:
            Conflict: a price would change sooner than the notice says and the customer has not agreed; the plan is retired
                or in another currency; the subscription has ended.
        """
        now = self._clock.now()
        before = self.get(organisation_id, subscription_id)
        current = before.phase_at(max(now, before.starts_at))
        published = self._plans.published(organisation_id, before.product, plan or current.plan, version)
        own = published.plan.name == current.plan
        if published.retired_at is not None and not own:
            raise Conflict(f"The plan {published.plan.name!r} is retired.", remedy="Choose another.")
        notice = self._plans.get(organisation_id, before.product, current.plan, current.version).notice
        instant = self._instant(before, at, notice=notice, now=now)
        moved = own and published.plan.version != current.version
        if moved and not agreed and instant < now + notice and instant > before.starts_at:
            told = format_instant(life.after_notice(before, notice, now=now))
            raise Conflict(
                f"The plan gives a notice of {notice // 86_400_000_000} days before a price changes.",
                remedy=f"Say `at: notice` (that is {told}), or `agreed` when the customer agrees.",
            )
        detail = {"plan": published.plan.name, "version": published.plan.version, "agreed": agreed}
        return self._do(
            organisation_id,
            subscription_id,
            lambda one, _: life.change(one, published.plan, at=instant, now=now),
            "moved" if moved else "changed",
            now=now,
            at=instant,
            actor_id=actor_id,
            detail=detail,
        )

    def _instant(self, one: Subscription, at: int | str, *, notice: int, now: int) -> int:
        if isinstance(at, int):
            return at
        if at == "now":
            return now
        if at == "period-end":
            return life.period_end(one, now=now)
        if at == "notice":
            return life.after_notice(one, notice, now=now)
        raise Invalid("When?", faults=[Fault(place="at", reason="is now, period-end, notice or an instant")])

    def end(
        self,
        organisation_id: int,
        subscription_id: int,
        *,
        at: int | str = "period-end",
        because: str = "",
        actor_id: int = 0,
    ) -> Subscription:
        """Over from `now`, the `period-end` or an instant on. Raises as `change`."""
        now = self._clock.now()
        instant = self._instant(self.get(organisation_id, subscription_id), at, notice=0, now=now)
        return self._do(
            organisation_id, subscription_id, lambda one, _: life.end(one, at=instant, now=now), "ended", now=now,
            at=instant, actor_id=actor_id, detail={"because": _shortened(because)},
        )  # fmt: skip

    def withdraw(self, organisation_id: int, subscription_id: int, *, actor_id: int = 0) -> Subscription:
        """What is planned for later, a change or an end, does not happen. Raises Conflict when nothing is."""
        return self._do(
            organisation_id,
            subscription_id,
            lambda one, now: life.withdraw(one, now=now),
            "withdrawn",
            actor_id=actor_id,
        )

    def suspend(
        self, organisation_id: int, subscription_id: int, *, because: str = "", actor_id: int = 0
    ) -> Subscription:
        """Suspended from now on. Raises Conflict."""
        reason = _shortened(because)
        return self._do(
            organisation_id,
            subscription_id,
            lambda one, now: life.suspend(one, now=now, because=reason),
            "suspended",
            actor_id=actor_id,
            detail={"because": reason},
        )

    def resume(self, organisation_id: int, subscription_id: int, *, actor_id: int = 0) -> Subscription:
        """Not suspended any more. Raises Conflict."""
        return self._do(
            organisation_id, subscription_id, lambda one, now: life.resume(one, now=now), "resumed", actor_id=actor_id
        )

    def change_units(
        self,
        organisation_id: int,
        subscription_id: int,
        *,
        add: Sequence[int] = (),
        remove: Sequence[int] = (),
        actor_id: int = 0,
    ) -> Subscription:
        """Some more named units, some no longer, from now on. Raises Invalid, Conflict."""
        before = self.get(organisation_id, subscription_id)
        faults = starting.strangers(self._owners, organisation_id, before.product, add)
        if faults:
            raise Invalid("Not all of them can be in it.", faults=faults)
        detail = {"add": [*map(format_id, add)], "remove": [*map(format_id, remove)]}
        return self._do(
            organisation_id,
            subscription_id,
            lambda one, now: life.with_units(one, add, remove, now=now),
            "units",
            actor_id=actor_id,
            detail=detail,
        )

    def give_coupon(
        self, organisation_id: int, subscription_id: int, coupon: NewCoupon, *, actor_id: int = 0
    ) -> Subscription:
        """A coupon from now on. Raises Invalid, Conflict."""

        def given(one: Subscription, now: int) -> Subscription:
            begin = max(now, one.starts_at)
            phase = one.phase_at(begin)
            plan = self._plans.get(organisation_id, one.product, phase.plan, phase.version)
            return life.with_coupon(one, starting.given(one, coupon, plan, begin), now=now)

        return self._do(
            organisation_id, subscription_id, given, "coupon", actor_id=actor_id, detail={"name": coupon.name}
        )

    def _do(
        self,
        organisation_id: int,
        subscription_id: int,
        decide: Callable[[Subscription, int], Subscription],
        kind: str,
        *,
        now: int | None = None,
        at: int | None = None,
        actor_id: int = 0,
        detail: Mapping[str, Any] | None = None,
    ) -> Subscription:
        """One decision: the next revision and its event, or neither. A decision that changes nothing leaves no trace."""
        instant = self._clock.now() if now is None else now
        with self._records.write() as connection:
            before = store.find(connection, organisation_id, subscription_id, locked=True)
            decided = decide(before, instant)
            if decided == before:
                return before
            if before.revision >= SUBSCRIPTION_EVENTS_MAX:
                raise Conflict("The subscription was changed too often.", remedy="End it and start another one.")
            after = replace(decided, revision=before.revision + 1, updated_at=Instant(instant))
            store.update(connection, after, before=before)
            since = max(instant if at is None else at, after.starts_at)
            store.add_event(connection, after, kind, at=since, actor_id=actor_id, detail=detail or {})
        return after


def _without(span: Span, others: Sequence[Span]) -> builtins.list[Span]:
    """A time less other times, which are in order."""
    found, at = [], span.start
    for other in others:
        if at < other.start:
            found.append(Span(at, min(other.start, span.end)))
        at = max(at, other.end)
    if at < span.end:
        found.append(Span(at, span.end))
    return found


def _shortened(text: str) -> str:
    return text.strip()[:TITLE_LENGTH_MAX]

"""Entitlements as they are asked for: given, taken back, suspended, shared, handed on, used up, topped up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from entitlements_making import DAY, DRYER, HOUR, LAMP, MAKER, OTHER, WASHER, World, monthly

from monokoto.earn.calendar import Span
from monokoto.earn.entitlements import FOREVER, Gift, Held, Holder, Source, SuspendedBy, store
from monokoto.kernel.errors import Conflict, Invalid, NotFound

NIGHT, SPEED, WASHES, BILLED, BRAKES = (
    *("night-programme", "speed-limit", "washes-included", "washes-billed", "brakes"),
)
OF_WASHER = Held(Holder.UNIT, WASHER)


def test_nobody_has_what_was_not_given(world: World) -> None:
    verdict = world.service.may(MAKER, WASHER, NIGHT)
    assert not verdict.allowed
    assert "Night programme" in verdict.reason
    with pytest.raises(NotFound):
        world.service.may(MAKER, WASHER, "nihgt-programme")
    with pytest.raises(NotFound):
        world.service.may(MAKER, LAMP, NIGHT)


def test_given_from_an_instant_until_another(world: World) -> None:
    begin, end = world.now + HOUR, world.now + 5 * HOUR
    one, new = world.service.give(MAKER, Gift(feature=NIGHT, holder=OF_WASHER, begin=begin, end=end, key="evening"))
    assert new
    for at, allowed in ((begin - 1, False), (begin, True), (end - 1, True), (end, False)):
        assert world.service.may(MAKER, WASHER, NIGHT, at).allowed is allowed
    assert world.service.may(MAKER, WASHER, NIGHT).until == begin
    assert world.service.may(MAKER, WASHER, NIGHT, begin).until == end
    again, new = world.service.give(MAKER, Gift(feature=NIGHT, holder=OF_WASHER, begin=begin, end=end, key="evening"))
    assert (again.id, new) == (one.id, False)
    with pytest.raises(Conflict):
        world.service.give(MAKER, Gift(feature=SPEED, value=25, holder=OF_WASHER, key="evening"))


def test_times_that_follow_upon_each_other_are_one(world: World) -> None:
    start = world.now
    for number in range(3):
        times = {"begin": start + number * HOUR, "end": start + (number + 1) * HOUR}
        world.service.give(MAKER, Gift(feature=NIGHT, holder=OF_WASHER, **times))
    assert world.service.may(MAKER, WASHER, NIGHT).until == start + 3 * HOUR


def test_the_better_value_holds(world: World) -> None:
    world.subscribe(1, SPEED, [WASHER], value=25)
    assert world.service.may(MAKER, WASHER, SPEED).value == 25
    world.service.give(MAKER, Gift(feature=SPEED, holder=OF_WASHER, value=28, end=world.now + HOUR))
    verdict = world.service.may(MAKER, WASHER, SPEED)
    assert (verdict.value, verdict.until) == (28, world.now + HOUR)
    assert world.service.may(MAKER, WASHER, SPEED, world.now + HOUR).value == 25
    world.service.give(MAKER, Gift(feature=SPEED, holder=OF_WASHER, value=10, priority=0))
    assert world.service.may(MAKER, WASHER, SPEED).value == 10


def test_taken_back_it_is_gone_at_once_and_its_past_stays(world: World) -> None:
    one, _ = world.service.give(MAKER, Gift(feature=NIGHT, holder=OF_WASHER))
    begun = world.now
    world.clock.advance(60)
    taken = world.service.take(MAKER, one.id)
    assert taken.end == world.now
    assert not world.service.may(MAKER, WASHER, NIGHT).allowed
    assert world.service.may(MAKER, WASHER, NIGHT, begun).allowed
    with pytest.raises(NotFound):
        world.service.take(OTHER, one.id)
    assert world.service.take(MAKER, one.id).end == taken.end


@pytest.mark.parametrize(
    ("gift", "place"),
    [
        ({"feature": NIGHT, "amount": Decimal(1)}, "amount"),
        ({"feature": WASHES}, "amount"),
        ({"feature": WASHES, "amount": Decimal(0)}, "amount"),
        ({"feature": SPEED}, "value"),
        ({"feature": SPEED, "value": True}, "value"),
        ({"feature": SPEED, "value": "fast"}, "value"),
        ({"feature": NIGHT, "begin": 10, "end": 10}, "end"),
        ({"feature": NIGHT, "note": "x" * 501}, "note"),
        ({"feature": NIGHT, "begin": 1 << 60}, "begin"),
    ],
)
def test_what_cannot_be_given(world: World, gift: dict, place: str) -> None:
    with pytest.raises(Invalid) as raised:
        world.service.give(MAKER, Gift(holder=OF_WASHER, **gift))
    assert place in {fault.place for fault in raised.value.faults}


def test_whoever_suspends_ends_its_own_and_a_hand_ends_all(world: World) -> None:
    by_hand, dunning = SuspendedBy.HAND, SuspendedBy.DUNNING
    for first, second in ((by_hand, dunning), (dunning, by_hand)):
        one = world.service.suspend(MAKER, 1, "fraud", by=first)
        assert world.service.suspend(MAKER, 1, "unpaid", by=second).id != one.id
        assert world.service.resume(MAKER, 1, by=dunning)
        assert [left.by for left in world.service.suspensions(MAKER, limit=9)] == [by_hand]
        assert not world.service.resume(MAKER, 1, by=dunning)
        world.service.suspend(MAKER, 1, "unpaid", by=dunning)
        assert world.service.resume(MAKER, 1)
        assert world.service.suspensions(MAKER, limit=9) == []


def test_a_suspended_customer_keeps_what_is_for_safety(world: World) -> None:
    for feature in (NIGHT, BRAKES):
        world.subscribe(1, feature, [WASHER], value=True)
    world.service.give(MAKER, Gift(feature=SPEED, holder=OF_WASHER, value=20))
    begun = world.now
    world.clock.advance(60)
    suspension = world.service.suspend(MAKER, 1, "Invoice 7 is 30 days overdue")
    assert world.service.suspend(MAKER, 1, "again").id == suspension.id
    closed = world.service.may(MAKER, WASHER, NIGHT)
    assert not closed.allowed
    assert "suspended" in closed.reason
    assert not world.service.may(MAKER, WASHER, SPEED).allowed
    assert world.service.may(MAKER, WASHER, BRAKES).allowed
    assert world.service.may(MAKER, WASHER, NIGHT, begun).allowed
    assert [one.customer_id for one in world.service.suspensions(MAKER, limit=10)] == [1]
    assert world.service.resume(MAKER, 1)
    assert world.service.may(MAKER, WASHER, NIGHT).allowed
    assert not world.service.resume(MAKER, 1)


def test_a_quota_is_used_up_and_comes_again(world: World) -> None:
    start = world.now
    world.subscribe(1, WASHES, [WASHER, DRYER], amount=Decimal(10), cycle=monthly(start))
    for _ in range(6):
        world.clock.advance(3600)
        world.use(WASHER)
    world.use(DRYER, 3)
    world.clock.advance(1)
    world.look()
    verdict = world.service.may(MAKER, WASHER, WASHES)
    assert (verdict.allowed, verdict.left, verdict.used) == (True, 1, 9)
    world.use(DRYER, 2)
    world.clock.advance(1)
    world.look()
    verdict = world.service.may(MAKER, DRYER, WASHES)
    assert (verdict.allowed, verdict.left, verdict.overage) == (False, 0, 1)
    assert verdict.until == monthly(start).after(start)
    following = world.service.may(MAKER, WASHER, WASHES, verdict.until)
    assert (following.allowed, following.left, following.used) == (True, 10, 0)


def test_a_top_up_pays_what_was_used_beyond(world: World) -> None:
    world.subscribe(1, WASHES, [WASHER], amount=Decimal(2), cycle=monthly(world.now))
    world.use(WASHER, 3)
    world.clock.advance(60)
    world.look()
    assert not world.service.may(MAKER, WASHER, WASHES).allowed
    one, _ = world.service.give(MAKER, Gift(feature=WASHES, holder=OF_WASHER, amount=Decimal(5), source=Source.TOP_UP))
    assert one.holder == Held(Holder.SUBSCRIPTION, 1)
    assert world.service.may(MAKER, WASHER, WASHES).left == 4
    # What was bought beside the plan does not end with the plan's period.
    later = monthly(world.now - 60_000_000).after(world.now)
    assert world.service.may(MAKER, WASHER, WASHES, later).left == 6


def test_a_soft_limit_goes_on(world: World) -> None:
    world.subscribe(1, BILLED, [WASHER], amount=Decimal(1), cycle=monthly(world.now))
    world.use(WASHER, 4)
    world.clock.advance(1)
    world.look()
    verdict = world.service.may(MAKER, WASHER, BILLED)
    assert (verdict.allowed, verdict.left, verdict.overage) == (True, 0, 3)


def test_late_usage_counts_where_it_belongs(world: World) -> None:
    start = world.now
    world.subscribe(1, WASHES, [WASHER], amount=Decimal(10), cycle=monthly(start), rollover_max=Decimal(5))
    second = monthly(start).after(start)
    world.clock.advance((second - start) / 1e6 + 60)
    assert world.service.may(MAKER, WASHER, WASHES).left == 15
    world.use(WASHER, 8, at=start + HOUR)
    world.look()
    assert world.service.may(MAKER, WASHER, WASHES).left == 12


def test_an_upgrade_within_the_period_counts_what_was_used(world: World) -> None:
    start, middle = world.now, world.now + 10 * DAY
    world.subscribe(1, WASHES, [WASHER], amount=Decimal(10), cycle=monthly(start), end=middle)
    world.subscribe(1, WASHES, [WASHER], amount=Decimal(30), cycle=monthly(start), begin=middle, plan="family 1")
    world.use(WASHER, 8, at=start + DAY)
    world.clock.advance(11 * DAY / 1e6)
    world.look()
    verdict = world.service.may(MAKER, WASHER, WASHES)
    assert (verdict.left, verdict.used) == (22, 8)
    assert world.service.may(MAKER, WASHER, WASHES, verdict.until).left == 30


def test_a_family_shares_one_quota(world: World) -> None:
    world.subscribe(1, WASHES, [WASHER], amount=Decimal(5), cycle=monthly(world.now))
    world.subscribe(1, NIGHT, [WASHER], value=True)
    with pytest.raises(Invalid):
        world.service.share(MAKER, WASHER, WASHES, WASHER)
    share = world.service.share(MAKER, WASHER, WASHES, DRYER)
    night = world.service.share(MAKER, WASHER, NIGHT, DRYER)
    world.clock.advance(60)
    world.use(DRYER, 2)
    world.clock.advance(60)
    world.look()
    assert world.service.may(MAKER, WASHER, WASHES).left == 3
    assert world.service.may(MAKER, DRYER, WASHES).left == 3
    assert world.service.may(MAKER, DRYER, NIGHT).allowed
    world.service.suspend(MAKER, 1, "overdue")
    assert not world.service.may(MAKER, DRYER, NIGHT).allowed
    world.service.resume(MAKER, 1)
    for one in (share, night):
        world.service.take(MAKER, one.id)
    assert not world.service.may(MAKER, DRYER, NIGHT).allowed
    assert not world.service.may(MAKER, DRYER, WASHES).allowed
    assert world.service.may(MAKER, WASHER, WASHES).left == 3


@pytest.mark.parametrize("sold", [WASHER, DRYER])
def test_what_is_shared_ends_when_one_of_the_units_comes_into_other_hands(world: World, sold: int) -> None:
    world.subscriptions.hands[sold] = (world.now - HOUR,)
    world.service.give(MAKER, Gift(feature=NIGHT, holder=OF_WASHER, source=Source.BOUGHT))
    world.service.share(MAKER, WASHER, NIGHT, DRYER)
    assert world.service.may(MAKER, DRYER, NIGHT).allowed
    handed = world.now + HOUR
    world.subscriptions.hands[sold] = (world.now - HOUR, handed)
    world.service.heard(MAKER, [Held(Holder.UNIT, sold)])
    verdict = world.service.may(MAKER, DRYER, NIGHT, handed - 1)
    assert (verdict.allowed, verdict.until) == (True, handed)
    assert not world.service.may(MAKER, DRYER, NIGHT, handed).allowed
    assert world.service.may(MAKER, WASHER, NIGHT, handed).allowed, "what the unit has goes with it"
    world.clock.advance(2 * HOUR // 1_000_000)
    world.service.share(MAKER, WASHER, NIGHT, DRYER)
    assert world.service.may(MAKER, DRYER, NIGHT).allowed, "whoever has it now may share anew"


def test_a_gift_is_whole_or_none(world: World) -> None:
    bought, _ = world.service.give(
        MAKER, Gift(feature=WASHES, holder=OF_WASHER, amount=Decimal(3), source=Source.BOUGHT)
    )
    world.clock.advance(1)
    gift = world.service.hand_on(MAKER, bought.id, DRYER)
    assert (gift.source, gift.holder) == (Source.GIFT, Held(Holder.UNIT, DRYER))
    assert world.service.may(MAKER, DRYER, WASHES).left == 3
    assert not world.service.may(MAKER, WASHER, WASHES).allowed
    with pytest.raises(Conflict):
        world.service.hand_on(MAKER, bought.id, DRYER)
    world.use(DRYER, 1)
    world.clock.advance(1)
    with pytest.raises(Conflict):
        world.service.hand_on(MAKER, gift.id, WASHER)


class Died(BaseException):
    """The process, in the middle."""


@pytest.mark.parametrize("step", ["insert", "set_end"])
def test_whatever_dies_while_a_gift_changes_hands_one_of_the_units_has_it(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    bought, _ = world.service.give(
        MAKER, Gift(feature=WASHES, holder=OF_WASHER, amount=Decimal(3), source=Source.BOUGHT)
    )
    world.clock.advance(1)
    whole = getattr(store, step)

    def dying(*given: Any) -> None:
        whole(*given)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(store, step, dying)
        with pytest.raises(Died):
            world.service.hand_on(MAKER, bought.id, DRYER)
    assert world.service.may(MAKER, WASHER, WASHES).left == 3
    assert not world.service.may(MAKER, DRYER, WASHES).allowed
    given = world.service.hand_on(MAKER, bought.id, DRYER)
    assert (given.amount, world.service.get(MAKER, bought.id).end) == (Decimal(3), world.clock.now())


def test_a_unit_that_is_sold_takes_nothing_of_its_former_customers_along(world: World) -> None:
    start, sold = world.now, world.now + DAY
    world.subscribe(1, NIGHT, [WASHER], value=True)
    world.subscriptions.units[1][WASHER] = (Span(start, sold),)
    world.subscriptions.customers[1][WASHER] = (Span(start, sold),)
    world.subscriptions.customers[2] = {WASHER: (Span(sold, FOREVER),)}
    world.service.projection.forget_all()
    assert world.service.may(MAKER, WASHER, NIGHT, sold - 1).allowed
    assert not world.service.may(MAKER, WASHER, NIGHT, sold).allowed
    world.service.give(MAKER, Gift(feature=SPEED, product="washer", holder=Held(Holder.CUSTOMER, 2), value=9))
    assert world.service.may(MAKER, WASHER, SPEED, sold).value == 9
    assert not world.service.may(MAKER, WASHER, SPEED, sold - 1).allowed
    world.service.suspend(MAKER, 1, "the former customer")
    assert world.service.may(MAKER, WASHER, SPEED, sold).allowed


def test_another_process_hears_of_it(world: World) -> None:
    other = world.another()
    assert not other.may(MAKER, WASHER, NIGHT).allowed
    world.service.give(MAKER, Gift(feature=NIGHT, holder=OF_WASHER))
    assert not other.may(MAKER, WASHER, NIGHT).allowed
    other.heard_fact(world.facts[-1])
    assert other.may(MAKER, WASHER, NIGHT).allowed
    third = world.another()
    assert third.may(MAKER, WASHER, NIGHT).allowed
    since = world.now
    world.clock.advance(1)
    world.service.take(MAKER, world.service.list(MAKER)[0].id)
    assert third.may(MAKER, WASHER, NIGHT, world.now).allowed
    assert third.catch_up(since) == world.now
    assert not third.may(MAKER, WASHER, NIGHT, world.now).allowed


def test_rows_are_listed_newest_first_within_the_organisation(world: World) -> None:
    made = [world.service.give(MAKER, Gift(feature=NIGHT, holder=Held(Holder.UNIT, one)))[0] for one in (WASHER, DRYER)]
    assert [one.id for one in world.service.list(MAKER)] == [made[1].id, made[0].id]
    assert [one.id for one in world.service.list(MAKER, holder=OF_WASHER)] == [made[0].id]
    assert [one.id for one in world.service.list(MAKER, before=made[1].id)] == [made[0].id]
    assert world.service.list(MAKER, feature=SPEED) == []
    assert world.service.list(OTHER) == []
    with pytest.raises(NotFound):
        world.service.get(OTHER, made[0].id)

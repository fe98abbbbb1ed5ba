"""Subscriptions as records: started, changed, moved, ended; for which units; what is due."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from subscriptions_making import DAY, House, at

from monokoto.earn.calendar import Span
from monokoto.earn.subscriptions import Coverage, Gift, NewCoupon, Status, Wanted, move_all
from monokoto.kernel.errors import Conflict, Invalid, NotFound

FLEET = {"coverage": Coverage.FLEET}


def kinds(house: House, subscription_id: int) -> list[str]:
    return [one.kind for one in house.subscriptions.events(house.maker, subscription_id)]


def test_a_subscription_lives_and_everything_decided_is_written_down(house: House) -> None:
    ann = house.customer(organisation="house", timezone="Europe/Berlin")
    one = house.start(ann)
    subscriptions = house.subscriptions
    assert (one.status(house.clock.now()), one.timezone, one.phases[0].version) == (
        Status.ACTIVE, "Europe/Berlin", 1,
    )  # fmt: skip
    house.clock.advance(3600)
    subscriptions.suspend(house.maker, one.id, because="unpaid", actor_id=3)
    house.clock.advance(3600)
    subscriptions.resume(house.maker, one.id)
    subscriptions.change(house.maker, one.id, plan="yearly", at="period-end")
    subscriptions.withdraw(house.maker, one.id)
    ended = subscriptions.end(house.maker, one.id, at="now", because="moved away")
    assert ended.status(house.clock.now()) is Status.ENDED
    assert kinds(house, one.id) == ["started", "suspended", "resumed", "changed", "withdrawn", "ended"]
    events = subscriptions.events(house.maker, one.id)
    assert [event.revision for event in events] == [1, 2, 3, 4, 5, 6]
    assert (events[1].actor_id, events[1].detail) == (3, {"because": "unpaid"})
    assert events[3].at > events[3].recorded_at, "a change that is planned says from when on"
    assert subscriptions.get(house.maker, one.id) == ended
    for statement in ("UPDATE subscription_events SET kind = 'x'", "DELETE FROM subscription_events"):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), house.records.write() as connection:
            connection.execute(sa.text(statement))


def test_a_subscription_stays_on_its_version_until_it_is_moved_with_notice(house: House) -> None:
    one = house.start(house.customer(), **FLEET)
    version = house.dearer()
    assert house.subscriptions.get(house.maker, one.id).phases[-1].version == 1
    house.clock.advance(9 * 86_400)
    with pytest.raises(Conflict, match="30 days") as refused:
        house.subscriptions.change(house.maker, one.id)
    assert "2026-03-01T00:00:00Z" in refused.value.remedy
    moved = house.subscriptions.change(house.maker, one.id, at="notice")
    assert [(each.version, each.begin) for each in moved.phases] == [(1, one.starts_at), (version, at("2026-03-01"))]
    agreed = house.subscriptions.change(house.maker, one.id, agreed=True)
    assert [(each.version, each.begin) for each in agreed.phases] == [(1, one.starts_at), (2, house.clock.now())]
    assert kinds(house, one.id) == ["started", "moved", "moved"]


def test_all_who_subscribed_to_a_plan_are_moved_once(house: House) -> None:
    several = [house.start(house.customer(name=f"c{number}"), **FLEET) for number in range(3)]
    leaving = house.start(house.customer(name="leaving"), ends_at=at("2026-01-20"), **FLEET)
    house.start(house.customer(name="other"), "yearly", **FLEET)
    house.dearer()

    def move(**given):
        return move_all(house.subscriptions, house.plans, house.maker, product="washer", plan="basic", **given)

    seen = move(preview=True)
    assert (len(seen.moved), seen.first_at, [one.subscription.id for one in seen.left]) == (
        3, at("2026-02-01"), [leaving.id],
    )  # fmt: skip
    assert house.subscriptions.list(house.maker, Wanted(plan="basic", version=2)) == []
    assert len(move().moved) == 3
    assert [one.id for one in house.subscriptions.list(house.maker, Wanted(plan="basic", version=2))] == [
        one.id for one in several
    ]
    assert move().moved == ()


def test_a_unit_belongs_to_each_owners_subscription_for_its_own_time(house: House) -> None:
    other = house.organisations.create("Other", "other", "owner").id
    ann, bob = house.customer(organisation="house"), house.customer(organisation="other", name="Bob")
    first, second = house.start(ann), house.start(bob)
    middle = at("2026-01-10")
    house.owners.give(5, house.buyer, at("2025-01-01"), middle)
    house.owners.give(5, other, middle)
    month = Span(at("2026-01-01"), at("2026-02-01"))
    units = house.subscriptions.units
    assert units(first, month) == {5: (Span(month.start, middle),)}
    assert units(second, month) == {5: (Span(middle, month.end),)}
    assert units(first, Span(at("2025-01-01"), at("2025-02-01"))) == {}, "before it was there"
    found = [house.subscriptions.of_unit(house.maker, "washer", 5, instant)[0].id for instant in (middle - 1, middle)]
    assert found == [first.id, second.id]


def test_named_units_are_the_subscriptions_while_nobody_else_owns_them(house: House) -> None:
    house.owners.units |= {8, 9}
    ann = house.customer(organisation="house")
    one = house.start(ann, coverage=Coverage.UNITS, unit_ids=(9, 8))
    sold, until = at("2026-01-10"), at("2026-02-01")
    house.owners.give(9, 77, sold)
    assert house.subscriptions.units(one, Span(one.starts_at, until)) == {
        8: (Span(one.starts_at, until),), 9: (Span(one.starts_at, sold),),
    }  # fmt: skip
    assert house.subscriptions.of_unit(house.maker, "washer", 9, sold) == []
    assert [each.id for each in house.subscriptions.of_unit(house.maker, "washer", 9, sold - 1)] == [one.id]
    house.clock.advance(86_400)
    less = house.subscriptions.change_units(house.maker, one.id, remove=[8])
    assert house.subscriptions.units(less, Span(one.starts_at, until))[8] == (Span(one.starts_at, house.clock.now()),)
    assert house.subscriptions.of_unit(house.maker, "washer", 8, house.clock.now()) == []
    assert [each.id for each in house.subscriptions.list(house.maker, Wanted(unit_id=8))] == [one.id]
    with pytest.raises(Invalid):
        house.subscriptions.change_units(house.maker, one.id, add=[404])


def test_a_fleet_is_every_unit_of_the_product(house: House) -> None:
    house.owners.units |= {3, 1, 2}
    one = house.start(house.customer(), **FLEET)
    assert list(house.subscriptions.units(one, Span(one.starts_at, one.starts_at + 1))) == [1, 2, 3]
    assert [each.id for each in house.subscriptions.of_unit(house.maker, "washer", 2, one.starts_at)] == [one.id]


def test_what_cannot_be_subscribed_to_is_refused(house: House) -> None:
    ann = house.customer()
    with pytest.raises(NotFound):
        house.start(ann, "nothing", **FLEET)
    with pytest.raises(Invalid, match="no organisation"):
        house.start(ann)
    with pytest.raises(Invalid):
        house.start(ann, coverage=Coverage.UNITS, unit_ids=(404,))
    with pytest.raises(Conflict, match="pays in EUR"):
        house.start(ann, "dollars", **FLEET)
    house.start(ann, **FLEET)
    with pytest.raises(Conflict, match="already"):
        house.start(ann, **FLEET)
    house.plans.retire(house.maker, "washer", "yearly")
    with pytest.raises(Conflict, match="retired"):
        house.start(ann, "yearly", **FLEET)
    with pytest.raises(Conflict, match="have not ended"):
        house.customers.archive(house.maker, ann.id)


def test_statuses_in_a_list_are_those_told_of_each(house: House) -> None:
    customer = house.customer()
    now = house.clock.now()
    ids = {
        Status.ACTIVE: house.start(customer, **FLEET).id,
        Status.TRIALING: house.start(customer, "trial", **FLEET).id,
        Status.SCHEDULED: house.start(customer, "yearly", starts_at=now + DAY, **FLEET).id,
        Status.SUSPENDED: house.start(customer, "calendar", **FLEET).id,
    }
    house.subscriptions.suspend(house.maker, ids[Status.SUSPENDED])
    gone = house.start(house.customer(name="gone"), **FLEET)
    house.clock.advance(1)
    ids[Status.ENDED] = house.subscriptions.end(house.maker, gone.id, at="now").id
    for status, subscription_id in ids.items():
        found = house.subscriptions.list(house.maker, Wanted(status=status))
        assert [one.id for one in found] == [subscription_id]
        assert found[0].status(house.clock.now()) is status


def test_what_is_due_is_told_until_it_is_billed(house: House) -> None:
    one = house.start(house.customer(), **FLEET)
    later = house.start(house.customer(name="later"), "yearly", starts_at=house.clock.now() + DAY, **FLEET)
    due = house.subscriptions.due
    assert [each.id for each in due(house.maker, one.starts_at)] == [one.id], "fees in advance are due at the beginning"
    house.subscriptions.billed(house.maker, one.id, one.starts_at)
    assert due(house.maker, one.starts_at) == []
    month = at("2026-02-01")
    first, second = due(house.maker, month)
    assert ([first.id, second.id], second.next_at) == ([later.id, one.id], month)
    assert [each.id for each in due(house.maker, month, after=(first.next_at, first.id))] == [one.id]
    house.subscriptions.billed(house.maker, one.id, month)
    assert house.subscriptions.billed(house.maker, one.id, one.starts_at).billed_until == month, "never backward"
    assert house.subscriptions.get(house.maker, one.id).revision == 1, "billing is no decision"


def test_coupons_last_for_their_periods_and_gifts_are_paid_by_the_giver(house: House) -> None:
    ann, bob = house.customer(), house.customer(name="Bob")
    coupon = NewCoupon(name="half", percent=Decimal(50), charges=("base",), periods=2)
    one = house.start(ann, coupons=(coupon,), gift=Gift(giver_id=bob.id, message="for you"), **FLEET)
    assert (one.coupons[0].end, one.payer_id) == (at("2026-03-01"), bob.id)
    assert house.subscriptions.get(house.maker, one.id).coupons == one.coupons
    wrong = (
        {"percent": Decimal(101)}, {}, {"amount": Decimal("1.005")}, {"percent": Decimal(1), "charges": ("x",)},
    )  # fmt: skip
    for given in wrong:
        with pytest.raises(Invalid):
            house.subscriptions.give_coupon(house.maker, one.id, NewCoupon(name="x", **given))
    with pytest.raises(Conflict):
        house.subscriptions.give_coupon(house.maker, one.id, NewCoupon(name="half", percent=Decimal(1)))


def test_a_buyer_sees_its_own_and_other_makers_nothing(house: House) -> None:
    one = house.start(house.customer(organisation="house"))
    house.start(house.customer(), **FLEET)
    stranger = house.organisations.create("Stranger", "stranger").id
    assert [each.id for each in house.subscriptions.of_buyer(house.buyer)] == [one.id]
    assert house.subscriptions.one_of_buyer(house.buyer, one.id) == one
    assert house.subscriptions.of_buyer(stranger) == house.subscriptions.list(stranger) == []
    for ask in (
        lambda: house.subscriptions.get(stranger, one.id), lambda: house.subscriptions.end(stranger, one.id),
        lambda: house.subscriptions.one_of_buyer(stranger, one.id), lambda: house.subscriptions.events(stranger, one.id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            ask()

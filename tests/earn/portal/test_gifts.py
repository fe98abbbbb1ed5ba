"""Presents: made by one, taken by another, paid by who gave; withdrawn, too old, taken twice."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa
from portal_making import ALSO_HERS, ANN, HERS, NOT_HERS, TAKER, Shop

from monokoto.earn.portal import Gifts, GiftState, store
from monokoto.earn.portal.gift import Gift
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.limits import GIFT_DAYS, GIFTS_OPEN_MAX

THEIRS = 9


@pytest.fixture
def gifts(shop: Shop) -> Gifts:
    shop.owners.give(THEIRS, TAKER, 0)
    return Gifts(
        shop.records,
        shop.clock,
        plans=shop.plans,
        offers=shop.offering,
        purchases=shop.purchases,
        subscriptions=shop.subscriptions,
    )


def given(shop: Shop, gifts: Gifts, plan: str = "evening") -> tuple[int, str]:
    made, code = gifts.make(shop.buyer, shop.choice(plan), shop.offers(), "For you")
    return made.id, code


def test_who_takes_it_has_it_and_who_gave_it_pays(shop: Shop, gifts: Gifts) -> None:
    _, code = given(shop, gifts)
    assert shop.subscriptions.of_buyer(shop.buyer, limit=10) == []
    found, plan, units = gifts.look(TAKER, code.replace("-", " ").lower(), [THEIRS, HERS])
    assert (plan.name, list(units), found.state(shop.clock.now())) == ("evening", [THEIRS], GiftState.OPEN)
    taken = gifts.take(TAKER, code, THEIRS, [THEIRS], billing=replace(ANN, name="Ben"))
    assert taken.ends_at == shop.clock.now() + 12 * 3_600 * 10**6
    payer, user = (shop.customers.get(shop.maker, one) for one in (taken.payer_id, taken.customer_id))
    assert (payer.name, user.name) == ("Ann", "Ben")
    assert [one.unit_id for one in taken.named] == [THEIRS]
    (told,) = gifts.list(shop.buyer, limit=10)
    assert (told.state(shop.clock.now()), told.subscription_id) == (GiftState.TAKEN, taken.id)
    with pytest.raises(Conflict, match="taken"):
        gifts.take(TAKER, code, THEIRS, [THEIRS])
    with pytest.raises(Conflict, match="taken"):
        gifts.withdraw(shop.buyer, told.id)


def test_what_is_refused_takes_nothing(shop: Shop, gifts: Gifts) -> None:
    _, code = given(shop, gifts)
    with pytest.raises(Invalid, match="your own"):
        gifts.take(TAKER, code, NOT_HERS, [THEIRS, NOT_HERS], billing=ANN)
    with pytest.raises(Invalid, match="Who pays"):
        gifts.take(TAKER, code, THEIRS, [THEIRS])
    with pytest.raises(NotFound):
        gifts.look(TAKER, "0000-0000-0000-0000", [THEIRS])
    assert gifts.look(TAKER, code, [THEIRS])[0].state(shop.clock.now()) is GiftState.OPEN
    with pytest.raises(Conflict, match="ends by itself"):
        gifts.make(shop.buyer, shop.choice("eco"), shop.offers())
    with pytest.raises(Conflict, match="changed"):
        gifts.make(shop.buyer, shop.choice("evening", version=2), shop.offers())


def test_a_present_is_withdrawn_grows_old_and_there_are_only_so_many(shop: Shop, gifts: Gifts) -> None:
    first, code = given(shop, gifts)
    with pytest.raises(NotFound):
        gifts.withdraw(TAKER, first)
    assert gifts.withdraw(shop.buyer, first) == gifts.withdraw(shop.buyer, first)
    with pytest.raises(Conflict, match="took it back"):
        gifts.look(TAKER, code, [THEIRS])
    codes = [given(shop, gifts)[1] for _ in range(GIFTS_OPEN_MAX)]
    with pytest.raises(Conflict, match="wait to be taken"):
        given(shop, gifts)
    assert len(gifts.list(shop.buyer, limit=5)) == 5
    shop.clock.advance(GIFT_DAYS * 86_400)
    with pytest.raises(Conflict, match="too old"):
        gifts.take(TAKER, codes[0], THEIRS, [THEIRS], billing=ANN)
    given(shop, gifts)


class Died(BaseException):
    """The process, in the middle."""


@pytest.mark.parametrize("after", [False, True])
def test_whatever_dies_in_the_middle_there_is_a_whole_present_or_none(
    shop: Shop, gifts: Gifts, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    gift_id, code = given(shop, gifts)
    ended = store.end

    def dying(connection: sa.Connection, gift: Gift) -> bool:
        if after:
            ended(connection, gift)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(store, "end", dying)
        with pytest.raises(Died):
            gifts.take(TAKER, code, THEIRS, [THEIRS], billing=ANN)
    assert shop.subscriptions.of_buyer(TAKER, limit=10) == []
    assert gifts.look(TAKER, code, [THEIRS])[0].state(shop.clock.now()) is GiftState.OPEN
    taken = gifts.take(TAKER, code, THEIRS, [THEIRS], billing=ANN)
    assert [one.id for one in shop.subscriptions.of_buyer(TAKER, limit=10)] == [taken.id]
    (told,) = gifts.list(shop.buyer, limit=10)
    assert (told.id, told.subscription_id) == (gift_id, taken.id)


def test_a_present_withdrawn_at_the_last_moment_leaves_no_subscription(
    shop: Shop, gifts: Gifts, monkeypatch: pytest.MonkeyPatch
) -> None:
    gift_id, code = given(shop, gifts)
    found = gifts.look(TAKER, code, [THEIRS])
    gifts.withdraw(shop.buyer, gift_id)
    monkeypatch.setattr(gifts, "look", lambda *_: found)  # what was seen a moment before
    with pytest.raises(Conflict):
        gifts.take(TAKER, code, THEIRS, [THEIRS], billing=ANN)
    assert shop.subscriptions.of_buyer(TAKER, limit=10) == []


def test_of_many_who_take_at_once_one_has_it(shop: Shop, gifts: Gifts) -> None:
    _, code = given(shop, gifts)
    shop.owners.give(ALSO_HERS, shop.buyer, 0)
    outcomes: list[object] = []

    def take() -> None:
        try:
            outcomes.append(gifts.take(shop.buyer, code, ALSO_HERS, [ALSO_HERS]))
        except Conflict as error:
            outcomes.append(error)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(isinstance(one, Conflict) for one in outcomes) == [False, True, True, True]
    assert len(shop.subscriptions.of_buyer(shop.buyer, limit=10)) == 1

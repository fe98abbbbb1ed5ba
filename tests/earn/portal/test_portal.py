"""What is offered to owners, and what becomes of what they buy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from portal_making import ALSO_HERS, ANN, HERS, NOT_HERS, Shop
from subscriptions_making import DAY

from monokoto.earn.subscriptions import Coverage, Gift, Status
from monokoto.kernel.errors import Conflict, Invalid, NotFound

HOUR = DAY // 24


def names(shop: Shop) -> list[str]:
    return [one.published.plan.name for one in shop.offers()]


def test_offered_is_what_says_so_of_products_one_owns_now(shop: Shop) -> None:
    assert names(shop) == ["eco", "evening", "family"]
    assert {tuple(one.units) for one in shop.offers()} == {(HERS, ALSO_HERS)}
    shop.plans.retire(shop.maker, "washer", "family")
    assert names(shop) == ["eco", "evening"]
    document = {**shop.plans.get(shop.maker, "washer", "eco").document, "offer": False}
    shop.plans.publish(shop.maker, "washer", "eco", document)
    assert names(shop) == ["evening"]
    assert shop.offering.to(shop.buyer, (NOT_HERS,)) == []


def test_who_buys_becomes_a_customer_and_subscribes_at_once(shop: Shop) -> None:
    made = shop.buy()
    (customer,) = shop.customers.list(shop.maker, buyer_id=shop.buyer)
    assert (customer.name, customer.currency, made.customer_id) == ("Ann", "EUR", customer.id)
    assert (made.coverage, made.status(shop.clock.now()), made.ends_at) == (Coverage.OWNED, Status.TRIALING, None)
    assert shop.buy("family", units=(HERS,), billing=None).customer_id == customer.id
    with pytest.raises(Conflict, match="already"):
        shop.buy()


def test_what_lasts_ends_by_itself_and_can_be_bought_again(shop: Shop) -> None:
    one = shop.buy("evening", units=(HERS,))
    assert one.ends_at == shop.clock.now() + 12 * HOUR
    with pytest.raises(Conflict, match="already"):
        shop.buy("evening", units=(HERS,))
    with pytest.raises(Conflict, match="ends by itself"):
        shop.purchases.end(shop.buyer, one.id)
    shop.clock.advance(13 * 3600)
    assert shop.buy("evening", units=(HERS,)).id != one.id


def test_a_trial_is_given_once(shop: Shop) -> None:
    first = shop.buy()
    assert first.trial_until == first.starts_at + 14 * DAY
    ended = shop.purchases.end(shop.buyer, first.id, because="enough")
    assert ended.ends_at == first.trial_until
    shop.clock.advance(20 * 86_400)
    assert shop.buy().trial_until is None


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"version": 2}, Conflict),
        ({"units": (NOT_HERS,)}, Invalid),
        ({"units": (HERS, 404)}, Invalid),
        ({"billing": None}, Invalid),
        ({"billing": replace(ANN, country="nowhere")}, Invalid),
        ({"plan": "basic"}, NotFound),
        ({"plan": "nothing"}, NotFound),
    ],
)
def test_nothing_is_bought_that_was_not_offered(shop: Shop, given: dict[str, object], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        shop.buy(**given)  # type: ignore[arg-type]
    assert shop.subscriptions.list(shop.maker) == []


def test_a_customer_changes_what_it_could_have_bought_and_nothing_else(shop: Shop) -> None:
    one = shop.buy()
    asked = {"plan": "family", "version": 1, "at": "now"}
    changed = shop.purchases.change(shop.buyer, one.id, shop.offers(), **asked)  # type: ignore[arg-type]
    assert [phase.plan for phase in changed.phases] == ["family"]
    for other, refusal in (("evening", Conflict), ("basic", NotFound)):
        with pytest.raises(refusal):
            shop.purchases.change(shop.buyer, one.id, shop.offers(), plan=other, version=1, at="now")
    with pytest.raises(Conflict, match="changed since"):
        shop.purchases.change(shop.buyer, one.id, shop.offers(), plan="eco", version=9, at="now")
    (customer,) = shop.customers.list(shop.maker, buyer_id=shop.buyer)
    agreed = shop.start(customer)
    paid_by_another = shop.start(customer, "eco", gift=Gift(giver_id=shop.customer().id))
    for sold in (agreed, paid_by_another):
        with pytest.raises(Conflict, match="agreed with the maker"):
            shop.purchases.end(shop.buyer, sold.id)
        with pytest.raises(Conflict, match="agreed with the maker"):
            shop.purchases.change(shop.buyer, sold.id, shop.offers(), **asked)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        shop.purchases.end(99, one.id)

"""Where invoices go, said by whoever gets them."""

from __future__ import annotations

import pytest
from portal_making import Shop, billing_portal

from monokoto.earn.subscriptions import Address
from monokoto.kernel.errors import Invalid, NotFound


def test_a_customer_says_where_its_invoices_go(shop: Shop) -> None:
    shop.buy()
    portal = billing_portal(shop)
    changes = {"email": "ann@home.example", "vat_id": "DE136695976", "address": Address(street="Weg 1", city="Berlin")}
    changed = portal.change_billing(shop.buyer, shop.maker, changes)
    (customer,) = portal.customers_of(shop.buyer, limit=5)
    assert customer == changed
    assert (customer.email, customer.vat_id, customer.address.city) == ("ann@home.example", "DE136695976", "Berlin")
    assert (customer.name, customer.country, customer.currency) == ("Ann", "DE", "EUR"), "what was not said stays"


def test_what_cannot_be_said_changes_nothing(shop: Shop) -> None:
    shop.buy()
    portal = billing_portal(shop)
    with pytest.raises(Invalid) as told:
        portal.change_billing(shop.buyer, shop.maker, {"email": "no mail", "vat_id": "DE1", "name": " "})
    assert {fault.place for fault in told.value.faults} == {"email", "vat_id", "name"}
    assert portal.customers_of(shop.buyer, limit=5)[0].email == ""


def test_of_whom_one_is_no_customer_nothing_is_changed(shop: Shop) -> None:
    portal = billing_portal(shop)
    with pytest.raises(NotFound):
        portal.change_billing(shop.buyer, shop.maker, {"email": "ann@home.example"})
    shop.buy()
    with pytest.raises(NotFound):
        portal.change_billing(99, shop.maker, {"email": "ann@home.example"})

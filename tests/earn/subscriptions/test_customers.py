"""Customers: their numbers are checked, their changes counted."""

from __future__ import annotations

import pytest
from subscriptions_making import House

from monokoto.earn.subscriptions import Address, iban_of, is_country, vat_id_of
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed


@pytest.mark.parametrize(
    ("given", "country", "kept"),
    [
        ("DE 136 695 976", "DE", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("EL 094259216", "GR", "EL094259216"),
        ("CHE-123.456.788 IVA", "CH", "CHE123456788IVA"),
        ("anything 1", "SO", "ANYTHING1"),
    ],
)
def test_vat_ids_are_kept_in_one_form(given: str, country: str, kept: str) -> None:
    assert vat_id_of(given, country) == kept


@pytest.mark.parametrize(
    ("given", "country"), [("DE136695977", "DE"), ("ATU13585627", "DE"), ("", "SO"), ("x" * 40, "SO")]
)
def test_wrong_vat_ids_are_faults(given: str, country: str) -> None:
    assert isinstance(vat_id_of(given, country), Fault)


def test_bank_accounts_and_countries_are_checked() -> None:
    assert iban_of("DE89 3704 0044 0532 0130 00") == "DE89370400440532013000"
    assert isinstance(iban_of("DE88 3704 0044 0532 0130 00"), Fault)
    assert [is_country(code) for code in ("KR", "XX", "EU", "de")] == [True, False, False, False]


@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_every_fault_is_told_at_once(house: House) -> None:
    with pytest.raises(Invalid) as refused:
        house.customer(
            name=" ", country="XX", currency="EURO", timezone="Mars", language="??", email="x", iban="x", terms_days=-1,
            address=Address(city="x" * 300),
        )  # fmt: skip
    assert {one.place for one in refused.value.faults} == {
        "name", "country", "currency", "timezone", "language", "email", "iban", "terms_days", "address/city",
    }  # fmt: skip


def test_a_customer_is_made_found_changed_and_archived(house: House) -> None:
    ann = house.customer(vat_id="DE136695976", organisation="house", address=Address(city="Köln"), reference="K-1")
    assert house.customers.get(house.maker, ann.id) == ann
    bob = house.customer(name="Bob")
    assert house.customers.list(house.maker, after=ann.id) == [bob]
    assert house.customers.list(house.maker, text="k-1") == [ann]
    assert house.customers.list(house.maker, buyer_id=house.buyer) == [ann]
    house.clock.advance(1)
    changed = house.customers.change(house.maker, ann.id, {"name": "Anna", "organisation": ""}, match='"1"')
    assert (changed.name, changed.revision, changed.customer_organisation_id) == ("Anna", 2, None)
    assert house.customers.change(house.maker, ann.id, {"name": "Anna"}) == changed
    with pytest.raises(PreconditionFailed):
        house.customers.change(house.maker, ann.id, {"name": "x"}, match='"1"')
    with pytest.raises(Invalid):
        house.customers.change(house.maker, ann.id, {"country": "AT"})
    house.customers.archive(house.maker, bob.id)
    assert house.customers.list(house.maker) == [changed]
    assert [one.id for one in house.customers.list(house.maker, archived=True)] == [bob.id]


def test_an_organisation_is_one_customer_of_a_maker_and_never_itself(house: House) -> None:
    house.customer(organisation="house")
    with pytest.raises(Conflict):
        house.customer(organisation="house")
    for slug in ("washers", "nobody"):
        with pytest.raises(Invalid):
            house.customer(organisation=slug)
    with pytest.raises(NotFound):
        house.customers.get(house.buyer, house.customers.list(house.maker)[0].id)

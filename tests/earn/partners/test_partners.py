"""Shares of what is sold, from a plan to a partner's statement; what is given back, they give back."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from sharing_making import SHUTTLE, SHUTTLE_UNIT, YEAR, billed, shuttles
from subscriptions_making import DAY, at
from till import GRACE, Till

from monokoto.connect.products import Folder
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import GivingBack
from monokoto.earn.partners import PlanPartners
from monokoto.earn.plans import Plans, read_document
from monokoto.engines.records import Records
from monokoto.kernel.errors import Conflict, Invalid, NotFound

SQLITE = pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)


@pytest.fixture
def till(records: Records) -> Till:
    return shuttles(records)


def owed(till: Till) -> dict[str, str]:
    return {one.partner: f"{one.owed:f}" for one in till.statements.owed(till.maker)}


def sound(till: Till) -> bool:
    return not [*till.ledger.audit(till.maker), *till.invoices.audit(till.maker)]


def test_partners_are_owed_their_parts_of_what_was_sold(till: Till) -> None:
    invoice = billed(till, 7)
    assert f"{invoice.net}" == "23.40"
    # 17.50 of rides: 9.625, 2.625, 2.1875 and 3.0625 to the maker. The two cents that are cut off go to charging, which lost
    # most, and to city, the first by name of two that lost as much.
    assert owed(till) == {"operator": "9.62", "city": "7.53", "charging": "2.19"}
    assert f"{till.ledger.balance(till.maker, 'revenue:shuttle', 'EUR')}" == "-4.06"
    assert sound(till)


def test_a_statement_opens_and_closes_and_says_of_what(till: Till) -> None:
    invoice = billed(till, 7)
    found = till.statements.of(till.maker, "city", "EUR", YEAR, limit=10)
    assert (f"{found.opening}", f"{found.closing}") == ("0.00", "7.53")
    (row,) = found.rows
    assert (row.document, f"{row.amount}") == (invoice.label, "7.53")
    assert {(line.title, f"{line.net}", f"{line.percent}") for line in row.lines} == {
        ("ride", "17.50", "15"),
        ("base", "4.90", "100"),
    }
    later = till.statements.of(till.maker, "city", "EUR", Span(at("2026-06-01"), at("2027-01-01")), limit=10)
    assert (f"{later.opening}", f"{later.closing}", later.rows) == ("7.53", "7.53", ())
    with pytest.raises(NotFound):
        till.statements.of(till.maker, "cit", "EUR", YEAR, limit=10)
    with pytest.raises(Invalid):
        till.statements.of(till.maker, "city", "EUR", Span(DAY, DAY), limit=10)


def test_what_is_given_back_in_pieces_leaves_nothing_with_anybody(till: Till) -> None:
    invoice = billed(till, 7)
    line = next(one for one in till.invoices.lines(till.maker, invoice.id) if one["title"] == "ride")
    for number, amount in enumerate(("0.01", "3.33", "0.02")):
        till.giving.credit_note(
            till.maker, invoice.id, key=f"n{number}", reason="", lines={line["key"]: Decimal(amount)}
        )
    assert owed(till) == {"operator": "7.78", "city": "7.02", "charging": "1.77"}  # of 14.14 and of 4.90
    till.giving.credit_note(till.maker, invoice.id, key="rest", reason="")
    assert owed(till) == {"operator": "0.00", "city": "0.00", "charging": "0.00"}
    statement = till.statements.of(till.maker, "operator", "EUR", YEAR, limit=10)
    assert sum(row.amount for row in statement.rows) == 0
    assert sound(till)


@SQLITE
def test_a_void_takes_all_shares_back(till: Till) -> None:
    invoice = billed(till, 3)
    till.giving.void(till.maker, invoice.id, "twice")
    assert set(owed(till).values()) == {"0.00"}
    assert sound(till)


def test_shares_are_found_after_a_start_while_plans_wait_to_be_published(till: Till) -> None:
    invoice = billed(till, 3)
    fresh = Plans(till.records, till.products, till.clock)
    newer = SHUTTLE.replace("1.0.0", "1.0.1").replace("operator: 55", "operator: 10")
    till.products.apply(till.maker, Folder({"product.yaml": newer}))
    giving = GivingBack(
        till.records, till.clock, ledger=till.ledger, issuers=till.issuers, partners=PlanPartners(fresh)
    )
    giving.void(till.maker, invoice.id, "twice")
    assert set(owed(till).values()) == {"0.00"}


@SQLITE
def test_late_rides_are_shared_when_they_are_billed(till: Till) -> None:
    billed(till, 2)
    before = owed(till)["operator"]
    till.used.add(SHUTTLE_UNIT, at("2026-01-20"))
    (one,) = till.subscriptions.list(till.maker)
    till.billing.touch(till.maker, {one.id: at("2026-01-20")})
    till.go(at("2026-03-01") + GRACE)
    till.go(at("2026-03-01") + 2 * GRACE)
    assert Decimal(owed(till)["operator"]) - Decimal(before) == Decimal("1.37")
    assert sound(till)


@SQLITE
def test_random_credit_notes_never_leak_a_cent(till: Till) -> None:
    dice = random.Random(7)
    invoice = billed(till, 41)
    lines = {one["key"]: Decimal(one["amount"]) for one in till.invoices.lines(till.maker, invoice.id)}
    for number in range(12):
        wanted = {key: Decimal(dice.randint(1, 300)).scaleb(-2) for key in lines if dice.random() < 0.6}
        wanted = {key: min(amount, lines[key]) for key, amount in wanted.items() if lines[key]}
        try:
            if wanted:
                till.giving.credit_note(till.maker, invoice.id, key=f"r{number}", reason="", lines=wanted)
        except Conflict:
            continue
        for key, amount in wanted.items():
            lines[key] -= amount
    till.giving.credit_note(till.maker, invoice.id, key="rest", reason="")
    assert set(owed(till).values()) == {"0.00"}
    assert not till.ledger.balance(till.maker, "revenue:shuttle", "EUR")
    assert sound(till)


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"a": "60", "b": "41"}, "more than 100 percent"),
        ({"a": "0"}, "above 0"),
        ({"a": 12.5}, "binary fraction"),
        ({"A b": "10"}, "cannot name a partner"),
        ("a", "shares"),
    ],
)
def test_shares_that_cannot_be(shares: object, said: str) -> None:
    document = {"currency": "EUR", "every": "month", "charges": {"base": {"fee": "4.90", "shares": shares}}}
    with pytest.raises(Invalid) as told:
        read_document(document, organisation_id=1, product="shuttle", name="ride")
    assert said in " ".join(f"{fault.place} {fault.reason}" for fault in told.value.faults)

"""Booking and balances on both engines: what sums to nothing, is booked once, and never changes."""

from __future__ import annotations

import random
import threading
from decimal import Decimal

import pytest
import sqlalchemy as sa

from monokoto.earn.ledger import Entry, Ledger, Posting
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Conflict, Invalid

MAKER, OTHER = 11, 22


@pytest.fixture
def ledger(records: Records) -> Ledger:
    return Ledger(records, ManualClock())


def sale(key: str, amount: str, *, at: int = 5, code: str = "EUR", customer: str = "ann") -> Entry:
    value = Decimal(amount)
    return Entry(
        key=key,
        at=at,
        title="A sale",
        postings=(Posting(f"receivable:{customer}", value, code), Posting("revenue:lamp", -value, code)),
    )


def book(records: Records, ledger: Ledger, *entries: Entry, organisation: int = MAKER) -> list[int]:
    with records.write() as connection:
        return [one.number for one in ledger.post_many(connection, organisation, entries)]


def test_an_entry_moves_balances_once(records: Records, ledger: Ledger) -> None:
    assert book(records, ledger, sale("a", "12.30"), sale("b", "0.05"), sale("a", "12.30")) == [1, 2, 1]
    assert book(records, ledger, sale("b", "0.05")) == [2]
    assert ledger.balance(MAKER, "receivable:ann", "EUR") == Decimal("12.35")
    assert ledger.balance(MAKER, "revenue:lamp", "EUR") == Decimal("-12.35")
    assert ledger.balance(OTHER, "receivable:ann", "EUR") == 0
    assert [one.entry.key for one in ledger.entries(MAKER)] == ["b", "a"]
    assert ledger.audit(MAKER) == []


def test_the_same_key_with_other_contents_is_refused(records: Records, ledger: Ledger) -> None:
    book(records, ledger, sale("a", "1.00"))
    with pytest.raises(Conflict):
        book(records, ledger, sale("a", "1.01"))
    assert ledger.head(MAKER).number == 1


@pytest.mark.parametrize(
    ("postings", "why"),
    [
        ([("receivable:ann", "1.00", "EUR"), ("revenue:lamp", "-0.99", "EUR")], "differ by 0.01 EUR"),
        ([("receivable:ann", "1.00", "EUR"), ("revenue:lamp", "-1.00", "USD")], "differ by 1.00 EUR"),
        ([("receivable:ann", "1.005", "EUR"), ("revenue:lamp", "-1.005", "EUR")], "smallest unit"),
        ([("pocket:ann", "1.00", "EUR"), ("revenue:lamp", "-1.00", "EUR")], "no account"),
        ([("receivable", "1.00", "EUR"), ("revenue:lamp", "-1.00", "EUR")], "no account"),
        ([("receivable:ann", "1.00", "XXQ"), ("revenue:lamp", "-1.00", "XXQ")], "no currency"),
        ([("receivable:ann", "0.00", "EUR"), ("revenue:lamp", "0.00", "EUR")], "zero"),
        ([("receivable:ann", "1.00", "EUR")], "2 to"),
    ],
)
@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_what_is_no_entry_is_refused(
    records: Records, ledger: Ledger, postings: list[tuple[str, str, str]], why: str
) -> None:
    made = tuple(Posting(account, Decimal(amount), code) for account, amount, code in postings)
    with pytest.raises(Invalid) as refused:
        book(records, ledger, sale("good", "1.00"), Entry(key="bad", at=1, title="", postings=made))
    assert why in str(refused.value)
    assert ledger.head(MAKER).number == 0, "nothing of it is booked"


def test_balances_are_those_of_an_instant(records: Records, ledger: Ledger) -> None:
    book(
        records, ledger, sale("late", "2.00", at=20), sale("early", "1.00", at=10), sale("yen", "7", at=10, code="JPY")
    )
    at = {instant: ledger.balance(MAKER, "receivable:ann", "EUR", at=instant) for instant in (9, 10, 19, 20)}
    assert at == {9: 0, 10: 1, 19: 1, 20: 3}
    found = ledger.balances(MAKER, at=10)
    assert [(one.account, one.currency, str(one.amount)) for one in found] == [
        ("receivable:ann", "EUR", "1.00"),
        ("receivable:ann", "JPY", "7"),
        ("revenue:lamp", "EUR", "-1.00"),
        ("revenue:lamp", "JPY", "-7"),
    ]
    assert [one.account for one in ledger.balances(MAKER, prefix="revenue:")] == ["revenue:lamp"] * 2


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_postings"])
@pytest.mark.parametrize("what", ["UPDATE {} SET number = 7", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_is_booked(records: Records, ledger: Ledger, table: str, what: str) -> None:
    book(records, ledger, sale("a", "1.00"))
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), records.write() as connection:
        connection.execute(sa.text(what.format(table)))


FORGERIES = {
    "an amount": (
        "UPDATE ledger_postings SET amount = '9.00' WHERE number = 2 AND position = 0",
        "entry 2: its postings",
    ),
    "what is summed": ("UPDATE ledger_postings SET smallest = 1 WHERE number = 2", "summed as something else"),
    "a text": (
        "UPDATE ledger_entries SET text = replace(text, 'sale', 'gift') WHERE number = 2",
        "entry 2: it was changed",
    ),
    "an entry": ("DELETE FROM ledger_entries WHERE number = 2", "entry 2: missing"),
    "the last": ("DELETE FROM ledger_entries WHERE number = 3", "the last entry"),
}


@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_the_auditor_finds_what_somebody_changed(records: Records, ledger: Ledger, name: str) -> None:
    forgery, found = FORGERIES[name]
    book(records, ledger, sale("a", "1.00"), sale("b", "2.00"), sale("c", "3.00"))
    assert ledger.audit(MAKER) == []
    with records.write() as connection:
        for table in ("ledger_entries", "ledger_postings"):
            for trigger in ("UPDATE", "DELETE"):
                connection.execute(sa.text(f"DROP TRIGGER {table}_{trigger}"))
        connection.execute(sa.text(forgery))
    assert any(found in str(one) for one in ledger.audit(MAKER))


def test_many_who_book_at_once_make_one_chain(records: Records, ledger: Ledger) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            book(records, ledger, sale(f"{number}-{turn}", "0.01"), sale("everybody", "1.00"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ledger.head(MAKER).number == 21
    assert ledger.balance(MAKER, "receivable:ann", "EUR") == Decimal("1.20")
    assert ledger.audit(MAKER) == []


@pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
def test_debits_equal_credits_over_a_random_history(records: Records, ledger: Ledger) -> None:
    chance = random.Random(5)
    accounts = ["receivable:a", "cash:manual", "revenue:x", "tax:S-19", "wallet:a", "uncollectible", "payable:partner"]
    for number in range(150):
        code = chance.choice(["EUR", "JPY", "KWD"])
        digits = {"EUR": 2, "JPY": 0, "KWD": 3}[code]
        amounts = [Decimal(chance.choice([-1, 1]) * chance.randrange(1, 10**7)).scaleb(-digits) for _ in range(3)]
        amounts.append(-sum(amounts))
        postings = tuple(Posting(chance.choice(accounts), one, code) for one in amounts if one)
        book(records, ledger, Entry(key=str(number), at=chance.randrange(100), title="Some", postings=postings))
    for at in (None, 50):
        sums: dict[str, Decimal] = {}
        for one in ledger.balances(MAKER, at=at):
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.amount
        assert sums
        assert not any(sums.values())
    assert ledger.audit(MAKER) == []

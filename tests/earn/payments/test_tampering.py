"""The auditors as an accountant uses them: whatever somebody changes in the records by hand is found and named."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from invoices_making import ANN, FIRM, MAKER
from payments_making import PaidWorld

from monokoto.earn.invoices.audit import audit_documents
from monokoto.earn.ledger import Entry, Posting
from monokoto.earn.ledger.audit import audit_ledger
from monokoto.earn.payments.audit import audit_payments
from monokoto.earn.payments.payment import Loss

_FIRST = "(SELECT min({0}) FROM {1})"
PAYMENT, CREDIT = _FIRST.format("payment_id", "payments"), _FIRST.format("credit_id", "payment_credits")
ALLOCATION, INVOICE = _FIRST.format("allocation_id", "payment_allocations"), _FIRST.format("invoice_id", "invoices")
NOTE = _FIRST.format("credit_note_id", "credit_notes")
CHANGES = {
    "ledger_postings": ("amount = '0.01'", "account = 'revenue:other'", "currency = 'USD'", "smallest = 1", "at = 5"),
    "ledger_entries": ("text = replace(text, '1', '2')", "booked_at = 5", "key = 'x'", "at = 5"),
    "ledger_heads": ("number = number - 1",),
    "invoice_documents": (
        "text = replace(text, '1', '2')", "label = label || 'x'", "number = 77", "issued_at = 5", "customer_id = 7",
        "invoice_id = 7", "position = 77",
    ),
    "invoice_heads": ("position = position - 1",),
    "invoice_series": ("last = last + 1",),
    "invoices": (
        "gross = '0.01'", "net = '0.01'", "tax = '0.01'", "paid = '0.01'", "applied = '0.01'", "credited = '0.01'",
        "written_off = '0.01'", "prepaid = '0.01'", "customer_id = 7", "currency = 'USD'", "label = 'X-1'", "state = 'void'",
        "document_id = 7", "document_id = NULL",
    ),
    "credit_notes": ("gross = '0.01'", "over = '0.01'", "applied = '0.01'", "customer_id = 7", "currency = 'USD'",
                     "invoice_id = 7"),
    "payments": (
        "amount = '0.01'", "currency = 'USD'", "customer_id = 7", "method = 'stripe'", "state = 'failed'", "purpose = 'wallet'",
        "direction = 'out'", "lost = '0.01'",
    ),
    "payment_credits": (
        "amount = '0.03'", "\"left\" = '0.03'", "customer_id = 7", "currency = 'USD'", "source_id = 7", "source = 'x'",
    ),
    "payment_allocations": ("amount = '0.03'", "invoice_id = 7", "credit_id = 7", "undone_at = 5"),
    "payment_losses": ("amount = '0.03'", "fee = '0.03'", "payment_id = 7"),
}  # fmt: skip
"""By table, what somebody may do to one row; deleting it comes on top. Each is done to one row, and taken back."""
ORDERS = {
    "ledger_postings": "number, position", "ledger_entries": "number", "ledger_heads": "number", "invoice_documents": "position",
    "invoice_heads": "position", "invoice_series": "kind DESC", "invoices": "invoice_id", "credit_notes": "credit_note_id",
    "payments": "payment_id", "payment_credits": "credit_id", "payment_allocations": "allocation_id",
    "payment_losses": "payment_id",
}  # fmt: skip


class TakenBackError(Exception):
    """Ends a transaction without keeping what it did."""


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def books(world: PaidWorld) -> PaidWorld:
    """Documents, payments, credit, a credit note, a refund, a dispute; without the triggers that refuse changes."""
    first, second = world.sent("10.00"), world.sent("20.00", customer=FIRM)
    world.paid("15.00", invoice_id=first)
    half = world.paid("12.00", customer_id=FIRM)
    world.giving.credit_note(MAKER, second, key="part", reason="", lines={"l0": Decimal("5.00")})
    world.giving.credit_note(MAKER, first, key="n", reason="")
    world.payments.settle(MAKER, ANN)
    world.payments.refund(MAKER, ANN, Decimal("2.00"), "EUR", method="manual", key="r")
    world.payments.lose(
        MAKER, half.id, Loss(reference="d", amount=Decimal("3.00"), fee=Decimal("1.00"), fee_currency="EUR")
    )
    with world.records.write() as connection:
        triggers = connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in triggers:
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
    assert world.findings() == []
    return world


def found_after(world: PaidWorld, *statements: str) -> list[str]:
    """What the auditors say of changed records, which are as they were afterwards."""
    told: list[str] = []
    try:
        with world.records.write() as connection:
            connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
            for statement in statements:
                assert connection.execute(sa.text(statement)).rowcount > 0, statement
            for audit in (audit_ledger, audit_documents, audit_payments):
                told += [str(one) for one in audit(connection, MAKER)]
            raise TakenBackError
    except TakenBackError:
        return told


def test_every_change_of_a_row_is_found(books: PaidWorld) -> None:
    unfound = []
    for table, changes in CHANGES.items():
        row = f"rowid = (SELECT rowid FROM {table} WHERE organisation_id = {MAKER} ORDER BY {ORDERS[table]} LIMIT 1)"
        statements = [f"UPDATE {table} SET {change} WHERE {row}" for change in changes]
        statements.append(f"DELETE FROM {table} WHERE {row}")
        unfound += [statement for statement in statements if not found_after(books, statement)]
    assert unfound == []
    assert books.findings() == [], "all was taken back"


@pytest.mark.parametrize(("table", "place"), [("invoice_documents", "position"), ("ledger_entries", "number")])
def test_two_that_changed_places_are_found(books: PaidWorld, table: str, place: str) -> None:
    swap = [f"UPDATE {table} SET {place} = {new} WHERE {place} = {old}" for old, new in ((1, -1), (2, 1), (-1, 2))]
    assert any(one.startswith(("INV-", "entry ")) for one in found_after(books, *swap))


def test_an_entry_of_nothing_is_found(books: PaidWorld) -> None:
    """Balanced, chained, and of no document and no payment."""
    for account in ("revenue:other", "payable:friend"):
        postings = (Posting("revenue:lamp", Decimal(5), "EUR"), Posting(account, Decimal(-5), "EUR"))
        for key in ("odd", "payment:0000000000001", "shares:0000000000001", "invoice:0000000000001"):
            with books.records.write() as connection:
                entry = Entry(
                    key=f"{key}:{account}" if key == "odd" else key + account[:1], at=5, title="", postings=postings
                )
                books.ledger.post(connection, MAKER, entry)
            assert any(entry.key in one for one in books.findings()), entry.key

"""What documents book: pure, from amounts to an entry of the ledger.

invoice        receivable and wallet   to   revenue and tax
credit note    revenue and tax         to   receivable, and what is over to the customer's credit
void           the invoice's entry turned round
uncollectible  uncollectible           to   receivable
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from monokoto.earn.invoices.tax import tax_account
from monokoto.earn.invoices.totals import TaxedLine, Totals
from monokoto.earn.ledger import Entry, Posting, merged
from monokoto.kernel.ids import format_id
from monokoto.kernel.money import ZERO, exact


@exact
def sold(lines: Sequence[TaxedLine], totals: Totals, code: str) -> list[Posting]:
    """Revenue by product and tax by category and rate, as credits."""
    revenue = [Posting(f"revenue:{one.line.revenue_of}", -one.line.amount, code) for one in lines]
    taxes = [Posting(tax_account(row.category, row.rate_percent), -row.tax, code) for row in totals.subtotals]
    return [*revenue, *taxes]


@exact
def turned(postings: Sequence[Posting]) -> list[Posting]:
    """Debits for credits."""
    return [Posting(one.account, -one.amount, one.currency) for one in postings]


@exact
def owed(customer_id: int, payable: Decimal, prepaid: Decimal, code: str) -> list[Posting]:
    """What an invoice asks for: of the customer, or of what was paid ahead; below zero it is given to the credit."""
    account = "receivable" if payable > ZERO else "credit"
    customer = format_id(customer_id)
    return [Posting(f"{account}:{customer}", payable, code), Posting(f"wallet:{customer}", prepaid, code)]


@exact
def given_back(customer_id: int, applied: Decimal, over: Decimal, code: str) -> list[Posting]:
    """What a credit note takes off what is owed, and what goes to the customer's credit."""
    customer = format_id(customer_id)
    return [Posting(f"receivable:{customer}", -applied, code), Posting(f"credit:{customer}", -over, code)]


def entry_of(key: str, at: int, title: str, postings: Sequence[Posting]) -> list[Entry]:
    """The entry; none when nothing moves (a document over nothing)."""
    moved = merged(postings)
    return [Entry(key=key, at=at, title=title, postings=moved)] if moved else []

"""The ledger: what everybody owes, in double entry, append-only."""

from monokoto.earn.ledger.audit import Finding
from monokoto.earn.ledger.entry import (
    ACCOUNTS,
    Balance,
    Booked,
    Entry,
    Head,
    Kind,
    Posting,
    merged,
    money_text,
    reversed_entry,
)
from monokoto.earn.ledger.service import Ledger

__all__ = [
    "ACCOUNTS",
    "Balance",
    "Booked",
    "Entry",
    "Finding",
    "Head",
    "Kind",
    "Ledger",
    "Posting",
    "merged",
    "money_text",
    "reversed_entry",
]

"""What a way to be paid does. Blocking; called in threads, outside of transactions.

The same collection may be asked for again (a process died before it knew): `key` is the same then, and an adapter must not
charge twice for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from monokoto.earn.payments.payment import Mandate, PaymentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """An amount to be moved."""

    key: str
    """Names it, for good."""
    amount: Decimal
    currency: str
    description: str
    mandate: Mandate | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it; `pending` when nobody knows yet."""

    state: PaymentState
    reference: str = ""
    reason: str = ""


class Adapter(Protocol):
    """One way to be paid."""

    @property
    def name(self) -> str:
        """As payments and the ledger call it."""
        ...

    def collect(self, asked: Collection) -> Answer:
        """Take money from a customer.

        Raises:
            Invalid: it cannot be asked for so (no mandate, a currency it does not take).
            Unavailable: nobody answered; ask again.
        """
        ...

    def send(self, asked: Collection, *, of: str) -> Answer:
        """Send money back; `of` is the reference of the payment it came with, empty where there is none. Raises as `collect`."""
        ...

    def look(self, reference: str) -> Answer:
        """What became of something pending. Raises Unavailable."""
        ...

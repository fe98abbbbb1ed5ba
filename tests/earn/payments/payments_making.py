"""A seller who is paid."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

from monokoto.earn.payments import BUILT_IN, Payment, Payments, Purpose, Receipt
from monokoto.earn.payments.mandates import Mandates, PaymentFiles
from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parents[1] / "invoices"))

from invoices_making import ANN, MAKER, World


class PaidWorld(World):
    """With payments."""

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.payments = Payments(records, self.clock, ledger=self.ledger, invoices=self.invoices, adapters=BUILT_IN)
        self.mandates = Mandates(records, self.clock, customers=self.customers)
        self.files = PaymentFiles(records, self.clock, issuers=self.issuers, customers=self.customers)
        self._paid = 0

    def paid(self, amount: str, **given: object) -> Payment:
        self._paid += 1
        told: dict[str, object] = {
            "organisation_id": MAKER,
            "customer_id": ANN,
            "currency": "EUR",
            "key": f"p{self._paid}",
        }
        return self.payments.receive(Receipt(amount=Decimal(amount), **(told | given)))  # type: ignore[arg-type]

    def topped_up(self, amount: str) -> Payment:
        return self.paid(amount, purpose=Purpose.WALLET)

    def left(self, customer: int = ANN) -> str:
        sums: dict[str, Decimal] = {}
        for one in self.payments.credit(MAKER, customer):
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.left
        return " ".join(f"{amount:f} {code}" for code, amount in sums.items())

    def open(self, *invoices: int) -> list[str]:
        return [f"{self.invoices.get(MAKER, one).open:f}" for one in invoices]

    def findings(self) -> list[str]:
        return [*super().findings(), *(str(one) for one in self.payments.audit(MAKER))]

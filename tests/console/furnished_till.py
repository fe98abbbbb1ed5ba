"""A maker that is owed money: documents, payments, a debit that waits, and a customer with credit; for tests and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from browser import begin_organisation
from laundry import BUYER, SELLER

from monokoto.testing import Installation

LINE = {"key": "hours", "title": "Repair", "amount": "100.00", "quantity": "2", "unit": "h", "price": "50.00"}
PERIOD = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}


@dataclass
class Till:
    """What is there."""

    here: Installation
    admin: httpx.Client
    customer: str
    invoice: str
    """Of 119.00, of which 19.00 are paid."""
    debit: str
    """A payment that waits for a file."""
    payment: str

    def get(self, path: str, **query: Any) -> Any:
        """What the API says."""
        return self.admin.get(path, params=query).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        """The same, of a change."""
        return self.admin.post(path, json=body).raise_for_status().json()

    def sent(self, key: str) -> str:
        """Id of a document over 119.00."""
        draft = {"customer": self.customer, "currency": "EUR", "key": key, "period": PERIOD, "lines": [LINE]}
        made = str(self.post("/api/v1/invoices", draft)["id"])
        self.admin.post(f"/api/v1/invoices/{made}/finalise").raise_for_status()
        return made

    def paid(self, amount: str, key: str, **more: Any) -> Any:
        """A payment of the customer's."""
        body = {"customer": self.customer, "amount": amount, "currency": "EUR", "key": key, **more}
        return self.post("/api/v1/payments", body)

    def pages(self) -> dict[str, str]:
        """Pages of what is there, by what their pictures are called."""
        return {
            "payments": "/console/payments",
            "payment": f"/console/payments/{self.payment}",
            "payment-pending": f"/console/payments/{self.debit}",
            "payment-new": f"/console/payments/new?invoice={self.invoice}",
            "refund": f"/console/payments/send/refund?customer={self.customer}",
            "top-up": "/console/payments/send/top-up",
            "files": "/console/payment-files",
            "bank": "/console/bank",
            "overdue": "/console/dunning",
            "books": "/console/books",
            "entries": "/console/books/entries",
            "seller": "/console/seller",
            "invoice-reminders": f"/console/invoices/{self.invoice}",
            "customer-credit": f"/console/customers/{self.customer}",
        }


def furnish(here: Installation, slug: str = "till") -> Till:
    """Make it, in an organisation of its own."""
    admin = begin_organisation(here, slug)
    admin.put("/api/v1/issuer", json=SELLER | {"creditor_id": "DE98ZZZ09999999999"}).raise_for_status()
    rules = {"rules": [{"category": "S", "rate_percent": "19"}]}
    admin.put("/api/v1/tax-rules", json=rules).raise_for_status()
    customer = admin.post("/api/v1/customers", json=BUYER).raise_for_status().json()["id"]
    till = Till(here, admin, customer, "", "", "")
    first = till.sent("first")
    till.paid("150.00", "over", invoice=first, reference="bank 1")
    till.post("/api/v1/refunds", {"customer": customer, "amount": "31.00", "currency": "EUR", "key": "r"})
    till.invoice = till.sent("second")
    till.payment = till.paid("19.00", "part", invoice=till.invoice, reference="bank 2")["id"]
    mandate = {
        "reference": "M-1",
        "signed_at": "2026-01-01T00:00:00Z",
        "iban": "DE89370400440532013000",
        "holder": "Hotel Sol",
    }
    admin.put(f"/api/v1/customers/{customer}/mandates/sepa", json=mandate).raise_for_status()
    owed = till.sent("third")
    till.debit = till.post("/api/v1/payments/collect", {"invoice": owed, "method": "sepa", "key": "debit"})["id"]
    till.paid("40.00", "ahead", wallet=True)
    return till

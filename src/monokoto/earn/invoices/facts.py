"""What invoices tell."""

from __future__ import annotations

from typing import Final

INVOICE_CHANGED: Final = "invoices.changed"
"""Fact: an invoice became a document, was paid, given back, taken back or written off; data: invoice_id, customer_id, state."""

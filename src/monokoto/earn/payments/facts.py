"""What payments tell."""

from __future__ import annotations

from typing import Final

PAYMENT_CHANGED: Final = "payments.changed"
"""Fact: a payment came, failed or was taken back; data: payment_id, customer_id, state."""

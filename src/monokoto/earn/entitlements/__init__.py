"""Entitlements: what a customer may use."""

from monokoto.earn.entitlements.burndown import Balances, PeriodUse, Reset, Use, burn_down
from monokoto.earn.entitlements.grants import Category, FixedRecurrence, Grant, Recurrence, in_order

__all__ = [
    "Balances",
    "Category",
    "FixedRecurrence",
    "Grant",
    "PeriodUse",
    "Recurrence",
    "Reset",
    "Use",
    "burn_down",
    "in_order",
]

"""Entitlements: what a customer may use, down to the unit."""

from monokoto.earn.entitlements.burndown import Balances, PeriodUse, Reset, Use, burn_down
from monokoto.earn.entitlements.entitlement import (
    FOREVER,
    Entitlement,
    Held,
    Holder,
    Source,
    SuspendedBy,
    Suspension,
    Verdict,
)
from monokoto.earn.entitlements.facts import ENTITLEMENTS_CHANGED, ENTITLEMENTS_THRESHOLD
from monokoto.earn.entitlements.grants import Category, FixedRecurrence, Grant, Recurrence, in_order
from monokoto.earn.entitlements.keeper import TOPIC, Keeper
from monokoto.earn.entitlements.keys import SigningKeys
from monokoto.earn.entitlements.opening import Opening
from monokoto.earn.entitlements.ports import (
    Entitling,
    Inclusion,
    NoSubscriptions,
    NoUsage,
    UnitHoldings,
    Usage,
    UsageNews,
)
from monokoto.earn.entitlements.quota import Quota, QuotaState
from monokoto.earn.entitlements.routes import CONTROLLERS
from monokoto.earn.entitlements.service import Entitlements, Gift
from monokoto.earn.entitlements.standing import Standing, standing_of
from monokoto.earn.entitlements.store import Told, told_since, told_to_all
from monokoto.earn.entitlements.thresholds import Thresholds
from monokoto.earn.entitlements.tokens import Token, Tokens

__all__ = [
    "CONTROLLERS",
    "ENTITLEMENTS_CHANGED",
    "ENTITLEMENTS_THRESHOLD",
    "FOREVER",
    "TOPIC",
    "Balances",
    "Category",
    "Entitlement",
    "Entitlements",
    "Entitling",
    "FixedRecurrence",
    "Gift",
    "Grant",
    "Held",
    "Holder",
    "Inclusion",
    "Keeper",
    "NoSubscriptions",
    "NoUsage",
    "Opening",
    "PeriodUse",
    "Quota",
    "QuotaState",
    "Recurrence",
    "Reset",
    "SigningKeys",
    "Source",
    "Standing",
    "SuspendedBy",
    "Suspension",
    "Thresholds",
    "Token",
    "Tokens",
    "Told",
    "UnitHoldings",
    "Usage",
    "UsageNews",
    "Use",
    "Verdict",
    "burn_down",
    "in_order",
    "standing_of",
    "told_since",
    "told_to_all",
]

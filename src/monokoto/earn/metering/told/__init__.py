"""Usage told from outside."""

from monokoto.earn.metering.told.cloud_event import BATCH_TYPE, SINGLE_TYPE, Reason, Refusal
from monokoto.earn.metering.told.intake import Item, Status, UsageIntake

__all__ = ["BATCH_TYPE", "SINGLE_TYPE", "Item", "Reason", "Refusal", "Status", "UsageIntake"]

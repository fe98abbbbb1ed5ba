"""Plans: what using a product costs, in versions that never change."""

from monokoto.earn.plans.documents import PlanChargeJson, charge_to_json
from monokoto.earn.plans.measure import counted_in, size_of
from monokoto.earn.plans.parsing.named import Named
from monokoto.earn.plans.parsing.plans import is_name, read_document
from monokoto.earn.plans.plan import (
    Anchor,
    Charge,
    Due,
    Included,
    Offer,
    OneTimeFee,
    Per,
    Plan,
    Promise,
    Quota,
    RecurringFee,
    Title,
    UsageCharge,
    titled,
)
from monokoto.earn.plans.preview import Preview, PreviewLine, PreviewPart, preview
from monokoto.earn.plans.routes import CONTROLLERS
from monokoto.earn.plans.section import PlansSection, plans_of
from monokoto.earn.plans.service import Plans
from monokoto.earn.plans.store import PublishedPlan

__all__ = [
    "CONTROLLERS",
    "Anchor",
    "Charge",
    "Due",
    "Included",
    "Named",
    "Offer",
    "OneTimeFee",
    "Per",
    "Plan",
    "PlanChargeJson",
    "Plans",
    "PlansSection",
    "Preview",
    "PreviewLine",
    "PreviewPart",
    "Promise",
    "PublishedPlan",
    "Quota",
    "RecurringFee",
    "Title",
    "UsageCharge",
    "charge_to_json",
    "counted_in",
    "is_name",
    "plans_of",
    "preview",
    "read_document",
    "size_of",
    "titled",
]

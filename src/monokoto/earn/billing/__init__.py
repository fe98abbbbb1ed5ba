"""Billing: from plans and usage to invoices."""

from monokoto.earn.billing.booking import Booked, Entry, add_up, entries
from monokoto.earn.billing.discounts import TimedCoupon, discounts_of
from monokoto.earn.billing.due import Due, Stretch, sum_of
from monokoto.earn.billing.outcome import Measured, Outage, Outages, UnitOutages, credits_of, measure
from monokoto.earn.billing.rating import Circumstances, UnitSpans, UsageOf, dues_of
from monokoto.earn.billing.wording import invoice_line

__all__ = [
    "Booked",
    "Circumstances",
    "Due",
    "Entry",
    "Measured",
    "Outage",
    "Outages",
    "Stretch",
    "TimedCoupon",
    "UnitOutages",
    "UnitSpans",
    "UsageOf",
    "add_up",
    "credits_of",
    "discounts_of",
    "dues_of",
    "entries",
    "invoice_line",
    "measure",
    "sum_of",
]

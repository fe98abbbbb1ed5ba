"""Billing: from plans and usage to invoices."""

from monokoto.earn.billing.booking import Booked, Entry, add_up, entries
from monokoto.earn.billing.due import Due, Stretch, sum_of
from monokoto.earn.billing.outcome import Measured, Outage, Outages, UnitOutages, credits_of, measure
from monokoto.earn.billing.rating import Circumstances, UnitSpans, UsageOf, dues_of

__all__ = [
    "Booked",
    "Circumstances",
    "Due",
    "Entry",
    "Measured",
    "Outage",
    "Outages",
    "Stretch",
    "UnitOutages",
    "UnitSpans",
    "UsageOf",
    "add_up",
    "credits_of",
    "dues_of",
    "entries",
    "measure",
    "sum_of",
]

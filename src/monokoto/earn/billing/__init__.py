"""Billing: from plans and usage to invoices."""

from monokoto.earn.billing.booking import Booked, Entry, add_up, entries
from monokoto.earn.billing.discounts import TimedCoupon, discounts_of
from monokoto.earn.billing.due import ChargeName, Due, Stretch, charge_named, sum_of
from monokoto.earn.billing.evidence import Evidence
from monokoto.earn.billing.jobs import Failure, Run
from monokoto.earn.billing.outcome import Measured, Outage, Outages, UnitOutages, credits_of, measure
from monokoto.earn.billing.papers import Papers
from monokoto.earn.billing.rater import OutagesPort, Rater, UnitsOfMeters
from monokoto.earn.billing.rating import Circumstances, UnitSpans, UsageOf, dues_of
from monokoto.earn.billing.routes import CONTROLLERS
from monokoto.earn.billing.runs import BillingRuns, OutageNews, RunState
from monokoto.earn.billing.service import Billing
from monokoto.earn.billing.simulation import Simulation, Simulator
from monokoto.earn.billing.wording import invoice_line

__all__ = [
    "CONTROLLERS",
    "Billing",
    "BillingRuns",
    "Booked",
    "ChargeName",
    "Circumstances",
    "Due",
    "Entry",
    "Evidence",
    "Failure",
    "Measured",
    "Outage",
    "OutageNews",
    "Outages",
    "OutagesPort",
    "Papers",
    "Rater",
    "Run",
    "RunState",
    "Simulation",
    "Simulator",
    "Stretch",
    "TimedCoupon",
    "UnitOutages",
    "UnitSpans",
    "UnitsOfMeters",
    "UsageOf",
    "add_up",
    "charge_named",
    "credits_of",
    "discounts_of",
    "dues_of",
    "entries",
    "invoice_line",
    "measure",
    "sum_of",
]

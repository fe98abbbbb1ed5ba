"""What each figure of a report means, in one sentence: a part of every answer, so that none has to be guessed."""

from __future__ import annotations

from collections.abc import Mapping

_MONTHS = "months are of the seller's calendar; amounts are without tax, each currency by itself"
RECURRING: Mapping[str, str] = {
    "mrr": (
        "Recurring fees of all subscriptions that are paid for at the end of the month (of the one that goes "
        "on: now), a month: a year's by 12, a quarter's by 3, a week's and a day's by their part of a mean "
        "month of 30.436875 days; a unit's fee for each unit; coupons taken off; trials count nothing, "
        "suspended ones do, since they are billed; each subscription is rounded once. Prices of usage and "
        "minima are no part of it. It is the payer's."
    ),
    "new": "MRR of customers who never had any at the end of a month before",
    "expansion": "By how much MRR grew of customers who had some at the end of the month before",
    "contraction": "By how much it shrank of those who still have some",
    "churn": "MRR of customers who had some at the end of the month before and have none",
    "reactivation": "MRR of customers who have some again, after a month end without",
    "customers": (
        "Customers with a subscription that is paid for at the end of the month (begun, out of its trial, not "
        "over), also one that only has prices of usage"
    ),
    "customers_new": "Those of them who never were before",
    "customers_back": "Those who were before, and not at the end of the month before",
    "customers_lost": "Those of the month before who have none any more",
    "logo_churn_percent": "customers_lost by the customers at the end of the month before",
    "revenue_churn_percent": "churn and contraction by the MRR at the end of the month before (gross)",
    "net_retention_percent": (
        "MRR of the month before, and expansion, less contraction and churn, by the MRR of the month before; "
        "new and back customers are no part of it"
    ),
    "services": (
        "What documents of the month charged for recurring fees and usage, credit notes taken off in the "
        "month of their document"
    ),
    "units": (
        "Units under subscriptions that are paid for at the end of the month; one in two of them counts "
        "twice. Of a fleet, those of today"
    ),
    "mrr_per_customer": "mrr by customers",
    "services_per_customer": "services by customers",
    "services_per_unit": "services by units",
    "lifetime_value": (
        "What a customer brings a month (services by customers, all months together that are over) by the "
        "share of customers that leaves in a month (of the same months). It assumes that both stay as they "
        "were; no cost is taken off and nothing is discounted. null: nobody left, or nobody was there"
    ),
    "months": _MONTHS,
}
REVENUE: Mapping[str, str] = {
    "recurring": (
        "What documents of the month (by their date) charged as fees that come again, discounts and credit "
        "notes taken off"
    ),
    "usage": "The same for usage, and for what makes it up to a minimum",
    "other": "What was given back or taken off by hand, not saying of what",
    "one_time": "What documents charged once: products, set-up",
    "sold": "Products sold elsewhere in the month, as told with `POST /api/v1/product-sales`",
    "services": "recurring, usage and other",
    "products": "one_time and sold",
    "services_percent": (
        "services by services and products: the hybrid share. null: one of them is below zero, or both are nothing"
    ),
    "losses": "What is uncollectible is a loss and takes nothing off revenue",
    "months": _MONTHS,
}
DEFERRED: Mapping[str, str] = {
    "opening": "Charged before the month and not earned before it: what is owed to customers in time, not in money",
    "charged": "What documents of the month (by their date) charged, credit notes taken off: as in the report of revenue",
    "put_by": (
        "Of that, what is for later: a fee that comes again is earned evenly over its time, by the second, and never before its "
        "document. What was used is earned when it is charged, what is sold once too"
    ),
    "released": "What documents of earlier months put by for this month",
    "recognised": "charged less put_by, and released: revenue of the month by when it is earned",
    "closing": "opening and put_by less released: deferred revenue at the end of the month",
    "to_come": "When closing of the last month is earned, if nothing is charged and given back any more",
    "changes": (
        "What changes a fee within its time (an upgrade, a cancellation, a unit that came, a credit note) spreads what is left "
        "over the time that is left; what is given back beyond that is taken off at once. Months before stay as they were"
    ),
    "months": _MONTHS,
}
COHORTS: Mapping[str, str] = {
    "cohort": (
        "Customers by the month they came in: the first at whose end they paid for a subscription, or the "
        "first with a document that charged them for services, whichever was earlier. null: before the first "
        "month of the report"
    ),
    "size": "How many came",
    "customers": "Those of them who pay for a subscription at the end of the month",
    "mrr": RECURRING["mrr"],
    "services": RECURRING["services"],
    "customers_percent": "customers by size",
    "mrr_percent": "mrr by that of the cohort's own month; null: there was none",
    "months": _MONTHS,
}

"""What the figures of revenue are called in the field, and what each means, in a line."""

from __future__ import annotations

from dataclasses import dataclass

from monokoto.console.languages import mark


@dataclass(frozen=True, slots=True)
class Term:
    """A figure."""

    label: str
    meaning: str


TERMS = {
    "mrr": Term(
        mark("MRR"),
        mark("Monthly recurring revenue: what recurring fees bring a month, at the month's end. No usage, no trials."),
    ),
    "arr": Term(mark("ARR"), mark("Annual recurring revenue: twelve times the MRR.")),
    "new": Term(mark("New MRR"), mark("MRR of customers who never had any before.")),
    "expansion": Term(
        mark("Expansion MRR"), mark("By how much MRR of customers who had some grew: upgrades, more units.")
    ),
    "contraction": Term(mark("Contraction MRR"), mark("By how much MRR of customers who still have some shrank.")),
    "churn": Term(mark("Churned MRR"), mark("MRR of customers who have none any more.")),
    "reactivation": Term(mark("Reactivation MRR"), mark("MRR of customers who left and came back.")),
    "customers": Term(mark("Customers"), mark("Who pay for a subscription at the month's end, also by usage alone.")),
    "gained": Term(mark("Gained"), mark("Customers who came in the month, new or again.")),
    "lost": Term(mark("Lost"), mark("Customers who left in the month.")),
    "logo_churn": Term(
        mark("Customer churn"), mark("Customers lost, of those there were at the end of the month before.")
    ),
    "nrr": Term(
        mark("Net revenue retention"),
        mark("MRR that customers of the month before pay now, of what they paid then. New ones are not in it."),
    ),
    "arpu": Term(mark("ARPU"), mark("Average recurring revenue per customer and month: MRR by customers.")),
    "ltv": Term(
        mark("Customer lifetime value"),
        mark(
            "Services a customer and month, by the share of customers that leaves in a month; if all goes on like this."
        ),
    ),
    "recurring": Term(
        mark("Recurring fees"), mark("Fees on the month's documents, discounts and credit notes taken off.")
    ),
    "usage": Term(mark("Usage revenue"), mark("What was used, and what makes it up to a minimum.")),
    "other": Term(mark("Other credits"), mark("Given back or taken off by hand, not saying of what.")),
    "one_time": Term(mark("One-time"), mark("Charged once on documents: products, set-up.")),
    "sold": Term(mark("Product sales"), mark("Products sold elsewhere, as they were told.")),
    "total": Term(mark("Total"), mark("All of these, without tax, in the month of the document or of the sale.")),
    "hybrid": Term(
        mark("Hybrid share"), mark("Services (recurring, usage, credits) of all revenue; the rest is products.")
    ),
    "billed": Term(mark("Billings"), mark("What documents of the month charge, credit notes taken off.")),
    "put_by": Term(mark("Deferred"), mark("Of that, fees for time to come: earned evenly over that time.")),
    "released": Term(mark("Released"), mark("What earlier months deferred and this month earned.")),
    "recognised": Term(mark("Recognised revenue"), mark("Billed, less deferred, and released: what the month earned.")),
    "closing": Term(mark("Deferred revenue"), mark("Billed by the month's end and not earned yet: time that is owed.")),
    "cohort": Term(mark("Cohort"), mark("Customers who came in the same month.")),
    "kept": Term(mark("Retention"), mark("How many of a cohort still pay so many months later.")),
}

"""Invoices within a period: what was used of it so far, when it reaches an amount that the plan names (`invoice_at`).

Such an invoice books usage under the same names as the one at the period's end, so that the end invoices the rest. What the
period's invoices say already is the most it has come to so far: each amount is reached once, however often it is looked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from monokoto.earn.billing.due import Due, sum_of
from monokoto.earn.billing.jobs import Job, Rated
from monokoto.earn.billing.periods import charged_from
from monokoto.earn.billing.store import BookedRow
from monokoto.earn.invoices import LineKind
from monokoto.earn.pricing import Thresholds
from monokoto.earn.subscriptions import Subscription, Subscriptions, Wanted
from monokoto.kernel.money import ZERO, exact

PlanName = tuple[str, str]
"""Product and name."""


class PlansByThreshold(Protocol):
    """What is asked of plans."""

    def invoiced_within(self, organisation_id: int | None = None) -> Mapping[int, Collection[PlanName]]:
        """By organisation (one or all) the plans of which any version is invoiced within its periods."""
        ...


def open_ones(
    subscriptions: Subscriptions, organisation_id: int, plans: Iterable[PlanName], now: int, page: int
) -> Iterator[list[Subscription]]:
    """The subscriptions to these plans that run now, page by page."""
    for product, plan in sorted(plans):
        after, wanted = 0, Wanted(product=product, plan=plan)
        while found := subscriptions.list(organisation_id, wanted, after=after, limit=page):
            after = found[-1].id
            ready = [one for one in found if charged_from(one) < now and one.holds(now)]
            if ready:
                yield ready


@exact
def reached(rated: Rated, booked: Sequence[BookedRow], now: int) -> bool:
    """Whether what was used of the open period came to an amount at which an invoice is due."""
    used = [due for due in rated.dues if _is_open(due, now) and due.kind is LineKind.USAGE]
    thresholds = _thresholds(rated, now)
    if thresholds is None or not used:
        return False
    keys = {due.key for due in used}
    before = sum((row.booked.amount for row in booked if row.booked.key in keys), ZERO)
    return thresholds.reached(before, sum_of(used)) is not None


def as_of(job: Job, dues: Sequence[Due]) -> Sequence[Due]:
    """The dues of an invoice within a period: what was used is due with it, and not with the end."""
    return [
        replace(due, at=min(due.at, job.until)) if is_of_usage(due) and _is_open(due, job.until) else due
        for due in dues
    ]


def is_of_usage(due: Due) -> bool:
    """Whether it is for what was used, or takes a coupon off that."""
    charges = {charge.name for charge in due.stretch.plan.usage_charges}
    return due.kind in {LineKind.USAGE, LineKind.DISCOUNT} and due.charge in charges


def _is_open(due: Due, now: int) -> bool:
    return due.stretch.span.start <= now < due.stretch.period.end


def _thresholds(rated: Rated, now: int) -> Thresholds | None:
    held = [one.plan.invoice_at for one in rated.stretches if one.span.start <= now < one.span.end]
    return held[-1] if held else None

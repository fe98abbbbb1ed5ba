"""What the routes of billing take and give, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.earn.billing.runs import RunState
from monokoto.earn.invoices import InvoiceLine, line_to_plain
from monokoto.earn.metering import UsageRow, UsageRowJson, row_to_json
from monokoto.earn.subscriptions import Period, Subscription
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import BILLING_FAILURES_SHOWN_MAX
from monokoto.kernel.money import ZERO, exact


class BillingFailureJson(msgspec.Struct, frozen=True):
    """A subscription that could not be billed."""

    subscription: str
    reason: str


class BillingRunJson(msgspec.Struct, frozen=True):
    """What a run did, or has done so far."""

    state: Annotated[str, Meta(description="running, done or failed")]
    began_at: str
    ended_at: str | None
    drafted: int
    finalised: Annotated[int, Meta(description="Drafts that became documents")]
    discarded: Annotated[int, Meta(description="Drafts on which nothing stood")]
    failures_count: int
    failures: Annotated[
        list[BillingFailureJson], Meta(description="The first 1000; each is tried again by the next run")
    ]
    error: Annotated[str, Meta(description="What broke it off; empty: nothing did")]


class NextInvoiceJson(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """The next invoice of a subscription as it would be if its period ended as things are now, without tax."""

    subscription: str
    plan: str
    version: int
    currency: str
    begin: Annotated[
        str | None, Meta(description="Of the period that goes on; null: the subscription is not there now")
    ]
    end: str | None
    net: Annotated[str, Meta(description="An exact decimal")]
    lines: Annotated[list[dict[str, Any]], Meta(description="As an invoice's, each with its explanation")]


class EvidenceRowJson(msgspec.Struct, frozen=True):
    """One sample behind a line, and where what it was taken from can be read."""

    sample: UsageRowJson
    told: Annotated[
        str, Meta(description="Path of the API: the reading or event; empty where usage was told from outside")
    ]


def run_to_json(state: RunState) -> BillingRunJson:
    """As the API shows it."""
    run = state.run
    return BillingRunJson(
        state="failed" if state.error else "running" if state.ended_at is None else "done",
        began_at=format_instant(state.began_at),
        ended_at=None if state.ended_at is None else format_instant(state.ended_at),
        drafted=run.drafted,
        finalised=run.finalised,
        discarded=run.discarded,
        failures_count=len(run.failures),
        failures=[
            BillingFailureJson(format_id(one.subscription_id), one.reason)
            for one in run.failures[:BILLING_FAILURES_SHOWN_MAX]
        ],
        error=state.error,
    )


@exact
def next_to_json(one: Subscription, lines: Sequence[InvoiceLine], now: int) -> NextInvoiceJson:
    """As the API shows it."""
    period: Period | None = one.period(now) if one.holds(now) else None
    phase = one.phase_at(max(now, one.starts_at))
    return NextInvoiceJson(
        subscription=format_id(one.id),
        plan=phase.plan,
        version=phase.version,
        currency=one.currency,
        begin=None if period is None else format_instant(period.span.start),
        end=None if period is None else format_instant(period.span.end),
        net=f"{sum((line.amount for line in lines), ZERO):f}",
        lines=[line_to_plain(line) for line in lines],
    )


def evidence_to_json(row: UsageRow) -> EvidenceRowJson:
    """As the API shows it."""
    shown = row_to_json(row)
    moment = f"from={format_instant(row.at)}&to={format_instant(row.at + 1)}"
    told = {
        "property": f"/api/v1/units/{shown.unit}/history?property={row.subject}&{moment}",
        "event": f"/api/v1/units/{shown.unit}/events?event={row.subject}&{moment}",
    }
    return EvidenceRowJson(sample=shown, told=told.get(row.origin.value, ""))

"""What the routes of billing take and give, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.earn.billing.runs import RunState
from monokoto.earn.billing.simulation import Simulation
from monokoto.earn.invoices import InvoiceLine, InvoiceLineJson, line_to_json, line_to_plain
from monokoto.earn.metering import UsageRow, UsageRowJson, row_to_json
from monokoto.earn.subscriptions import Period, Subscription
from monokoto.kernel.clock import Instant, format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import BILLING_FAILURES_SHOWN_MAX, SIMULATION_CUSTOMERS_SHOWN_MAX
from monokoto.kernel.money import ZERO, exact


class BillingFailureJson(msgspec.Struct, frozen=True):
    """A subscription that could not be billed."""

    subscription: str
    reason: str


class BillingRunJson(msgspec.Struct, frozen=True):
    """What a run did, or has done so far."""

    state: Annotated[str, Meta(description="none (since the platform started), running, done or failed")]
    began_at: str | None
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
    lines: Annotated[list[InvoiceLineJson], Meta(description="As an invoice's, each with its explanation")]


class EvidenceRowJson(msgspec.Struct, frozen=True):
    """One sample behind a line, and where what it was taken from can be read."""

    sample: UsageRowJson
    told: Annotated[
        str, Meta(description="Path of the API: the reading or event; empty where usage was told from outside")
    ]


class SimulatePlanRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"begin": "from", "end": "to"}
):
    """Which plan is tried: a published version, or a document that need not be published; and on which past time."""

    product: str
    plan: str
    version: Annotated[int, Meta(ge=0, description="0: the newest; not with a document")] = 0
    document: Annotated[dict[str, Any] | None, Meta(description="A draft, as product.yaml has it")] = None
    begin: Annotated[str, Meta(description="Periods that ended after it; left out: the last whole month, UTC")] = ""
    end: str = ""


class SimulatedCustomerJson(msgspec.Struct, frozen=True):
    """What a customer was billed, and would have been; without tax."""

    customer: str
    subscriptions: int
    billed: str
    simulated: str
    difference: Annotated[str, Meta(description="Above zero: it would have paid more")]


class PlanSimulationJson(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """A plan tried on what was used; exact."""

    product: str
    plan: str
    currency: str
    begin: str
    end: str
    subscriptions: Annotated[
        int, Meta(description="Compared: those of the plan with a billed period that ended in the time")
    ]
    billed: str
    simulated: str
    difference: str
    left_out: Annotated[dict[str, int], Meta(description="By reason how many subscriptions could not be compared")]
    customers_count: int
    customers: Annotated[
        list[SimulatedCustomerJson], Meta(description="Those with the largest difference, at most 1000")
    ]


def simulation_to_json(found: Simulation) -> PlanSimulationJson:
    """As the API shows it."""
    plan, total = found.plan, found.total
    largest = sorted(found.customers.items(), key=lambda one: (-abs(one[1].difference), one[0]))
    return PlanSimulationJson(
        product=plan.product, plan=plan.name, currency=plan.currency.code, begin=format_instant(Instant(found.span.start)),
        end=format_instant(Instant(found.span.end)), subscriptions=found.subscriptions, billed=f"{total.billed:f}",
        simulated=f"{total.simulated:f}", difference=f"{total.difference:f}", left_out=dict(found.left_out),
        customers_count=len(largest),
        customers=[
            SimulatedCustomerJson(
                format_id(customer_id), one.subscriptions, f"{one.billed:f}", f"{one.simulated:f}", f"{one.difference:f}"
            )
            for customer_id, one in largest[:SIMULATION_CUSTOMERS_SHOWN_MAX]
        ],
    )  # fmt: skip


NO_RUN = BillingRunJson(
    state="none", began_at=None, ended_at=None, drafted=0, finalised=0, discarded=0, failures_count=0, failures=[], error=""
)  # fmt: skip


def run_to_json(state: RunState | None) -> BillingRunJson:
    """As the API shows it."""
    if state is None:
        return NO_RUN
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
        lines=[line_to_json(line_to_plain(line)) for line in lines],
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

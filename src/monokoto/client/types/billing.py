# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.billing`."""

from __future__ import annotations

from msgspec import Struct, field

from monokoto.client.types.shared import InvoiceLine, UsageRow


class BillingFailure(Struct, frozen=True, kw_only=True):
    """A subscription that could not be billed."""

    subscription: str
    reason: str


class BillingRun(Struct, frozen=True, kw_only=True):
    """What a run did, or has done so far."""

    state: str
    """none (since the platform started), running, done or failed"""
    began_at: str | None
    ended_at: str | None
    drafted: int
    finalised: int
    """Drafts that became documents"""
    discarded: int
    """Drafts on which nothing stood"""
    failures_count: int
    failures: list[BillingFailure]
    """The first 1000; each is tried again by the next run"""
    error: str
    """What broke it off; empty: nothing did"""


class EvidenceRow(Struct, frozen=True, kw_only=True):
    """One sample behind a line, and where what it was taken from can be read."""

    sample: UsageRow
    told: str
    """Path of the API: the reading or event; empty where usage was told from outside"""


class EvidenceRowPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[EvidenceRow]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class NextInvoice(Struct, frozen=True, kw_only=True):
    """The next invoice of a subscription as it would be if its period ended as things are now, without tax."""

    subscription: str
    plan: str
    version: int
    currency: str
    from_: str | None = field(name="from")
    """Of the period that goes on; null: the subscription is not there now"""
    to: str | None
    net: str
    """An exact decimal"""
    lines: list[InvoiceLine]
    """As an invoice's, each with its explanation"""


class PlanSimulation(Struct, frozen=True, kw_only=True):
    """A plan tried on what was used; exact."""

    product: str
    plan: str
    currency: str
    from_: str = field(name="from")
    to: str
    subscriptions: int
    """Compared: those of the plan with a billed period that ended in the time"""
    billed: str
    simulated: str
    difference: str
    left_out: dict[str, int]
    """By reason how many subscriptions could not be compared"""
    customers_count: int
    customers: list[SimulatedCustomer]
    """Those with the largest difference, at most 1000"""


class SimulatedCustomer(Struct, frozen=True, kw_only=True):
    """What a customer was billed, and would have been; without tax."""

    customer: str
    subscriptions: int
    billed: str
    simulated: str
    difference: str
    """Above zero: it would have paid more"""

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.dunning`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Act(StrEnum):
    """What a step does."""

    NOTICE = "notice"
    SUSPEND = "suspend"


class DunningPause(Struct, frozen=True, kw_only=True):
    """Whether reminding is paused for an invoice."""

    paused: bool
    since: str | None
    until: str | None
    """When it ends by itself; null: when somebody ends it"""
    because: str
    paused_seconds: int
    """All pauses up to now: so much later every step comes"""


class DunningPolicy(Struct, frozen=True, kw_only=True):
    """What follows when somebody does not pay: the steps, in their order; none: nobody is reminded."""

    steps: list[PaymentsStep] = []
    pass_on_charges: bool = False
    """Ask whoever let a debit be returned for what the bank took, on an invoice of its own"""
    charges_tax_category: str = "standard"
    """The kind of supply of that, for the tax rules"""


class DunningStep(Struct, frozen=True, kw_only=True):
    """A step that was done."""

    step: int
    act: Act
    told: str
    at: str


class DunningSteps(Struct, frozen=True, kw_only=True):
    """What was done about an invoice."""

    steps: list[DunningStep]


class NoticeText(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A notice in one language."""

    subject: str
    text: str
    """Plain; facts in braces"""


class Owing(Struct, frozen=True, kw_only=True):
    """An invoice that is overdue, and what is done about it."""

    invoice: str
    number: str
    customer: str
    open: str
    currency: str
    due_at: str
    done: list[DunningStep]
    paused: bool
    next: Act | None
    """What comes next; null: nothing more"""
    next_at: str | None
    """When; one that is past comes with the next look"""


class OwingPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Owing]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class PaymentsStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step."""

    after_days: int
    """Days after the invoice was due"""
    act: Act
    texts: dict[str, NoticeText] = {}
    """By language (BCP 47). Facts: `{invoice}`, `{amount}`, `{due}`, `{days}`, `{product}`, `{pay_link}`, `{customer}`,
    `{seller}`, `{closes}`
    """

"""What follows when nobody pays: steps by the days an invoice is overdue. Pure.

A suspension needs notices before it, and the last one states when it comes. Its day counts from when that notice really went out: a
platform that was away does not send a notice and suspend within one minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from monokoto.earn.payments.wording import Texts, text_faults
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import DUNNING_STEPS_MAX, NAME_LENGTH_MAX

DAY = 86_400_000_000
AFTER_DAYS_MAX = 366


class Act(StrEnum):
    """What a step does."""

    NOTICE = "notice"
    """A mail says what is owed, and what comes next."""
    SUSPEND = "suspend"
    """What the customer bought is closed, safety functions apart, until it has paid."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step."""

    after_days: Annotated[int, Meta(ge=0, le=AFTER_DAYS_MAX, description="Days after the invoice was due")]
    act: Act
    texts: Texts = {}


class DunningPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What follows when somebody does not pay: the steps, in their order; none: nobody is reminded."""

    steps: Annotated[list[Step], Meta(max_length=DUNNING_STEPS_MAX)] = []
    pass_on_charges: Annotated[
        bool, Meta(description="Ask whoever let a debit be returned for what the bank took, on an invoice of its own")
    ] = False
    charges_tax_category: Annotated[
        str, Meta(min_length=1, max_length=NAME_LENGTH_MAX, description="The kind of supply of that, for the tax rules")
    ] = "standard"


@dataclass(frozen=True, slots=True)
class Due:
    """The step whose time has come."""

    number: int
    step: Step
    suspended_at: int | None
    """For a notice: when the suspension comes that follows it; None: none does."""


def policy_faults(policy: DunningPolicy) -> Iterator[Fault]:
    """What is wrong with a policy."""
    before: Step | None = None
    noticed = False
    for number, step in enumerate(policy.steps):
        place = f"steps/{number}"
        if before is not None and step.after_days <= before.after_days:
            yield Fault(place=f"{place}/after_days", reason="is later than the step before it")
        if step.act is Act.SUSPEND and not noticed:
            yield Fault(place=f"{place}/act", reason="a suspension needs a notice before it")
        if step.act is Act.SUSPEND and number != len(policy.steps) - 1:
            yield Fault(place=f"{place}/act", reason="a suspension is the last step")
        yield from _text_faults(policy.steps, number)
        noticed = noticed or step.act is Act.NOTICE
        before = step


def _text_faults(steps: Sequence[Step], number: int) -> Iterator[Fault]:
    step, place = steps[number], f"steps/{number}/texts"
    if step.act is Act.SUSPEND and step.texts:
        yield Fault(place=place, reason="a suspension tells nobody; the notice before it does")
    following = steps[number + 1 : number + 2]
    yield from text_faults(step.texts, place, closes=any(one.act is Act.SUSPEND for one in following))


def checked(policy: DunningPolicy) -> DunningPolicy:
    """Itself; raises Invalid with every fault."""
    if faults := list(policy_faults(policy)):
        raise Invalid("Nobody can be reminded so.", faults=faults)
    return policy


def due_step(policy: DunningPolicy, due_at: int, done: Mapping[int, int], now: int) -> Due | None:
    """The next step whose time has come; `done` are instants by step. None: nothing is to be done now."""
    at = due_at
    for number, step in enumerate(policy.steps):
        at = _instant(policy.steps, number, due_at, at)
        if number in done:
            at = done[number]
            continue
        if now < at:
            return None
        following = policy.steps[number + 1 :]
        ahead = following[0] if following and following[0].act is Act.SUSPEND else None
        stated = None if ahead is None else max(due_at + ahead.after_days * DAY, now + _pause(step, ahead))
        return Due(number, step, stated)
    return None


def step_ahead(policy: DunningPolicy, due_at: int, done: Mapping[int, int]) -> tuple[Step, int] | None:
    """The next step and when its time comes; `done` as in `due_step`. None: no step is left."""
    at = due_at
    for number, step in enumerate(policy.steps):
        at = _instant(policy.steps, number, due_at, at)
        if number not in done:
            return step, at
        at = done[number]
    return None


def _instant(steps: Sequence[Step], number: int, due_at: int, before: int) -> int:
    """When a step comes: its days after the invoice was due, and as long after the step before it as the policy says."""
    step = steps[number]
    planned = due_at + step.after_days * DAY
    return planned if number == 0 else max(planned, before + _pause(steps[number - 1], step))


def _pause(before: Step, after: Step) -> int:
    return (after.after_days - before.after_days) * DAY

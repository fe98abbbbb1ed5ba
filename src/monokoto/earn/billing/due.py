"""What is due: one amount for one reason, with a name that is the same however often it is found out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from monokoto.earn.calendar import Span
from monokoto.earn.invoices import KEY_LENGTH_MAX, LineKind
from monokoto.earn.plans import Plan
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a billing period in which one version of a plan held."""

    plan: Plan
    span: Span
    period: Span
    """The whole billing period that the stretch lies in."""
    began: int
    """When that period began for the subscription, µs: later than the whole one's beginning where it came into it. Names it."""
    anchor: int
    """An instant the rhythms of the plan's fees begin at, µs."""
    held: Span
    """How long that version holds, in other periods too; past every instant where no end is known."""

    @property
    def name(self) -> str:
        """Of the stretch within its subscription."""
        return f"{self.span.start}/{self.plan.name}@{self.plan.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something to be paid, or (below zero) to be given back. `key` names it for ever within its subscription."""

    key: str
    kind: LineKind
    charge: str
    """Its name in the plan; empty: the plan as a whole."""
    amount: Decimal
    """Payable: with the currency's digits."""
    at: int
    """When it is invoiced, µs: before, it is only a preview."""
    span: Span
    """What it is for."""
    stretch: Stretch
    quantity: Decimal = ZERO
    price: Decimal | None = None
    part: str = ""
    """Of the price: a tier, a package, a group; empty: there is but one."""
    explanation: Mapping[str, Any] = field(default_factory=dict)


def named(*parts: object) -> str:
    """A key of these parts; what would be too long for a line ends in a digest of all of it."""
    key = "/".join(str(part) for part in parts)
    if len(key) <= KEY_LENGTH_MAX:
        return key
    return f"{key[: KEY_LENGTH_MAX - 33]}~{sha256(key.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class ChargeName:
    """A charge of a version of a plan."""

    plan: str
    version: int
    charge: str


def charge_named(key: str) -> ChargeName | None:
    """The charge a key is of (`<period>/<stretch>/<plan>@<version>/<charge>/...`); None for a key that billing did not make."""
    found = _KEY.match(key)
    return ChargeName(found[1], int(found[2]), found[3]) if found else None


_KEY = re.compile(r"-?\d+/-?\d+/([a-z][a-z0-9-]*)@(\d+)/([a-z][a-z0-9-]*)/")


@exact
def sum_of(dues: Iterable[Due]) -> Decimal:
    """What they come to."""
    return sum((due.amount for due in dues), ZERO)

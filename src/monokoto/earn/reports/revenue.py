"""What a document charges or gives back, by what it is for. Pure.

What stands on a line tells its kind, except for what takes something off: that belongs to what it takes it off from. A line that
billing made names its charge in its key; one of a credit note is what the line of its invoice with the same key was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from monokoto.earn.billing import ChargeName, charge_named
from monokoto.earn.calendar import Span
from monokoto.earn.invoices import Document, DocumentKind, LineKind
from monokoto.earn.plans import Charge, OneTimeFee, UsageCharge
from monokoto.earn.pricing import currency
from monokoto.kernel.limits import NAME_LENGTH_MAX, TITLE_LENGTH_MAX
from monokoto.kernel.money import exact


class RevenueKind(StrEnum):
    """What was sold."""

    RECURRING = "recurring"
    """Fees that come again."""
    USAGE = "usage"
    """What was used, and what makes it up to a minimum."""
    ONE_TIME = "one-time"
    """What is charged once: products, set-up."""
    OTHER = "other"
    """Given back or taken off by hand, not saying of what."""


SERVICES = frozenset(RevenueKind) - {RevenueKind.ONE_TIME}
"""What is set against products that are sold."""


@dataclass(frozen=True, slots=True)
class What:
    """What a part of revenue is for."""

    kind: RevenueKind
    product: str
    plan: str = ""
    meter: str = ""
    """`product/meter`."""


@dataclass(frozen=True, slots=True)
class Revenue:
    """A part of what a document comes to, without tax; below zero on a credit note."""

    what: What
    amount: int
    """In the smallest unit of the document's currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One line of a document, as revenue."""

    what: What
    amount: int
    """In the smallest unit; below zero on a credit note."""
    key: str
    subscription: str
    """Whose line it is, where billing made it: its key names it there, on whichever document. Empty: only on its invoice."""
    span: Span | None
    """What it is for; None: it does not say."""


ChargeOf = Callable[[str, ChargeName], Charge | None]
"""Of a product: the charge of a version of a plan; None where there is none of that name."""
_PLAIN = {
    LineKind.FEE: RevenueKind.RECURRING,
    LineKind.USAGE: RevenueKind.USAGE,
    LineKind.MINIMUM: RevenueKind.USAGE,
    LineKind.ONE_TIME: RevenueKind.ONE_TIME,
}
_OF_MINIMUM = "//minimum"


class _Explained(msgspec.Struct, frozen=True):
    # Of lines made by hand it is whatever somebody wrote.
    plan: Any = ""
    of: Any = ""
    subscription: Any = ""


class _Line(msgspec.Struct, frozen=True):
    key: str
    kind: LineKind
    amount: Decimal
    meter: str = ""
    product: str = ""
    span: tuple[int, int] | None = None
    explanation: _Explained = _Explained()


class _Told(msgspec.Struct, frozen=True):
    currency: str
    period: tuple[int, int]
    lines: tuple[_Line, ...]


_decode = msgspec.json.Decoder(_Told).decode


@exact
def parts_of(document: Document, original: Document | None, charge_of: ChargeOf) -> tuple[str, list[Part]]:
    """The currency of a document and its lines as revenue.

    Args:
        document: An invoice or a credit note.
        original: The invoice that a credit note gives back of; None for an invoice.
        charge_of: Where charges of plans are looked up.
    """
    told = _decode(document.text)
    known = _whats((_decode(original.text) if original else told).lines, charge_of)
    code, sign = currency(told.currency), 1 if document.kind is DocumentKind.INVOICE else -1
    return told.currency, [
        Part(
            what=known[line.key], amount=sign * code.smallest(line.amount), key=line.key,
            subscription=_subscription(line), span=_span(line, told.period),
        )
        for line in told.lines
    ]  # fmt: skip


def _subscription(line: _Line) -> str:
    told = line.explanation.subscription
    return told if charge_named(line.key) is not None and isinstance(told, str) else ""


def _span(line: _Line, period: tuple[int, int]) -> Span | None:
    """What billing takes back wholly says no time: that of what was charged stands."""
    if line.span is not None:
        return Span(*line.span)
    return None if charge_named(line.key) is not None else Span(*period)


def added_up(parts: Iterable[Part]) -> list[Revenue]:
    """What lines come to by what they are for."""
    found: dict[What, int] = {}
    for part in parts:
        found[part.what] = found.get(part.what, 0) + part.amount
    return [Revenue(what, amount) for what, amount in found.items()]


def _whats(lines: Sequence[_Line], charge_of: ChargeOf) -> dict[str, What]:
    found: dict[str, What] = {}
    for line in sorted(lines, key=lambda one: one.kind not in _PLAIN):
        found[line.key] = _what(line, found, charge_of)
    return found


def _what(line: _Line, known: Mapping[str, What], charge_of: ChargeOf) -> What:
    named = charge_named(line.key)
    product = line.product or line.meter.partition("/")[0] or "other"
    plan = line.explanation.plan if isinstance(line.explanation.plan, str) else ""
    kind = _PLAIN.get(line.kind) or _kind_taken_off(line, named, product, known, charge_of)
    return What(
        kind=kind,
        product=product[:TITLE_LENGTH_MAX],
        plan=(plan or (named.plan if named else ""))[:NAME_LENGTH_MAX],
        meter=line.meter[: 2 * NAME_LENGTH_MAX + 1] if kind is RevenueKind.USAGE else "",
    )


def _kind_taken_off(
    line: _Line, named: ChargeName | None, product: str, known: Mapping[str, What], charge_of: ChargeOf
) -> RevenueKind:
    """The kind of what a discount or a credit is taken off from."""
    if named is not None:
        charge = charge_of(product, named)
        if isinstance(charge, UsageCharge):
            return RevenueKind.USAGE
        # A promise that was missed gives back of recurring fees.
        return RevenueKind.ONE_TIME if isinstance(charge, OneTimeFee) else RevenueKind.RECURRING
    if isinstance(line.explanation.of, str) and line.explanation.of in known:
        return known[line.explanation.of].kind
    return RevenueKind.USAGE if line.meter or _OF_MINIMUM in line.key else RevenueKind.OTHER

"""What comes in by HTTP, read."""

from __future__ import annotations

from decimal import Decimal

from monokoto.earn.entitlements.entitlement import Held, Holder, Source
from monokoto.earn.entitlements.json import GiveRequest
from monokoto.earn.entitlements.service import Gift
from monokoto.kernel.clock import Instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import parse_id
from monokoto.kernel.money import number

_SOURCES = {one.value: one for one in (Source.GIVEN, Source.BOUGHT, Source.TOP_UP)}


def instant_of(place: str, text: str) -> Instant:
    """An RFC 3339 time. Raises Invalid."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid(f"{place} is no time.", faults=[Fault(place=place, reason=str(error))]) from None


def held_of(*, unit: str = "", customer: str = "", subscription: str = "") -> Held | None:
    """The one holder that is named; None: none is. Raises Invalid for several."""
    named = {
        Holder.UNIT: unit,
        Holder.CUSTOMER: customer,
        Holder.SUBSCRIPTION: subscription,
    }
    found = [Held(kind, parse_id(text, what=kind.value)) for kind, text in named.items() if text]
    if len(found) > 1:
        raise Invalid("Name one of unit, customer and subscription.")
    return found[0] if found else None


def gift_of(data: GiveRequest, by: int) -> Gift:
    """What is to be given. Raises Invalid."""
    holder = held_of(unit=data.unit, customer=data.customer, subscription=data.subscription)
    if holder is None:
        fault = Fault(place="unit", reason="or customer, or subscription: who is to have it")
        raise Invalid("Name who is to have it.", faults=[fault])
    if data.source not in _SOURCES:
        raise Invalid("It has no such source.", faults=[Fault(place="source", reason=f"one of {', '.join(_SOURCES)}")])
    amount: Decimal | None = None if data.amount is None else number(data.amount)
    return Gift(
        feature=data.feature,
        holder=holder,
        product=data.product,
        source=_SOURCES[data.source],
        key=data.key,
        begin=None if data.begin is None else instant_of("begin", data.begin),
        end=None if data.end is None else instant_of("end", data.end),
        value=data.value,
        amount=amount,
        priority=data.priority,
        note=data.note,
        by=by,
    )

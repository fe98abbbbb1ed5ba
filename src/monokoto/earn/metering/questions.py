"""Questions about usage as they come by HTTP: which time, whose, cut how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from litestar.params import QueryParameter

from monokoto.earn.calendar import Span, zone
from monokoto.earn.metering.asking import CUTS
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import USAGE_SPANS_PER_UNIT_MAX
from monokoto.operate.telemetry import times_from_json
from monokoto.web import Reach

_LENGTH_DEFAULT = 30 * 86_400_000_000

Since = Annotated[
    str, QueryParameter(name="from", description="RFC 3339, or before now: `-24h`; default: 30 days before `to`")
]
Until = Annotated[
    str, QueryParameter(name="to", description="RFC 3339, or before now; itself not included; default: now")
]
MeterKey = Annotated[str, QueryParameter(description="The meter: `product/name`", max_length=160)]
MeterName = Annotated[str, QueryParameter(description="The meter: its name, or `product/name`", max_length=160)]
Cut = Annotated[
    str,
    QueryParameter(
        description="hour, day, month, unit, or a field of the meter's `by`; empty: one total", max_length=200
    ),
]
Zone = Annotated[str, QueryParameter(description="Whose days and months: an IANA time zone", max_length=64)]
UnitParameter = Annotated[str, QueryParameter(description="Id of a unit; left out: all of the meter's product")]


@dataclass(frozen=True, slots=True)
class Asked:
    """How an answer is cut."""

    cut: str = ""
    group: str = ""
    by_unit: bool = False


def span_of(since: str, until: str, now: int) -> Span:
    """The time meant by two texts. Raises Invalid with both faults."""
    start, end = times_from_json(since, until, now, length=_LENGTH_DEFAULT)
    if end <= start:
        raise Invalid("The time range is not valid.", faults=[Fault(place="to", reason="it does not lie after `from`")])
    return Span(start, end)


def asked_by(by: str, timezone: str) -> Asked:
    """What `by` means. Raises Invalid for an unknown time zone."""
    zone(timezone)
    if by in CUTS:
        return Asked(cut=by)
    return Asked(by_unit=True) if by == "unit" else Asked(group=by)


def open_spans(reach: Reach, span: Span) -> Mapping[int, Sequence[Span]]:
    """Of a time what lies open of a unit to whom it is asked for."""
    found = [
        Span(max(begin, span.start), min(end, span.end))
        for begin, end in reach.times
        if max(begin, span.start) < min(end, span.end)
    ]
    if len(found) > USAGE_SPANS_PER_UNIT_MAX:
        raise Invalid(
            f"More than {USAGE_SPANS_PER_UNIT_MAX} times of the unit lie open.", remedy="Ask for a shorter time."
        )
    return {reach.unit_id: found}

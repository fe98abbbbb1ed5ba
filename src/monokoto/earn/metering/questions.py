"""Questions about usage as they come by HTTP: which time, whose, cut how."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from litestar.params import QueryParameter

from monokoto.earn.calendar import Span, zone
from monokoto.earn.metering.asking import CUTS
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import USAGE_SPANS_PER_UNIT_MAX
from monokoto.web import Reach

_AGO = re.compile(r"-(\d{1,6})([smhdw])")
_AGO_UNITS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}
_DAYS_DEFAULT = 30

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
    faults: list[Fault] = []
    end = _instant(until, "to", now, now, faults)
    start = _instant(since, "from", now, end - _DAYS_DEFAULT * _AGO_UNITS["d"], faults)
    if not faults and end <= start:
        faults.append(Fault(place="to", reason="it does not lie after `from`"))
    if faults:
        raise Invalid("The time range is not valid.", faults=faults)
    return Span(start, end)


def _instant(text: str, place: str, now: int, default: int, faults: list[Fault]) -> int:
    if not text:
        return default
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _AGO_UNITS[ago[2]]
    try:
        return parse_instant(text)
    except ValueError as error:
        faults.append(Fault(place=place, reason=str(error)))
        return default


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

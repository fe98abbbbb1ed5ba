"""Spans of time as people write them: `30 s`, `5 min`, `1.5 h`, `14 d`. A number without a unit is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_DIGITS_MAX = 20
_SECOND = 1_000_000

MICROSECONDS_OF: Mapping[str, int] = MappingProxyType(
    {
        "ms": 1_000,
        **dict.fromkeys(("s", "sec", "second", "seconds"), _SECOND),
        **dict.fromkeys(("m", "min", "minute", "minutes"), 60 * _SECOND),
        **dict.fromkeys(("h", "hour", "hours"), 3_600 * _SECOND),
        **dict.fromkeys(("d", "day", "days"), 86_400 * _SECOND),
        **dict.fromkeys(("w", "week", "weeks"), 604_800 * _SECOND),
    }
)
"""Microseconds of each word for a unit of time. No months and no years: they have no length of their own."""


def parse_duration(value: object, units: Mapping[str, int] = MICROSECONDS_OF) -> int | None:
    """Microseconds of `30 s`, `5min`, `1.5 h`, in one of `units`; None when it is no duration."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[2] not in units or len(match[1]) > _DIGITS_MAX:
        return None
    return round(Decimal(match[1]) * units[match[2]])

"""Months of the visitor's calendar, for statements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from monokoto.console.visit import Visit

MONTHS_SHOWN = 24
"""Back from the present one."""
_MICROSECONDS = 1_000_000


def months_of(visit: Visit) -> list[str]:
    """Such as 2026-11, the present one first."""
    now = datetime.fromtimestamp(visit.formats.now / _MICROSECONDS, ZoneInfo(visit.formats.zone))
    months = [now.year * 12 + now.month - 1 - back for back in range(MONTHS_SHOWN)]
    return [f"{one // 12:04}-{one % 12 + 1:02}" for one in months]


def span_of(month: str, zone: str) -> tuple[str, str]:
    """Where a month begins and ends, in UTC."""
    year, number = int(month[:4]), int(month[5:])
    begin = datetime(year, number, 1, tzinfo=ZoneInfo(zone))
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=ZoneInfo(zone))
    first, last = (one.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for one in (begin, end))
    return first, last

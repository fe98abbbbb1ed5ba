"""A schedule: days, times of day, a season, in a time zone."""

from __future__ import annotations

import re
from datetime import time
from zoneinfo import available_timezones

from monokoto.connect.products import kind_of, suggestion
from monokoto.operate.rules.engine.compiled import Schedule
from monokoto.operate.rules.parsing.reading import Node

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS = {"weekdays": (0, 1, 2, 3, 4), "weekend": (5, 6)}
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DATE = re.compile(r"(\d{1,2})-(\d{1,2})")
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read_schedule(node: Node) -> Schedule | None:
    """The schedule; None when it has faults: they are told."""
    if not node.fields(("days", "from", "until", "season", "timezone"), what="`schedule`"):
        return None
    zone = node.text("timezone", "UTC")
    if zone not in available_timezones():
        near = suggestion(zone, available_timezones())
        node.fault(f"{zone[:80]!r} is no IANA time zone such as Asia/Seoul{near}", "timezone")
    season_from, season_until = _season(node)
    return Schedule(
        timezone=zone,
        days=_days(node),
        start=_time(node, "from"),
        until=_time(node, "until"),
        season_from=season_from,
        season_until=season_until,
    )


def _days(node: Node) -> frozenset[int]:
    if not node.has("days"):
        return frozenset()
    found: set[int] = set()
    for name in node.names("days"):
        matching = [number for number, day in enumerate(_DAYS) if name.lower() in (day, day[:3])]
        if not matching and name not in _GROUPS:
            words = (*_DAYS, *_GROUPS)
            node.fault(f"{name[:40]!r} is none of {', '.join(words)}{suggestion(name, words)}", "days")
        found.update(matching or _GROUPS.get(name, ()))
    return frozenset(found)


def _time(node: Node, key: str) -> time:
    if not node.has(key):
        return time(0)
    value = node.value[key]
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
        if (hour, minute, second) == (24, 0, 0):
            return time(0)
        if hour < 24 and minute < 60 and second < 60:
            return time(hour, minute, second)
    node.fault(f"must be a time of day such as 08:30, this is {kind_of(value)}", key)
    return time(0)


def _season(node: Node) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    if not node.has("season"):
        return None, None
    part = node.child("season")
    if not part.fields(("from", "until"), ("from", "until"), what="`season`"):
        return None, None
    return _date(part, "from"), _date(part, "until")


def _date(part: Node, key: str) -> tuple[int, int]:
    value = part.value.get(key)
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is not None and 1 <= int(match[1]) <= 12 and 1 <= int(match[2]) <= _DAYS_OF_MONTH[int(match[1]) - 1]:
        return int(match[1]), int(match[2])
    if part.has(key):
        part.fault(f"must be month and day such as 06-21, this is {kind_of(value)}", key)
    return (1, 1)

"""The times a question is cut into: local days, hours, months, whatever clocks do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from monokoto.earn.calendar import Span, local, next_hour, start_of_day
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import USAGE_BUCKETS_MAX


def _next_day(at: int, timezone: str) -> int:
    day = local(at, timezone).date()
    return start_of_day(date.fromordinal(day.toordinal() + 1), timezone)


def _next_month(at: int, timezone: str) -> int:
    day = local(at, timezone).date()
    return start_of_day(date(day.year + day.month // 12, day.month % 12 + 1, 1), timezone)


CUTS: Mapping[str, Callable[[int, str], int]] = {"hour": next_hour, "day": _next_day, "month": _next_month}
"""What usage may be asked for by; each gives the next beginning after an instant."""


def buckets(span: Span, cut: str, timezone: str) -> tuple[Span, ...]:
    """The span in adjoining parts that end where local hours, days or months do. Raises Invalid for too many."""
    following, start = CUTS[cut], span.start
    found: list[Span] = []
    while start < span.end:
        if len(found) >= USAGE_BUCKETS_MAX:
            raise Invalid(
                f"The time has more than {USAGE_BUCKETS_MAX} {cut}s.", remedy="Ask for a shorter time, or a longer cut."
            )
        end = min(following(start, timezone), span.end)
        found.append(Span(start, end))
        start = end
    return tuple(found)

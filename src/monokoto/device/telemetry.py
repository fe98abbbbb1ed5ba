"""The native topics a unit uses, and how it writes times. docs/topics.md is the manual."""

from __future__ import annotations

from monokoto.kernel.clock import format_instant

TELEMETRY = "koto/v1/telemetry"
EVENTS = "koto/v1/events/"
DESIRED = "koto/v1/desired"


def time_to_json(at: int) -> int | str:
    """Microseconds as milliseconds when those say it all and cannot be taken for another unit of time, else RFC 3339."""
    milliseconds, rest = divmod(at, 1000)
    return milliseconds if not rest and 1e11 <= milliseconds < 1e14 else format_instant(at)

"""Values of properties on their way into a page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from monokoto.console.formats import zone_of
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant, format_instant, parse_instant


def plain(value: Any) -> Any:
    """A value as templates take it: objects and lists as JSON text, the rest as it is."""
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


def epoch(instant: str | None) -> float | None:
    """Seconds since 1970, as scripts count them."""
    return None if instant is None else parse_instant(instant) / MICROSECONDS_PER_SECOND


def instant_from_local(text: str, zone: str) -> str:
    """What a `datetime-local` field means in a zone, as RFC 3339. Raises ValueError.

    A time that the zone's clocks show twice is the first of the two.
    """
    moment = datetime.fromisoformat(text).replace(tzinfo=zone_of(zone))
    return format_instant(Instant(round(moment.timestamp() * MICROSECONDS_PER_SECOND)))

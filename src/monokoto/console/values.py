"""Values of properties on their way into a page."""

from __future__ import annotations

from typing import Any

import msgspec

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, parse_instant


def plain(value: Any) -> Any:
    """A value as templates take it: objects and lists as JSON text, the rest as it is."""
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


def epoch(instant: str | None) -> float | None:
    """Seconds since 1970, as scripts count them."""
    return None if instant is None else parse_instant(instant) / MICROSECONDS_PER_SECOND

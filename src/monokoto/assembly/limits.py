"""How fast the API may be asked, out of the settings."""

from __future__ import annotations

from monokoto.api import Limits
from monokoto.settings import ApiSettings
from monokoto.web import RateLimit


def limits_of(settings: ApiSettings) -> Limits:
    """A bucket for each key and session, and one for each address of those nobody knows."""
    return Limits(
        callers=RateLimit("caller", per_second=settings.requests_per_second, burst=settings.burst),
        strangers=RateLimit(
            "address", per_second=settings.anonymous_requests_per_second, burst=settings.anonymous_burst
        ),
    )

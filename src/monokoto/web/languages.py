"""Which language a request asks for (RFC 9110, 12.5.4), of those there are."""

from __future__ import annotations

from collections.abc import Collection

_TAGS_MAX = 20
"""Tags of a header that are looked at; browsers send a handful."""


def preferred_language(accept: str, offered: Collection[str]) -> str | None:
    """The offered language that an `Accept-Language` header likes best; None: none of them, or there is no such header.

    Regions are not told apart: `ko-KR` asks for `ko`.
    """
    ranked = []
    for place, one in enumerate(accept.split(",")[:_TAGS_MAX]):
        tag, _, quality = one.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        ranked.append((-weight, place, tag.split("-")[0].lower()))
    return next((code for weight, _, code in sorted(ranked) if weight < 0 and code in offered), None)

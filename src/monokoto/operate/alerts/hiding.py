"""When an alert that another rule's alert hides comes to light.

A gateway that drops hides what its units seem to suffer from. The hidden alert comes to light at the first instant of its life
at which no alert of the hiding rule stands on its unit or one above it, if it stands itself then. Once it has come to light it
stays there: what people were told of is not taken away from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Hidden(Enum):
    """Why there is no instant of coming to light."""

    STILL = "still"
    """An alert of the hiding rule stands."""
    UNKNOWN = "unknown"
    """No alert of the hiding rule is known for its beginning: it is told late, or never."""
    FOR_GOOD = "for good"
    """It ended before it could come to light."""


def comes_to_light(
    began: int, ended: int | None, hiding: Iterable[tuple[int, int | None]], *, unknown_is_nothing: bool = False
) -> int | Hidden:
    """The instant at which an alert comes to light that began, and ended, at these instants.

    `hiding`: beginning and end of the hiding rule's alerts on the unit and those above it. Unless `unknown_is_nothing`,
    nothing is decided while no alert is known that hid it in the first place.
    """
    intervals = sorted(hiding, key=lambda one: one[0])
    if not unknown_is_nothing and not any(_covers(one, began) for one in intervals):
        return Hidden.UNKNOWN
    at = began
    for begin, end in intervals:
        if begin > at:
            break
        if end is None:
            return Hidden.STILL
        at = max(at, end)
    return Hidden.FOR_GOOD if ended is not None and ended <= at else at


def _covers(interval: tuple[int, int | None], at: int) -> bool:
    begin, end = interval
    return begin <= at and (end is None or at < end)

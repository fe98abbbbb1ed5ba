"""When an alert that another rule's alert may hide comes to light: a function of when these alerts stood, in event time.

A gateway that drops hides what its units seem to suffer from, also what began up to the rule's grace before the gateway's own
alert: its silence is often found after theirs. An alert comes to light at the first instant of its life at which no alert of
the hiding rule stands on its unit or one above it, nor begins within the grace; once there it stays: what people were told of
is not taken away from them. So it does not matter in which order, or in what pieces, alerts are told of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Hidden(Enum):
    """Why there is no instant of coming to light."""

    STILL = "still"
    """An alert of the hiding rule stands."""
    FOR_GOOD = "for good"
    """It ended before it could come to light."""


@dataclass(frozen=True, slots=True, order=True)
class Hiding:
    """A time at which an alert of the hiding rule stood."""

    begin: int
    end: int | None
    known_at: int = 0
    """Our clock: when its end came to be known."""


@dataclass(frozen=True, slots=True)
class Light:
    """When an alert comes to light, should nothing more be told that hides it."""

    at: int
    last: Hiding | None
    """What hid it last; None: nothing did."""


def comes_to_light(began: int, ended: int | None, hiding: Iterable[Hiding], *, grace: int = 0) -> Light | Hidden:
    """For an alert that began, and ended, at these instants; `hiding` is of the unit and those above it."""
    at, last = began, None
    for one in sorted(hiding, key=lambda one: one.begin):
        if one.begin > at + grace or (ended is not None and one.begin >= ended):
            break
        if one.end is None:
            return Hidden.STILL if ended is None else Hidden.FOR_GOOD
        if one.end > at:
            at, last = one.end, one
    if ended is None or ended > at + grace:
        return Light(at + grace, last)
    # Over before its time had come: what nothing hid is to be seen all the same.
    return Light(ended, None) if last is None else Hidden.FOR_GOOD

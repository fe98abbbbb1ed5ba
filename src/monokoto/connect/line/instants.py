"""A reading's own time, as units write it.

A number below 10^11 is seconds, below 10^14 milliseconds, otherwise microseconds since the epoch (the three never overlap
between 1973 and 5138); a text is RFC 3339. Refused: nanoseconds (10^18 would not survive a JSON number).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from monokoto.connect.line import refusals
from monokoto.connect.line.refusals import Refused
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant, parse_instant
from monokoto.kernel.limits import FUTURE_SECONDS_MAX, PAST_YEARS_MAX

SECONDS_BELOW = 10**11
MILLISECONDS_BELOW = 10**14
PAST_MICROSECONDS_MAX = PAST_YEARS_MAX * 366 * 86_400 * MICROSECONDS_PER_SECOND
FUTURE_MICROSECONDS_MAX = FUTURE_SECONDS_MAX * MICROSECONDS_PER_SECOND


def instant_of(value: Any, arrived: int) -> int:
    """Microseconds out of what the unit wrote; `None` means the arrival.

    Raises:
        Refused: it is no time, or one too far from the arrival.
    """
    if value is None:
        return arrived
    if isinstance(value, str):
        try:
            at = int(parse_instant(value))
        except ValueError as error:
            raise Refused(refusals.BAD_TIME, str(error)) from None
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**62:
        at = round(value * _factor(value))
    else:
        raise Refused(refusals.BAD_TIME, f"A time is a number or an RFC 3339 text, this is {str(value)[:40]!r}.")
    if not arrived - PAST_MICROSECONDS_MAX <= at <= arrived + FUTURE_MICROSECONDS_MAX:
        raise Refused(refusals.TIME_OUT_OF_RANGE, _too_far(at, arrived))
    return at


def instants_of(
    values: npt.NDArray[np.int64], arrived: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Whole numbers as `instant_of` reads them, and which of them are within bounds."""
    magnitude = np.abs(values)
    factor = np.where(magnitude < SECONDS_BELOW, 1_000_000, np.where(magnitude < MILLISECONDS_BELOW, 1_000, 1))
    at = values * factor
    fine = (at >= arrived - PAST_MICROSECONDS_MAX) & (at <= arrived + FUTURE_MICROSECONDS_MAX)
    return at, fine


def _factor(value: float) -> int:
    magnitude = abs(value)
    return 1_000_000 if magnitude < SECONDS_BELOW else 1_000 if magnitude < MILLISECONDS_BELOW else 1


def _too_far(at: int, arrived: int) -> str:
    try:
        written = format_instant(at)
    except (OverflowError, ValueError):
        written = f"{at} microseconds"
    return (
        f"The time {written} is more than {PAST_YEARS_MAX} years before or {FUTURE_SECONDS_MAX // 3600} hours after "
        f"its arrival at {format_instant(arrived)}."
    )

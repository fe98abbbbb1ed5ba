"""When a delivery that failed is tried again: after 5 s, then three times as long each time, at most 12 hours, 15 attempts in
all over three days, each with a little chance in it so that receivers that failed together are not asked together.
"""

from __future__ import annotations

import random
from typing import Final

FIRST_SECONDS: Final = 5.0
FACTOR: Final = 3.0
LONGEST_SECONDS: Final = 12 * 3600.0
ATTEMPTS_MAX: Final = 15
JITTER: Final = 0.1
"""Up to so much of a delay is added or taken."""
RETRY_AFTER_SECONDS_MAX: Final = 24 * 3600.0
REST_SECONDS_MAX: Final = 300.0
"""A receiver that fails again and again is left alone between two attempts for at most so long, whatever waits for it."""


def delay_seconds(attempts: int, random_source: random.Random, *, retry_after: float = 0.0) -> float | None:
    """How long to wait after so many failed attempts (1 or more); None: it is not tried again.

    `retry_after` is what the receiver asked for; it lengthens the delay and never shortens it.
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    base = min(FIRST_SECONDS * FACTOR ** (attempts - 1), LONGEST_SECONDS)
    base *= 1 + random_source.uniform(-JITTER, JITTER)
    return max(base, min(retry_after, RETRY_AFTER_SECONDS_MAX))


def rest_seconds(failures: int) -> float:
    """How long a receiver that failed so many times in a row is left alone: the first failure may be the delivery's."""
    return 0.0 if failures < 2 else min(2.0 ** min(failures, 20), REST_SECONDS_MAX)

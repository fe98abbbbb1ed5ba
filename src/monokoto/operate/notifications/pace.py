"""How often a receiver is written to: a bucket of tokens, a digest, and when a message that failed is tried again. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.errors import Fault
from monokoto.kernel.limits import NOTIFICATION_ATTEMPTS_MAX
from monokoto.operate.notifications.hours import TIME_PATTERN, Zone, next_daily, zone_faults

FIRST_SECONDS: Final = 5.0
FACTOR: Final = 3.0
LONGEST_SECONDS: Final = 1800.0
JITTER: Final = 0.1
REST_SECONDS_MAX: Final = 300.0


class MessagePace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many messages at once, then one every so many seconds; what comes faster becomes one summary."""

    burst: Annotated[int, Meta(ge=1, le=1000)] = 10
    every_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 60


class DigestPace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything since the last message in one: at most one every so many minutes, or daily at a time."""

    every_minutes: Annotated[int, Meta(ge=1, le=7 * 24 * 60)] | None = None
    daily_at: Annotated[str, Meta(pattern=TIME_PATTERN, description="As `08:00`")] | None = None
    timezone: Zone = "UTC"

    def opens_after(self, last_sent_at: int, planned_at: int) -> Instant:
        """When what was planned at an instant may go, after the last message."""
        if self.daily_at is not None:
            # What is planned at the very minute still goes with that day's.
            return next_daily(self.daily_at, self.timezone, planned_at - 1)
        every = (self.every_minutes or 0) * 60 * MICROSECONDS_PER_SECOND
        return Instant(max(planned_at, last_sent_at + every if last_sent_at else 0))

    def faults(self, place: str) -> list[Fault]:
        """What is wrong with it."""
        faults = zone_faults(self.timezone, f"{place}.timezone")
        if (self.every_minutes is None) == (self.daily_at is None):
            faults.append(Fault(place=place, reason="say either every_minutes or daily_at"))
        return faults


@dataclass(frozen=True, slots=True)
class Bucket:
    """The tokens of one receiver, in fractions of a message."""

    tokens: float
    at: int

    def refilled(self, pace: MessagePace, now: int) -> Bucket:
        """As full as it is now."""
        gained = max(now - self.at, 0) / (pace.every_seconds * MICROSECONDS_PER_SECOND)
        return Bucket(min(self.tokens + gained, float(pace.burst)), max(now, self.at))

    def next_at(self, pace: MessagePace) -> Instant:
        """When there is a whole token."""
        lacking = max(1.0 - self.tokens, 0.0) * pace.every_seconds * MICROSECONDS_PER_SECOND
        return Instant(self.at + int(lacking) + (1 if lacking else 0))


def delay_seconds(attempts: int, random_source: random.Random, *, retry_after: float = 0.0) -> float | None:
    """How long to wait after so many failed attempts (1 or more); None: it is not tried again."""
    if attempts >= NOTIFICATION_ATTEMPTS_MAX:
        return None
    base = min(FIRST_SECONDS * FACTOR ** (attempts - 1), LONGEST_SECONDS)
    return max(base * (1 + random_source.uniform(-JITTER, JITTER)), min(retry_after, LONGEST_SECONDS))


def rest_seconds(failures: int) -> float:
    """How long a receiver that failed so many times in a row is left alone."""
    return 0.0 if failures < 2 else min(2.0 ** min(failures, 20), REST_SECONDS_MAX)

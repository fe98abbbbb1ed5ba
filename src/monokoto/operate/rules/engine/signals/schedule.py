"""A signal of the calendar: days, hours and season in a time zone. No state: it is a function of the instant.

The instants at which it changes are computed once for the days somebody asked about, with the zone's rules
(`zoneinfo`), so a local hour that summer time skips or repeats is what the zone says it is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from monokoto.operate.rules.engine.arrays import ALWAYS, NEVER, Bools, Int64s
from monokoto.operate.rules.engine.compiled import Schedule
from monokoto.operate.rules.engine.order import strides
from monokoto.operate.rules.engine.signals.base import State, boolean
from monokoto.operate.rules.engine.walk import Signal, Walk

_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1)
_CHANGES_PER_GAP_MAX = 400
"""Changes looked at between two readings; after so many the next reading decides."""


class Calendar:
    """When a schedule changes, over a range of days that grows with what is asked."""

    def __init__(self, kind: Schedule) -> None:
        self._kind = kind
        self._zone = ZoneInfo(kind.timezone)
        self._first = self._end = 0
        self._begins = self._ends = np.empty(0, np.int64)
        self.changes: Int64s = np.empty(0, np.int64)

    def cover(self, first: int, last: int) -> None:
        """Know all changes between these instants, and the next one after (a year and a day ahead at most)."""
        low, high = first // _DAY - 3, last // _DAY + 10
        if self._first <= low and high <= self._end:
            return
        if self._end:
            low, high = min(low, self._first), max(high, self._end)
        spans = [span for day in range(low, high) if (span := self._span(_EPOCH + timedelta(days=day))) is not None]
        self._first, self._end = low, high
        self._begins, self._ends = _merged(spans)
        self.changes = np.sort(np.concatenate((self._begins, self._ends)))

    def holds(self, at: Int64s) -> Bools:
        """Whether it holds at each instant; they are covered."""
        begun = np.searchsorted(self._begins, at, side="right")
        found: Bools = begun > np.searchsorted(self._ends, at, side="right")
        return found

    def _span(self, day: date) -> tuple[int, int] | None:
        """From when until when it holds, of what begins on this local day."""
        kind = self._kind
        if kind.days and day.weekday() not in kind.days:
            return None
        if kind.season_from is not None and kind.season_until is not None:
            low, high, now = kind.season_from, kind.season_until, (day.month, day.day)
            if not (low <= now <= high if low <= high else now >= low or now <= high):
                return None
        ends_on = day if kind.until > kind.start else day + timedelta(days=1)
        return self._instant(datetime.combine(day, kind.start)), self._instant(datetime.combine(ends_on, kind.until))

    def _instant(self, local: datetime) -> int:
        return round(local.replace(tzinfo=self._zone).astimezone(UTC).timestamp()) * 1_000_000


def _merged(spans: list[tuple[int, int]]) -> tuple[Int64s, Int64s]:
    """Spans that touch or overlap as one."""
    merged: list[list[int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        elif begin < end:
            merged.append([begin, end])
    return np.array([one[0] for one in merged], np.int64), np.array([one[1] for one in merged], np.int64)


class ScheduleRun:
    """As `Schedule`."""

    def __init__(self, kind: Schedule, _: State) -> None:
        self._calendar = Calendar(kind)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        calendar = self._calendar
        first = walk.at[walk.starts]
        before = np.maximum(np.where(walk.last == NEVER, first, walk.last), first - 370 * _DAY)
        calendar.cover(int(before.min()), int(walk.at.max()))
        self._put_points(walk, before)
        changes = calendar.changes
        at_end = walk.at[walk.ends]
        coming = np.searchsorted(changes, at_end, side="right")
        later = np.append(changes, ALWAYS)[coming]
        # A season far away: look again when the days known so far are over.
        walk.wake(np.where(later == ALWAYS, at_end + 7 * _DAY, later))
        return boolean(walk, calendar.holds(walk.at), calendar.holds(before))

    def _put_points(self, walk: Walk, before: Int64s) -> None:
        changes = self._calendar.changes
        low = np.searchsorted(changes, walk.shift(walk.at, before), side="right")
        high = np.searchsorted(changes, walk.at, side="left")
        who, places = strides(walk.number, low, np.clip(high - low, 0, _CHANGES_PER_GAP_MAX))
        if len(who):
            walk.insert(who, changes[places])

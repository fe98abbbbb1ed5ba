"""What time does to alerts: shelves and maintenance windows end, hidden alerts come to light, old ones are forgotten.

A reconciler: it looks at the records, takes no input, and may die and begin again at any instant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.operate.alerts import store
from monokoto.operate.alerts.alert import Alert, AlertEvent, What
from monokoto.operate.alerts.taking import Units, decided, line_of, reveal
from monokoto.operate.alerts.windows import MaintenanceWindows

_AT_ONCE = 5_000


class Reconciler:
    """Blocking; called in a thread, one at a time."""

    def __init__(
        self, records: Records, clock: Clock, units: Units, windows: MaintenanceWindows, *, keep_days: float
    ) -> None:
        self._records = records
        self._clock = clock
        self._units = units
        self._windows = windows
        self._keep = round(keep_days * 86_400 * MICROSECONDS_PER_SECOND)

    def run(self) -> list[AlertEvent]:
        """One round; what is new, not told as facts yet."""
        with self._records.read() as connection:
            now = self._clock.now()
            over, hiding = store.read_waiting(connection, now), store.read_hiding(connection, now)
        events: list[AlertEvent] = []
        for organisation_id in sorted(over):
            events += self._write(organisation_id, self._end)
        for organisation_id in sorted(hiding):
            events += self._reveal(organisation_id)
        return events

    def _write(
        self, organisation_id: int, work: Callable[[sa.Connection, int, Instant, int], list[AlertEvent]]
    ) -> list[AlertEvent]:
        with self._records.write() as connection:
            number = store.next_number(connection, organisation_id)
            events = work(connection, organisation_id, self._clock.now(), number)
            store.insert_events(connection, events)
        return events

    def _end(self, connection: sa.Connection, organisation_id: int, now: Instant, number: int) -> list[AlertEvent]:
        """Let shelves and windows be over; of what stands still this is told."""
        changed: list[Alert] = []
        events: list[AlertEvent] = []
        for alert in store.read_over(connection, organisation_id, now, _AT_ONCE):
            ended = [
                (What.UNSHELVED, alert.shelved_until),
                (What.MAINTENANCE_ENDED, alert.maintenance_until),
            ]
            lines = [(what, until) for what, until in ended if until is not None and until <= now and alert.standing]
            fresh = replace(
                alert,
                shelved_until=_past(alert.shelved_until, now),
                maintenance_until=_past(alert.maintenance_until, now),
                number=number,
                changed_at=now if lines else alert.changed_at,
                events=alert.events + len(lines),
            )
            changed.append(fresh)
            events += [line_of(fresh, what, at=until, told_at=now) for what, until in lines]
        store.update(connection, organisation_id, changed)
        return events

    def _reveal(self, organisation_id: int) -> list[AlertEvent]:
        def work(connection: sa.Connection, organisation_id: int, now: Instant, number: int) -> list[AlertEvent]:
            return reveal(connection, organisation_id, self._units, now, number)

        with self._records.read() as connection:
            waits = not decided(connection, organisation_id, self._units, self._clock.now())
        return [] if waits else self._write(organisation_id, work)

    def forget(self) -> int:
        """Delete what has been over for long, acknowledged or not; how many alerts."""
        before, count = self._clock.now() - self._keep, 0
        while True:
            with self._records.write() as connection:
                some = store.forget(connection, before, _AT_ONCE)
                store.forget_shelves(connection, self._clock.now())
            count += some
            if some < _AT_ONCE:
                break
        self._windows.forget(before)
        return count


def _past(until: Instant | None, now: int) -> Instant | None:
    return None if until is not None and until <= now else until

"""What people do about alerts. Each act is safe to repeat: what is so already leaves no second line in the timeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import sqlalchemy as sa

from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant, format_instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import (
    ALERT_COMMENT_LENGTH_MAX,
    ALERT_COMMENTS_MAX,
    SHELVE_SECONDS_MAX,
    SHELVES_PER_ORGANISATION_MAX,
)
from monokoto.operate.alerts import store
from monokoto.operate.alerts.alert import Alert, AlertEvent, What
from monokoto.operate.alerts.rows import alert_from_row
from monokoto.operate.alerts.tables import alerts
from monokoto.operate.alerts.taking import line_of
from monokoto.operate.alerts.viewer import Viewer, open_to

Done = tuple[Alert, list[AlertEvent]]
"""The alert afterwards, and what is new of its timeline."""


@dataclass(frozen=True, slots=True)
class Act:
    """What an act makes of an alert."""

    alert: Alert
    what: What | None = None
    """None: it was so already."""
    text: str = ""
    shared: bool = False


class Acts:
    """The acts on alerts of all organisations. Blocking; called in threads."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        is_member: Callable[[int, int], bool],
        is_watched: Callable[[int, str, int], bool],
    ) -> None:
        """`is_member(organisation, person)`; `is_watched(organisation, rule, unit)`: whether the rule still looks at the unit."""
        self._records = records
        self._clock = clock
        self.is_member = is_member
        self.is_watched = is_watched

    def acknowledge(self, viewer: Viewer, alert_id: int) -> Done:
        """Say that somebody took notice; the first to say so is kept. There is one acknowledgement, whichever side gave it.

        Raises: NotFound; Forbidden for whoever may only look at the unit.
        """

        def act(_connection: sa.Connection, alert: Alert, now: Instant) -> Act:
            viewer.must_act(alert)
            if alert.acknowledged_at is not None:
                return Act(alert)
            return Act(replace(alert, acknowledged_at=now, acknowledged_by=viewer.by), What.ACKNOWLEDGED)

        return self._act(viewer, alert_id, act)

    def unacknowledge(self, viewer: Viewer, alert_id: int) -> Done:
        """Take it back: of one's own side only, unless the alert is of a rule of one's own."""

        def act(_connection: sa.Connection, alert: Alert, _now: Instant) -> Act:
            viewer.must_act(alert)
            if alert.acknowledged_at is None:
                return Act(alert)
            by = alert.acknowledged_by
            if by is not None and by.organisation_id != viewer.organisation_id:
                viewer.must_own(alert)
            return Act(replace(alert, acknowledged_at=None, acknowledged_by=None), What.UNACKNOWLEDGED)

        return self._act(viewer, alert_id, act)

    def assign(self, viewer: Viewer, alert_id: int, person_id: int) -> Done:
        """Give it to a member of the rule's organisation, or to nobody (0)."""
        if person_id and not self.is_member(viewer.organisation_id, person_id):
            fault = Fault(place="person", reason="is no member of the organisation")
            raise Invalid("The alert cannot be given to them.", faults=[fault])

        def act(_connection: sa.Connection, alert: Alert, _now: Instant) -> Act:
            viewer.must_own(alert)
            if alert.assignee == person_id:
                return Act(alert)
            text = format_id(person_id) if person_id else ""
            return Act(replace(alert, assignee=person_id), What.ASSIGNED, text)

        return self._act(viewer, alert_id, act)

    def comment(self, viewer: Viewer, alert_id: int, text: str, *, shared: bool) -> Done:
        """Add a comment; `shared`: the other side may read it too. Raises Invalid, and Conflict past the limit."""
        text = text.strip()
        readable = all(character.isprintable() or character in "\n\t" for character in text)
        if not 1 <= len(text) <= ALERT_COMMENT_LENGTH_MAX or not readable:
            fault = Fault(place="text", reason=f"has 1 to {ALERT_COMMENT_LENGTH_MAX} printable characters")
            raise Invalid("This is no comment.", faults=[fault])

        def act(_connection: sa.Connection, alert: Alert, _now: Instant) -> Act:
            viewer.must_act(alert)
            if alert.comments >= ALERT_COMMENTS_MAX:
                raise Conflict(f"The alert has {ALERT_COMMENTS_MAX} comments.", remedy="Write it down elsewhere.")
            return Act(replace(alert, comments=alert.comments + 1), What.COMMENTED, text, shared)

        return self._act(viewer, alert_id, act)

    def shelve(self, viewer: Viewer, alert_id: int, until: int, *, rule: bool) -> Done:
        """Tell nobody of it until then; with `rule`, nor of those its rule raises on the unit meanwhile."""

        def act(connection: sa.Connection, alert: Alert, now: Instant) -> Act:
            viewer.must_own(alert)
            _check_shelf(now, until)
            if rule:
                if store.count_shelves(connection, alert.organisation_id, now) >= SHELVES_PER_ORGANISATION_MAX:
                    raise Conflict(
                        f"{SHELVES_PER_ORGANISATION_MAX} rules are shelved on units.",
                        remedy="Make a maintenance window for many units.",
                    )
                store.put_shelf(connection, alert, until, viewer.actor_id)
            elif not alert.standing:
                raise Conflict("The alert is over.", remedy="Shelve its rule on the unit, with `rule`.")
            if alert.shelved_until == until and not rule:
                return Act(alert)
            return Act(replace(alert, shelved_until=Instant(until)), What.SHELVED, format_instant(until))

        return self._act(viewer, alert_id, act)

    def unshelve(self, viewer: Viewer, alert_id: int) -> Done:
        """Shelve it no more, nor its rule on the unit."""

        def act(connection: sa.Connection, alert: Alert, _now: Instant) -> Act:
            viewer.must_own(alert)
            store.take_shelf(connection, alert)
            if alert.shelved_until is None:
                return Act(alert)
            return Act(replace(alert, shelved_until=None), What.UNSHELVED)

        return self._act(viewer, alert_id, act)

    def clear(self, viewer: Viewer, alert_id: int) -> Done:
        """End an alert whose rule looks at the unit no more, and so cannot end it by itself. Raises Conflict where it does."""

        def act(_connection: sa.Connection, alert: Alert, now: Instant) -> Act:
            viewer.must_own(alert)
            if not alert.standing:
                return Act(alert)
            if self.is_watched(alert.organisation_id, alert.rule, alert.unit_id):
                raise Conflict(
                    "The rule watches this unit and clears the alert itself.",
                    remedy="Shelve it, or change the rule.",
                )
            ended = Instant(max(now, alert.told.opened_at))
            return Act(replace(alert, told=replace(alert.told, cleared_at=ended), cleared_by=viewer.by), What.CLEARED)

        return self._act(viewer, alert_id, act)

    def _act(self, viewer: Viewer, alert_id: int, act: Callable[[sa.Connection, Alert, Instant], Act]) -> Done:
        organisation_id = self.find(viewer, alert_id).organisation_id
        now = self._clock.now()
        with self._records.write() as connection:
            number = store.next_number(connection, organisation_id)
            alert = read_open(connection, viewer, alert_id)
            before = alert
            done = act(connection, alert, now)
            if done.what is None:
                return before, []
            changed = replace(done.alert, number=number, changed_at=now, events=before.events + 1)
            event = replace(
                line_of(changed, done.what, at=now, told_at=now), by=viewer.by, text=done.text, shared=done.shared
            )
            store.update(connection, organisation_id, [changed])
            store.insert_events(connection, [event])
        return changed, [event]

    def find(self, viewer: Viewer, alert_id: int) -> Alert:
        """One that lies open; raises NotFound."""
        with self._records.read() as connection:
            return read_open(connection, viewer, alert_id)


def read_open(connection: sa.Connection, viewer: Viewer, alert_id: int) -> Alert:
    """The alert, should it lie open; raises NotFound."""
    organisations = viewer.organisations
    query = sa.select(alerts).where(
        alerts.c.alert_id == alert_id, alerts.c.organisation_id.in_(organisations), open_to(connection, viewer)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no alert {format_id(alert_id)!r}.")
    return alert_from_row(row)


def _check_shelf(now: int, until: int) -> None:
    if not now < until <= now + SHELVE_SECONDS_MAX * MICROSECONDS_PER_SECOND:
        days = SHELVE_SECONDS_MAX // 86_400
        fault = Fault(place="until", reason=f"lies in the future, at most {days} days ahead")
        raise Invalid("It cannot be shelved until then.", faults=[fault])

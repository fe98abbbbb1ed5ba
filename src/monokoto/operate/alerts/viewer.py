"""What of all alerts lies open to somebody: those of their own organisation's rules, and of the rules of products on units they
hold those meant for owners, begun in the times they held the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from monokoto.kernel.errors import Forbidden
from monokoto.kernel.ids import OrganisationId
from monokoto.operate.alerts.alert import PRODUCT_RULE_SIGN, Alert, AlertEvent, By, Quiet, What
from monokoto.operate.alerts.rows import listed, listed_numbers
from monokoto.operate.alerts.tables import alerts
from monokoto.web import Caller, Gate, Reach

FOR_OWNERS = ("owner", "both")
_TOLD_TO_OWNERS = frozenset(What) - {What.ASSIGNED, What.SHELVED, What.UNSHELVED, What.MAINTENANCE_ENDED}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks at alerts, and what the gate says of units that are not simply theirs."""

    organisation_id: OrganisationId
    actor_id: int
    held: Mapping[int, Reach]
    """Units of other makers."""
    clipped: Mapping[int, Reach]
    """Units the organisation made, of whose life not all lies open."""

    @property
    def by(self) -> By:
        """Who it is, for timelines."""
        return By(self.organisation_id, self.actor_id)

    @property
    def organisations(self) -> set[int]:
        """Whose alerts may lie open."""
        return {int(self.organisation_id), *(int(reach.organisation_id) for reach in self.held.values())}

    def owns(self, alert: Alert) -> bool:
        """Whether it is an alert of the organisation's own rule."""
        return alert.organisation_id == self.organisation_id

    def holds(self, alert: Alert, at: int) -> bool:
        """Whether an instant of the unit's life lies open, as far as this alert goes."""
        reaches = self.clipped if self.owns(alert) else self.held
        reach = reaches.get(alert.unit_id)
        return self.owns(alert) if reach is None else reach.holds(at)

    def past(self, alert: Alert) -> bool:
        """Whether what the unit is like now is no longer theirs to know."""
        reach = (self.clipped if self.owns(alert) else self.held).get(alert.unit_id)
        return reach is not None and not reach.now

    def quiet(self, alert: Alert, now: int) -> Quiet | None:
        """Why nobody is told of it, as far as that is theirs to know: shelves and windows are their organisation's own."""
        quiet = alert.quiet(now)
        return quiet if self.owns(alert) or quiet not in {Quiet.SHELVED, Quiet.MAINTENANCE} else None

    def must_own(self, alert: Alert) -> None:
        """Raises Forbidden where the alert is another organisation's."""
        if not self.owns(alert):
            raise Forbidden(
                "This is for the organisation whose rule it is.", remedy="Acknowledge it, or comment on it."
            )

    def must_act(self, alert: Alert) -> None:
        """Raises Forbidden for whoever may look at the unit and not control it."""
        if not self.owns(alert):
            reach = self.held[alert.unit_id]
            reach.must_be_present().must_control()

    def shown(self, alert: Alert, event: AlertEvent) -> bool:
        """Whether a line of an alert's timeline is theirs to read."""
        if event.what is What.COMMENTED and not event.shared:
            return event.by is not None and event.by.organisation_id == self.organisation_id
        return self.holds(alert, event.at) and (self.owns(alert) or event.what in _TOLD_TO_OWNERS)


def viewer_of_unit(caller: Caller, reach: Reach) -> Viewer:
    """The same for whoever asks about one unit, as the gate has answered."""
    own = reach.organisation_id == caller.organisation_id
    return Viewer(
        organisation_id=caller.organisation_id,
        actor_id=caller.actor_id,
        held={} if own else {reach.unit_id: reach},
        clipped={reach.unit_id: reach} if own and not reach.always else {},
    )


def viewer_of(gate: Gate, caller: Caller) -> Viewer:
    """Asks the gate; from memory."""
    return Viewer(
        organisation_id=caller.organisation_id,
        actor_id=caller.actor_id,
        held={reach.unit_id: reach for reach in gate.held(caller)},
        clipped=gate.clipped(caller),
    )


def open_to(connection: sa.Connection, viewer: Viewer) -> sa.ColumnElement[bool]:
    """The condition that keeps a query over alerts within what lies open."""
    own: sa.ColumnElement[bool] = alerts.c.organisation_id == viewer.organisation_id
    if viewer.clipped:
        whole = alerts.c.unit_id.not_in(listed(connection, viewer.clipped))
        own &= whole | _begun_within(connection, viewer.clipped)
    if not viewer.held:
        return own
    makers = {reach.organisation_id for reach in viewer.held.values()}
    held = (
        alerts.c.organisation_id.in_(sorted(makers))
        & alerts.c.unit_id.in_(listed(connection, viewer.held))
        & alerts.c.audience.in_(FOR_OWNERS)
        & alerts.c.rule.contains(PRODUCT_RULE_SIGN)
        & _begun_within(connection, viewer.held)
    )
    return own | held


def _begun_within(connection: sa.Connection, reaches: Mapping[int, Reach]) -> sa.ColumnElement[bool]:
    rows = [
        (int(reach.organisation_id), int(reach.unit_id), begin, end)
        for reach in reaches.values()
        for begin, end in reach.times
    ]
    times = listed_numbers(connection, rows, ("maker", "unit", "began", "ended"))
    return sa.exists(
        sa.select(1).where(
            times.c.maker == alerts.c.organisation_id,
            times.c.unit == alerts.c.unit_id,
            alerts.c.instance >= times.c.began,
            alerts.c.instance < times.c.ended,
        )
    )

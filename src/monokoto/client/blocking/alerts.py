# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.alerts`: What rules found: raised, acknowledged, shelved, cleared; maintenance windows."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    Alert,
    AlertCounts,
    AlertDetail,
    AlertGroup,
    AlertGroupPage,
    AlertPage,
    Concerned,
    MaintenanceWindow,
    MaintenanceWindowPage,
    Severity,
    State,
)
from monokoto.client.wire import Api, Call, Events, Pages, given, segment


class AlertsApi:
    """What rules found: raised, acknowledged, shelved, cleared; maintenance windows."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_alerts(
        self,
        *,
        state: Sequence[State] | None = None,
        severity: Severity | None = None,
        unit: str | None = None,
        system: str | None = None,
        product: str | None = None,
        rule: str | None = None,
        assignee: str | None = None,
        group: str | None = None,
        shelved: str | None = None,
        suppressed: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[AlertPage, Alert]:
        """List alerts.

        To a maker those of its rules; to whoever holds units those meant for owners that began in their own time.
        Needs `telemetry:read`.

        Args:
            state: One of these; repeat for more.
            severity: At least as severe as this.
            unit: Id of the unit: 13 characters (at most 200 characters).
            system: On this uppermost unit or any part of it.
            product: Name of the product (at most 200 characters).
            rule: Its rule: `<product>/<name>`, or the id of one that was added (at most 200 characters).
            assignee: A person, or `none`.
            group: Id of a group of alerts (at most 64 characters).
            shelved: `no`: left out; `yes`: shown too; `only`: no others (default: no).
            suppressed: `no`: left out; `yes`: shown too; `only`: no others (default: no).
            from_: Begun at this instant or later (RFC 3339).
            to: Begun before this instant.
            sort: began_at, severity, changed_at, created_at; `-` before one for descending.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/alerts",
            query=given(state=state, severity=severity, unit=unit, system=system, product=product, rule=rule)
            | given(assignee=assignee, group=group, shelved=shelved, suppressed=suppressed, from_=from_, to=to)
            | given(sort=sort, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, AlertPage, Alert)

    def count_alerts(self) -> AlertCounts:
        """Count alerts.

        How many there are to look at. Needs `telemetry:read`.
        """
        call = Call(method="GET", path="/api/v1/alerts/counts", repeatable=True)
        return self._api.ask(call, AlertCounts)

    def list_alert_groups(
        self,
        *,
        state: Sequence[State] | None = None,
        severity: Severity | None = None,
        product: str | None = None,
        rule: str | None = None,
        shelved: str | None = None,
        suppressed: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[AlertGroupPage, AlertGroup]:
        """List groups of alerts.

        Alerts of one rule that began within ten minutes under one uppermost unit are one; the last to begin first.
        Needs `telemetry:read`.

        Args:
            state: One of these; repeat for more.
            severity: At least as severe as this.
            product: Name of the product (at most 200 characters).
            rule: Its rule: `<product>/<name>`, or the id of one that was added (at most 200 characters).
            shelved: `no`: left out; `yes`: shown too; `only`: no others (default: no).
            suppressed: `no`: left out; `yes`: shown too; `only`: no others (default: no).
            from_: Begun at this instant or later (RFC 3339).
            to: Begun before this instant.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/alerts/groups",
            query=given(state=state, severity=severity, product=product, rule=rule, shelved=shelved)
            | given(suppressed=suppressed, from_=from_, to=to, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, AlertGroupPage, AlertGroup)

    def stream_alerts(self, *, last_event_id: str | None = None) -> Events:
        """Alerts, live.

        What changes from now on, or from `Last-Event-ID` on; hidden and shelved ones too. Needs `telemetry:read`.

        Args:
            last_event_id: The last event's id, to go on from there.
        """
        call = Call(
            method="GET",
            path="/api/v1/alerts/stream",
            headers={"Last-Event-ID": last_event_id},
            repeatable=True,
            accept="text/event-stream",
        )
        return self._api.events(call, ends=False)

    def get_alert(self, alert: str) -> AlertDetail:
        """One alert.

        With what spoke for it, the rule's version, and all that happened to it. Needs `telemetry:read`. Raises
        NotFound.

        Args:
            alert: Id of the alert.
        """
        call = Call(method="GET", path=f"/api/v1/alerts/{segment(alert)}", repeatable=True)
        return self._api.ask(call, AlertDetail)

    def acknowledge_alert(self, alert: str, *, idempotency_key: str | None = None) -> Alert:
        """Say that somebody took notice.

        There is one acknowledgement, whichever side gives it; the first is kept. Escalation ends with it. Needs
        `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            alert: Id of the alert.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/alerts/{segment(alert)}/acknowledge", key=idempotency_key, keyed=True)
        return self._api.ask(call, Alert)

    def assign_alert(self, alert: str, *, person: str | None, idempotency_key: str | None = None) -> Alert:
        """Give an alert to somebody.

        A member of the organisation whose rule it is. Needs `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            alert: Id of the alert.
            person: A member of the organisation; null: nobody.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/alerts/{segment(alert)}/assign",
            body=given(person=person),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Alert)

    def clear_alert(self, alert: str, *, idempotency_key: str | None = None) -> Alert:
        """End an alert by hand.

        Only where its rule looks at the unit no more, and so cannot end it. Needs `control:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            alert: Id of the alert.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/alerts/{segment(alert)}/clear", key=idempotency_key, keyed=True)
        return self._api.ask(call, Alert)

    def comment_alert(
        self, alert: str, *, text: str, shared: bool | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> Alert:
        """Comment on an alert.

        For one's own organisation to read, and with `shared` for the other side too. Needs `control:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            alert: Id of the alert.
            text: At most 4,000 characters.
            shared: The other side (the unit's owner, the maker) may read it (default: false).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/alerts/{segment(alert)}/comment",
            body=given(text=text, shared=shared),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Alert)

    def shelve_alert(
        self, alert: str, *, until: str, rule: bool | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> Alert:
        """Shelve an alert for a time.

        Until then nobody is told of it. What stands then still is told. Needs `control:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            alert: Id of the alert.
            until: RFC 3339; at most 30 days ahead.
            rule: What its rule raises on the unit meanwhile, too (default: false).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/alerts/{segment(alert)}/shelve",
            body=given(until=until, rule=rule),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Alert)

    def unacknowledge_alert(self, alert: str, *, idempotency_key: str | None = None) -> Alert:
        """Take the acknowledgement back.

        One's own side's; the organisation whose rule it is may take back either. Needs `control:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            alert: Id of the alert.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path=f"/api/v1/alerts/{segment(alert)}/unacknowledge", key=idempotency_key, keyed=True
        )
        return self._api.ask(call, Alert)

    def unshelve_alert(self, alert: str, *, idempotency_key: str | None = None) -> Alert:
        """Take an alert off its shelf.

        And its rule on the unit. Needs `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            alert: Id of the alert.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/alerts/{segment(alert)}/unshelve", key=idempotency_key, keyed=True)
        return self._api.ask(call, Alert)

    def list_maintenance_windows(
        self, *, over: bool | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pages[MaintenanceWindowPage, MaintenanceWindow]:
        """List maintenance windows.

        The organisation's, the newest first. Needs `telemetry:read`.

        Args:
            over: Also those that are over (default: false).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/maintenance-windows",
            query=given(over=over, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, MaintenanceWindowPage, MaintenanceWindow)

    def create_maintenance_window(
        self,
        *,
        to: str,
        selection: Concerned,
        reason: str,
        from_: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> MaintenanceWindow:
        """Make a maintenance window.

        Alerts raised in it are kept and marked, and nobody is told; what stands at its end is told then. Needs
        `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            to: RFC 3339.
            reason: At most 500 characters.
            from_: RFC 3339; left out: now.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/maintenance-windows",
            body=given(to=to, selection=selection, reason=reason, from_=from_),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, MaintenanceWindow)

    def get_maintenance_window(self, window: str) -> MaintenanceWindow:
        """One maintenance window.

        Over ones are kept as long as alerts are. Needs `telemetry:read`. Raises NotFound.

        Args:
            window: Id of the maintenance window.
        """
        call = Call(method="GET", path=f"/api/v1/maintenance-windows/{segment(window)}", repeatable=True)
        return self._api.ask(call, MaintenanceWindow)

    def end_maintenance_window(self, window: str, *, idempotency_key: str | None = None) -> MaintenanceWindow:
        """End a maintenance window.

        Now; one that has not begun is taken back. Needs `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            window: Id of the maintenance window.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE", path=f"/api/v1/maintenance-windows/{segment(window)}", key=idempotency_key, keyed=True
        )
        return self._api.ask(call, MaintenanceWindow)

    def list_unit_alerts(
        self,
        unit: str,
        *,
        state: Sequence[State] | None = None,
        severity: Severity | None = None,
        rule: str | None = None,
        shelved: str | None = None,
        suppressed: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[AlertPage, Alert]:
        """A unit's alerts.

        The last to begin first; an owner sees those of their own periods. Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            state: One of these; repeat for more.
            severity: At least as severe as this.
            rule: Its rule: `<product>/<name>`, or the id of one that was added (at most 200 characters).
            shelved: `no`: left out; `yes`: shown too; `only`: no others (default: yes).
            suppressed: `no`: left out; `yes`: shown too; `only`: no others (default: yes).
            from_: Begun at this instant or later (RFC 3339).
            to: Begun before this instant.
            sort: began_at, severity, changed_at, created_at; `-` before one for descending.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/alerts",
            query=given(state=state, severity=severity, rule=rule, shelved=shelved, suppressed=suppressed, from_=from_)
            | given(to=to, sort=sort, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, AlertPage, Alert)

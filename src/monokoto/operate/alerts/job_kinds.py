"""Acknowledging the alerts of many units at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.connect.jobs import UNCHANGED, Plan, Target
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.operate.alerts.alert import State
from monokoto.operate.alerts.listing import AlertFilter
from monokoto.operate.alerts.service import Alerts
from monokoto.operate.alerts.viewer import Viewer, viewer_of_unit
from monokoto.operate.rules import Severity
from monokoto.web import Caller, Gate, Scope


class AcknowledgeParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which alerts of the units."""

    rule: Annotated[str, Meta(max_length=160, description="Only of this rule")] = ""
    severity: Annotated[Severity | None, Meta(description="At least as severe as this")] = None
    standing: Annotated[bool, Meta(description="Only those that are not over")] = False


class AcknowledgeAlerts:
    """As `jobs.JobKind`: what nobody has acknowledged yet, by the job's maker."""

    name = "alerts.acknowledge"
    title = "Acknowledge the alerts of the units"
    scope = Scope.CONTROL_WRITE
    parameters = AcknowledgeParameters
    undoable = True
    makers_only = False

    def __init__(self, alerts: Alerts, gate: Gate) -> None:
        self._alerts = alerts
        self._gate = gate

    async def plan(self, caller: Caller, target: Target, parameters: AcknowledgeParameters) -> Plan:
        found = await asyncio.to_thread(self._found, self._viewer(caller, target), target, parameters)
        if not found:
            return UNCHANGED
        return Plan({"alerts": [format_id(one) for one in found]}, {"acknowledged": len(found)})

    async def apply(self, caller: Caller, target: Target, parameters: AcknowledgeParameters) -> None:
        viewer = self._viewer(caller, target)

        def work() -> None:
            for alert_id in self._found(viewer, target, parameters):
                events.extend(self._alerts.acts.acknowledge(viewer, alert_id)[1])

        events: list[Any] = []
        try:
            await asyncio.to_thread(work)
        finally:
            await self._alerts.tell(events)

    async def undo(
        self, caller: Caller, target: Target, _parameters: AcknowledgeParameters, before: Mapping[str, Any]
    ) -> None:
        """What somebody else has acknowledged meanwhile stays acknowledged."""
        viewer = self._viewer(caller, target)

        def work() -> None:
            for text in before["alerts"]:
                try:
                    alert = self._alerts.get(viewer, parse_id(text))
                except NotFound:
                    continue
                if alert.acknowledged_by == viewer.by:
                    events.extend(self._alerts.acts.unacknowledge(viewer, alert.id)[1])

        events: list[Any] = []
        try:
            await asyncio.to_thread(work)
        finally:
            await self._alerts.tell(events)

    def _viewer(self, caller: Caller, target: Target) -> Viewer:
        reach = self._gate.unit(caller, target.unit_id)
        return viewer_of_unit(caller, reach.must_be_present().must_control())

    def _found(self, viewer: Viewer, target: Target, parameters: AcknowledgeParameters) -> list[int]:
        wanted = AlertFilter(
            states=(State.RAISED,) if parameters.standing else (State.RAISED, State.CLEARED),
            severity_min=parameters.severity,
            unit_id=target.unit_id,
            rule=parameters.rule,
            shelved=None,
            suppressed=None,
        )
        page = self._alerts.list(viewer, wanted, sort="created_at", limit=PAGE_SIZE_MAX, cursor=None)
        return [alert.id for alert in page.items]

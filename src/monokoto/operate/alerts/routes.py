"""Alerts over HTTP: found, shown, acted upon, watched live."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import Meta

from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import ALERT_COMMENT_LENGTH_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.operate.alerts.acting import Done
from monokoto.operate.alerts.alert import State
from monokoto.operate.alerts.json import (
    AlertCountsJson,
    AlertDetailJson,
    AlertGroupJson,
    AlertJson,
    alert_to_json,
    counts_to_json,
    detail_to_json,
    group_to_json,
)
from monokoto.operate.alerts.listing import AlertFilter
from monokoto.operate.alerts.service import Alerts
from monokoto.operate.alerts.serving import AlertStream, parse_last_event_id
from monokoto.operate.alerts.viewer import Viewer, viewer_of, viewer_of_unit
from monokoto.operate.rules import Severity
from monokoto.web import Caller, Gate, Page, Scope, problem_responses, requires

_READ = [requires(Scope.TELEMETRY_READ)]
_WRITE = [requires(Scope.CONTROL_WRITE)]
_TEXT_MAX = 200
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]
States = Annotated[list[State] | None, QueryParameter(name="state", description="One of these; repeat for more")]
AtLeast = Annotated[Severity | None, QueryParameter(name="severity", description="At least as severe as this")]
Text = Annotated[str, QueryParameter(max_length=_TEXT_MAX)]
Whether = Annotated[
    str, QueryParameter(pattern="^(no|yes|only)$", description="`no`: left out; `yes`: shown too; `only`: no others")
]
Begin = Annotated[str | None, QueryParameter(name="from", description="Begun at this instant or later (RFC 3339)")]
End = Annotated[str | None, QueryParameter(name="to", description="Begun before this instant")]
Sort = Annotated[
    str, QueryParameter(description="began_at, severity, changed_at, created_at; `-` before one for descending")
]


class CommentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A comment."""

    text: Annotated[str, Meta(min_length=1, max_length=ALERT_COMMENT_LENGTH_MAX)]
    shared: Annotated[bool, Meta(description="The other side (the unit's owner, the maker) may read it")] = False


class AssignRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose it is to look after."""

    person: Annotated[str | None, Meta(description="A member of the organisation; null: nobody")]


class ShelveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long."""

    until: Annotated[str, Meta(description="RFC 3339; at most 30 days ahead")]
    rule: Annotated[bool, Meta(description="What its rule raises on the unit meanwhile, too")] = False


_KINDS: dict[str, bool | None] = {"no": False, "yes": None, "only": True}


def alert_filter(
    *,
    states: list[State] | None,
    severity: Severity | None,
    product: str,
    rule: str,
    shelved: str,
    suppressed: str,
    begin: str | None,
    end: str | None,
) -> AlertFilter:
    """The conditions every list of alerts knows. Raises Invalid."""
    return AlertFilter(
        states=tuple(states or ()),
        severity_min=severity,
        product=product,
        rule=rule,
        shelved=_KINDS[shelved],
        suppressed=_KINDS[suppressed],
        begin=_instant(begin, "from"),
        end=_instant(end, "to"),
    )


class AlertsController(Controller):
    """`/api/v1/alerts`."""

    path = "/api/v1/alerts"
    tags = ("Alerts",)

    @get("", operation_id="listAlerts", guards=_READ, responses=problem_responses(), summary="List alerts")
    async def all(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        states: States = None,
        severity: AtLeast = None,
        unit: Text = "",
        system: Annotated[str, QueryParameter(description="On this uppermost unit or any part of it")] = "",
        product: Text = "",
        rule: Text = "",
        assignee: Annotated[str, QueryParameter(description="A person, or `none`")] = "",
        group: Annotated[str, QueryParameter(max_length=64, description="Id of a group of alerts")] = "",
        shelved: Whether = "no",
        suppressed: Whether = "no",
        begin: Begin = None,
        end: End = None,
        sort: Sort = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[AlertJson]:
        """To a maker those of its rules; to whoever holds units those meant for owners that began in their own time."""
        wanted = alert_filter(
            states=states, severity=severity, product=product, rule=rule, shelved=shelved, suppressed=suppressed,
            begin=begin, end=end,
        )  # fmt: skip
        wanted = replace(
            wanted,
            unit_id=parse_id(unit, what="unit") if unit else 0,
            top_id=parse_id(system, what="system") if system else 0,
            assignee=None if not assignee else 0 if assignee == "none" else parse_id(assignee, what="assignee"),
            group_id=parse_id(group, what="group") if group else 0,
        )
        return await _page(alerts, viewer_of(gate, caller), wanted, sort, limit, cursor)

    @get("/counts", operation_id="countAlerts", guards=_READ, responses=problem_responses(), summary="Count alerts")
    async def counts(
        self, caller: NamedDependency[Caller], gate: NamedDependency[Gate], alerts: NamedDependency[Alerts]
    ) -> AlertCountsJson:
        """How many there are to look at."""
        return counts_to_json(await asyncio.to_thread(alerts.counts, viewer_of(gate, caller)))

    @get(
        "/groups",
        operation_id="listAlertGroups",
        guards=_READ,
        responses=problem_responses(),
        summary="List groups of alerts",
    )
    async def groups(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        states: States = None,
        severity: AtLeast = None,
        product: Text = "",
        rule: Text = "",
        shelved: Whether = "no",
        suppressed: Whether = "no",
        begin: Begin = None,
        end: End = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[AlertGroupJson]:
        """Alerts of one rule that began within ten minutes under one uppermost unit are one; the last to begin first."""
        wanted = alert_filter(
            states=states, severity=severity, product=product, rule=rule, shelved=shelved, suppressed=suppressed,
            begin=begin, end=end,
        )  # fmt: skip
        viewer = viewer_of(gate, caller)

        def found() -> Page[AlertGroupJson]:
            page = alerts.groups(viewer, wanted, limit=limit, cursor=cursor)
            return Page([group_to_json(alerts, viewer, one) for one in page.items], page.next_cursor)

        return await asyncio.to_thread(found)

    @get(
        "/stream",
        operation_id="streamAlerts",
        guards=_READ,
        responses=problem_responses(429)
        | {
            200: ResponseSpec(
                str,
                description="Server-sent events `alert`, each an alert as it stands; `many`: read the list anew",
                media_type="text/event-stream",
                generate_examples=False,
            )
        },
        summary="Alerts, live",
    )
    async def stream(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    ) -> Stream:
        """What changes from now on, or from `Last-Event-ID` on; hidden and shelved ones too."""
        last = parse_last_event_id(last_event_id)
        listener = alerts.streams.open(caller.organisation_id)
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        chunks = AlertStream(alerts, gate, caller, listener, last).chunks()
        return Stream(chunks, media_type="text/event-stream", headers=headers)

    @get("/{alert:str}", operation_id="getAlert", guards=_READ, responses=problem_responses(404), summary="One alert")
    async def one(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        alert: FromPath[str],
    ) -> AlertDetailJson:
        """With what spoke for it, the rule's version, and all that happened to it."""
        viewer, alert_id = viewer_of(gate, caller), _alert(alert)

        def found() -> AlertDetailJson:
            known = alerts.get(viewer, alert_id)
            return detail_to_json(alerts, viewer, known, alerts.timeline(viewer, known))

        return await asyncio.to_thread(found)

    @post(
        "/{alert:str}/acknowledge", operation_id="acknowledgeAlert", guards=_WRITE, status_code=200,
        responses=problem_responses(404), summary="Say that somebody took notice",
    )  # fmt: skip
    async def acknowledge(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        alert: FromPath[str],
    ) -> AlertJson:
        """There is one acknowledgement, whichever side gives it; the first is kept. Escalation ends with it."""
        return await _act(alerts, viewer_of(gate, caller), alert, alerts.acts.acknowledge)

    @post(
        "/{alert:str}/unacknowledge", operation_id="unacknowledgeAlert", guards=_WRITE, status_code=200,
        responses=problem_responses(404), summary="Take the acknowledgement back",
    )  # fmt: skip
    async def unacknowledge(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        alert: FromPath[str],
    ) -> AlertJson:
        """One's own side's; the organisation whose rule it is may take back either."""
        return await _act(alerts, viewer_of(gate, caller), alert, alerts.acts.unacknowledge)

    @post(
        "/{alert:str}/assign", operation_id="assignAlert", guards=_WRITE, status_code=200,
        responses=problem_responses(404), summary="Give an alert to somebody",
    )  # fmt: skip
    async def assign(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        alert: FromPath[str],
        data: JSONBody[AssignRequest],
    ) -> AlertJson:
        """A member of the organisation whose rule it is."""
        person_id = 0 if data.person is None else parse_id(data.person, what="person")
        return await _act(
            alerts, viewer_of(gate, caller), alert, lambda viewer, it: alerts.acts.assign(viewer, it, person_id)
        )

    @post(
        "/{alert:str}/comment", operation_id="commentAlert", guards=_WRITE, status_code=200,
        responses=problem_responses(404, 409), summary="Comment on an alert",
    )  # fmt: skip
    async def comment(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        alert: FromPath[str],
        data: JSONBody[CommentRequest],
    ) -> AlertJson:
        """For one's own organisation to read, and with `shared` for the other side too."""
        return await _act(
            alerts,
            viewer_of(gate, caller),
            alert,
            lambda viewer, it: alerts.acts.comment(viewer, it, data.text, shared=data.shared),
        )

    @post(
        "/{alert:str}/shelve", operation_id="shelveAlert", guards=_WRITE, status_code=200,
        responses=problem_responses(404, 409), summary="Shelve an alert for a time",
    )  # fmt: skip
    async def shelve(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        alert: FromPath[str],
        data: JSONBody[ShelveRequest],
    ) -> AlertJson:
        """Until then nobody is told of it. What stands then still is told."""
        until = _instant(data.until, "until") or 0
        return await _act(
            alerts,
            viewer_of(gate, caller),
            alert,
            lambda viewer, it: alerts.acts.shelve(viewer, it, until, rule=data.rule),
        )

    @post(
        "/{alert:str}/unshelve", operation_id="unshelveAlert", guards=_WRITE, status_code=200,
        responses=problem_responses(404), summary="Take an alert off its shelf",
    )  # fmt: skip
    async def unshelve(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        alert: FromPath[str],
    ) -> AlertJson:
        """And its rule on the unit."""
        return await _act(alerts, viewer_of(gate, caller), alert, alerts.acts.unshelve)

    @post(
        "/{alert:str}/clear", operation_id="clearAlert", guards=_WRITE, status_code=200,
        responses=problem_responses(404, 409), summary="End an alert by hand",
    )  # fmt: skip
    async def clear(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        alert: FromPath[str],
    ) -> AlertJson:
        """Only where its rule looks at the unit no more, and so cannot end it."""
        return await _act(alerts, viewer_of(gate, caller), alert, alerts.acts.clear)


class UnitAlertsController(Controller):
    """`/api/v1/units/{unit}/alerts`."""

    path = "/api/v1/units/{unit:str}/alerts"
    tags = ("Alerts",)

    @get("", operation_id="listUnitAlerts", guards=_READ, responses=problem_responses(404), summary="A unit's alerts")
    async def all(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        alerts: NamedDependency[Alerts],
        unit: FromPath[str],
        states: States = None,
        severity: AtLeast = None,
        rule: Text = "",
        shelved: Whether = "yes",
        suppressed: Whether = "yes",
        begin: Begin = None,
        end: End = None,
        sort: Sort = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[AlertJson]:
        """The last to begin first; an owner sees those of their own periods."""
        reach = gate.unit(caller, parse_id(unit, what="unit id"))
        wanted = alert_filter(
            states=states, severity=severity, product="", rule=rule, shelved=shelved, suppressed=suppressed,
            begin=begin, end=end,
        )  # fmt: skip
        wanted = replace(wanted, unit_id=reach.unit_id)
        return await _page(alerts, viewer_of_unit(caller, reach), wanted, sort, limit, cursor)


async def _page(
    alerts: Alerts, viewer: Viewer, wanted: AlertFilter, sort: str, limit: int, cursor: str | None
) -> Page[AlertJson]:
    def found() -> Page[AlertJson]:
        page = alerts.list(viewer, wanted, sort=sort, limit=limit, cursor=cursor)
        return Page([alert_to_json(alerts, viewer, one) for one in page.items], page.next_cursor)

    return await asyncio.to_thread(found)


async def _act(alerts: Alerts, viewer: Viewer, alert: str, work: Callable[[Viewer, int], Done]) -> AlertJson:
    alert_id = _alert(alert)
    done = await alerts.act(lambda: work(viewer, alert_id))
    return await asyncio.to_thread(alert_to_json, alerts, viewer, done)


def _alert(text: str) -> int:
    return parse_id(text, what="alert id")


def _instant(text: str | None, place: str) -> int | None:
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no time.", faults=[Fault(place=place, reason=str(error))]) from None

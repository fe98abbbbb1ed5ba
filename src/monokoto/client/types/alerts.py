# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.alerts`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from monokoto.client.types.shared import Severity


class Alert(Struct, frozen=True, kw_only=True):
    """An alert as it stands."""

    id: str
    unit: str
    serial: str
    product: str
    rule: str
    """`product/name`, or the id of a rule an organisation added"""
    rule_version: str
    own: bool
    """Whether the rule is the asker's organisation's"""
    title: dict[str, str]
    """The rule's title by language"""
    severity: Severity
    severity_max: Severity
    """The worst it was"""
    state: State
    began_at: str
    """When its condition became true, by the unit's time"""
    raised_at: str | None
    cleared_at: str | None
    acknowledged_at: str | None
    acknowledged_by: AlertBy | None
    assignee: str | None
    """A member of the rule's organisation; to others null"""
    group: str
    """Of alerts of one rule that began about the same time"""
    quiet: Quiet | None
    """Why nobody is told of it; null: somebody is"""
    suppressed_by: str
    """The rule whose alerts may hide it"""
    revealed_at: str | None
    """Since when no such alert hides it"""
    flapping: bool
    maintenance: str | None
    """The maintenance window in which it was raised"""
    shelved_until: str | None
    created_at: str
    """When it was first told of"""
    changed_at: str


class AlertBy(Struct, frozen=True, kw_only=True):
    """Somebody who did something about an alert."""

    side: str
    """`own`: of the asker's organisation; else `maker` or `owner`"""
    id: str | None
    """The person or key; null for people of the other side"""


class AlertCounts(Struct, frozen=True, kw_only=True):
    """How many alerts there are to look at. What is shelved or hidden stands in no other number."""

    standing: int
    unacknowledged: int
    """Of those that stand"""
    severities: dict[str, int]
    """Of those that stand"""
    cleared: int
    """Over, and not acknowledged"""
    flapping: int
    maintenance: int
    shelved: int
    suppressed: int


class AlertDetail(Struct, frozen=True, kw_only=True):
    """An alert with all that happened to it."""

    id: str
    unit: str
    serial: str
    product: str
    rule: str
    """`product/name`, or the id of a rule an organisation added"""
    rule_version: str
    own: bool
    """Whether the rule is the asker's organisation's"""
    title: dict[str, str]
    """The rule's title by language"""
    severity: Severity
    severity_max: Severity
    """The worst it was"""
    state: State
    began_at: str
    """When its condition became true, by the unit's time"""
    raised_at: str | None
    cleared_at: str | None
    acknowledged_at: str | None
    acknowledged_by: AlertBy | None
    assignee: str | None
    """A member of the rule's organisation; to others null"""
    group: str
    """Of alerts of one rule that began about the same time"""
    quiet: Quiet | None
    """Why nobody is told of it; null: somebody is"""
    suppressed_by: str
    """The rule whose alerts may hide it"""
    revealed_at: str | None
    """Since when no such alert hides it"""
    flapping: bool
    maintenance: str | None
    """The maintenance window in which it was raised"""
    shelved_until: str | None
    created_at: str
    """When it was first told of"""
    changed_at: str
    help: dict[str, str]
    """What to do, by language"""
    evidence: list[Evidence]
    """What spoke for raising it"""
    timeline: list[AlertEvent]


class AlertEvent(Struct, frozen=True, kw_only=True):
    """A line of an alert's timeline."""

    id: str
    what: AlertsWhat
    at: str
    """Of what the rule told by the unit's time, of all else by ours"""
    told_at: str
    severity: Severity
    rule_version: str
    by: AlertBy | None
    """null: the rule, or time"""
    text: str
    """A comment; to whom it was given; until when it was shelved"""
    shared: bool
    """A comment that the other side may read"""
    evidence: list[Evidence]


class AlertGroup(Struct, frozen=True, kw_only=True):
    """Alerts of one rule that began about the same time, under one uppermost unit or on units that are parts of
    nothing.
    """

    group: str
    rule: str
    title: dict[str, str]
    top: str | None
    """The uppermost unit above them; null: they are parts of nothing"""
    began_at: str
    last_at: str
    """When the last of them began"""
    alerts: int
    units: int
    standing: int
    acknowledged: int
    severity: Severity
    """The worst"""
    latest: str
    """The youngest alert"""


class AlertGroupPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[AlertGroup]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class AlertPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Alert]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class AlertsWhat(StrEnum):
    """What happened to an alert."""

    RAISED = "raised"
    SEVERITY = "severity"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    MAINTENANCE_ENDED = "maintenance_ended"
    REVEALED = "revealed"


class Concerned(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which units a window is for, with their parts: these, or those for which all else holds, also when they join
    later.
    """

    units: list[str] = []
    """Ids"""
    product: str = ""
    tags: list[str] = []
    """All of them"""
    below: str = ""
    """Parts of this unit, at every depth"""
    group: str = ""
    """Name or id of a group"""


class Evidence(Struct, frozen=True, kw_only=True):
    """A value that spoke for a change."""

    name: str
    """A property, or a signal of the rule"""
    at: str
    value: float | str | bool | None


class MaintenanceWindow(Struct, frozen=True, kw_only=True):
    """A maintenance window."""

    id: str
    from_: str = field(name="from")
    to: str
    reason: str
    selection: Concerned
    over: bool
    created_at: str
    created_by: str | None


class MaintenanceWindowPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[MaintenanceWindow]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Quiet(StrEnum):
    """Why nobody is told of an alert."""

    SHELVED = "shelved"
    MAINTENANCE = "maintenance"
    SUPPRESSED = "suppressed"
    FLAPPING = "flapping"


class State(StrEnum):
    """Where an alert stands: whether it stands still, and whether anybody took notice."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    CLOSED = "closed"

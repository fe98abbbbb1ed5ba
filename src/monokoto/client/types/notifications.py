# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.notifications`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct, field

from monokoto.client.types.shared import Severity


class AlertMatch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which alerts; an empty list asks for nothing. Between the lists `and`, within one `or`."""

    severity: Severity | None = None
    """At least; of thresholds nothing is asked"""
    rules: list[Any] = []
    """`product/rule`, `product/*`, or the id of an added rule; of thresholds `product/feature`"""
    products: list[Any] = []
    units: list[Any] = []
    tags: list[Any] = []
    """The unit has one of them"""
    groups: list[Any] = []
    """The unit belongs to one of them"""


class DigestPace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything since the last message in one: at most one every so many minutes, or daily at a time."""

    every_minutes: int | None = None
    daily_at: str | None = None
    """As `08:00`"""
    timezone: str = "UTC"
    """IANA name, as `Asia/Seoul`"""


class EscalationStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom, so long after the alert was raised, and how often again; while nobody has acknowledged it and it stands."""

    receivers: list[Any]
    after_seconds: int = 0
    repeats: int = 0
    """Times it is told again"""
    every_seconds: int = 600
    """Between two times"""


class MessageAttempt(Struct, frozen=True, kw_only=True):
    """One time a message was sent."""

    at: str
    milliseconds: int
    status: int | None
    """Of HTTP; null: there was no answer, or it is a mail"""
    reason: str
    """Why it failed; empty: it was taken"""
    snippet: str
    """The beginning of the answer"""


class MessagePace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many messages at once, then one every so many seconds; what comes faster becomes one summary."""

    burst: int = 10
    every_seconds: int = 60


class NewReceiver(Struct, frozen=True, kw_only=True):
    """A receiver; a webhook's with its secret, which is shown this once."""

    receiver: Receiver
    secret: str | None
    """Verify signatures with it (Standard Webhooks); null: it has none"""


class Notification(Struct, frozen=True, kw_only=True):
    """One thing that became of an alert, for one receiver."""

    id: str
    alert: str
    """Empty: a threshold is told, of no alert"""
    unit: str
    serial: str
    what: NotificationsWhat
    reminder: bool
    """Told because nobody had acknowledged the alert"""
    step: int
    repeat: int
    severity: Severity
    rule: str
    title: str
    """What the alert is called, in English where it has such a title"""
    titles: dict[str, str]
    """The same by language; empty: its rule has none"""
    receiver: str
    route: str
    state: NotificationState
    message: str | None
    """The message it went out in; several may share one"""
    attempts: int
    status: int | None
    reason: str
    planned_at: str
    due_at: str | None
    """When it is sent, or tried next; null: it is settled"""
    settled_at: str | None


class NotificationPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Notification]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class NotificationRoute(Struct, frozen=True, kw_only=True):
    """A route: of which alerts whom it tells."""

    id: str
    name: str
    enabled: bool
    what: list[NotificationsWhat]
    match: AlertMatch
    hours: WeeklyHours | None
    """When it applies; null: always"""
    steps: list[EscalationStep]
    since: str
    """What was recorded before is not told"""
    created_at: str
    updated_at: str


class NotificationRoutePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[NotificationRoute]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class NotificationState(StrEnum):
    """What became of it."""

    WAITING = "waiting"
    OUTBOX = "outbox"
    SENT = "sent"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    DEAD = "dead"


class NotificationsWhat(StrEnum):
    """What became of an alert."""

    RAISED = "raised"
    SEVERITY = "severity"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    CLEARED = "cleared"
    THRESHOLD = "threshold"


class PushKey(Struct, frozen=True, kw_only=True):
    """What a browser subscribes with."""

    key: str
    """`applicationServerKey` of PushManager.subscribe, base64url"""


class PushKeys(Struct, frozen=True, kw_only=True):
    """The keys of a browser's subscription."""

    p256dh: str
    auth: str


class PushSubscription(Struct, frozen=True, kw_only=True):
    """A browser that is told."""

    id: str
    service: str
    """The host of its push service"""
    agent: str
    created_at: str


class PushSubscriptionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[PushSubscription]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Receiver(Struct, frozen=True, kw_only=True):
    """A receiver."""

    id: str
    name: str
    kind: ReceiverKind
    address: str
    """Of mail; of what is posted to, the host alone"""
    person: str | None
    channels: list[Literal["mail", "push"]]
    locale: str
    time_zone: str
    quiet: WeeklyHours | None
    digest: DigestPace | None
    pace: MessagePace
    critical_passes: bool
    state: ReceiverState
    reason: str
    """Why it is disabled"""
    failures: int
    """In a row"""
    succeeded_at: str | None
    created_at: str
    updated_at: str


class ReceiverKind(StrEnum):
    """How it is told."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    SLACK = "slack"
    TEAMS = "teams"
    PERSON = "person"
    PUSH = "push"


class ReceiverPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Receiver]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class ReceiverState(StrEnum):
    """Whether anything is sent."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


class RoutePreview(Struct, frozen=True, kw_only=True):
    """One time a receiver would be told, if nobody acknowledged the alert."""

    route: str
    route_name: str
    receiver: str
    receiver_name: str
    kind: ReceiverKind
    step: int
    repeat: int
    planned_at: str
    due_at: str
    """Later than planned: quiet hours, or a digest"""


class RoutePreviewPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[RoutePreview]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class WeeklyHours(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From one time of day until another, on some days, in a time zone. Until an earlier or the same time: into the
    next
    day, and it belongs to the day it began on.
    """

    from_: str = field(name="from")
    """As `22:30`"""
    until: str
    """As `22:30`"""
    timezone: str
    """IANA name, as `Asia/Seoul`"""
    days: list[Any] = field(default_factory=lambda: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"])

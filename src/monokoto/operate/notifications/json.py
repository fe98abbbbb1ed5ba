"""Receivers, routes and notifications as the API shows and takes them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from monokoto.connect.webhooks import Attempt
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import EMAIL_LENGTH_MAX, NOTIFICATION_STEPS_MAX
from monokoto.operate.notifications.bodies import message_name
from monokoto.operate.notifications.hours import WeeklyHours, Zone
from monokoto.operate.notifications.news import What
from monokoto.operate.notifications.notification import Notification, NotificationState
from monokoto.operate.notifications.pace import DigestPace, MessagePace
from monokoto.operate.notifications.receiver import CHANNELS, NAME_LENGTH_MAX, Channel, Receiver, ReceiverKind
from monokoto.operate.notifications.receiver import ReceiverState as State
from monokoto.operate.notifications.route import AlertMatch, EscalationStep, Route
from monokoto.operate.notifications.routing import Preview
from monokoto.operate.notifications.subscriptions import PushSubscription
from monokoto.operate.notifications.texts import title_of
from monokoto.operate.rules import Severity

Name = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
Address = Annotated[str, Meta(max_length=EMAIL_LENGTH_MAX, description="Of mail")]
Url = Annotated[str, Meta(max_length=2048, description="Where it is posted; https. It is never shown again")]
Locale = Annotated[str, Meta(max_length=16, description="Language of the messages; a person has their own")]
Steps = Annotated[tuple[EscalationStep, ...], Meta(min_length=1, max_length=NOTIFICATION_STEPS_MAX)]
Whats = Annotated[
    tuple[What, ...],
    Meta(min_length=1, max_length=5, description="raised, severity, acknowledged, cleared, threshold"),
]
_Quiet = Annotated[WeeklyHours | None, Meta(description="What happens then is told when they end")]
_Digest = Annotated[DigestPace | None, Meta(description="Everything since the last message in one")]
_Pace = Annotated[MessagePace, Meta(description="What comes faster becomes one summary")]
_Passes = Annotated[bool, Meta(description="Whether critical alerts wait for neither quiet hours nor digest")]


class ReceiverJson(msgspec.Struct, frozen=True):
    """A receiver."""

    id: str
    name: str
    kind: ReceiverKind
    address: Annotated[str, Meta(description="Of mail; of what is posted to, the host alone")]
    person: str | None
    channels: list[Channel]
    locale: str
    time_zone: str
    quiet: WeeklyHours | None
    digest: DigestPace | None
    pace: MessagePace
    critical_passes: bool
    state: State
    reason: Annotated[str, Meta(description="Why it is disabled")]
    failures: Annotated[int, Meta(description="In a row")]
    succeeded_at: str | None
    created_at: str
    updated_at: str


class NewReceiverJson(msgspec.Struct, frozen=True):
    """A receiver; a webhook's with its secret, which is shown this once."""

    receiver: ReceiverJson
    secret: Annotated[str | None, Meta(description="Verify signatures with it (Standard Webhooks); null: it has none")]


class CreateReceiverRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver to make: `mail` with an address, `webhook`, `slack` and `teams` with a url, `person` with a person."""

    name: Name
    kind: ReceiverKind
    address: Address = ""
    url: Url = ""
    person: Annotated[str | None, Meta(description="A member's id")] = None
    channels: Annotated[tuple[Channel, ...], Meta(max_length=2, description="Of a person")] = CHANNELS
    locale: Locale = "en"
    time_zone: Zone = "UTC"
    quiet: _Quiet = None
    digest: _Digest = None
    pace: _Pace = MessagePace()
    critical_passes: _Passes = True


class ChangeReceiverRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merge patch of a receiver."""

    name: Name | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    url: Url | UnsetType = UNSET
    channels: Annotated[tuple[Channel, ...], Meta(max_length=2)] | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    quiet: WeeklyHours | UnsetType | None = UNSET
    digest: DigestPace | UnsetType | None = UNSET
    pace: MessagePace | UnsetType = UNSET
    critical_passes: bool | UnsetType = UNSET
    state: Annotated[State | UnsetType, Meta(description="`enabled` or `paused`")] = UNSET


class MessageAttemptJson(msgspec.Struct, frozen=True):
    """One time a message was sent."""

    at: str
    milliseconds: int
    status: Annotated[int | None, Meta(description="Of HTTP; null: there was no answer, or it is a mail")]
    reason: Annotated[str, Meta(description="Why it failed; empty: it was taken")]
    snippet: Annotated[str, Meta(description="The beginning of the answer")]


class NotificationRouteJson(msgspec.Struct, frozen=True):
    """A route: of which alerts whom it tells."""

    id: str
    name: str
    enabled: bool
    what: list[What]
    match: AlertMatch
    hours: Annotated[WeeklyHours | None, Meta(description="When it applies; null: always")]
    steps: list[EscalationStep]
    since: Annotated[str, Meta(description="What was recorded before is not told")]
    created_at: str
    updated_at: str


class CreateRouteRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route to make."""

    name: Name
    steps: Steps
    what: Whats = (What.RAISED, What.CLEARED)
    match: AlertMatch = AlertMatch()
    hours: WeeklyHours | None = None
    enabled: bool = True


class ChangeRouteRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merge patch of a route."""

    name: Name | UnsetType = UNSET
    steps: Steps | UnsetType = UNSET
    what: Whats | UnsetType = UNSET
    match: AlertMatch | UnsetType = UNSET
    hours: WeeklyHours | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class PreviewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An alert there could be."""

    severity: Severity = Severity.MAJOR
    rule: Annotated[str, Meta(max_length=200, description="`product/rule`, or the id of an added rule")] = ""
    product: Annotated[str, Meta(max_length=64)] = ""
    unit: Annotated[str | None, Meta(description="A unit's id; its product and tags count")] = None
    tags: Annotated[list[str], Meta(max_length=32)] = []
    at: Annotated[str | None, Meta(description="When it would be raised (RFC 3339); null: now")] = None
    route: Annotated[str | None, Meta(description="Only this route; null: all")] = None


class RoutePreviewJson(msgspec.Struct, frozen=True):
    """One time a receiver would be told, if nobody acknowledged the alert."""

    route: str
    route_name: str
    receiver: str
    receiver_name: str
    kind: ReceiverKind
    step: int
    repeat: int
    planned_at: str
    due_at: Annotated[str, Meta(description="Later than planned: quiet hours, or a digest")]


class NotificationJson(msgspec.Struct, frozen=True):
    """One thing that became of an alert, for one receiver."""

    id: str
    alert: Annotated[str, Meta(description="Empty: a threshold is told, of no alert")]
    unit: str
    serial: str
    what: What
    reminder: Annotated[bool, Meta(description="Told because nobody had acknowledged the alert")]
    step: int
    repeat: int
    severity: Severity
    rule: str
    title: Annotated[str, Meta(description="What the alert is called, in English where it has such a title")]
    titles: Annotated[dict[str, str], Meta(description="The same by language; empty: its rule has none")]
    receiver: str
    route: str
    state: NotificationState
    message: Annotated[str | None, Meta(description="The message it went out in; several may share one")]
    attempts: int
    status: int | None
    reason: str
    planned_at: str
    due_at: Annotated[str | None, Meta(description="When it is sent, or tried next; null: it is settled")]
    settled_at: str | None


class PushKeyJson(msgspec.Struct, frozen=True):
    """What a browser subscribes with."""

    key: Annotated[str, Meta(description="`applicationServerKey` of PushManager.subscribe, base64url")]


class PushKeysJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of a browser's subscription."""

    p256dh: Annotated[str, Meta(max_length=128)]
    auth: Annotated[str, Meta(max_length=64)]


class SubscribeRequest(msgspec.Struct, frozen=True):
    """A browser's subscription, as `PushSubscription.toJSON()` writes it."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=2048)]
    keys: PushKeysJson


class PushSubscriptionJson(msgspec.Struct, frozen=True):
    """A browser that is told."""

    id: str
    service: Annotated[str, Meta(description="The host of its push service")]
    agent: str
    created_at: str


def receiver_to_json(one: Receiver) -> ReceiverJson:
    """As the API shows it; never its address of HTTP nor its secret."""
    return ReceiverJson(
        id=format_id(one.id),
        name=one.name,
        kind=one.kind,
        address=one.shown,
        person=format_id(one.person_id) if one.person_id else None,
        channels=list(one.channels) if one.kind is ReceiverKind.PERSON else [],
        locale=one.locale,
        time_zone=one.time_zone,
        quiet=one.quiet,
        digest=one.digest,
        pace=one.pace,
        critical_passes=one.critical_passes,
        state=one.state,
        reason=one.reason,
        failures=one.failures,
        succeeded_at=_optional(one.succeeded_at),
        created_at=format_instant(one.created_at),
        updated_at=format_instant(one.updated_at),
    )


def attempt_to_json(attempt: Attempt) -> MessageAttemptJson:
    """As the API shows it."""
    return MessageAttemptJson(
        at=format_instant(attempt.at),
        milliseconds=attempt.milliseconds,
        status=attempt.status or None,
        reason=attempt.reason,
        snippet=attempt.snippet,
    )


def route_to_json(one: Route) -> NotificationRouteJson:
    """As the API shows it."""
    return NotificationRouteJson(
        id=format_id(one.id),
        name=one.name,
        enabled=one.enabled,
        what=list(one.what),
        match=one.match,
        hours=one.hours,
        steps=list(one.steps),
        since=format_instant(one.since),
        created_at=format_instant(one.created_at),
        updated_at=format_instant(one.updated_at),
    )


def preview_to_json(one: Preview) -> RoutePreviewJson:
    """As the API shows it."""
    return RoutePreviewJson(
        route=format_id(one.route.id),
        route_name=one.route.name,
        receiver=format_id(one.receiver.id),
        receiver_name=one.receiver.name,
        kind=one.receiver.kind,
        step=one.step,
        repeat=one.repeat,
        planned_at=format_instant(one.planned_at),
        due_at=format_instant(one.due_at),
    )


def notification_to_json(one: Notification) -> NotificationJson:
    """As the API shows it."""
    waits = one.state is NotificationState.WAITING
    return NotificationJson(
        id=format_id(one.id),
        alert="" if one.what is What.THRESHOLD else format_id(one.alert_id),
        unit=format_id(one.content.unit_id),
        serial=one.content.unit,
        what=one.what,
        reminder=one.reminder,
        step=one.step,
        repeat=one.repeat,
        severity=one.content.severity,
        rule=one.content.rule,
        title=title_of(one.content, "en"),
        titles=one.content.title,
        receiver=format_id(one.receiver_id),
        route=format_id(one.route_id),
        state=one.state,
        message=None if one.message_id is None else message_name(one.message_id),
        attempts=one.attempts,
        status=one.status or None,
        reason=one.reason,
        planned_at=format_instant(one.planned_at),
        due_at=format_instant(one.due_at) if waits else None,
        settled_at=_optional(one.settled_at),
    )


def subscription_to_json(one: PushSubscription) -> PushSubscriptionJson:
    """As the API shows it."""
    return PushSubscriptionJson(
        id=format_id(one.id),
        service=one.endpoint.split("/")[2],
        agent=one.agent,
        created_at=format_instant(one.created_at),
    )


def given(request: msgspec.Struct) -> dict[str, Any]:
    """What a merge patch says."""
    return {name: value for name, value in msgspec.structs.asdict(request).items() if value is not UNSET}


def _optional(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)

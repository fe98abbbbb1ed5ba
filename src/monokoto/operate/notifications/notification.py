"""A notification: one thing that became of an alert, for one receiver. Messages are made of one or many."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import NotificationId, OrganisationId
from monokoto.kernel.limits import NOTIFICATION_VALUES_MAX
from monokoto.operate.notifications.news import AlertNews, AlertState, Measured, What
from monokoto.operate.rules import Severity

TEXT_KEPT_MAX = 200


class NotificationState(StrEnum):
    """What became of it."""

    WAITING = "waiting"
    """For its time, or for another try."""
    OUTBOX = "outbox"
    """A mail: it is in the outbox, and the mail server has not taken it yet."""
    SENT = "sent"
    """The receiver took it; of a mail: the mail server."""
    MERGED = "merged"
    """Another route tells the receiver the same."""
    WITHDRAWN = "withdrawn"
    """It was no longer to be told when its time came."""
    DEAD = "dead"
    """It could not be delivered."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a notification speaks of, as it was."""

    unit_id: int
    unit: str
    product: str
    rule: str
    title: dict[str, str]
    severity: Severity
    at: int
    measured: tuple[Measured, ...]
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing that became of an alert, for one receiver."""

    id: NotificationId
    organisation_id: OrganisationId
    route_id: int
    receiver_id: int
    alert_id: int
    news_id: int
    what: What
    step: int = 0
    repeat: int = 0
    reminder: bool = False
    """Told only because nobody has acknowledged the alert for a while."""
    content: Content
    recorded_at: Instant
    planned_at: Instant
    due_at: Instant
    state: NotificationState = NotificationState.WAITING
    message_id: int | None = None
    """The message it goes out in; None: there is none yet."""
    attempts: int = 0
    settled_at: Instant | None = None
    status: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message. Sent again it has the same id and says the same."""

    id: int
    organisation_id: int
    items: tuple[Notification, ...]
    """The gravest first; not more than are named one by one."""
    count: int
    """How many there are in all. 0: a test by hand."""


def content_of(news: AlertNews, organisation_id: int) -> Content:
    """What is kept of news for those of an organisation who are told."""
    return Content(
        unit_id=news.unit_id,
        unit=_plain(news.unit),
        product=news.product,
        rule=news.rule,
        title={locale: _plain(text) for locale, text in news.title.items()},
        severity=news.severity,
        at=news.at,
        measured=tuple(
            Measured(one.name, _plain(one.value) if isinstance(one.value, str) else one.value, one.unit)
            for one in news.measured[:NOTIFICATION_VALUES_MAX]
        ),
        by=_plain(news.by) if news.by_organisation == organisation_id else "",
    )


def withdrawn_because(notification: Notification, state: AlertState | None) -> str:
    """Why it is not to be told any more; empty: it is.

    An acknowledgement stops what happened before it. What stands no more is not urged, but that it began is told.
    """
    if notification.what is What.THRESHOLD:
        return ""
    if state is None:
        return "The alert is gone."
    if notification.what not in (What.RAISED, What.SEVERITY, What.UNACKNOWLEDGED):
        return ""
    if state.acknowledged_at is not None and state.acknowledged_at >= notification.recorded_at:
        return "Somebody acknowledged the alert."
    if state.cleared and notification.reminder:
        return "The alert has cleared."
    hidden = state.is_hidden(notification.organisation_id)
    return "The alert is not to be told of now." if hidden and not state.cleared else ""


def _plain(text: str) -> str:
    """In one line, and not longer than is of use: it ends up in the heads of mails."""
    printable = text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.split())[:TEXT_KEPT_MAX]

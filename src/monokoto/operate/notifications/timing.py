"""When a notification may go to a receiver, and which go together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from monokoto.kernel.clock import Instant
from monokoto.operate.notifications.news import AlertState
from monokoto.operate.notifications.notification import Notification, withdrawn_because
from monokoto.operate.notifications.receiver import Receiver
from monokoto.operate.rules import Severity

SUMMARY_FROM: Final = 5
"""So many at once are one message."""


@dataclass(slots=True)
class Sorted:
    """What to do with what is due for a receiver."""

    held: dict[int, list[int]] = field(default_factory=dict)
    """Instant to notifications: not before it."""
    withdrawn: dict[str, list[int]] = field(default_factory=dict)
    """Reason to notifications."""
    ready: list[Notification] = field(default_factory=list)
    together: bool = False
    """Whether all that is ready goes in one message, however little it is."""


def passes(receiver: Receiver, severity: Severity) -> bool:
    """Whether it waits for nothing but the pace."""
    return receiver.critical_passes and severity is Severity.CRITICAL


def held_until(receiver: Receiver, severity: Severity, *, planned_at: int, now: int) -> Instant:
    """The first instant from now on at which it may be told: after the quiet hours, with the digest."""
    at = Instant(now)
    if passes(receiver, severity):
        return at
    if receiver.digest is not None:
        at = Instant(max(at, receiver.digest.opens_after(receiver.last_sent_at, planned_at)))
    return receiver.quiet.end_after(at) if receiver.quiet is not None else at


def sort_out(receiver: Receiver, due: Sequence[Notification], states: Mapping[int, AlertState], now: int) -> Sorted:
    """What to do with what is due: withdraw, hold, or send."""
    found = Sorted(together=receiver.digest is not None)
    urgent = []
    for one in due:
        if reason := withdrawn_because(one, states.get(one.alert_id)):
            found.withdrawn.setdefault(reason, []).append(one.id)
            continue
        until = held_until(receiver, one.content.severity, planned_at=one.planned_at, now=now)
        if until > now:
            found.held.setdefault(until, []).append(one.id)
        elif passes(receiver, one.content.severity):
            urgent.append(one)
        else:
            found.ready.append(one)
    if found.together and urgent:
        # What may not wait does not wait for the digest's company either.
        found.ready, found.together = [*urgent, *found.ready], bool(found.ready)
    else:
        found.ready = [*urgent, *found.ready]
    return found


def chosen(found: Sorted) -> list[Notification]:
    """What goes into the next message, the gravest first."""
    if found.together or len(found.ready) >= SUMMARY_FROM:
        return found.ready
    return found.ready[:1]

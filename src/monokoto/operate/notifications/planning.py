"""Who is told what: the rules by which news of an alert, and time, become notifications. Pure.

- That an alert began goes to the receivers told at once, and the escalation begins. A rise of the severity to what a
  route asks for is a beginning for it.
- What became of it goes to those who were told that it began.
- An acknowledgement, the end of the alert, and its hiding end the escalation.
- That a threshold was reached goes to the receivers told at once; nobody acknowledges it, and nothing becomes of it.
- After an outage, of a step and its repeats that all came due meanwhile only the last is told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.operate.notifications.news import AlertNews, AlertState, What
from monokoto.operate.notifications.notification import Content
from monokoto.operate.notifications.route import InGroup, Moment, Route, elapsed_seconds

_ENDING = frozenset({What.ACKNOWLEDGED, What.CLEARED})


@dataclass(frozen=True, slots=True)
class Known:
    """What a route has said of an alert so far."""

    begun: bool = False
    told: tuple[int, ...] = ()
    """The receivers who were told, or are about to be."""


@dataclass(frozen=True, slots=True)
class NewsPlan:
    """What news make a route do."""

    told: tuple[tuple[int, int], ...] = ()
    """Step and receiver."""
    begins: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A route that waits whether somebody acknowledges an alert."""

    organisation_id: int
    route_id: int
    alert_id: int
    news_id: int
    """What began it."""
    number: int
    """Its number among the changes of the alert's organisation."""
    begun_at: Instant
    done_seconds: int = 0
    """Everything up to so long after the beginning is told."""
    due_at: Instant | None
    """When there is more to tell; None: it has ended."""
    content: Content


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What time makes an escalation do."""

    moments: tuple[Moment, ...]
    done_seconds: int
    due_at: Instant | None


def plan_news(route: Route, news: AlertNews, in_group: InGroup, known: Known) -> NewsPlan:
    """What news make a route do."""
    if news.what in _ENDING:
        return NewsPlan(_told_of_the_end(route, news, in_group, known), ends=True)
    if _is_quiet(route, news):
        return NewsPlan()
    raises = What.RAISED in route.what
    if news.what is What.UNACKNOWLEDGED:
        return NewsPlan(begins=raises and known.begun and route.matches(news, in_group))
    if news.what is What.THRESHOLD or (news.what is What.SEVERITY and (known.begun or not raises)):
        tells = news.what in route.what and route.matches(news, in_group)
        return NewsPlan(route.at_once if tells else ())
    if raises and route.matches(news, in_group):
        return NewsPlan(route.at_once, begins=True)
    return NewsPlan()


def _told_of_the_end(route: Route, news: AlertNews, in_group: InGroup, known: Known) -> tuple[tuple[int, int], ...]:
    if news.what not in route.what:
        return ()
    if What.RAISED in route.what or known.told:
        return tuple((0, receiver) for receiver in known.told)
    return route.at_once if not _is_quiet(route, news) and route.matches(news, in_group) else ()


def _is_quiet(route: Route, news: AlertNews) -> bool:
    return news.quiet or route.organisation_id in news.quiet_for


def begin(route: Route, news: AlertNews, content: Content) -> Escalation:
    """The escalation that news begin."""
    moments = route.moments(0)
    due = news.recorded_at + moments[0].seconds * MICROSECONDS_PER_SECOND if moments else None
    return Escalation(
        organisation_id=route.organisation_id,
        route_id=route.id,
        alert_id=news.alert_id,
        news_id=news.id,
        number=news.number,
        begun_at=news.recorded_at,
        due_at=None if due is None else Instant(due),
        content=content,
    )


def plan_time(route: Route | None, escalation: Escalation, state: AlertState | None, now: int) -> StepPlan:
    """What an escalation does now."""
    done = elapsed_seconds(escalation.begun_at, now)
    if route is None or not route.enabled or state is None or is_over(escalation, state):
        return StepPlan((), escalation.done_seconds, None)
    later = route.moments(escalation.done_seconds)
    last = {one.step: one for one in later if one.seconds <= done}
    following = next((one.seconds for one in later if one.seconds > done), None)
    due = None if following is None else Instant(escalation.begun_at + following * MICROSECONDS_PER_SECOND)
    return StepPlan(tuple(sorted(last.values())), done, due)


def is_over(escalation: Escalation, state: AlertState) -> bool:
    """Whether there is nothing more to urge."""
    acknowledged = state.acknowledged_at is not None and state.acknowledged_at >= escalation.begun_at
    return acknowledged or state.cleared or state.is_hidden(escalation.organisation_id)


def joined(known: Known, receivers: Collection[int]) -> Known:
    """What a route has said once these are told as well."""
    return Known(True, tuple(dict.fromkeys((*known.told, *receivers))))

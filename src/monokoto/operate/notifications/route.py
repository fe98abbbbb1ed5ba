"""A route: of which alerts whom it tells, and whom after a while when nobody has acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import TEXT_LENGTH, NotificationRouteId, OrganisationId, parse_id
from monokoto.kernel.limits import (
    NOTIFICATION_MATCHES_MAX,
    NOTIFICATION_RECEIVERS_PER_STEP_MAX,
    NOTIFICATION_REPEATS_MAX,
    NOTIFICATION_STEP_SECONDS_MAX,
    NOTIFICATION_STEPS_MAX,
)
from monokoto.operate.notifications.hours import WeeklyHours
from monokoto.operate.notifications.news import AlertNews, What
from monokoto.operate.rules import Severity

NAME_LENGTH_MAX: Final = 100
_Text = Annotated[str, Meta(min_length=1, max_length=200)]
_Id = Annotated[str, Meta(min_length=TEXT_LENGTH, max_length=TEXT_LENGTH)]
_Names = Annotated[tuple[_Text, ...], Meta(max_length=NOTIFICATION_MATCHES_MAX)]
_Ids = Annotated[tuple[_Id, ...], Meta(max_length=NOTIFICATION_MATCHES_MAX)]
InGroup = Callable[[int, int, int], bool]
"""(organisation, group, unit): whether the unit belongs to the group."""


class AlertMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which alerts; an empty list asks for nothing. Between the lists `and`, within one `or`."""

    severity: Annotated[Severity, Meta(description="At least; of thresholds nothing is asked")] = Severity.WARNING
    rules: Annotated[
        _Names,
        Meta(description="`product/rule`, `product/*`, or the id of an added rule; of thresholds `product/feature`"),
    ] = ()
    products: _Names = ()
    units: _Ids = ()
    tags: Annotated[_Names, Meta(description="The unit has one of them")] = ()
    groups: Annotated[_Ids, Meta(description="The unit belongs to one of them")] = ()

    def holds(self, news: AlertNews, organisation_id: int, in_group: InGroup) -> bool:
        """Whether news is of such an alert."""
        return (
            (news.what is What.THRESHOLD or news.severity.rank >= self.severity.rank)
            and (not self.rules or any(_names(one, news.rule) for one in self.rules))
            and (not self.products or news.product in self.products)
            and (not self.units or news.unit_id in {parse_id(one) for one in self.units})
            and (not self.tags or not news.tags.isdisjoint(self.tags))
            and (not self.groups or any(in_group(organisation_id, parse_id(one), news.unit_id) for one in self.groups))
        )


def _names(pattern: str, rule: str) -> bool:
    return rule == pattern or (pattern.endswith("/*") and rule.startswith(pattern[:-1]))


class EscalationStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom, so long after the alert was raised, and how often again; while nobody has acknowledged it and it stands."""

    receivers: Annotated[tuple[_Id, ...], Meta(min_length=1, max_length=NOTIFICATION_RECEIVERS_PER_STEP_MAX)]
    after_seconds: Annotated[int, Meta(ge=0, le=NOTIFICATION_STEP_SECONDS_MAX)] = 0
    repeats: Annotated[int, Meta(ge=0, le=NOTIFICATION_REPEATS_MAX, description="Times it is told again")] = 0
    every_seconds: Annotated[int, Meta(ge=60, le=NOTIFICATION_STEP_SECONDS_MAX, description="Between two times")] = 600


class Moment(NamedTuple):
    """When a step is told, the first time or again."""

    seconds: int
    """Since the alert was raised."""
    step: int
    repeat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route."""

    id: NotificationRouteId
    organisation_id: OrganisationId
    name: str
    enabled: bool = True
    what: tuple[What, ...] = (What.RAISED, What.CLEARED)
    match: AlertMatch = field(default_factory=AlertMatch)
    hours: WeeklyHours | None = None
    """None: always. By the time the platform came to know of what happened."""
    steps: tuple[EscalationStep, ...]
    since: Instant
    """It is told what was recorded from then on: when it was made, or last switched on."""
    created_at: Instant
    updated_at: Instant

    def matches(self, news: AlertNews, in_group: InGroup) -> bool:
        """Whether it is for such an alert at such a time."""
        return self.match.holds(news, self.organisation_id, in_group) and (
            self.hours is None or self.hours.holds(news.recorded_at)
        )

    @property
    def at_once(self) -> tuple[tuple[int, int], ...]:
        """Step and receiver of everybody who is told first, each once."""
        found: dict[int, int] = {}
        for number, step in enumerate(self.steps):
            for one in step.receivers if step.after_seconds == 0 else ():
                found.setdefault(parse_id(one), number)
        return tuple((number, receiver) for receiver, number in found.items())

    def moments(self, after: int) -> list[Moment]:
        """Everything told later than so many seconds after the raise, in order."""
        found = (
            Moment(step.after_seconds + repeat * step.every_seconds, number, repeat)
            for number, step in enumerate(self.steps)
            for repeat in range(step.repeats + 1)
        )
        return sorted(one for one in found if one.seconds > after)

    def receivers(self) -> Collection[int]:
        """Everybody it may tell."""
        return {parse_id(one) for step in self.steps for one in step.receivers}


def check(route: Route, known: Collection[int]) -> None:
    """Raises Invalid with everything that is wrong with a route; `known` are the organisation's receivers."""
    faults: list[Fault] = []
    if not 0 < len(route.name) <= NAME_LENGTH_MAX or not route.name.isprintable():
        faults.append(Fault(place="name", reason=f"a name has 1 to {NAME_LENGTH_MAX} printable characters"))
    if not route.what:
        faults.append(Fault(place="what", reason=f"name at least one of {', '.join(TELLABLE)}"))
    faults += [
        Fault(place="what", reason=f"{one.value!r} cannot be asked for") for one in route.what if one not in TELLABLE
    ]
    if not 0 < len(route.steps) <= NOTIFICATION_STEPS_MAX:
        faults.append(Fault(place="steps", reason=f"1 to {NOTIFICATION_STEPS_MAX} steps"))
    if What.RAISED not in route.what and not route.at_once:
        faults.append(Fault(place="steps", reason="without `raised` only a step after 0 seconds is ever told"))
    for place, texts in (("match.units", route.match.units), ("match.groups", route.match.groups)):
        faults += [Fault(place=place, reason=f"{one!r} is no id") for one in texts if _id(one) is None]
    for number, step in enumerate(route.steps):
        faults += [
            Fault(place=f"steps.{number}.receivers", reason=f"there is no receiver {one!r}")
            for one in step.receivers
            if _id(one) not in known
        ]
    faults += route.hours.faults("hours") if route.hours else []
    if faults:
        raise Invalid("This is not a route of notifications.", faults=faults)


TELLABLE: Final = (What.RAISED, What.SEVERITY, What.ACKNOWLEDGED, What.CLEARED, What.THRESHOLD)


def _id(text: str) -> int | None:
    try:
        return parse_id(text)
    except Invalid:
        return None


def elapsed_seconds(begun_at: int, now: int) -> int:
    """Whole seconds since."""
    return max(now - begun_at, 0) // MICROSECONDS_PER_SECOND

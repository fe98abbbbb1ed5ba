"""A world for notifications: alerts told by hand, a clock of its own, receivers that take what they are sent or do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from monokoto.connect.webhooks import Attempt
from monokoto.engines.records import Records
from monokoto.kernel.clock import Instant, ManualClock
from monokoto.kernel.ids import OrganisationId, UnitId, first_id_at, format_id
from monokoto.operate.alerts import Mark
from monokoto.operate.notifications import (
    Addressee,
    AlertNews,
    AlertState,
    Deliverer,
    Measured,
    NewsPage,
    Notifications,
    Outgoing,
    Planner,
    Receiver,
    ReceiverKind,
    Receivers,
    Routes,
    What,
)
from monokoto.operate.rules import Severity

ACME = OrganisationId(11)
OWNER = OrganisationId(22)
TITLE = {"en": "The motor is too hot", "ko": "모터 과열"}
UNIT = UnitId(501)


class Book:
    """As `AlertsToTell`: alerts of one organisation, told by hand."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.news_told: list[AlertNews] = []
        self.states: dict[int, AlertState] = {}
        self.thresholds: list[AlertNews] = []

    def reach(self, threshold: str, *, late_by: float = 0.0, **more: Any) -> AlertNews:
        """As `ThresholdsToTell`: a quota reached it; written down so many seconds after its time."""
        at = Instant(self._clock.now() - round(late_by * 1_000_000))
        news_id = first_id_at(at) + len(self.thresholds)
        news = AlertNews(
            id=news_id, number=0, recorded_at=at, alert_id=news_id, what=What.THRESHOLD,
            **{
                "organisation_id": ACME, "unit_id": UNIT, "at": at, "rule": "cooker/meals", "product": "cooker",
                "title": {"en": "Meals", "ko": "식사"}, "unit": "RC-0001", "told": (ACME, OWNER), "severity": Severity.INFO,
                "measured": (Measured("threshold", threshold), Measured("used", "8"), Measured("granted", "10")), **more,
            },
        )  # fmt: skip
        self.thresholds = sorted([*self.thresholds, news], key=lambda one: one.id)
        return news

    def reached(self, after: int, limit: int) -> Sequence[AlertNews]:
        return [one for one in self.thresholds if one.id >= after][:limit]

    def tell(self, alert_id: int, what: What, severity: Severity = Severity.MAJOR, **more: Any) -> AlertNews:
        number = len(self.news_told) + 1
        now = self._clock.now()
        news = AlertNews(
            id=1_000_000 + number,
            number=number,
            recorded_at=now,
            alert_id=alert_id,
            what=what,
            severity=severity,
            **{
                "organisation_id": ACME, "unit_id": UNIT, "at": now, "rule": "cooker/overheating", "title": TITLE,
                "product": "cooker", "unit": "RC-0001", "measured": (Measured("temperature", 81.25, "°C"),),
                "told": (ACME,), **more,
            },
        )  # fmt: skip
        self.news_told.append(news)
        self._note(news)
        return news

    def _note(self, news: AlertNews) -> None:
        before = self.states.get(news.alert_id, AlertState())
        changes: dict[What, Callable[[], AlertState]] = {
            What.ACKNOWLEDGED: lambda: replace(before, acknowledged_at=news.recorded_at),
            What.UNACKNOWLEDGED: lambda: replace(before, acknowledged_at=None),
            What.CLEARED: lambda: replace(before, cleared=True),
        }
        self.states[news.alert_id] = changes.get(news.what, lambda: before)()

    def numbers(self) -> Mapping[int, int]:
        return {ACME: len(self.news_told)} if self.news_told else {}

    def news(self, _organisation_id: int, after: Mark, limit: int) -> NewsPage:
        found = [one for one in self.news_told if one.number > after.number][:limit]
        mark = Mark(found[-1].number, found[-1].at, found[-1].id) if found else after
        return NewsPage(found, mark, more=len(found) == limit)

    def state(self, alert_ids: Sequence[int]) -> Mapping[int, AlertState]:
        return {one: self.states[one] for one in alert_ids if one in self.states}


@dataclass
class Sent:
    """One message that a receiver took."""

    at: int
    receiver: str
    outgoing: Outgoing

    @property
    def said(self) -> list[tuple[str, int]]:
        """What was said of which alert; of a summary as far as it names them."""
        return [
            (f"reminder {one.step}" if one.reminder else one.what.value, one.alert_id) for one in self.outgoing.items
        ]


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Takers:
    """As `Sends`: receivers that take everything, unless told otherwise."""

    clock: ManualClock
    taken: list[Sent] = field(default_factory=list)
    answers: dict[str, Callable[[], Attempt | None]] = field(default_factory=dict)
    """By the receiver's name: what it answers; None: it takes the message."""

    async def send(self, receiver: Receiver, outgoing: Outgoing) -> Attempt:
        answer = self.answers.get(receiver.name, lambda: None)()
        if answer is not None:
            return answer
        self.taken.append(Sent(self.clock.now(), receiver.name, outgoing))
        return self.took()

    def took(self) -> Attempt:
        return Attempt(at=self.clock.now(), milliseconds=1, status=200)

    def failed(self, status: int = 503) -> Attempt:
        return Attempt(at=self.clock.now(), milliseconds=1, status=status, reason=f"It answered {status}.")


class Members:
    """As `PeopleToTell`."""

    def __init__(self) -> None:
        self.known = {7: Addressee(7, "Kim", "kim@example.com", "ko", "Asia/Seoul")}

    def addressee(self, organisation_id: int, person_id: int) -> Addressee | None:
        return self.known.get(person_id) if organisation_id == ACME else None


class World:
    """All of it. `run` is what the background does until nothing moves any more."""

    def __init__(self, records: Records, clock: ManualClock) -> None:
        self.records, self.clock = records, clock
        self.book = Book(clock)
        self.takers = Takers(clock)
        self.members = Members()
        self.groups: dict[int, set[int]] = {}
        self.receivers = Receivers(records, clock, people=self.members, allow_private=True)
        self.routes = Routes(records, clock, in_group=self.in_group)
        self.log = Notifications(records, clock)
        self.begin()

    def in_group(self, _organisation_id: int, group_id: int, unit_id: int) -> bool:
        return unit_id in self.groups.get(group_id, set())

    def begin(self) -> None:
        """A process begins, with nothing but the records."""
        self.planner = Planner(self.records, self.clock, self.book, in_group=self.in_group, thresholds=self.book)
        self.deliverer = Deliverer(self.records, self.clock, self.book, self.takers, seed=1, hold_seconds=0.0)

    def receiver(self, name: str = "ops", organisation_id: int = ACME, **values: Any) -> Receiver:
        kind = values.pop("kind", ReceiverKind.MAIL)
        if kind is ReceiverKind.MAIL:
            values.setdefault("address", f"{name}@example.com")
        return self.receivers.create(organisation_id, kind=kind, name=name, **values)

    def route(self, *steps: Any, organisation_id: int = ACME, **values: Any) -> Any:
        return self.routes.create(organisation_id, **{"name": "all", "steps": tuple(steps), **values})

    def run(self) -> list[Sent]:
        """Plan and deliver what is due now; what was taken since the last call."""
        before = len(self.takers.taken)
        self.planner.look()
        asyncio.run(self.deliverer.deliver_due())
        return self.takers.taken[before:]

    def after(self, seconds: float) -> list[Sent]:
        self.clock.advance(seconds)
        return self.run()

    def through(self, seconds: int, *, every: int = 60) -> list[Sent]:
        """Let time pass in strides."""
        found = []
        for _ in range(seconds // every):
            found += self.after(every)
        return found


def ids(*receivers: Receiver) -> tuple[str, ...]:
    return tuple(format_id(one.id) for one in receivers)

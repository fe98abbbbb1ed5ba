"""Planning: news of alerts, and time, become notifications in the records, each once.

News are read from where alerts keep them, from a mark on and some way back: what was recorded first may be committed last. A
notification has a name, so that news planned twice, after a crash or by two processes, plan nothing new. A fact only says
when to look; a look by period finds the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import sqlalchemy as sa
import structlog

from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import NotificationId, OrganisationId, new_id, parse_id
from monokoto.kernel.limits import NOTIFICATIONS_WAITING_MAX
from monokoto.operate.notifications import store
from monokoto.operate.notifications.news import AlertNews, AlertsToTell, What
from monokoto.operate.notifications.notification import Content, Notification, NotificationState, content_of
from monokoto.operate.notifications.planning import Escalation, Known, begin, joined, plan_news, plan_time
from monokoto.operate.notifications.receiver import Receiver, ReceiverState
from monokoto.operate.notifications.route import InGroup, Route

LOOK_SECONDS: Final = 1.0
SHORT_OVERLAP_SECONDS: Final = 5.0
LONG_OVERLAP_SECONDS: Final = 600.0
SWEEP_SECONDS: Final = 30.0
_PAGE: Final = 5_000
_AT_ONCE: Final = 500
_log = structlog.get_logger(__name__)


class Planner:
    """Plans until stopped. `look` is one round by itself, for whoever owns the time."""

    def __init__(self, records: Records, clock: Clock, alerts: AlertsToTell, *, in_group: InGroup) -> None:
        self._records = records
        self._clock = clock
        self._alerts = alerts
        self._in_group = in_group
        self._seen: dict[int, int] = {}
        self._swept = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()
        self.planned: Callable[[], None] = lambda: None
        """Called when there is something to send."""

    async def start(self) -> None:
        """Begin to plan. What was recorded before the very first start is history and not told."""
        await asyncio.to_thread(self._begin)
        self._task = asyncio.create_task(self._run(), name="notifications-plan")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def signal(self) -> None:
        """Something became of an alert: look soon. Called on the event loop."""
        self._awake.set()

    async def _run(self) -> None:
        while True:
            self._awake.clear()
            try:
                await asyncio.to_thread(self.look)
            except MonokotoError as error:
                _log.warning("notifications_wait", reason=error.message)
            except Exception:
                _log.exception("notifications_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), LOOK_SECONDS)

    def _begin(self) -> None:
        with self._records.write() as connection:
            if store.read_mark(connection) is None:
                store.write_mark(connection, self._alerts.position_at(self._clock.now()))

    def look(self) -> int:
        """Plan what there is; how many notifications are new. Blocking."""
        count = self._read_news() + self._go_on()
        if count:
            self.planned()
        return count

    # News

    def _read_news(self) -> int:
        now = time.monotonic()
        sweeps = now - self._swept > SWEEP_SECONDS
        if sweeps:
            self._swept = now
        with self._records.read() as connection:
            mark = store.read_mark(connection) or 0
        present = self._clock.now()
        overlap = round((LONG_OVERLAP_SECONDS if sweeps else SHORT_OVERLAP_SECONDS) * MICROSECONDS_PER_SECOND)
        width = self._alerts.position_at(present) - self._alerts.position_at(present - overlap)
        position, count = max(mark - width, 0), 0
        while True:
            page = self._alerts.changed_since(position, _PAGE)
            fresh = [one for one in page if one.id not in self._seen]
            for first in range(0, len(fresh), _AT_ONCE):
                some = fresh[first : first + _AT_ONCE]
                mark = max(mark, some[-1].position)
                count += self._plan(some, mark)
                self._seen.update((one.id, one.position) for one in some)
            if len(page) < _PAGE or page[-1].position <= position:
                break
            position = page[-1].position
        if sweeps:
            # What lies before every look to come need not be remembered.
            self._seen = {news_id: at for news_id, at in self._seen.items() if at >= mark - width}
        return count

    def _plan(self, news: Sequence[AlertNews], mark: int) -> int:
        by_organisation: dict[int, list[AlertNews]] = {}
        for one in news:
            for organisation_id in dict.fromkeys(one.told):
                by_organisation.setdefault(organisation_id, []).append(one)
        count = 0
        with self._records.write() as connection:
            for organisation_id, some in by_organisation.items():
                routes = [one for one in store.read_routes(connection, organisation_id) if one.enabled]
                if routes:
                    count += _Sheet(connection, organisation_id, routes, self._in_group, self._clock.now()).take(some)
            store.write_mark(connection, mark)
        return count

    # Time

    def _go_on(self) -> int:
        """Tell the steps of escalations whose time has come."""
        count = 0
        while True:
            now = self._clock.now()
            with self._records.read() as connection:
                due = store.read_due_escalations(connection, now, _AT_ONCE)
            if not due:
                return count
            states = self._alerts.state(sorted({one.alert_id for one in due}))
            with self._records.write() as connection:
                for organisation_id in sorted({one.organisation_id for one in due}):
                    sheet = _Sheet(
                        connection,
                        organisation_id,
                        store.read_routes(connection, organisation_id),
                        self._in_group,
                        now,
                    )
                    for one in due:
                        if one.organisation_id == organisation_id:
                            route = sheet.routes.get(one.route_id)
                            plan = plan_time(route, one, states.get(one.alert_id), now)
                            if store.move_escalation(
                                connection, one, done_seconds=plan.done_seconds, due_at=plan.due_at
                            ):
                                sheet.remind(route, one, [(each.step, each.repeat) for each in plan.moments])
                    count += sheet.keep()


class _Sheet:
    """What is planned for one organisation in one transaction."""

    def __init__(
        self, connection: sa.Connection, organisation_id: int, routes: Iterable[Route], in_group: InGroup, now: Instant
    ) -> None:
        self._connection = connection
        self._organisation_id = organisation_id
        self.routes: Mapping[int, Route] = {one.id: one for one in routes}
        self._in_group = in_group
        self._now = now
        self._receivers = {one.id: one for one in store.read_receivers(connection, organisation_id)}
        self._room: dict[int, int] = {}
        self._found: list[Notification] = []

    def take(self, news: Sequence[AlertNews]) -> int:
        """Plan these; how many notifications are new."""
        known = store.known_of(self._connection, self._organisation_id, {one.alert_id for one in news})
        for one in news:
            content = content_of(one)
            told: set[int] = set()
            begun: list[Escalation] = []
            for route in self.routes.values():
                if one.recorded_at < route.since:
                    continue
                before = known.get((route.id, one.alert_id), Known())
                plan = plan_news(route, one, self._in_group, before)
                for step, receiver_id in plan.told:
                    self._add(one, content, route.id, receiver_id, step=step, again=receiver_id in told)
                    told.add(receiver_id)
                if plan.told or plan.begins:
                    known[route.id, one.alert_id] = joined(before, [receiver for _, receiver in plan.told])
                if plan.begins:
                    begun.append(begin(route, one, content))
            if one.what in (What.ACKNOWLEDGED, What.CLEARED):
                store.end_escalations(self._connection, self._organisation_id, one.alert_id, one.id)
            store.begin_escalations(self._connection, begun)
        return self.keep()

    def remind(self, route: Route | None, escalation: Escalation, moments: Sequence[tuple[int, int]]) -> None:
        """Tell steps of an escalation."""
        for step, repeat in moments if route is not None else ():
            assert route is not None
            for receiver_id in dict.fromkeys(parse_id(one) for one in route.steps[step].receivers):
                self._append(
                    Notification(
                        id=NotificationId(new_id()),
                        organisation_id=OrganisationId(self._organisation_id),
                        route_id=route.id,
                        receiver_id=receiver_id,
                        alert_id=escalation.alert_id,
                        news_id=escalation.news_id,
                        what=What.RAISED,
                        step=step,
                        repeat=repeat,
                        reminder=True,
                        content=escalation.content,
                        recorded_at=escalation.begun_at,
                        planned_at=self._now,
                        due_at=self._now,
                    )
                )

    def keep(self) -> int:
        """Write them; how many are new."""
        count = store.insert_new(self._connection, self._found)
        self._found = []
        return count

    def _add(
        self, news: AlertNews, content: Content, route_id: int, receiver_id: int, *, step: int, again: bool
    ) -> None:
        made = Notification(
            id=NotificationId(new_id()),
            organisation_id=OrganisationId(self._organisation_id),
            route_id=route_id,
            receiver_id=receiver_id,
            alert_id=news.alert_id,
            news_id=news.id,
            what=news.what,
            step=step,
            content=content,
            recorded_at=news.recorded_at,
            planned_at=self._now,
            due_at=self._now,
        )
        if again:
            made = self._settled(made, NotificationState.MERGED, "Another route tells the receiver.")
        self._append(made)

    def _append(self, made: Notification) -> None:
        receiver = self._receivers.get(made.receiver_id)  # type: ignore[call-overload]
        if receiver is None:
            return
        if made.state is NotificationState.WAITING:
            made = self._admitted(made, receiver)
        self._found.append(made)

    def _admitted(self, made: Notification, receiver: Receiver) -> Notification:
        if receiver.state is ReceiverState.PAUSED:
            return self._settled(made, NotificationState.WITHDRAWN, "The receiver is paused.")
        if receiver.state is ReceiverState.DISABLED:
            return self._settled(made, NotificationState.DEAD, "The receiver is disabled.")
        room = self._room.get(receiver.id)
        if room is None:
            waiting = store.count_waiting(
                self._connection, self._organisation_id, receiver.id, limit=NOTIFICATIONS_WAITING_MAX
            )
            room = NOTIFICATIONS_WAITING_MAX - waiting
        self._room[receiver.id] = room - 1
        if room <= 0:
            return self._settled(made, NotificationState.DEAD, "Too much waits for this receiver.")
        return made

    def _settled(self, made: Notification, state: NotificationState, reason: str) -> Notification:
        return replace(made, state=state, reason=reason, settled_at=self._now)

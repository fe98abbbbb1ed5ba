"""Planning: news of alerts, and time, become notifications in the records, each once.

News are read from where alerts keep them, from a mark on that moves in the transaction that plans them. A notification has a
name, so that news planned twice, by two processes, plan nothing new. A fact only says when to look; a look by period finds
the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import sqlalchemy as sa
import structlog

from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import NotificationId, OrganisationId, first_id_at, new_id, parse_id
from monokoto.kernel.limits import NOTIFICATIONS_WAITING_MAX
from monokoto.operate.alerts import Mark
from monokoto.operate.notifications import store
from monokoto.operate.notifications.news import AlertNews, AlertsToTell, NoThresholds, ThresholdsToTell, What
from monokoto.operate.notifications.notification import Content, Notification, NotificationState, content_of
from monokoto.operate.notifications.planning import Escalation, Known, begin, joined, plan_news, plan_time
from monokoto.operate.notifications.receiver import Receiver, ReceiverState
from monokoto.operate.notifications.route import InGroup, Route

LOOK_SECONDS: Final = 1.0
_AT_ONCE: Final = 500
_OVERLAP: Final = 60 * MICROSECONDS_PER_SECOND
_AGES: Final = 1 << 62
"""Past every instant and id."""
_log = structlog.get_logger(__name__)


class Planner:
    """Plans until stopped. `look` is one round by itself, for whoever owns the time."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        alerts: AlertsToTell,
        *,
        in_group: InGroup,
        thresholds: ThresholdsToTell | None = None,
    ) -> None:
        self._records = records
        self._clock = clock
        self._alerts = alerts
        self._thresholds = thresholds or NoThresholds()
        self._looked_at: set[int] = set()
        """Thresholds of the last minute that are planned."""
        self._in_group = in_group
        self._task: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()
        self.planned: Callable[[], None] = lambda: None
        """Called when there is something to send."""

    async def start(self) -> None:
        """Begin to plan."""
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
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._awake.wait()

    def look(self) -> int:
        """Plan what there is; how many notifications are new. Blocking."""
        count = self._read_news() + self._read_thresholds() + self._go_on()
        if count:
            self.planned()
        return count

    # News

    def _read_news(self) -> int:
        numbers = self._alerts.numbers()
        with self._records.read() as connection:
            marks = store.read_marks(connection)
            wanted = store.any_route(connection)
        count = 0
        for organisation_id, number in numbers.items():
            mark, more = marks.get(organisation_id, Mark()), True
            if number > mark.number and not wanted:
                self._plan(organisation_id, [], Mark(number, _AGES, _AGES))
            while wanted and number >= mark.number and more:
                page = self._alerts.news(organisation_id, mark, _AT_ONCE)
                if page.mark == mark:
                    break
                count += self._plan(organisation_id, page.news, page.mark)
                mark, more = page.mark, page.more
        return count

    def _read_thresholds(self) -> int:
        """Plan thresholds that were reached: from a while before the last on, for of two that are written at once the one with
        the lower id may show later. What is planned twice is one."""
        with self._records.read() as connection:
            mark = store.read_marks(connection).get(store.EVERYBODY)
        if mark is None:
            now = self._clock.now()
            self._plan(store.EVERYBODY, [], Mark(now, now, first_id_at(now)))
            return 0
        count, after, seen = 0, first_id_at(mark.at - _OVERLAP), set[int]()
        while found := self._thresholds.reached(after, _AT_ONCE):
            seen |= {one.id for one in found}
            fresh = [one for one in found if one.id not in self._looked_at]
            if fresh:
                last = max(found, key=lambda one: one.recorded_at)
                count += self._plan(store.EVERYBODY, fresh, Mark(last.recorded_at, last.recorded_at, last.id))
            after = found[-1].id + 1
        self._looked_at = seen
        return count

    def _plan(self, alerts_of: int, news: Sequence[AlertNews], mark: Mark) -> int:
        """Plan news of an organisation's alerts, for all that are told, and note how far in the same transaction."""
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
            store.write_mark(connection, alerts_of, mark)
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
        begun: dict[tuple[int, int], Escalation] = {}
        ended: dict[int, int] = {}
        for one in news:
            content = content_of(one, self._organisation_id)
            told: set[int] = set()
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
                if plan.begins and (fresh := begin(route, one, content)).due_at is not None:
                    begun[route.id, one.alert_id] = fresh
                if plan.ends and before.begun:
                    ended[one.alert_id] = one.number
        # All beginnings before all ends: an end reaches only what began before it.
        store.begin_escalations(self._connection, begun.values())
        store.end_escalations(self._connection, self._organisation_id, ended)
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

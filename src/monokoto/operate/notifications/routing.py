"""What is asked of routes. Blocking: called from threads."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import Conflict
from monokoto.kernel.ids import NotificationRouteId, OrganisationId, new_id, parse_id
from monokoto.kernel.limits import NOTIFICATION_ROUTES_PER_ORGANISATION_MAX
from monokoto.operate.notifications import store
from monokoto.operate.notifications.news import AlertNews
from monokoto.operate.notifications.receiver import Receiver, ReceiverState
from monokoto.operate.notifications.route import InGroup, Moment, Route, check
from monokoto.operate.notifications.tables import escalations, route_to_row, routes
from monokoto.operate.notifications.timing import held_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One time one receiver would be told."""

    route: Route
    receiver: Receiver
    step: int
    repeat: int
    planned_at: Instant
    due_at: Instant
    """Later than planned: quiet hours, or a digest."""


class Routes:
    """The routes of all organisations."""

    def __init__(self, records: Records, clock: Clock, *, in_group: InGroup) -> None:
        self.records = records
        self.clock = clock
        self.in_group = in_group
        self.signal: Callable[[], None] = lambda: None

    def create(self, organisation_id: int, **values: Any) -> Route:
        """A new route: it tells what is recorded from now on. Raises Invalid, Conflict."""
        now = self.clock.now()
        made = Route(
            id=NotificationRouteId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            since=now,
            created_at=now,
            updated_at=now,
            **values,
        )
        with self.records.write() as connection:
            known = store.read_routes(connection, organisation_id)
            if len(known) >= NOTIFICATION_ROUTES_PER_ORGANISATION_MAX:
                raise Conflict(
                    f"The organisation has {NOTIFICATION_ROUTES_PER_ORGANISATION_MAX} routes, the most it may."
                )
            check(made, {one.id for one in store.read_receivers(connection, organisation_id)})
            connection.execute(routes.insert().values(**route_to_row(made)))
        return made

    def get(self, organisation_id: int, route_id: int) -> Route:
        """One route; raises NotFound."""
        with self.records.read() as connection:
            return store.read_route(connection, organisation_id, route_id)

    def list(self, organisation_id: int) -> builtins.list[Route]:
        """The organisation's routes from the oldest on (there are at most `NOTIFICATION_ROUTES_PER_ORGANISATION_MAX`)."""
        with self.records.read() as connection:
            return store.read_routes(connection, organisation_id)

    def change(self, organisation_id: int, route_id: int, values: Mapping[str, Any]) -> Route:
        """Change a route; switched on, it begins now. Raises NotFound, Invalid."""
        now = self.clock.now()
        with self.records.write() as connection:
            before = store.read_route(connection, organisation_id, route_id, lock=True)
            after = replace(before, **values, updated_at=now)
            if after.enabled and not before.enabled:
                after = replace(after, since=now)
            check(after, {one.id for one in store.read_receivers(connection, organisation_id)})
            mine = (routes.c.organisation_id == organisation_id, routes.c.route_id == route_id)
            connection.execute(routes.update().where(*mine).values(route_to_row(after)))
        return after

    def delete(self, organisation_id: int, route_id: int) -> None:
        """Forget it, and whom it would tell later. Raises NotFound."""
        with self.records.write() as connection:
            store.read_route(connection, organisation_id, route_id, lock=True)
            mine = (routes.c.organisation_id == organisation_id, routes.c.route_id == route_id)
            connection.execute(routes.delete().where(*mine))
            gone = (escalations.c.organisation_id == organisation_id, escalations.c.route_id == route_id)
            connection.execute(escalations.delete().where(*gone))

    def preview(self, organisation_id: int, news: AlertNews, *, route_id: int | None = None) -> builtins.list[Preview]:
        """Who would be told when, if such an alert were raised and nobody acknowledged it; in order of time."""
        with self.records.read() as connection:
            known = {one.id: one for one in store.read_receivers(connection, organisation_id)}
            found = store.read_routes(connection, organisation_id)
        previews = []
        for route in found:
            if route_id not in (None, route.id) or not route.enabled or news.what not in route.what:
                continue
            if route.matches(news, self.in_group):
                previews += [one for moment in route.moments(-1) for one in _previews(route, moment, known, news)]
        return sorted(previews, key=lambda one: (one.due_at, one.planned_at, one.receiver.id))


def _previews(route: Route, moment: Moment, known: Mapping[Any, Receiver], news: AlertNews) -> builtins.list[Preview]:
    planned = Instant(news.recorded_at + moment.seconds * MICROSECONDS_PER_SECOND)
    found = [known[parse_id(one)] for one in route.steps[moment.step].receivers if parse_id(one) in known]
    return [
        Preview(
            route=route,
            receiver=one,
            step=moment.step,
            repeat=moment.repeat,
            planned_at=planned,
            due_at=held_until(one, news.severity, planned_at=planned, now=planned),
        )
        for one in found
        if one.state is ReceiverState.ENABLED
    ]

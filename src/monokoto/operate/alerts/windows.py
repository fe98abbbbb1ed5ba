"""Maintenance windows: times in which alerts of some units are kept and marked, and nobody is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from msgspec import Meta

from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import MaintenanceWindowId, OrganisationId, format_id, new_id
from monokoto.kernel.limits import (
    MAINTENANCE_REASON_LENGTH_MAX,
    MAINTENANCE_SECONDS_MAX,
    MAINTENANCE_SOONER_SECONDS,
    MAINTENANCE_UNITS_MAX,
    MAINTENANCE_WINDOWS_MAX,
    TAGS_PER_UNIT_MAX,
)
from monokoto.operate.alerts import store
from monokoto.operate.alerts.tables import alerts, maintenance_windows
from monokoto.operate.alerts.taking import Window, Windows

_DAY = 86_400 * MICROSECONDS_PER_SECOND


class Concerned(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which units a window is for, with their parts: these, or those for which all else holds, also when they join later."""

    units: Annotated[list[str], Meta(max_length=MAINTENANCE_UNITS_MAX, description="Ids")] = []
    product: Annotated[str, Meta(max_length=64)] = ""
    tags: Annotated[list[str], Meta(max_length=TAGS_PER_UNIT_MAX, description="All of them")] = []
    below: Annotated[str, Meta(max_length=13, description="Parts of this unit, at every depth")] = ""
    group: Annotated[str, Meta(max_length=64, description="Name or id of a group")] = ""

    @property
    def says(self) -> bool:
        """Whether it names anything: a window for everything must be asked for by product, one by one."""
        return bool(self.units or self.product or self.tags or self.below or self.group)


Chooser = Callable[[int, Concerned], Collection[int]]
"""(organisation, who is concerned): the units within the organisation's reach now. Blocking; raises Invalid and NotFound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """One window."""

    id: MaintenanceWindowId
    organisation_id: OrganisationId
    begins_at: Instant
    ends_at: Instant
    reason: str
    concerned: Concerned
    actor_id: int
    created_at: Instant


class MaintenanceWindows:
    """The windows of all organisations. Blocking; called in threads."""

    def __init__(self, records: Records, clock: Clock, chooser: Chooser) -> None:
        self._records = records
        self._clock = clock
        self._chooser = chooser
        self._chosen: dict[int, tuple[float, frozenset[int]]] = {}
        self._lock = threading.Lock()

    def create(
        self, organisation_id: int, *, begins_at: int | None, ends_at: int, reason: str, concerned: Concerned, by: int
    ) -> MaintenanceWindow:
        """A new one, from now on where no beginning is given. Alerts that stand already stay as they are.

        Raises: Invalid; NotFound (a unit or group that is not there); Conflict (as many as there may be).
        """
        now = self._clock.now()
        begin = now if begins_at is None else begins_at
        _check(begin, ends_at, reason, concerned, now)
        self._chooser(organisation_id, concerned)
        window = MaintenanceWindow(
            id=MaintenanceWindowId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            begins_at=Instant(begin),
            ends_at=Instant(ends_at),
            reason=reason.strip(),
            concerned=concerned,
            actor_id=by,
            created_at=now,
        )
        table = maintenance_windows.c
        waiting = sa.select(sa.func.count()).where(table.organisation_id == organisation_id, table.ends_at > now)
        with self._records.write() as connection:
            number = store.next_number(connection, organisation_id)
            if connection.execute(waiting).scalar_one() >= MAINTENANCE_WINDOWS_MAX:
                raise Conflict(
                    f"There are {MAINTENANCE_WINDOWS_MAX} maintenance windows that are not over.",
                    remedy="End some, or make one for many units.",
                )
            connection.execute(maintenance_windows.insert().values({**_to_row(window), "number": number}))
        return window

    def list(self, organisation_id: int, *, over: bool, before: int | None, limit: int) -> list[MaintenanceWindow]:
        """The newest first; those that are over only when asked for."""
        table = maintenance_windows.c
        query = sa.select(maintenance_windows).where(table.organisation_id == organisation_id)
        if not over:
            query = query.where(table.ends_at > self._clock.now())
        if before is not None:
            query = query.where(table.window_id < before)
        with self._records.read() as connection:
            return [_from_row(row) for row in connection.execute(query.order_by(table.window_id.desc()).limit(limit))]

    def get(self, organisation_id: int, window_id: int) -> MaintenanceWindow:
        """One; raises NotFound."""
        with self._records.read() as connection:
            return _read(connection, organisation_id, window_id)

    def end(self, organisation_id: int, window_id: int) -> MaintenanceWindow:
        """End it now; one that has not begun is taken back. What stands of its alerts is told soon. Safe to repeat."""
        now = self._clock.now()
        with self._records.write() as connection:
            store.next_number(connection, organisation_id)
            window = _read(connection, organisation_id, window_id)
            if window.ends_at <= now:
                return window
            ended = replace(window, begins_at=min(window.begins_at, now), ends_at=now)
            mine = maintenance_windows.c.organisation_id == organisation_id
            connection.execute(
                maintenance_windows.update()
                .where(mine, maintenance_windows.c.window_id == window_id)
                .values(begins_at=ended.begins_at, ends_at=ended.ends_at)
            )
            connection.execute(
                alerts.update()
                .where(
                    alerts.c.organisation_id == organisation_id,
                    alerts.c.maintenance_id == window_id,
                    alerts.c.maintenance_until.is_not(None),
                )
                .values(maintenance_until=now)
            )
        return ended

    def covering(self, organisation_id: int, begin: int, end: int) -> Windows:
        """The windows that touch a span of event time, with their units as they are now."""
        table = maintenance_windows.c
        query = (
            sa.select(maintenance_windows)
            .where(table.organisation_id == organisation_id, table.ends_at > begin, table.begins_at <= end)
            .order_by(table.window_id)
            .limit(MAINTENANCE_WINDOWS_MAX)
        )
        with self._records.read() as connection:
            windows = [_from_row(row) for row in connection.execute(query)]
        return [Window(one.id, one.begins_at, one.ends_at, self._units(one)) for one in windows]

    def told_late(self, organisation_id: int, mark: int, upto: int) -> Windows:
        """Those made past a count of the organisation's changes and up to another whose time had begun by then."""
        table = maintenance_windows.c
        query = sa.select(maintenance_windows).where(
            table.organisation_id == organisation_id, table.number > mark, table.number <= upto,
            table.begins_at < table.created_at,
        )  # fmt: skip
        with self._records.read() as connection:
            windows = [_from_row(row) for row in connection.execute(query.order_by(table.window_id))]
        return [Window(one.id, one.begins_at, one.ends_at, self._units(one)) for one in windows]

    def _units(self, window: MaintenanceWindow) -> frozenset[int]:
        now = time.monotonic()
        with self._lock:
            known = self._chosen.get(window.id)
        if known is not None and now < known[0]:
            return known[1]
        try:
            units = frozenset(self._chooser(window.organisation_id, window.concerned))
        except (Invalid, NotFound):  # a group or a unit that was there once
            units = frozenset()
        with self._lock:
            if len(self._chosen) >= MAINTENANCE_WINDOWS_MAX:
                self._chosen.clear()
            self._chosen[window.id] = now + MAINTENANCE_SOONER_SECONDS, units
        return units

    def forget(self, before: int) -> None:
        """Delete windows that ended before an instant."""
        with self._records.write() as connection:
            connection.execute(maintenance_windows.delete().where(maintenance_windows.c.ends_at < before))


def _check(begin: int, end: int, reason: str, concerned: Concerned, now: int) -> None:
    rules: Sequence[tuple[str, bool, str]] = (
        ("to", end <= begin, "lies after its beginning"),
        ("to", end <= now, "lies in the future"),
        ("to", end - begin > MAINTENANCE_SECONDS_MAX * MICROSECONDS_PER_SECOND, "at most a year after its beginning"),
        ("from", begin < now - _DAY, "lies at most a day back: what was told cannot be untold"),
        (
            "reason",
            not reason.strip() or len(reason) > MAINTENANCE_REASON_LENGTH_MAX or not reason.isprintable(),
            f"has 1 to {MAINTENANCE_REASON_LENGTH_MAX} printable characters",
        ),
        ("units", not concerned.says, "says which units: units, product, tags, below or group"),
        (
            "units",
            bool(concerned.units) and any((concerned.product, concerned.tags, concerned.below, concerned.group)),
            "units and conditions exclude each other",
        ),
    )
    faults = [Fault(place=place, reason=why) for place, wrong, why in rules if wrong]
    if faults:
        raise Invalid("This is no maintenance window.", faults=faults)


def _read(connection: sa.Connection, organisation_id: int, window_id: int) -> MaintenanceWindow:
    table = maintenance_windows.c
    query = sa.select(maintenance_windows).where(table.organisation_id == organisation_id, table.window_id == window_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no maintenance window {format_id(window_id)!r}.")
    return _from_row(row)


def _from_row(row: sa.Row[Any]) -> MaintenanceWindow:
    return MaintenanceWindow(
        id=MaintenanceWindowId(row.window_id),
        organisation_id=OrganisationId(row.organisation_id),
        begins_at=Instant(row.begins_at),
        ends_at=Instant(row.ends_at),
        reason=row.reason,
        concerned=msgspec.json.decode(row.selection, type=Concerned),
        actor_id=row.actor_id,
        created_at=Instant(row.created_at),
    )


def _to_row(window: MaintenanceWindow) -> dict[str, Any]:
    return {
        "window_id": window.id,
        "organisation_id": window.organisation_id,
        "begins_at": window.begins_at,
        "ends_at": window.ends_at,
        "reason": window.reason,
        "selection": msgspec.json.encode(window.concerned).decode(),
        "actor_id": window.actor_id,
        "created_at": window.created_at,
    }

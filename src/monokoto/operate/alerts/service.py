"""Alerts: taken in from rules, shown, acted upon, brought to their end."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.facts import Fact, Facts
from monokoto.operate.alerts import listing, store
from monokoto.operate.alerts.acting import Acts, Done
from monokoto.operate.alerts.alert import Alert, AlertEvent, What
from monokoto.operate.alerts.facts import ALERT_CHANGED, facts_of
from monokoto.operate.alerts.listing import AlertCounts, AlertFilter, AlertGroup
from monokoto.operate.alerts.reconciling import Reconciler
from monokoto.operate.alerts.stood import OutageChange, Stood, read_changed, read_stood
from monokoto.operate.alerts.store import Mark, Standing
from monokoto.operate.alerts.streams import Streams
from monokoto.operate.alerts.taking import Taker, Units, Window, above, told_instants, window_over
from monokoto.operate.alerts.viewer import Viewer, open_to
from monokoto.operate.alerts.windows import MaintenanceWindows
from monokoto.operate.rules import AlertChange
from monokoto.operate.twins import keep_doing
from monokoto.web import Page

_AT_ONCE = 10_000
"""Changes in one transaction: what is more goes into the next, and may be told again."""
_RUN_SECONDS = 1.0
_FORGET_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a rule is for people."""

    title: Mapping[str, str]
    """By language; empty: it has none, or is no more."""
    help: Mapping[str, str]


class RuleTexts(Protocol):
    """What rules are called. From memory, or nearly so; blocking."""

    def __call__(self, organisation_id: int, rule: str, version: str, /) -> RuleText: ...


class KnownRules(Protocol):
    """The rules that raised alerts, as far as they are still there."""

    def text(self, organisation_id: int, rule: str, version: str, /) -> RuleText:
        """As `RuleTexts`."""
        ...

    def watches(self, organisation_id: int, rule: str, unit_id: int, /) -> bool:
        """Whether the rule still looks at the unit, and so can clear what it raised."""
        ...


def _no_text(_organisation_id: int, _rule: str, _version: str) -> RuleText:
    return RuleText({}, {})


class Alerts:
    """The alerts of all organisations. Plain methods block: call them from a thread; the others are for the event loop."""

    def __init__(
        self,
        *,
        records: Records,
        clock: Clock,
        units: Units,
        windows: MaintenanceWindows,
        facts: Facts | None = None,
        is_member: Callable[[int, int], bool] = lambda _organisation_id, _person_id: False,
        is_watched: Callable[[int, str, int], bool] = lambda _organisation_id, _rule, _unit_id: False,
        keep_days: float = 400.0,
    ) -> None:
        """See `acting.Acts` for `is_member` and `is_watched`."""
        self._records = records
        self._clock = clock
        self._facts = facts
        self.units = units
        self.windows = windows
        self.texts: RuleTexts = _no_text
        self.acts = Acts(records, clock, is_member=is_member, is_watched=is_watched)
        self.reconciler = Reconciler(records, clock, units, windows, keep_days=keep_days)
        self.streams = Streams()
        self._tasks: builtins.list[asyncio.Task[None]] = []

    def know(self, rules: KnownRules) -> None:
        """Ask these about the rules that raised alerts; handed in later, because rules tell of alerts."""
        self.texts, self.acts.is_watched = rules.text, rules.watches

    # Life

    async def start(self) -> None:
        """Begin the background work."""
        if self._facts is not None:
            await self._facts.listen(ALERT_CHANGED, self._heard)
        jobs = (
            ("alerts-run", self.reconcile, _RUN_SECONDS),
            ("alerts-forget", lambda: asyncio.to_thread(self.reconciler.forget), _FORGET_SECONDS),
        )
        self._tasks = [
            asyncio.create_task(
                keep_doing(name, work, period_seconds=partial(float, period), signal=asyncio.Event()), name=name
            )
            for name, work, period in jobs
        ]

    async def stop(self) -> None:
        """End it."""
        self.streams.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def reconcile(self) -> None:
        """Do what time does: shelves and windows end, what nothing hides any more comes to light."""
        await self.tell(await asyncio.to_thread(self.reconciler.run))

    async def _heard(self, fact: Fact) -> None:
        self.streams.wake(fact.organisation_id)

    # Taking in

    async def hear(self, changes: Sequence[AlertChange]) -> None:
        """Take changes in and tell what is new: what a rule engine is given as its sink. Raises Unavailable; tell them again."""
        if changes:
            await self.tell(await asyncio.to_thread(self.take, changes))

    def take(self, changes: Sequence[AlertChange]) -> builtins.list[AlertEvent]:
        """Take changes in, in whatever order and however often they are told; what is new, not told as facts yet."""
        events: builtins.list[AlertEvent] = []
        for begin in range(0, len(changes), _AT_ONCE):
            by_organisation: dict[int, builtins.list[AlertChange]] = {}
            for change in changes[begin : begin + _AT_ONCE]:
                by_organisation.setdefault(change.organisation_id, []).append(change)
            # In order of their ids: two that take in several organisations' do not wait for each other.
            windows = {one: self.windows.covering(one, *told_instants(by_organisation[one])) for one in by_organisation}
            with self._records.write() as connection:
                now = self._clock.now()
                for organisation_id in sorted(by_organisation):
                    taker = Taker(connection, organisation_id, self.units, now)
                    events += taker.take(by_organisation[organisation_id], windows[organisation_id])
        return events

    async def tell(self, events: Iterable[AlertEvent]) -> None:
        """Tell as facts what was committed."""
        if self._facts is not None:
            for fact in facts_of(list(events)):
                await self._facts.tell(fact)

    # Acting

    async def act(self, work: Callable[[], Done]) -> Alert:
        """Do one of the `acts` in a thread and tell of it."""
        alert, events = await asyncio.to_thread(work)
        await self.tell(events)
        return alert

    # Looking

    def get(self, viewer: Viewer, alert_id: int) -> Alert:
        """One; raises NotFound."""
        return self.acts.find(viewer, alert_id)

    def timeline(self, viewer: Viewer, alert: Alert) -> builtins.list[AlertEvent]:
        """What happened to it, as far as it is the viewer's to read, in order."""
        with self._records.read() as connection:
            events = store.read_timeline(connection, alert.organisation_id, alert.id)
        return [event for event in events if viewer.shown(alert, event)]

    def list(self, viewer: Viewer, wanted: AlertFilter, *, sort: str, limit: int, cursor: str | None) -> Page[Alert]:
        """A page of those that lie open. Raises Invalid for an order or cursor that is none."""
        with self._records.read() as connection:
            return listing.list_alerts(
                connection, viewer, wanted, now=self._clock.now(), sort=sort, limit=limit, cursor=cursor
            )

    def groups(self, viewer: Viewer, wanted: AlertFilter, *, limit: int, cursor: str | None) -> Page[AlertGroup]:
        """The same as groups, the last to begin first."""
        with self._records.read() as connection:
            return listing.list_groups(connection, viewer, wanted, now=self._clock.now(), limit=limit, cursor=cursor)

    def counts(self, viewer: Viewer) -> AlertCounts:
        """How many stand."""
        with self._records.read() as connection:
            return listing.count_alerts(connection, viewer, now=self._clock.now())

    def changed(self, viewer: Viewer, since: Mapping[int, int], limit: int) -> builtins.list[Alert]:
        """Alerts that lie open and changed after a number of their organisation, in the order of the change."""
        with self._records.read() as connection:
            return store.read_changed(connection, open_to(connection, viewer), viewer.organisations, since, limit)

    def happened(self, viewer: Viewer, what: What, since: int, limit: int) -> builtins.list[tuple[AlertEvent, Alert]]:
        """Events of a kind that came to be known at an instant (our clock) or later, of alerts that lie open."""
        with self._records.read() as connection:
            condition = open_to(connection, viewer)
            return store.read_happened(connection, condition, viewer.organisations, what, since, limit)

    # For those who tell people, and for the engine: no viewer

    def numbers(self) -> dict[int, int]:
        """The last number of each organisation's changes: what moved since is read by `news`."""
        with self._records.read() as connection:
            return store.read_numbers(connection)

    def news(self, organisation_id: int, after: Mark, limit: int) -> builtins.list[AlertEvent]:
        """What happened to an organisation's alerts after a place, in order; nothing is ever added before what was read."""
        with self._records.read() as connection:
            return store.read_news(connection, organisation_id, after, limit)

    def told_since(self, told_at: int, limit: int) -> builtins.list[AlertEvent]:
        """What came to be known of all organisations' alerts at an instant or later. What commits late may lie before what was
        read: look back a little."""
        with self._records.read() as connection:
            return store.read_told_since(connection, told_at, limit)

    def by_ids(self, alert_ids: Sequence[int]) -> dict[int, Alert]:
        """Alerts of whatever organisations; those that are gone are not there."""
        with self._records.read() as connection:
            return store.read_all(connection, alert_ids)

    def standing(self, organisation_id: int | None = None) -> builtins.list[Standing]:
        """All that are not cleared, of an organisation or of all: what a rule engine knows again after a restart."""
        with self._records.read() as connection:
            return store.read_standing(connection, organisation_id)

    def stood(
        self, organisation_id: int, rules: Collection[str], units: Collection[int], begin: int, end: int
    ) -> builtins.list[Stood]:
        """When alerts of an organisation's rules (`product/name`) stood on units within a time, by unit and beginning."""
        with self._records.read() as connection:
            return read_stood(connection, organisation_id, rules, units, begin, end)

    def maintained(
        self, organisation_id: int, units: Collection[int], begin: int, end: int
    ) -> dict[int, builtins.list[Window]]:
        """By unit the organisation's maintenance windows within a time that are for it, or for what it is a part of."""
        found: dict[int, builtins.list[Window]] = {}
        windows = self.windows.covering(organisation_id, begin, end)
        for unit_id in units if windows else ():
            chain = above(self.units, unit_id)
            mine = [one for one in windows if any(each in one.units for each in chain)]
            if mine:
                found[unit_id] = mine
        return found

    def outages_changed(
        self, organisation_id: int, rules: Collection[str], mark: int, limit: int, units: Collection[int]
    ) -> tuple[builtins.list[OutageChange], int]:
        """What `stood` or `maintained` say otherwise than at a number of changes (0: ever), and the number to ask from next time.

        Args:
            organisation_id: Whose alerts and windows.
            rules: `product/name` of those that count.
            mark: The number answered last.
            limit: About so many alerts at once.
            units: Whom windows may be for: all units of the organisation.
        """
        with self._records.read() as connection:
            found, upto = read_changed(connection, organisation_id, rules, mark, limit)
        late = self.windows.told_late(organisation_id, mark, upto)
        for unit_id in units if late else ():
            chain, unit = above(self.units, unit_id), self.units.get(unit_id)
            begins = [one.begins_at for one in late if any(each in one.units for each in chain)]
            if unit is not None and begins:
                found.append(OutageChange(unit.product, unit.unit_id, Instant(min(begins))))
        return found, upto

    def maintenance_of(self, organisation_id: int, unit_id: int, at: int) -> Instant | None:
        """Until when an organisation's window covers a unit at an instant; None: none does. An owner's window keeps nobody
        else from being told."""
        window = window_over(self.windows.covering(organisation_id, at, at), self.units, unit_id, at)
        return None if window is None else Instant(window.ends_at)

    @property
    def now(self) -> Instant:
        """By the clock all this goes by."""
        return self._clock.now()

"""Events out of the records: what happened since the last look is read where it is kept, and told.

Refused: writing an event in the transaction of the change it tells of. Every slice below would have to know of receivers,
and every change would pay for them. The change itself is the outbox: it is committed, it has its instant, and a look back
that overlaps the last one finds it after any crash. What is found twice is told once, because its id comes from what it is.

A change becomes visible when it commits, which may be later than its instant says. So every look goes back a few
seconds, and now and then one goes back far enough for the longest transaction there may be.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from monokoto.connect.webhooks import store
from monokoto.connect.webhooks.event import Happening
from monokoto.connect.webhooks.service import Webhooks
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import format_id

LOOK_SECONDS: Final = 1.0
KNOW_SECONDS: Final = 5.0
"""How soon a receiver made in another process is known here."""
SHORT_OVERLAP_SECONDS: Final = 5.0
LONG_OVERLAP_SECONDS: Final = 600.0
SWEEP_SECONDS: Final = 30.0
_PAGE: Final = 5_000
_TOLD_AT_ONCE: Final = 500
ONLINE: Final = "unit.online"
OFFLINE: Final = "unit.offline"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where happenings of one type are kept."""

    type: str
    read: Callable[[int, int, int], Sequence[Happening]]
    """(organisation, position, limit): those at or past a position, in its order. Blocking."""
    position_at: Callable[[int], int] = lambda instant: instant
    """The position of an instant."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A unit as presence knows it."""

    unit_id: int
    online: bool
    since: int
    reason: str = ""


class OnlineNow(Protocol):
    """Who is online. Blocking, short."""

    def online(self, organisation_id: int) -> Collection[int]:
        """The units within an organisation's reach that are online."""
        ...

    def heard(self, organisation_id: int, unit_id: int) -> Heard | None:
        """One unit; None when it is no longer within reach."""
        ...


class Feeder:
    """Looks at every source for every organisation that has a receiver for it."""

    def __init__(self, webhooks: Webhooks, sources: Sequence[Source], *, online_now: OnlineNow | None = None) -> None:
        self._webhooks = webhooks
        self._sources = sources
        self._online_now = online_now
        self._told_online: dict[int, set[int]] = {}
        self._seen: dict[tuple[int, str], dict[str, int]] = {}
        self._swept = float("-inf")
        self._knew = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="webhooks-feed")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def signal(self) -> None:
        """Something happened: look soon."""
        self._awake.set()

    async def _run(self) -> None:
        while True:
            self._awake.clear()
            try:
                await asyncio.to_thread(self.look)
            except MonokotoError as error:
                _log.warning("webhooks_feed_waits", reason=error.message)
            except Exception:
                _log.exception("webhooks_feed_failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._awake.wait()

    def look(self) -> int:
        """One look at everything; how many events were new. Blocking."""
        now = time.monotonic()
        if now - self._knew > KNOW_SECONDS:
            self._knew = now
            self._webhooks.forget()
        sweeps = now - self._swept > SWEEP_SECONDS
        if sweeps:
            self._swept = now
        count = 0
        for organisation_id in list(self._webhooks.receivers()):
            for source in self._sources:
                if self._webhooks.wanted(organisation_id, source.type):
                    count += self._tell_of(organisation_id, source, sweeps=sweeps)
            if self._online_now is not None and (
                self._webhooks.wanted(organisation_id, ONLINE) or self._webhooks.wanted(organisation_id, OFFLINE)
            ):
                count += self._tell_of_presence(organisation_id, self._online_now)
        return count

    def _tell_of(self, organisation_id: int, source: Source, *, sweeps: bool) -> int:
        mark = self._mark(organisation_id, source)
        seen = self._seen.setdefault((organisation_id, source.type), {})
        overlap = LONG_OVERLAP_SECONDS if sweeps else SHORT_OVERLAP_SECONDS
        width = source.position_at(self._webhooks.clock.now())
        width -= source.position_at(self._webhooks.clock.now() - round(overlap * MICROSECONDS_PER_SECOND))
        position, count = max(mark - width, 0), 0
        while True:
            page = source.read(organisation_id, position, _PAGE)
            fresh = [one for one in page if one.key not in seen]
            for begin in range(0, len(fresh), _TOLD_AT_ONCE):
                some = fresh[begin : begin + _TOLD_AT_ONCE]
                mark = max(mark, some[-1].position)
                count += self._webhooks.tell(organisation_id, source.type, some, mark=(source.type, mark))
                seen.update((one.key, one.position) for one in some)
            if len(page) < _PAGE or page[-1].position <= position:
                break
            position = page[-1].position
        if sweeps:
            # What lies before every look to come need not be remembered.
            kept = {key: at for key, at in seen.items() if at >= mark - width}
            self._seen[organisation_id, source.type] = kept
        return count

    def _mark(self, organisation_id: int, source: Source) -> int:
        """How far this source was told; a first receiver begins now, and one that came after a long time at its own time."""
        with self._webhooks.records.read() as connection:
            mark = store.read_mark(connection, organisation_id, source.type)
        made = min((one.created_at for one in self._webhooks.wanted(organisation_id, source.type)), default=0)
        begin = source.position_at(made)
        return begin if mark is None else max(mark, begin)

    def _tell_of_presence(self, organisation_id: int, online_now: OnlineNow) -> int:
        """The difference between who is online and who was last told to be."""
        told = self._told_online.get(organisation_id)
        now_online = set(online_now.online(organisation_id))
        if told is None:
            told = self._first_told(organisation_id, now_online)
        count = 0
        for event_type, changed in ((ONLINE, sorted(now_online - told)), (OFFLINE, sorted(told - now_online))):
            for begin in range(0, len(changed), _TOLD_AT_ONCE):
                some = changed[begin : begin + _TOLD_AT_ONCE]
                happenings = [self._presence_of(organisation_id, one, event_type, online_now) for one in some]
                noted = (some, ()) if event_type == ONLINE else ((), some)
                count += self._webhooks.tell(organisation_id, event_type, happenings, presence=noted)
                (told.update if event_type == ONLINE else told.difference_update)(some)
        return count

    def _first_told(self, organisation_id: int, now_online: set[int]) -> set[int]:
        """What was told before this process began; when nothing ever was, who is online now is where it begins."""
        with self._webhooks.records.read() as connection:
            begun = store.read_mark(connection, organisation_id, ONLINE) is not None
            told = set(store.read_told_online(connection, organisation_id))
        if not begun:
            self._webhooks.tell(
                organisation_id,
                ONLINE,
                [],
                mark=(ONLINE, self._webhooks.clock.now()),
                presence=(sorted(now_online), ()),
            )
            told = now_online
        self._told_online[organisation_id] = set(told)
        return self._told_online[organisation_id]

    def _presence_of(self, organisation_id: int, unit_id: int, event_type: str, online_now: OnlineNow) -> Happening:
        heard = online_now.heard(organisation_id, unit_id)
        at = heard.since if heard is not None and heard.since else self._webhooks.clock.now()
        data = {"unit": format_id(unit_id), "since": format_instant(at)}
        if event_type == OFFLINE:
            data["reason"] = heard.reason if heard is not None else ""
        return Happening(key=f"{unit_id}:{at}", at=max(at, self._recent()), data=data)

    def _recent(self) -> int:
        """Told late is not told of the past: what changed while we were away is an event for those who wait now."""
        return self._webhooks.clock.now() - round(SHORT_OVERLAP_SECONDS * MICROSECONDS_PER_SECOND)

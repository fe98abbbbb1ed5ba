"""What happens with units, told at once to the gateways whose applications watch them, and to no others.

Nothing here is kept: who missed something is told how things stand, and finds the rest in the history. While nobody watches,
a batch of the line costs one look at an empty table.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Final

import msgspec
import numpy as np
import structlog

from monokoto.connect.gateway import live
from monokoto.connect.line import Batch, Block
from monokoto.engines.log import Log
from monokoto.kernel.errors import MonokotoError, NotFound, Unavailable
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import APPLICATION_NEWS_UNITS_MAX
from monokoto.mqtt import Reason
from monokoto.operate.commands import COMMAND_CHANGED, Commands, command_to_json
from monokoto.operate.live.control import Controls
from monokoto.operate.live.drafts import Draft, Drafts
from monokoto.operate.live.interest import GatewayWatches, Interest, Viewer
from monokoto.operate.live.sights import Sights
from monokoto.operate.twins import DESIRED_CHANGED
from monokoto.web import Caller, Scope

_AT_ONCE: Final = 500
_BULLETIN_BYTES: Final = 256 * 1024
_TABLE_SECONDS: Final = 5.0
_PRESENCE_SECONDS: Final = 2.0
_log = structlog.get_logger(__name__)

Work = Callable[[], Iterator[Draft]]
"""Something to look up, in a thread."""


class Live:
    """Joins the line, the facts and the gateways. `heard` is the line's witness."""

    def __init__(
        self, *, log: Log, facts: Facts, sights: Sights, drafts: Drafts, commands: Commands, controls: Controls
    ) -> None:
        self.interest = Interest()
        self.dropped = 0
        """live.News not told because too many waited."""
        self._log = log
        self._facts = facts
        self._sights = sights
        self._drafts = drafts
        self._commands = commands
        self._controls = controls
        self._since: dict[int, int] = {}
        """Units with new values, and the arrival from which they are new."""
        self._work: deque[Work] = deque()
        self._present: deque[tuple[str, int, Viewer, live.Ask]] = deque()
        self._online: dict[int, bool] = {}
        self._signal = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._asking: set[asyncio.Task[None]] = set()
        self._stops: list[Callable[[], Awaitable[None]]] = []

    # Life

    async def start(self) -> None:
        """Begin to answer the gateways."""
        self._stops = [
            await self._log.answer(live.WATCH, self._watch),
            await self._log.answer(live.CONTROL, self._control),
            await self._log.listen(live.BEAT, self._beat),
        ]
        await self._facts.listen(DESIRED_CHANGED, self._desired_changed)
        await self._facts.listen(COMMAND_CHANGED, self._command_changed)
        self._tasks = [
            asyncio.create_task(self._tell(), name="live"),
            asyncio.create_task(self._look(), name="live-presence"),
        ]

    async def stop(self) -> None:
        """Tell no more."""
        for stop in self._stops:
            await stop()
        for task in (*self._tasks, *self._asking):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._asking, return_exceptions=True)

    # The line

    def heard(self, batch: Batch) -> None:
        """The line's observers have taken a batch in; called on the event loop, cheap."""
        if not self.interest:
            return
        for block in batch.blocks:
            self._note_values(block)
        for event in batch.events:
            if self._watched(event.unit_id, event.organisation_id, live.Aspect.EVENTS):
                unit = self._sights.unit(event.unit_id)
                if unit is not None:
                    draft = Draft(unit, live.Aspect.EVENTS, event.at, event.data, event.name)
                    self._queue(partial(iter, (draft,)))
        for record in batch.presence:
            if self._watched(record.unit_id, record.organisation_id, live.Aspect.PRESENCE):
                self._queue(partial(self._presence, record.unit_id))
        if self._since or self._work:
            self._signal.set()

    def _note_values(self, block: Block) -> None:
        units, arrived = block.unit, block.arrived
        if not self.interest.fleet(block.model.organisation_id):
            mine = np.isin(units, self.interest.units)
            if not mine.any():
                return
            units, arrived = units[mine], arrived[mine]
        since = self._since
        for unit_id, at in zip(units.tolist(), arrived.tolist(), strict=True):
            since.setdefault(unit_id, at)  # of one unit arrival never falls: the first is the least
        self._bound()

    def _bound(self) -> None:
        while len(self._since) > APPLICATION_NEWS_UNITS_MAX:
            del self._since[next(iter(self._since))]
            self.dropped += 1

    def _queue(self, work: Work) -> None:
        if len(self._work) >= APPLICATION_NEWS_UNITS_MAX:
            self._work.popleft()
            self.dropped += 1
        self._work.append(work)
        self._signal.set()

    def _watched(self, unit_id: int, maker_id: int, aspect: live.Aspect) -> bool:
        return bool(self.interest.of(unit_id, maker_id, aspect))

    # Facts

    async def _desired_changed(self, fact: Fact) -> None:
        unit_id = int(fact.data["unit_id"])
        if self._watched(unit_id, fact.organisation_id, live.Aspect.DESIRED):
            self._queue(partial(self._of_unit, self._drafts.desired, unit_id))

    async def _command_changed(self, fact: Fact) -> None:
        for one in fact.data["commands"]:
            unit_id = int(one["unit_id"])
            if self._watched(unit_id, fact.organisation_id, live.Aspect.STATUS):
                self._queue(partial(self._status, unit_id, int(one["command_id"]), fact))

    def _status(self, unit_id: int, command_id: int, fact: Fact) -> Iterator[Draft]:
        unit = self._sights.unit(unit_id)
        if unit is not None:
            command = self._commands.get(fact.organisation_id, unit_id, command_id)
            payload = msgspec.json.encode(command_to_json(command))
            yield Draft(unit, live.Aspect.STATUS, fact.at, payload, f"{command.action}/{format_id(command_id)}")

    def _of_unit(self, look: Callable[..., Iterator[Draft]], unit_id: int) -> Iterator[Draft]:
        unit = self._sights.unit(unit_id)
        if unit is not None:
            yield from look(unit)

    def _presence(self, unit_id: int) -> Iterator[Draft]:
        yield from self._of_unit(self._drafts.presence, unit_id)

    # Presence that changes without a word from the unit: its gateway died

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_PRESENCE_SECONDS)
            watched = self.interest.watched(live.Aspect.PRESENCE)
            online: dict[int, bool] = {}
            for unit_id in watched:
                unit = self._sights.unit(unit_id)
                if unit is not None:
                    with contextlib.suppress(NotFound):
                        online[unit_id] = self._drafts.online(unit)
                if unit_id in self._online and self._online[unit_id] != online.get(unit_id):
                    self._queue(partial(self._presence, unit_id))
            self._online = online

    # Gateways

    async def _watch(self, body: bytes) -> bytes:
        watch = live.decode_watch(body)
        caller = live.caller_of(watch.asker)
        verdict = await asyncio.to_thread(self._judge, caller, watch)
        self.interest.hear(watch.gateway, time.monotonic())
        viewer = Viewer(watch.asker.organisation_id, watch.asker.kind)
        granted: dict[int, int] = {}
        for ask, reason in zip(watch.asks, verdict, strict=True):
            if reason < Reason.UNSPECIFIED_ERROR:
                granted[ask.unit_id] = granted.get(ask.unit_id, 0) | ask.aspects
        if granted:
            # A gateway's table has what it is still asking for: they may have been found closed a moment ago.
            self._sights.ask_again()
        for unit_id, aspects in granted.items():
            self.interest.add(watch.gateway, (viewer, unit_id, aspects))
            if unit_id != live.EVERY:
                self._present.append((watch.gateway, watch.token, viewer, live.Ask(unit_id, aspects)))
        self._signal.set()
        return live.encode(verdict)

    def _judge(self, caller: Caller, watch: live.Watch) -> tuple[int, ...]:
        return tuple(self._verdict(caller, ask) for ask in watch.asks)

    def _verdict(self, caller: Caller, ask: live.Ask) -> Reason:
        if not caller.may(Scope.TELEMETRY_READ):
            return Reason.NOT_AUTHORIZED
        if ask.unit_id == live.EVERY:
            return Reason.SUCCESS if self._sights.gate.units(caller) is None else Reason.NOT_AUTHORIZED
        try:
            reach = self._sights.gate.unit(caller, ask.unit_id)
            unit = self._sights.unit(ask.unit_id)
            if not reach.now or unit is None:
                return Reason.NOT_AUTHORIZED
            if ask.property:
                found = self._sights.model(unit).properties.get(ask.property)
                if found is None or not found.observable:
                    return Reason.TOPIC_FILTER_INVALID
        except NotFound:
            return Reason.NOT_AUTHORIZED
        return Reason.SUCCESS

    async def _control(self, body: bytes) -> bytes:
        return live.encode(await self._controls.carry_out(live.decode_control(body)))

    async def _beat(self, _subject: str, body: bytes) -> None:
        beat = live.decode_beat(body)
        gateway = self.interest.hear(beat.gateway, time.monotonic())
        if beat.heard < gateway.sent_before:
            # Something was lost on the way: tell how things stand with all it watches.
            _log.warning("live_news_lost", gateway=beat.gateway, heard=beat.heard, sent=gateway.sent_before)
            gateway.sent = 0
            self._again({unit_id for _, unit_id, _ in gateway.watches if unit_id != live.EVERY})
        gateway.sent_before = gateway.sent
        if beat.revision != gateway.revision:
            task = asyncio.create_task(self._ask_table(beat, gateway))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        self._forget_silent()

    async def _ask_table(self, beat: live.Beat, gateway: GatewayWatches) -> None:
        gateway.recent.clear()
        try:
            body = await self._log.request(f"{live.TABLE}.{beat.gateway}", b"", timeout_seconds=_TABLE_SECONDS)
        except Unavailable as error:
            _log.warning("live_table_missing", gateway=beat.gateway, reason=error.message)
            return
        if self.interest.gateways.get(beat.gateway) is gateway:
            self._again(self.interest.replace(beat.gateway, live.decode_table(body)))

    def _again(self, units: Iterable[int]) -> None:
        """Tell all that is reported of these units."""
        for unit_id in units:
            self._since[unit_id] = 0
        self._bound()
        self._signal.set()

    def _forget_silent(self) -> None:
        oldest = time.monotonic() - live.SILENT_SECONDS
        for name in [name for name, gateway in self.interest.gateways.items() if gateway.heard_at < oldest]:
            self.interest.forget(name)

    # Telling

    async def _tell(self) -> None:
        while True:
            await self._signal.wait()
            self._signal.clear()
            self._forget_silent()
            try:
                await self._tell_all()
            except MonokotoError as error:
                _log.warning("live_waits", reason=error.message)
            except Exception:
                _log.exception("live_failed")

    async def _tell_all(self) -> None:
        present, self._present = self._present, deque()
        while present:
            some = [present.popleft() for _ in range(min(_AT_ONCE, len(present)))]
            await self._send(await asyncio.to_thread(self._stand, some))
        work, self._work = self._work, deque()
        while work:
            jobs = [work.popleft() for _ in range(min(_AT_ONCE, len(work)))]
            await self._send(await asyncio.to_thread(self._address, _run(jobs)))
        since, self._since = self._since, {}
        units = list(since.items())
        for start in range(0, len(units), _AT_ONCE):
            drafts = self._drafts.values(dict(units[start : start + _AT_ONCE]))
            await self._send(await asyncio.to_thread(self._address, drafts))

    def _stand(self, asked: Iterable[tuple[str, int, Viewer, live.Ask]]) -> dict[str, list[live.News]]:
        """How things stand, for those who have just asked."""
        found: dict[str, list[live.News]] = {}
        for gateway, token, viewer, ask in asked:
            unit = self._sights.unit(ask.unit_id)
            if unit is None:
                continue
            for draft in self._drafts.present(unit, live.Aspect(ask.aspects)):
                if self._sights.open(viewer, unit.unit_id, draft.at):
                    found.setdefault(gateway, []).append(_news(draft, (viewer.organisation_id,), token))
        return found

    def _address(self, drafts: Iterable[Draft]) -> dict[str, list[live.News]]:
        """Who gets what: by gateway."""
        found: dict[str, list[live.News]] = {}
        for draft in drafts:
            unit = draft.unit
            audiences: dict[str, set[int]] = {}
            for viewer, gateway in self.interest.of(unit.unit_id, unit.organisation_id, draft.aspect):
                if self._sights.open(viewer, unit.unit_id, draft.at):
                    audiences.setdefault(gateway, set()).add(viewer.organisation_id)
            for gateway, audience in audiences.items():
                found.setdefault(gateway, []).append(_news(draft, tuple(audience), 0))
        return found

    async def _send(self, found: dict[str, list[live.News]]) -> None:
        for name, news in found.items():
            for some in _in_bulletins(news):
                gateway = self.interest.gateways.get(name)
                if gateway is None:
                    break
                gateway.sent += 1
                await self._log.tell(f"{live.NEWS}.{name}", live.encode(live.Bulletin(gateway.sent, some)))


def _run(jobs: Iterable[Work]) -> Iterator[Draft]:
    for job in jobs:
        try:
            yield from job()
        except NotFound:
            continue  # gone meanwhile


def _news(draft: Draft, audience: tuple[int, ...], token: int) -> live.News:
    unit = draft.unit
    return live.News(
        unit.unit_id, unit.organisation_id, audience, draft.aspect, draft.name, draft.at, draft.payload, token
    )


def _in_bulletins(news: Iterable[live.News]) -> Iterator[tuple[live.News, ...]]:
    """So many at a time as one live message carries."""
    gathered: list[live.News] = []
    size = 0
    for one in news:
        gathered.append(one)
        size += len(one.payload) + 64
        if size > _BULLETIN_BYTES:
            yield tuple(gathered)
            gathered, size = [], 0
    if gathered:
        yield tuple(gathered)

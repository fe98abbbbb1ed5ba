"""Reads the past for rules that begin: piece by piece beside the line, for some units at a time. See `loading`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

import structlog

from monokoto.connect.line import Batch
from monokoto.kernel.errors import MonokotoError, Unavailable
from monokoto.kernel.limits import RULE_PAST_READINGS_MAX, RULE_PAST_UNITS_MAX
from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.loading import Loading, Plan

_T = TypeVar("_T")
_TRIES_SECONDS = 60.0
"""A past that cannot be read for so long is done without: a rule that watches late is worse than one without a past."""
_WORK_SHARE = 0.5
"""Of the time goes into reading; the line has the rest to itself."""
_POLL_SECONDS = 0.05
_LEFT_MAX = 2_000
"""Readings that may be gone through while the line waits: some milliseconds."""
_log = structlog.get_logger(__name__)


class Past(Protocol):
    """What units said before, as it is stored. Blocking; for any thread. Raises Unavailable."""

    def stored(self, positions: Mapping[int, int]) -> bool:
        """Whether all that the line handed over, up to these places of its partitions, can be read."""
        ...

    def count(self, plan: Plan, start: int, end: int) -> int:
        """About how many readings there are in [start, end)."""
        ...

    def before(self, plan: Plan, start: int) -> Batch:
        """The last reading of each unit and property before an instant, as far as it lies not long before."""
        ...

    def pieces(self, plan: Plan, start: int, end: int) -> Iterator[Batch]:
        """All readings in [start, end) in order of time, each arriving at once."""
        ...


class Host(Protocol):
    """Whoever feeds the engine."""

    engine: Engine

    def now(self) -> int | None:
        """The time; None: rules cannot begin yet."""
        ...

    def positions(self) -> Mapping[int, int]:
        """By partition, up to where the line's entries were taken in; only of those that handed anything over."""
        ...

    async def in_turn(self, work: Callable[[], _T]) -> _T:
        """Do it between two batches."""
        ...

    async def begin_by(self, work: Callable[[], Sequence[AlertChange]]) -> None:
        """The same for a beginning: what it brings is told once the state is written."""
        ...


class PastLoader:
    """One piece of work at a time; `step` when there may be some."""

    def __init__(self, host: Host, past: Past) -> None:
        self._host = host
        self._past = past
        self._units_max = RULE_PAST_UNITS_MAX
        self._failing_since: float | None = None

    async def step(self) -> bool:
        """Let the next rules begin with their past; False: none wait."""
        now = self._host.now()
        if now is None:
            return False
        plan = await self._host.in_turn(lambda: self._host.engine.to_load(now, self._units_max))
        if plan is None:
            self._units_max = RULE_PAST_UNITS_MAX
            return False
        try:
            await self._load(plan, now)
            self._failing_since = None
        except MonokotoError as error:
            await self._failed(plan, now, error.message, isinstance(error, Unavailable))
        except Exception as error:
            _log.exception("past_failed", product=plan.product, rules=len(plan.keys))
            await self._failed(plan, now, str(error), False)
        return True

    async def _failed(self, plan: Plan, now: int, reason: str, may_pass: bool) -> None:
        await self._host.in_turn(self._drop)
        self._failing_since = self._failing_since or time.monotonic()
        if may_pass and time.monotonic() - self._failing_since < _TRIES_SECONDS:
            await asyncio.sleep(1.0)
            return
        self._failing_since = None
        _log.warning("rules_begin_without_past", product=plan.product, units=len(plan.units), reason=reason)
        await self._host.begin_by(lambda: self._host.engine.forgo(plan, now))

    def _drop(self) -> None:
        self._host.engine.loading = None

    async def _load(self, plan: Plan, now: int) -> None:
        began = time.monotonic()
        loading = await self._host.in_turn(lambda: self._host.engine.load(plan, now))
        if loading is None:
            return
        positions = self._host.positions()
        while not await asyncio.to_thread(self._past.stored, positions):
            if time.monotonic() - began > _TRIES_SECONDS:
                raise Unavailable("What units said is not stored yet.")
            await asyncio.sleep(_POLL_SECONDS)
        if not await self._fits(loading):
            return
        readings = await self._read(loading)
        while self._goes_on(loading) and loading.waiting > _LEFT_MAX:
            await asyncio.to_thread(loading.follow)
        if loading.overflowed:
            self._fewer(loading, 2.0)
        elif self._goes_on(loading):
            await self._host.begin_by(lambda: self._host.engine.loaded(loading))
            _log.info(
                "rules_begun_with_past", product=plan.product, rules=len(plan.keys), units=len(plan.units),
                readings=readings, seconds=round(time.monotonic() - began, 2),
            )  # fmt: skip
        await self._host.in_turn(self._drop)

    async def _fits(self, loading: Loading) -> bool:
        """Whether it is not too much at once; then fewer units are taken the next time."""
        if loading.start >= loading.end or len(loading.plan.units) == 1:
            return True
        count = await asyncio.to_thread(self._past.count, loading.plan, loading.start, loading.end)
        if count <= RULE_PAST_READINGS_MAX:
            return True
        self._fewer(loading, count / RULE_PAST_READINGS_MAX)
        return False

    def _fewer(self, loading: Loading, times: float) -> None:
        units = len(loading.plan.units)
        if units == 1:
            raise RuntimeError("More came of one unit, while its past was read, than may be gathered.")
        self._units_max = max(1, int(units / times) - 1)
        self._host.engine.loading = None

    def _goes_on(self, loading: Loading) -> bool:
        """Not when its rules are others meanwhile."""
        return self._host.engine.loading is loading and not loading.overflowed

    async def _read(self, loading: Loading) -> int:
        plan, start, end = loading.plan, loading.start, loading.end
        readings = 0
        loading.know(await asyncio.to_thread(self._past.before, plan, start))
        if start < end:
            pieces = self._past.pieces(plan, start, end)
            while self._goes_on(loading):
                began = time.monotonic()
                found = await asyncio.to_thread(_next_of, pieces, loading)
                if found is None:
                    break
                readings += found
                await asyncio.sleep((time.monotonic() - began) * (1 / _WORK_SHARE - 1))
        await asyncio.to_thread(loading.seal)
        return readings


def _next_of(pieces: Iterator[Batch], loading: Loading) -> int | None:
    piece = next(pieces, None)
    if piece is None:
        return None
    loading.read(piece)
    return sum(block.readings for block in piece.blocks)

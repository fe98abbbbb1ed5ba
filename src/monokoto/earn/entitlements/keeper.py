"""The reconciler: what units have becomes what is desired of them and what their tokens say, and closes by itself.

By signal when somebody has more or less, by the clock to the instant at which something begins or ends, by period for whatever
was missed. It takes no input: it looks at what a unit has now and at what was done, and does the rest. Doing it twice is
harmless.
"""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.earn.entitlements.entitlement import Held, Holder, Verdict
from monokoto.earn.entitlements.opening import Opening
from monokoto.earn.entitlements.ports import UsageNews
from monokoto.earn.entitlements.service import Entitlements, Units
from monokoto.earn.entitlements.thresholds import Thresholds
from monokoto.earn.entitlements.tokens import Token, Tokens
from monokoto.earn.features import Feature
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import MonokotoError, NotFound
from monokoto.kernel.ids import format_id

TOPIC = "koto/v1/entitlements"
_AT_ONCE = 200
_WAITING_MAX = 1_000_000
_OVERLAP = 5 * MICROSECONDS_PER_SECOND
_log = structlog.get_logger(__name__)


class Desiring(Protocol):
    """What is desired of units (`Twins`)."""

    def desired_of(self, organisation_id: int, unit_id: int) -> Mapping[str, Any]: ...

    async def govern(self, organisation_id: int, unit_id: int, patch: Mapping[str, Any]) -> None: ...


class Down(Protocol):
    """The way to the units (the gateway's `Downlink`)."""

    async def retain(self, unit_id: int, *, topic: str, payload: bytes | None) -> None: ...


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is to be done about one unit."""

    unit: UnitIdentity
    patch: Mapping[str, Any]
    token: Token | None


class Keeper:
    """`look` and `sweep` are to be kept doing; `signal` says when at once."""

    def __init__(
        self,
        entitlements: Entitlements,
        *,
        units: Units,
        of_organisations: Callable[[], Iterable[int]],
        units_of: Callable[[int], Sequence[int]],
        opening: Opening,
        tokens: Tokens,
        thresholds: Thresholds,
        desiring: Desiring,
        downlink: Down,
        clock: Clock,
        usage_news: UsageNews | None = None,
    ) -> None:
        """`of_organisations` are those that have units of products with features, `units_of` one's units."""
        self._entitlements = entitlements
        self._units = units
        self._of_organisations = of_organisations
        self._units_of = units_of
        self._opening = opening
        self._tokens = tokens
        self._thresholds = thresholds
        self._desiring = desiring
        self._downlink = downlink
        self._clock = clock
        self._usage_news = usage_news
        self._lock = threading.Lock()
        self._waiting: set[tuple[int, Held]] = set()
        self._due: list[tuple[int, int, int]] = []
        """A heap: when, organisation, unit."""
        self._turns: dict[int, int] = {}
        self._known_until = int(clock.now())
        self._loop: asyncio.AbstractEventLoop | None = None
        self.signal = asyncio.Event()
        entitlements.listen(self.changed)

    # News

    def begin(self) -> None:
        """From now on changes signal this event loop."""
        self._loop = asyncio.get_running_loop()

    def changed(self, organisation_id: int, holder: Held) -> None:
        """Look at who this concerns; from any thread."""
        with self._lock:
            if len(self._waiting) < _WAITING_MAX:  # else the sweep finds it
                self._waiting.add((organisation_id, holder))
        if self._loop is not None:
            with suppress(RuntimeError):  # it is being closed
                self._loop.call_soon_threadsafe(self.signal.set)

    # Work

    def seconds(self) -> float:
        """Until something turns by itself, a second at most."""
        with self._lock:
            first = self._due[0][0] if self._due else 0
        wait = (first - self._clock.now()) / MICROSECONDS_PER_SECOND if first else 1.0
        return min(max(wait, 0.001), 1.0)

    async def look(self) -> int:
        """Do what is due; how many units were looked at."""
        units = await asyncio.to_thread(self._take)
        for start in range(0, len(units), _AT_ONCE):
            looked = await asyncio.to_thread(self._look, units[start : start + _AT_ONCE])
            await asyncio.gather(*map(self._act, looked))
        return len(units)

    async def catch_up(self) -> None:
        """Hear of what was changed by others, and of tokens that are to be renewed."""
        await asyncio.to_thread(self._catch_up)
        await self.look()

    async def sweep(self) -> int:
        """Look at every unit there is of products with features."""
        count = 0
        for organisation_id in await asyncio.to_thread(lambda: list(self._of_organisations())):
            units = await asyncio.to_thread(self._units_of, organisation_id)
            for start in range(0, len(units), _AT_ONCE):
                some = [(organisation_id, int(one)) for one in units[start : start + _AT_ONCE]]
                looked = await asyncio.to_thread(self._look, some)
                await asyncio.gather(*map(self._act, looked))
                count += len(some)
        return count

    def _catch_up(self) -> None:
        self._known_until = self._entitlements.catch_up(self._known_until - _OVERLAP)
        for organisation_id, unit_id in self._tokens.due(self._clock.now(), 10_000):
            self.changed(organisation_id, Held(Holder.UNIT, unit_id))

    def _take(self) -> list[tuple[int, int]]:
        """The units that are due, each once."""
        now = self._clock.now()
        for pool in self._thresholds.refresh(self._usage_news, now):
            for unit_id in pool.members:
                self.changed(pool.key.organisation_id, Held(Holder.UNIT, unit_id))
        with self._lock:
            waiting, self._waiting = self._waiting, set()
            found = dict.fromkeys(self._popped(now))
        for organisation_id, holder in waiting:
            found |= dict.fromkeys(self._concerned(organisation_id, holder))
        return list(found)

    def _popped(self, now: int) -> Iterator[tuple[int, int]]:
        while self._due and self._due[0][0] <= now:
            at, organisation_id, unit_id = heapq.heappop(self._due)
            if self._turns.get(unit_id) == at:
                del self._turns[unit_id]
                yield organisation_id, unit_id

    def _concerned(self, organisation_id: int, holder: Held) -> Iterator[tuple[int, int]]:
        entitling = self._entitlements.projection.entitling
        if holder.kind is Holder.UNIT:
            yield organisation_id, holder.id
        elif holder.kind is Holder.SUBSCRIPTION:
            yield from ((organisation_id, one) for one in entitling.members(organisation_id, holder.id))
        else:
            yield from ((organisation_id, one) for one in entitling.units_of_customer(organisation_id, holder.id, ""))

    def _look(self, units: Sequence[tuple[int, int]]) -> list[_Looked]:
        found = []
        for organisation_id, unit_id in units:
            try:
                unit, features = self._entitlements.features(organisation_id, unit_id)
            except NotFound:
                continue
            if not features:
                continue
            now = self._clock.now()
            ahead = self._entitlements.standing_ahead(unit, now)
            judged = [(one.feature, one.verdict) for one in ahead]
            self._plan(unit, judged, now)
            self._thresholds.seen(unit, judged)
            wanted = self._opening.patch(unit)
            stands = self._desiring.desired_of(organisation_id, unit_id) if wanted else {}
            patch = {name: value for name, value in wanted.items() if name not in stands or stands[name] != value}
            token = self._tokens.kept_up(unit, ahead)
            if patch or (token is not None and token.told < token.counter):
                found.append(_Looked(unit, patch, token))
        return found

    def _plan(self, unit: UnitIdentity, judged: Iterable[tuple[Feature, Verdict]], now: int) -> None:
        """When to look again."""
        turn = min((verdict.until for _, verdict in judged if verdict.until and verdict.until > now), default=None)
        with self._lock:
            if turn is None:
                self._turns.pop(unit.unit_id, None)
            elif self._turns.get(unit.unit_id) != turn:
                self._turns[unit.unit_id] = turn
                heapq.heappush(self._due, (turn, unit.organisation_id, unit.unit_id))

    async def _act(self, looked: _Looked) -> None:
        unit = looked.unit
        try:
            if looked.patch:
                await self._desiring.govern(unit.organisation_id, unit.unit_id, looked.patch)
            if looked.token is not None and looked.token.told < looked.token.counter:
                await self._downlink.retain(unit.unit_id, topic=TOPIC, payload=looked.token.text.encode())
                await asyncio.to_thread(self._tokens.mark_told, looked.token)
        except MonokotoError as error:
            # The next unit may fare better; this one is looked at again by the sweep.
            _log.warning("entitlement_not_kept", unit_id=format_id(unit.unit_id), reason=error.message)

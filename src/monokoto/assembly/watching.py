"""Rules, joined: the book of what is watched for, the engine on the line that watches, and who is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import structlog

from monokoto.assembly.engines import Engines
from monokoto.assembly.rule_reach import RuleReach
from monokoto.connect.fleet import UNITS_CHANGED, Directory, Fleet
from monokoto.connect.ownership import OWNERSHIP_CHANGED, Ownerships
from monokoto.connect.products import VERSION_APPLIED, Products
from monokoto.kernel.facts import Fact
from monokoto.operate.alerts import Alerts
from monokoto.operate.groups import GROUP_CHANGED, Groups
from monokoto.operate.interlocks import StateInterlocks, by_rules
from monokoto.operate.rules import (
    RULES_CHANGED,
    Drift,
    Engine,
    Held,
    Page,
    Raised,
    RuleBook,
    Rules,
    RulesObserver,
    Severity,
    StoredPast,
    Surroundings,
    Trials,
    Watching,
)
from monokoto.operate.telemetry import ReadingsObserver, Telemetry
from monokoto.operate.twins import Twins

REFRESH_SECONDS = 5.0
_UNITS_MAX = 2**31
"""Of one product; all of them."""
_SEVERITIES = tuple(Severity)
_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class Parts(Protocol):
    """What they stand on."""

    products: Products
    directory: Directory
    fleet: Fleet
    ownerships: Ownerships
    groups: Groups
    telemetry: Telemetry
    readings: ReadingsObserver
    twins: Twins
    alerts: Alerts
    interlocks: StateInterlocks


class JoinedRules:
    """What watches. `start` before the line runs, `stop` after it."""

    def __init__(self, engines: Engines, parts: Parts, *, snapshot_seconds: float) -> None:
        reach = RuleReach(parts.directory, parts.ownerships.ledger, parts.fleet, parts.groups)
        self.rules = Rules(
            engines.records, engines.clock, products=parts.products, reach=reach, group_exists=parts.groups.members
        )
        self.book = RuleBook(parts.products, self.rules, reach)
        self._drifting = Drifting(parts.twins, self.book)
        around = Surroundings(identity=parts.directory.get, drifting=self._drifting)
        self._engine = Engine(around, lambda *asked: _reported(parts.twins, *asked))
        self.observer = RulesObserver(
            engine=self._engine, objects=engines.objects, sink=parts.alerts.hear, clock=engines.clock,
            snapshot_seconds=snapshot_seconds, standing=parts.alerts.standing,
            past=StoredPast(
                telemetry=parts.telemetry, products=parts.products, kept=parts.readings.kept, open_to=reach.open_to
            ),
        )  # fmt: skip
        self.watching = Watching(self.book, identity=parts.directory.get, raised=self._raised)
        self.trials = Trials(
            book=self.book, products=parts.products, telemetry=parts.telemetry, reach=reach, surroundings=around
        )
        parts.interlocks.also(by_rules(self._forbidden, self.book.called))
        self._facts = engines.facts
        self._directory = parts.directory
        self._moved = 0
        self._told = False
        self._changed = asyncio.Event()
        self._number = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Work the book out, bring the engine's state back, then keep both so: at a word, and by period."""
        page = await asyncio.to_thread(self._refresh)
        self._number = page.number
        await self.observer.start(page.rules)
        for name in (RULES_CHANGED, VERSION_APPLIED, UNITS_CHANGED, OWNERSHIP_CHANGED, GROUP_CHANGED):
            await self._facts.listen(name, self._heard)
        self._task = asyncio.create_task(self._keep(), name="rules")

    async def stop(self) -> None:
        """End; the engine's state is written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.observer.stop()

    async def _heard(self, fact: Fact) -> None:
        self._told = self._told or fact.name == UNITS_CHANGED
        self._changed.set()

    async def _keep(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            try:
                if self._told:
                    self._told = False
                    await asyncio.to_thread(self._directory.refresh)
                moved = self._directory.moved()
                if moved != self._moved:
                    await self.observer.units_moved()
                    self._moved = moved
                page = await asyncio.to_thread(self._refresh)
                if page.number != self._number:
                    await self.observer.set_rules(page.rules)
                    self._number = page.number
            except Exception:
                _log.exception("rules_not_refreshed")

    def _refresh(self) -> Page:
        page = self.book.refresh()
        self._drifting.refresh()
        return page

    def _forbidden(self, unit_id: int, action: str) -> Sequence[str]:
        return self._look(lambda: self._engine.forbidden(unit_id, action))

    def _raised(self, unit_id: int) -> Sequence[Raised]:
        standing = self._look(lambda: self._engine.standing(unit_id))
        return [
            Raised(
                organisation_id=rule.organisation_id, rule=rule.key, instance=one.instance,
                severity=_SEVERITIES[one.severity],
            )
            for rule, one in standing
        ]  # fmt: skip

    def _look(self, question: Callable[[], _T]) -> _T:
        """A look at the engine from another thread; it waits for its turn only when the engine is being changed."""
        try:
            return question()
        except RuntimeError:  # a dictionary changed while it was gone through
            with self._engine.lock:
                return question()


def _reported(twins: Twins, maker_id: int, product: str, names: Sequence[str]) -> Held:
    """As `rules.Reported`."""
    found = twins.latest_of_product(maker_id, product, after_unit=0, limit=_UNITS_MAX, properties=names)
    return Held(np.array(found.units, np.int64), {one.name: (one.values, one.at) for one in found.columns})


class Drifting:
    """Which units of a product do not report what is desired of them; asked with each tick, so from memory."""

    def __init__(self, twins: Twins, book: RuleBook) -> None:
        self._twins = twins
        self._book = book
        self._known: dict[tuple[int, str, str], npt.NDArray[np.int64]] = {}

    def __call__(self, maker_id: int, product: str, name: str) -> npt.NDArray[np.int64]:
        """As `Surroundings.drifting`."""
        return self._known.get((maker_id, product, name), np.empty(0, np.int64))

    def refresh(self) -> None:
        """Look again, of the products whose rules ask. Blocking."""
        asked: dict[tuple[int, str], set[str]] = {}
        for rule in self._book.page.rules:
            names = {signal.kind.property for signal in rule.signals if isinstance(signal.kind, Drift)}
            if names:
                asked.setdefault((rule.maker_id, rule.product), set()).update(names)
        found: dict[tuple[int, str, str], npt.NDArray[np.int64]] = {}
        for (maker_id, product), names in asked.items():
            drifts = self._twins.drifts_of_product(maker_id, product)
            for name in names:
                units = sorted(unit for unit, properties in drifts.items() if name in properties)
                found[maker_id, product, name] = np.array(units, np.int64)
        self._known = found

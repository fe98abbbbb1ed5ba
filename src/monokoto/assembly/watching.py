"""Rules, joined: the book of what is watched for, the engine on the line that watches, and who is told."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

import structlog

from monokoto.assembly.engines import Engines
from monokoto.assembly.rule_reach import RuleReach
from monokoto.connect.fleet import UNITS_CHANGED, Directory, Fleet
from monokoto.connect.ownership import OWNERSHIP_CHANGED, Ownerships
from monokoto.connect.products import VERSION_APPLIED, Products
from monokoto.kernel.facts import Fact
from monokoto.operate.groups import GROUP_CHANGED, Groups
from monokoto.operate.rules import RULES_CHANGED, RuleBook, Rules, Surroundings, Trials, Watching
from monokoto.operate.telemetry import Telemetry

REFRESH_SECONDS = 5.0
_log = structlog.get_logger(__name__)


class Parts(Protocol):
    """What they stand on."""

    products: Products
    directory: Directory
    fleet: Fleet
    ownerships: Ownerships
    groups: Groups
    telemetry: Telemetry


class JoinedRules:
    """What watches. `start` before the line runs, `stop` after it."""

    def __init__(self, engines: Engines, parts: Parts) -> None:
        reach = RuleReach(parts.directory, parts.ownerships.ledger, parts.fleet, parts.groups)
        self.rules = Rules(
            engines.records, engines.clock, products=parts.products, reach=reach, group_exists=parts.groups.members
        )
        self.book = RuleBook(parts.products, self.rules, reach)
        self.watching = Watching(self.book, identity=parts.directory.get)
        self.trials = Trials(
            book=self.book, products=parts.products, telemetry=parts.telemetry, reach=reach,
            surroundings=Surroundings(identity=parts.directory.get),
        )  # fmt: skip
        self._facts = engines.facts
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Work the book out, then keep it so: at a word, and by period."""
        await asyncio.to_thread(self._refresh)
        for name in (RULES_CHANGED, VERSION_APPLIED, UNITS_CHANGED, OWNERSHIP_CHANGED, GROUP_CHANGED):
            await self._facts.listen(name, self._heard)
        self._task = asyncio.create_task(self._keep(), name="rules")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _heard(self, _fact: Fact) -> None:
        self._changed.set()

    async def _keep(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), REFRESH_SECONDS)
            self._changed.clear()
            try:
                await asyncio.to_thread(self._refresh)
            except Exception:
                _log.exception("rules_not_refreshed")

    def _refresh(self) -> None:
        self.book.refresh()

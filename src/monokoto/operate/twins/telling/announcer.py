"""Tells others, by facts, of which units the desired state changed: after the answer, and once for several changes of one unit.

A fact is a signal: it may be lost (this process may die between the commit and the fact), and whoever listens asks by period
as well. So nobody who changes something waits until it is on the log.
"""

from __future__ import annotations

import asyncio
import itertools

from monokoto.kernel.clock import Clock
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.limits import DESIRED_CHANGES_WAITING_MAX

DESIRED_CHANGED = "twins.desired_changed"
_AT_ONCE = 64
_LAST_WORDS_SECONDS = 3.0


class Announcer:
    """Call on the event loop."""

    def __init__(self, facts: Facts, clock: Clock, *, origin: str) -> None:
        self._facts = facts
        self._clock = clock
        self._origin = origin
        self._waiting: dict[tuple[int, int], int] = {}
        self._work: asyncio.Task[None] | None = None

    def changed(self, organisation_id: int, unit_id: int, at: int) -> None:
        """Let it be told; returns at once."""
        if len(self._waiting) >= DESIRED_CHANGES_WAITING_MAX:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[organisation_id, unit_id] = at
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._tell_all(), name="desired changes")

    async def stop(self) -> None:
        """Tell what waits, for a moment."""
        if self._work is not None:
            await asyncio.wait([self._work], timeout=_LAST_WORDS_SECONDS)
            self._work.cancel()

    async def _tell_all(self) -> None:
        while self._waiting:
            oldest = list(itertools.islice(self._waiting, _AT_ONCE))
            await asyncio.gather(*(self._tell(*key, self._waiting.pop(key)) for key in oldest))

    async def _tell(self, organisation_id: int, unit_id: int, at: int) -> None:
        data = {"unit_id": unit_id, "at": at, "origin": self._origin}
        fact = Fact(
            name=DESIRED_CHANGED, organisation_id=OrganisationId(organisation_id), at=self._clock.now(), data=data
        )
        await self._facts.tell(fact)

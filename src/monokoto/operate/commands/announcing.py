"""Tells others, by facts, which commands came a stage further: after it is on disk, several at once, of each the last stage.

A fact is a signal: it may be lost, and whoever listens asks by period as well. So nobody who asks waits until it is on the log.
"""

from __future__ import annotations

import asyncio
import itertools

from monokoto.kernel.clock import Clock
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import OrganisationId
from monokoto.kernel.limits import COMMANDS_WAITING_MAX
from monokoto.operate.commands.command import Command

COMMAND_CHANGED = "commands.changed"
"""Fact: commands of an organisation came a stage further; data: origin, and `commands`, each with unit_id, command_id,
action, status, batch."""
_AT_ONCE = 200
_GATHER_SECONDS = 0.02
_LAST_WORDS_SECONDS = 3.0


class Announcer:
    """Call on the event loop."""

    def __init__(self, facts: Facts, clock: Clock, *, origin: str) -> None:
        self._facts = facts
        self._clock = clock
        self._origin = origin
        self._waiting: dict[int, Command] = {}
        self._work: asyncio.Task[None] | None = None

    def changed(self, command: Command) -> None:
        """Let it be told; returns at once."""
        if len(self._waiting) >= COMMANDS_WAITING_MAX and command.id not in self._waiting:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[command.id] = command
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._tell_all(), name="commands changed")

    async def stop(self) -> None:
        """Tell what waits, for a moment."""
        if self._work is not None:
            await asyncio.wait([self._work], timeout=_LAST_WORDS_SECONDS)
            self._work.cancel()

    async def _tell_all(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER_SECONDS)
            some = [self._waiting.pop(key) for key in list(itertools.islice(self._waiting, _AT_ONCE))]
            of_organisation: dict[int, list[Command]] = {}
            for command in some:
                of_organisation.setdefault(command.organisation_id, []).append(command)
            for organisation_id, commands in of_organisation.items():
                await self._tell(organisation_id, commands)

    async def _tell(self, organisation_id: int, commands: list[Command]) -> None:
        told = [
            {
                "unit_id": command.unit_id,
                "command_id": command.id,
                "action": command.action,
                "status": command.status.value,
                "batch": command.batch,
            }
            for command in commands
        ]
        fact = Fact(
            name=COMMAND_CHANGED,
            organisation_id=OrganisationId(organisation_id),
            at=self._clock.now(),
            data={"origin": self._origin, "commands": told},
        )
        await self._facts.tell(fact)

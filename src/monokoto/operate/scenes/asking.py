"""How a run asks units to act: a port, and commands behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.ids import format_id
from monokoto.operate.commands import Asked, Command, Commands, Status
from monokoto.operate.scenes.run import Run, RunItem, RunItemState
from monokoto.operate.scenes.scene import Step

_ENDS = {
    Status.SUCCEEDED: (RunItemState.DONE, ""),
    Status.FAILED: (RunItemState.FAILED, "the unit failed"),
    Status.EXPIRED: (RunItemState.FAILED, "the unit gave no last word in time"),
    Status.CANCELLED: (RunItemState.CANCELLED, ""),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of what a unit was asked, so far."""

    command_id: int
    state: RunItemState
    """asked, done, failed or cancelled."""
    reason: str = ""


class Actions(Protocol):
    """Asks units to act. Every method may raise a MonokotoError; Unavailable means: try again later."""

    async def ask(self, run: Run, item: RunItem, step: Step) -> Outcome:
        """Ask a unit; asked again for the same item, it is the same command."""
        ...

    async def look(self, items: Sequence[RunItem]) -> Mapping[int, Outcome]:
        """What became of these, by command."""
        ...

    async def take_back(self, items: Sequence[RunItem]) -> None:
        """Ask for these no more, as far as the unit has not heard of them."""
        ...


class CommandActions:
    """As `Actions`, over commands."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def ask(self, run: Run, item: RunItem, step: Step) -> Outcome:
        """As `Actions.ask`."""
        more: dict[str, Any] = {"seconds": step.expires_seconds} if step.expires_seconds else {}
        asked = Asked(
            action=step.action,
            input=step.input,
            by=run.caller.actor_id,
            request=f"scene-{format_id(run.id)}-{item.number}",
            batch=run.id,
            confirmed=run.confirmed,
            **more,
        )
        command, _ = await self._commands.invoke(item.maker_id, item.unit_id, asked)
        return outcome_of(command)

    async def look(self, items: Sequence[RunItem]) -> Mapping[int, Outcome]:
        """As `Actions.look`."""

        def found() -> dict[int, Outcome]:
            outcomes = {}
            for item in items:
                try:
                    command = self._commands.get(item.maker_id, item.unit_id, item.command_id)
                except NotFound:  # forgotten: it ended long ago
                    outcomes[item.command_id] = Outcome(
                        item.command_id, RunItemState.FAILED, "the command is forgotten"
                    )
                else:
                    outcomes[item.command_id] = outcome_of(command)
            return outcomes

        return await asyncio.to_thread(found)

    async def take_back(self, items: Sequence[RunItem]) -> None:
        """As `Actions.take_back`."""
        for item in items:
            with contextlib.suppress(Conflict, NotFound):  # it has ended meanwhile
                command = await asyncio.to_thread(self._commands.get, item.maker_id, item.unit_id, item.command_id)
                if command.open and command.answered_at is None:
                    await self._commands.cancel(item.maker_id, item.unit_id, item.command_id)


def outcome_of(command: Command) -> Outcome:
    """What a command's stage is to the run that asked for it."""
    waits = "somebody else must say yes to it" if command.status is Status.UNCONFIRMED else ""
    state, reason = _ENDS.get(command.status, (RunItemState.ASKED, waits))
    return Outcome(command.id, state, command.error or reason)

"""Many commands asked in one request: each item has its own outcome, and what is refused refuses no other.

For those who ask a thousand times a second: one request, one look at who asks and one answer for all cost less than those of
each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import COMMANDS_AT_ONCE_MAX
from monokoto.operate.commands.asking import Asked
from monokoto.operate.commands.command import Command, Status
from monokoto.operate.commands.documents import CommandJson, command_to_json
from monokoto.operate.commands.parameters import unit_in
from monokoto.operate.commands.service import Commands
from monokoto.web import Caller, Gate, Problem, problem_of

Outcome = Command | MonokotoError


class CommandAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action asked of one unit; the fields mean what the parameters of invoking it do."""

    unit: str
    action: str
    input: Any = None
    request: Annotated[str, Meta(description="Your own name for it: asked again, it is the same command")] = ""
    timeout: Annotated[int | None, Meta(description="Seconds until it expires")] = None
    confirmed: Annotated[bool, Meta(description="An API key says yes at once where the model wants that")] = False


class AskCommandsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of many units."""

    items: Annotated[list[CommandAsk], Meta(min_length=1, max_length=COMMANDS_AT_ONCE_MAX)]


class CommandOutcomeJson(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of one item: the command, or why it was refused."""

    command: CommandJson | None = None
    refused: Problem | None = None


class CommandOutcomesJson(msgspec.Struct, frozen=True):
    """What came of each, in the order in which they were asked."""

    items: list[CommandOutcomeJson]
    batch: Annotated[
        str, Meta(description="What was asked by this request, later: `GET /api/v1/commands?batch={batch}`")
    ]


async def ask_all(
    commands: Commands, gate: Gate, caller: Caller, asks: Sequence[CommandAsk], *, batch: int
) -> list[Outcome]:
    """Each item's command, on disk and on its way, or why not. What is asked anew is of the batch; a command that was there
    under its request's name stays of its own. Raises Unavailable, as `Commands.ask_many`."""
    outcomes: list[Outcome | None] = [None] * len(asks)
    places, asked = [], []
    for place, one in enumerate(asks):
        try:
            reach = gate.unit(caller, unit_in(one.unit)).must_be_present().must_control()
        except MonokotoError as error:
            outcomes[place] = error
        else:
            places.append(place)
            asked.append((int(reach.organisation_id), int(reach.unit_id), _asked(caller, one, batch)))
    for place, made in zip(places, await commands.ask_many(asked), strict=True):
        outcomes[place] = made if isinstance(made, MonokotoError) else made[0]
    return [one for one in outcomes if one is not None]


async def wait_for_all(commands: Commands, outcomes: Sequence[Outcome], *, seconds: float) -> list[Outcome]:
    """The same once nothing more comes of any, or as they are when the time is over; nobody waits for somebody's yes."""
    begun = [one for one in outcomes if isinstance(one, Command) and one.status is not Status.UNCONFIRMED]
    now = {one.id: one for one in await commands.wait_for_all(begun, seconds=seconds)}
    return [now.get(one.id, one) if isinstance(one, Command) else one for one in outcomes]


def outcomes_to_json(outcomes: Sequence[Outcome], batch: int) -> CommandOutcomesJson:
    """The answer."""
    return CommandOutcomesJson(
        [
            CommandOutcomeJson(command=command_to_json(one))
            if isinstance(one, Command)
            else CommandOutcomeJson(refused=problem_of(one))
            for one in outcomes
        ],
        batch=format_id(batch),
    )


def told_of(outcomes: Sequence[Outcome]) -> tuple[list[tuple[str, dict[str, str]]], dict[str, int]]:
    """For the audit: each unit something was asked of, and of the request how many items were refused."""
    units = [
        (format_id(one.unit_id), {"action": one.action, "command": format_id(one.id)})
        for one in outcomes
        if isinstance(one, Command)
    ]
    return units, {"refused": len(outcomes) - len(units)}


def _asked(caller: Caller, ask: CommandAsk, batch: int) -> Asked:
    return Asked(
        action=ask.action,
        input=ask.input,
        by=caller.actor_id,
        request=ask.request,
        seconds=ask.timeout,
        batch=batch,
        confirmed=ask.confirmed and caller.person_id is None,
    )

"""What the routes of commands share: their parameters, and how they read and answer."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import QueryParameter

from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound, Unavailable
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import (
    COMMAND_REQUEST_LENGTH_MAX,
    COMMAND_SECONDS_MAX,
    COMMAND_WAIT_SECONDS_MAX,
    PAGE_SIZE_MAX,
)
from monokoto.operate.commands.command import Command, Status
from monokoto.operate.commands.service import Commands
from monokoto.web import Reach


class Wanted(StrEnum):
    """What invoking answers with."""

    COMMAND = "command"
    OUTPUT = "output"


Timeout = Annotated[
    int | None,
    QueryParameter(
        ge=1,
        le=COMMAND_SECONDS_MAX,
        description="Seconds until it expires; without it as the model says (`monokoto:deadline`), else 300",
    ),
]
Wait = Annotated[
    float, QueryParameter(ge=0, le=COMMAND_WAIT_SECONDS_MAX, description="Seconds to wait for the unit's last word")
]
RequestName = Annotated[
    str,
    QueryParameter(
        name="request",
        max_length=COMMAND_REQUEST_LENGTH_MAX,
        description="Your own name for it: asked again with the same name, it is the same command",
    ),
]
Confirmed = Annotated[
    bool,
    QueryParameter(
        description="An API key that knows what it asks says yes at once where the model wants that (`monokoto:confirm`); "
        "a person always confirms by a second request"
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]
OnlyStatus = Annotated[Status | None, QueryParameter(description="Only in this stage")]


def unit_in(text: str) -> int:
    """The unit's id; raises Invalid."""
    return parse_id(text, what="unit id")


def input_in(body: bytes) -> Any:
    """The action's input; raises Invalid."""
    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("The input is not JSON.", faults=[Fault(place="", reason=str(error)[:200])]) from None


def path_of(command: Command) -> str:
    """Where it is."""
    return f"/api/v1/units/{format_id(command.unit_id)}/actions/{command.action}/{format_id(command.id)}"


def output_of(command: Command) -> Response[Any]:
    """The output of a command that came to its end, for consumers that know no commands."""
    if command.status is Status.SUCCEEDED:
        return Response(command.output, status_code=200)
    if command.status is Status.UNCONFIRMED:
        raise Conflict("Somebody has to say yes to this action first.", remedy=f"POST {path_of(command)}/confirm.")
    if command.open:
        raise Unavailable(
            f"The unit has not answered yet; the command is {command.status}.", remedy=f"Look at {path_of(command)}"
        )
    raise Conflict(f"The command ended: {command.status}. {command.error}".rstrip())


async def command_of(commands: Commands, reach: Reach, action: str, text: str) -> Command:
    """The command of this action that has this id, within reach; raises NotFound."""
    command_id = parse_id(text, what="command id")
    found = await asyncio.to_thread(commands.get, reach.organisation_id, reach.unit_id, command_id)
    if found.action != action or not reach.holds(found.created_at):
        raise NotFound(f"There is no command {text!r} of this action.")
    return found

"""Actions over HTTP: invoke, query, cancel."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound, Unavailable
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import (
    COMMAND_REQUEST_LENGTH_MAX,
    COMMAND_SECONDS_DEFAULT,
    COMMAND_SECONDS_MAX,
    COMMAND_WAIT_SECONDS_MAX,
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
)
from monokoto.operate.commands.command import Command, Status
from monokoto.operate.commands.documents import CommandJson, command_to_json
from monokoto.operate.commands.service import Asked, Commands
from monokoto.web import (
    Caller,
    Gate,
    Page,
    Reach,
    Scope,
    by_hand,
    decode_cursor,
    page_of,
    problem_responses,
    requires,
)

_READ = [requires(Scope.CONTROL_READ)]
_WRITE = [requires(Scope.CONTROL_WRITE)]


class Wanted(StrEnum):
    """What invoking answers with."""

    COMMAND = "command"
    OUTPUT = "output"


Timeout = Annotated[int, QueryParameter(ge=1, le=COMMAND_SECONDS_MAX, description="Seconds until it expires")]
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
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class ActionsController(Controller):
    """`/api/v1/units/{unit}/actions`."""

    path = "/api/v1/units/{unit:str}/actions"
    tags = ("Actions",)

    @post(
        "/{action:str}",
        operation_id="invokeAction",
        guards=_WRITE,
        responses=problem_responses(404, 409, 429),
        operation_class=by_hand(("application/json",), body_required=False),
        status_code=201,
        summary="Invoke an action of a unit",
    )
    async def invoke(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        commands: NamedDependency[Commands],
        unit: FromPath[str],
        action: FromPath[str],
        client_request: RequestName = "",
        timeout: Timeout = COMMAND_SECONDS_DEFAULT,  # noqa: ASYNC109 the unit's time, not ours
        wait: Wait = 0.0,
        answer: Annotated[
            Wanted, QueryParameter(description="`output`: the unit's output alone, with `wait`")
        ] = Wanted.COMMAND,
    ) -> Response[CommandJson]:
        """The body is the action's input as JSON, or empty. The command waits for a unit that is away until it expires."""
        reach = gate.unit(caller, _unit(unit)).must_be_present().must_control()
        asked = Asked(
            action=action,
            input=_input(await request.body()),
            by=caller.actor_id,
            request=client_request,
            seconds=timeout,
        )
        command, _ = await commands.invoke(reach.organisation_id, reach.unit_id, asked)
        if wait:
            command = await commands.wait(command, seconds=wait)
        if answer is Wanted.OUTPUT:
            return _output(command)
        headers = {"Location": f"/api/v1/units/{unit}/actions/{action}/{format_id(command.id)}"}
        return Response(command_to_json(command), status_code=201, headers=headers)

    @get(
        operation_id="listCommands",
        guards=_READ,
        responses=problem_responses(404),
        summary="List what was asked of a unit",
    )
    async def all(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        commands: NamedDependency[Commands],
        unit: FromPath[str],
        status: Annotated[Status | None, QueryParameter(description="Only in this stage")] = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[CommandJson]:
        """The newest first; an owner sees those of their own periods."""
        return await _page(commands, gate.unit(caller, _unit(unit)), "", status, limit, cursor)

    @get(
        "/{action:str}",
        operation_id="listActionCommands",
        guards=_READ,
        responses=problem_responses(404),
        summary="List the commands of one action",
    )
    async def of_action(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        commands: NamedDependency[Commands],
        unit: FromPath[str],
        action: FromPath[str],
        status: Annotated[Status | None, QueryParameter(description="Only in this stage")] = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[CommandJson]:
        """The newest first."""
        return await _page(commands, gate.unit(caller, _unit(unit)), action, status, limit, cursor)

    @get(
        "/{action:str}/{command:str}",
        operation_id="queryAction",
        guards=_READ,
        responses=problem_responses(404),
        summary="How far a command has come",
    )
    async def one(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        commands: NamedDependency[Commands],
        unit: FromPath[str],
        action: FromPath[str],
        command: FromPath[str],
        wait: Wait = 0.0,
    ) -> CommandJson:
        """With `wait` it answers once nothing more comes of it, or when that time is over."""
        reach = gate.unit(caller, _unit(unit))
        found = await _of_action(commands, reach, action, command)
        return command_to_json(await commands.wait(found, seconds=wait) if wait else found)

    @delete(
        "/{action:str}/{command:str}",
        operation_id="cancelAction",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        status_code=200,
        summary="Ask for it no more",
    )
    async def cancel(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        commands: NamedDependency[Commands],
        unit: FromPath[str],
        action: FromPath[str],
        command: FromPath[str],
    ) -> CommandJson:
        """A unit that has heard of it is told to leave off, and may still say what became of it."""
        reach = gate.unit(caller, _unit(unit)).must_be_present().must_control()
        found = await _of_action(commands, reach, action, command)
        return command_to_json(await commands.cancel(reach.organisation_id, reach.unit_id, found.id))


def _unit(text: str) -> int:
    return parse_id(text, what="unit id")


def _input(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("The input is not JSON.", faults=[Fault(place="", reason=str(error)[:200])]) from None


def _output(command: Command) -> Response[Any]:
    """The output of a command that came to its end, for consumers that know no commands."""
    if command.status is Status.SUCCEEDED:
        return Response(command.output, status_code=200)
    if command.open:
        raise Unavailable(
            f"The unit has not answered yet; the command is {command.status}.",
            remedy=f"Look at /api/v1/units/{format_id(command.unit_id)}/actions/{command.action}/{format_id(command.id)}",
        )
    raise Conflict(f"The command ended: {command.status}. {command.error}".rstrip())


async def _of_action(commands: Commands, reach: Reach, action: str, text: str) -> Command:
    command_id = parse_id(text, what="command id")
    found = await asyncio.to_thread(commands.get, reach.organisation_id, reach.unit_id, command_id)
    if found.action != action or not reach.holds(found.created_at):
        raise NotFound(f"There is no command {text!r} of this action.")
    return found


async def _page(
    commands: Commands, reach: Reach, action: str, status: Status | None, limit: int, cursor: str | None
) -> Page[CommandJson]:
    before = decode_cursor(cursor, int)[0] if cursor else None
    found = await asyncio.to_thread(
        commands.list,
        reach.organisation_id,
        reach.unit_id,
        action=action,
        status=status,
        before=before,
        limit=limit + 1,
    )
    page = page_of(found, limit, lambda command: command.id, lambda command: command)
    shown = [command_to_json(command) for command in page.items if reach.holds(command.created_at)]
    return Page(items=shown, next_cursor=page.next_cursor)


CONTROLLERS = (ActionsController,)
"""What `api` mounts."""

"""Actions over HTTP: invoke, say yes, query, cancel; and what was asked of all units."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from monokoto.kernel.ids import new_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT
from monokoto.operate.commands.asking import Asked
from monokoto.operate.commands.command import Command, Status
from monokoto.operate.commands.documents import CommandJson, command_to_json
from monokoto.operate.commands.many import (
    AskCommandsRequest,
    CommandOutcomesJson,
    ask_all,
    outcomes_to_json,
    told_of,
    wait_for_all,
)
from monokoto.operate.commands.parameters import (
    Confirmed,
    Limit,
    OnlyStatus,
    RequestName,
    Timeout,
    Wait,
    Wanted,
    command_of,
    input_in,
    output_of,
    path_of,
    unit_in,
)
from monokoto.operate.commands.service import Commands
from monokoto.web import (
    Caller,
    Gate,
    Page,
    Reach,
    Scope,
    by_hand,
    decode_cursor,
    note_subjects,
    page_of,
    problem_responses,
    requires,
)

_READ = [requires(Scope.CONTROL_READ)]
_WRITE = [requires(Scope.CONTROL_WRITE)]


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
        timeout: Timeout = None,  # noqa: ASYNC109 the unit's time, not ours
        wait: Wait = 0.0,
        confirmed: Confirmed = False,
        answer: Annotated[
            Wanted, QueryParameter(description="`output`: the unit's output alone, with `wait`")
        ] = Wanted.COMMAND,
    ) -> Response[CommandJson]:
        """The body is the action's input as JSON, or empty. The command waits for a unit that is away until it expires.
        409: something forbids it in the unit's present state. Where the model wants somebody to say yes, it is
        `unconfirmed` (202) until `/confirm`."""
        reach = gate.unit(caller, unit_in(unit)).must_be_present().must_control()
        asked = Asked(
            action=action,
            input=input_in(await request.body()),
            by=caller.actor_id,
            request=client_request,
            seconds=timeout,
            confirmed=confirmed and caller.person_id is None,
        )
        command, _ = await commands.invoke(reach.organisation_id, reach.unit_id, asked)
        if wait and command.status is not Status.UNCONFIRMED:
            command = await commands.wait(command, seconds=wait)
        if answer is Wanted.OUTPUT:
            return output_of(command)
        status_code = 202 if command.status is Status.UNCONFIRMED else 201
        return Response(command_to_json(command), status_code=status_code, headers={"Location": path_of(command)})

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
        status: OnlyStatus = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[CommandJson]:
        """The newest first; an owner sees those of their own periods."""
        return await _page(commands, gate.unit(caller, unit_in(unit)), "", status, limit, cursor)

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
        status: OnlyStatus = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[CommandJson]:
        """The newest first."""
        return await _page(commands, gate.unit(caller, unit_in(unit)), action, status, limit, cursor)

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
        reach = gate.unit(caller, unit_in(unit))
        found = await command_of(commands, reach, action, command)
        return command_to_json(await commands.wait(found, seconds=wait) if wait else found)

    @post(
        "/{action:str}/{command:str}/confirm",
        operation_id="confirmAction",
        guards=_WRITE,
        responses=problem_responses(403, 404, 409),
        status_code=200,
        summary="Say yes to a command",
    )
    async def confirm(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        commands: NamedDependency[Commands],
        unit: FromPath[str],
        action: FromPath[str],
        command: FromPath[str],
    ) -> CommandJson:
        """An `unconfirmed` command goes down from now on, and its time begins. Where it takes two persons, another one than
        who asked says yes."""
        reach = gate.unit(caller, unit_in(unit)).must_be_present().must_control()
        found = await command_of(commands, reach, action, command)
        person = caller.person_id is not None
        made = await commands.confirm(reach.organisation_id, reach.unit_id, found.id, by=caller.actor_id, person=person)
        return command_to_json(made)

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
        """What never went down is `cancelled` at once. A unit that may have it is told to leave off (`cancelling_at`): it
        says that it did, or what became of it."""
        reach = gate.unit(caller, unit_in(unit)).must_be_present().must_control()
        found = await command_of(commands, reach, action, command)
        return command_to_json(await commands.cancel(reach.organisation_id, reach.unit_id, found.id))


class CommandsController(Controller):
    """`/api/v1/commands`."""

    path = "/api/v1/commands"
    tags = ("Actions",)

    @post(
        operation_id="invokeActions",
        guards=_WRITE,
        responses=problem_responses(429),
        status_code=200,
        summary="Invoke actions of many units",
    )
    async def ask(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        commands: NamedDependency[Commands],
        data: JSONBody[AskCommandsRequest],
        wait: Wait = 0.0,
    ) -> CommandOutcomesJson:
        """Each item is carried out or refused by itself; with `wait` it answers once nothing more comes of any of them. Give
        each a `request` where it matters that asking again asks nothing twice. What becomes of them later: the list of all
        commands, with the answer's `batch`."""
        batch = new_id()
        outcomes = await ask_all(commands, gate, caller, data.items, batch=batch)
        note_subjects(request.scope, *told_of(outcomes))
        return outcomes_to_json(await wait_for_all(commands, outcomes, seconds=wait) if wait else outcomes, batch)

    @get(
        operation_id="listAllCommands",
        guards=_READ,
        responses=problem_responses(),
        summary="List what was asked of all units within reach",
    )
    async def all(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        commands: NamedDependency[Commands],
        status: OnlyStatus = None,
        action: Annotated[str, QueryParameter(max_length=64, description="Only of this action")] = "",
        batch: Annotated[str, QueryParameter(description="Only of this job, run of a scene, or request for many")] = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[CommandJson]:
        """The newest first."""
        makers, units = _within(gate, caller)
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(
            commands.list_of,
            makers,
            unit_ids=units,
            batch=parse_id(batch, what="batch") if batch else 0,
            action=action,
            status=status,
            before=before,
            limit=limit + 1,
        )
        clipped = gate.clipped(caller)
        page = page_of(found, limit, lambda command: command.id, lambda command: command)

        def shown(command: Command) -> bool:
            reach = clipped.get(command.unit_id) if units is None else units[command.unit_id]
            return reach is None or reach.holds(command.created_at)

        items = [command_to_json(command) for command in page.items if shown(command)]
        return Page(items=items, next_cursor=page.next_cursor)


def _within(gate: Gate, caller: Caller) -> tuple[set[int], dict[int, Reach] | None]:
    """Makers, and the units of theirs within reach; None: all the caller's organisation made."""
    reaches = gate.units(caller)
    if reaches is None:
        return {caller.organisation_id}, None
    return {one.organisation_id for one in reaches}, {int(one.unit_id): one for one in reaches}


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


CONTROLLERS = (ActionsController, CommandsController)
"""What `api` mounts."""

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.actions`: What units are asked to do, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from monokoto.client.types import Command, CommandAsk, CommandOutcomes, CommandPage, CommandStatus
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncActionsApi:
    """What units are asked to do, and what became of it."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list_all_commands(
        self,
        *,
        status: CommandStatus | None = None,
        action: str | None = None,
        batch: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[CommandPage, Command]:
        """List what was asked of all units within reach.

        The newest first. Needs `control:read`.

        Args:
            status: Only in this stage.
            action: Only of this action (at most 64 characters).
            batch: Only of this job, run of a scene, or request for many.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/commands",
            query=given(status=status, action=action, batch=batch, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, CommandPage, Command)

    async def invoke_actions(
        self, *, items: Sequence[CommandAsk], wait: float | None = None, idempotency_key: str | None = None
    ) -> CommandOutcomes:
        """Invoke actions of many units.

        Each item is carried out or refused by itself; with `wait` it answers once nothing more comes of any of them.
        Give each a `request` where it matters that asking again asks nothing twice. What becomes of them later: the
        list of all commands, with the answer's `batch`. Needs `control:write`. Raises Conflict, TooLarge.

        Args:
            items: At most 1,000.
            wait: Seconds to wait for the unit's last word (0 to 60; default: 0.0).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/commands",
            query=given(wait=wait),
            body=given(items=items),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, CommandOutcomes)

    def list_commands(
        self, unit: str, *, status: CommandStatus | None = None, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[CommandPage, Command]:
        """List what was asked of a unit.

        The newest first; an owner sees those of their own periods. Needs `control:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            status: Only in this stage.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/actions",
            query=given(status=status, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, CommandPage, Command)

    def list_action_commands(
        self,
        unit: str,
        action: str,
        *,
        status: CommandStatus | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[CommandPage, Command]:
        """List the commands of one action.

        The newest first. Needs `control:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            action: Name of the action in the product's model.
            status: Only in this stage.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/actions/{segment(action)}",
            query=given(status=status, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, CommandPage, Command)

    async def invoke(
        self,
        unit: str,
        action: str,
        value: Any = UNSET,
        *,
        request: str | None = None,
        timeout: int | None = None,
        wait: float | None = None,
        confirmed: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Command:
        """Invoke an action of a unit.

        The body is the action's input as JSON, or empty. The command waits for a unit that is away until it expires.
        409: something forbids it in the unit's present state. Where the model wants somebody to say yes, it is
        `unconfirmed` (202) until `/confirm`. Needs `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            action: Name of the action in the product's model.
            value: A JSON value.
            request: Your own name for it: asked again with the same name, it is the same command (at most 64
                characters).
            timeout: Seconds until it expires; without it as the model says (`monokoto:deadline`), else 300 (1 to
                604800).
            wait: Seconds to wait for the unit's last word (0 to 60; default: 0.0).
            confirmed: An API key that knows what it asks says yes at once where the model wants that
                (`monokoto:confirm`); a person always confirms by a second request (default: false).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/units/{segment(unit)}/actions/{segment(action)}",
            query=given(request=request, timeout=timeout, wait=wait, confirmed=confirmed),
            body=value,
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Command)

    async def query(self, unit: str, action: str, command: str, *, wait: float | None = None) -> Command:
        """How far a command has come.

        With `wait` it answers once nothing more comes of it, or when that time is over. Needs `control:read`. Raises
        NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            action: Name of the action in the product's model.
            command: Id of the command.
            wait: Seconds to wait for the unit's last word (0 to 60; default: 0.0).
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/actions/{segment(action)}/{segment(command)}",
            query=given(wait=wait),
            repeatable=True,
        )
        return await self._api.ask(call, Command)

    async def cancel(self, unit: str, action: str, command: str, *, idempotency_key: str | None = None) -> Command:
        """Ask for it no more.

        What never went down is `cancelled` at once. A unit that may have it is told to leave off (`cancelling_at`):
        it says that it did, or what became of it. Needs `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            action: Name of the action in the product's model.
            command: Id of the command.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE",
            path=f"/api/v1/units/{segment(unit)}/actions/{segment(action)}/{segment(command)}",
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Command)

    async def confirm(self, unit: str, action: str, command: str, *, idempotency_key: str | None = None) -> Command:
        """Say yes to a command.

        An `unconfirmed` command goes down from now on, and its time begins. Where it takes two persons, another one
        than who asked says yes. Needs `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            action: Name of the action in the product's model.
            command: Id of the command.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/units/{segment(unit)}/actions/{segment(action)}/{segment(command)}/confirm",
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Command)

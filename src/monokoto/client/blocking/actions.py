# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.actions`: What units are asked to do, and what became of it."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from monokoto.client.types import Command, CommandPage, CommandStatus
from monokoto.client.wire import Api, Call, Pages, given, segment


class ActionsApi:
    """What units are asked to do, and what became of it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_commands(
        self, unit: str, *, status: CommandStatus | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pages[CommandPage, Command]:
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
    ) -> Pages[CommandPage, Command]:
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

    def invoke(
        self,
        unit: str,
        action: str,
        value: Any = UNSET,
        *,
        request: str | None = None,
        timeout: int | None = None,
        wait: float | None = None,
        idempotency_key: str | None = None,
    ) -> Command:
        """Invoke an action of a unit.

        The body is the action's input as JSON, or empty. The command waits for a unit that is away until it expires.
        Needs `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            action: Name of the action in the product's model.
            value: A JSON value.
            request: Your own name for it: asked again with the same name, it is the same command (at most 64
                characters).
            timeout: Seconds until it expires (1 to 604800; default: 300).
            wait: Seconds to wait for the unit's last word (0 to 60; default: 0.0).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/units/{segment(unit)}/actions/{segment(action)}",
            query=given(request=request, timeout=timeout, wait=wait),
            body=value,
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Command)

    def query(self, unit: str, action: str, command: str, *, wait: float | None = None) -> Command:
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
        return self._api.ask(call, Command)

    def cancel(self, unit: str, action: str, command: str, *, idempotency_key: str | None = None) -> Command:
        """Ask for it no more.

        A unit that has heard of it is told to leave off, and may still say what became of it. Needs `control:write`.
        Raises NotFound, Conflict, TooLarge.

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
        return self._api.ask(call, Command)

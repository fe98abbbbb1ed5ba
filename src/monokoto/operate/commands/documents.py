"""A command as the API shows it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.operate.commands.command import Command, Status


class CommandJson(msgspec.Struct, frozen=True):
    """An action asked of a unit, and how far it has come."""

    id: str
    unit: str
    action: str
    status: Annotated[Status, Meta(description="received, running, succeeded and failed are the unit's own words")]
    input: Any
    output: Annotated[Any, Meta(description="What the unit answered; null until it did")]
    error: Annotated[str, Meta(description="Why it failed")]
    progress: Annotated[float | None, Meta(description="From 0 to 1, when the unit tells it")]
    request: Annotated[str, Meta(description="The client's own name for it")]
    created_at: str
    created_by: Annotated[str, Meta(description="The person or key that asked")]
    expires_at: str
    sent_at: str | None
    answered_at: Annotated[str | None, Meta(description="When the unit's last word of it arrived")]
    ended_at: str | None


def command_to_json(command: Command) -> CommandJson:
    """The whole command."""
    return CommandJson(
        id=format_id(command.id),
        unit=format_id(command.unit_id),
        action=command.action,
        status=command.status,
        input=command.input,
        output=command.output,
        error=command.error,
        progress=command.progress,
        request=command.request,
        created_at=format_instant(command.created_at),
        created_by=format_id(command.created_by),
        expires_at=format_instant(command.expires_at),
        sent_at=_instant(command.sent_at),
        answered_at=_instant(command.answered_at),
        ended_at=_instant(command.ended_at),
    )


def _instant(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)

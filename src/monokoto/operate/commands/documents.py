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
    note: Annotated[str, Meta(description="What the unit said last beside its progress")]
    request: Annotated[str, Meta(description="The client's own name for it")]
    batch: Annotated[str, Meta(description="The job or run of a scene it is a part of; empty: it was asked alone")]
    created_at: str
    created_by: Annotated[str, Meta(description="The person or key that asked")]
    expires_at: Annotated[str, Meta(description="When the unit's last word is due; unconfirmed: somebody's yes")]
    confirmed_at: Annotated[str | None, Meta(description="When somebody said yes to it")]
    confirmed_by: Annotated[str, Meta(description="The person or key that said yes; empty: nobody had to, or has yet")]
    cancelling_at: Annotated[str | None, Meta(description="When the unit was asked to leave off")]
    tries: Annotated[int, Meta(description="How often it went down")]
    sent_at: Annotated[str | None, Meta(description="When it first went down")]
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
        note=command.note,
        request=command.request,
        batch=format_id(command.batch) if command.batch else "",
        created_at=format_instant(command.created_at),
        created_by=format_id(command.created_by),
        expires_at=format_instant(command.expires_at),
        confirmed_at=_instant(command.confirmed_at),
        confirmed_by=format_id(command.confirmed_by) if command.confirmed_by else "",
        cancelling_at=_instant(command.cancelling_at),
        tries=command.tries,
        sent_at=_instant(command.sent_at),
        answered_at=_instant(command.answered_at),
        ended_at=_instant(command.ended_at),
    )


def _instant(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)

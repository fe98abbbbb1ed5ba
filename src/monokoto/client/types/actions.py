# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.actions`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct, UnsetType


class Command(Struct, frozen=True, kw_only=True):
    """An action asked of a unit, and how far it has come."""

    id: str
    unit: str
    action: str
    status: CommandStatus
    """received, running, succeeded and failed are the unit's own words"""
    input: Any
    output: Any
    """What the unit answered; null until it did"""
    error: str
    """Why it failed"""
    progress: float | None
    """From 0 to 1, when the unit tells it"""
    note: str
    """What the unit said last beside its progress"""
    request: str
    """The client's own name for it"""
    batch: str
    """The job or run of a scene it is a part of; empty: it was asked alone"""
    created_at: str
    created_by: str
    """The person or key that asked"""
    expires_at: str
    """When the unit's last word is due; unconfirmed: somebody's yes"""
    confirmed_at: str | None
    """When somebody said yes to it"""
    confirmed_by: str
    """The person or key that said yes; empty: nobody had to, or has yet"""
    cancelling_at: str | None
    """When the unit was asked to leave off"""
    tries: int
    """How often it went down"""
    sent_at: str | None
    """When it first went down"""
    answered_at: str | None
    """When the unit's last word of it arrived"""
    ended_at: str | None


class CommandAsk(Struct, frozen=True, kw_only=True):
    """An action asked of one unit; the fields mean what the parameters of invoking it do."""

    unit: str
    action: str
    input: Any | UnsetType = UNSET
    request: str | UnsetType = UNSET
    """Your own name for it: asked again, it is the same command"""
    timeout: int | UnsetType | None = UNSET
    """Seconds until it expires"""
    confirmed: bool | UnsetType = UNSET
    """An API key says yes at once where the model wants that"""


class CommandOutcome(Struct, frozen=True, kw_only=True):
    """What came of one item: the command, or why it was refused."""

    command: Command | None = None
    refused: Problem | None = None


class CommandOutcomes(Struct, frozen=True, kw_only=True):
    """What came of each, in the order in which they were asked."""

    items: list[CommandOutcome]
    batch: str
    """What was asked by this request, later: `GET /api/v1/commands?batch={batch}`"""


class CommandPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Command]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class CommandStatus(StrEnum):
    """How far a command has come. Only the unit's own word makes it more than `sent`."""

    UNCONFIRMED = "unconfirmed"
    QUEUED = "queued"
    SENT = "sent"
    RECEIVED = "received"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Problem(Struct, frozen=True, kw_only=True):
    """RFC 9457 problem document; `code` is stable, `detail` is for people."""

    title: str
    status: int
    code: str
    detail: str = ""
    remedy: str = ""
    faults: list[ProblemFault] = []
    type: str = "about:blank"


class ProblemFault(Struct, frozen=True, kw_only=True):
    """One fault of the input."""

    reason: str
    place: str = ""
    file: str = ""
    line: int = 0


class Wanted(StrEnum):
    """What invoking answers with."""

    COMMAND = "command"
    OUTPUT = "output"

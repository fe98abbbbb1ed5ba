"""A command on its way down: on our own topic, and on those that existing firmware listens to.

One table. A new dialect is a line in it; nothing else knows these topics. A unit gets what it has subscribed to.

On our own topic every message about a command carries its id, so that a unit can tell a second one from a second command,
and it goes down until the unit says that it has it. ThingsBoard's calls have no such word and firmware carries out each one
it gets: they go down once, unless the model says that twice is the same as once (`idempotent`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from monokoto.connect.fleet import UnitIdentity
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.operate.commands.command import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message down."""

    unit_id: int
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of saying it."""

    messages: Callable[[UnitIdentity, Command], Iterator[Message]]
    listens: str
    """What a unit that speaks it subscribes to."""
    repeatable: bool = False
    """Whether a unit can tell that it has heard it before."""
    below: bool = False
    """Whether who subscribes hears of the units below it."""


def _own(unit: UnitIdentity, command: Command) -> Iterator[Message]:
    if command.cancelling_at is not None:
        body: dict[str, Any] = {"cancel": True}
    else:
        since = command.confirmed_at or command.created_at
        times = {"at": format_instant(since), "expires_at": format_instant(command.expires_at)}
        body = {"input": command.input, **times}
    yield _message(unit.unit_id, own_topic(command), body)


def _thingsboard_device(unit: UnitIdentity, command: Command) -> Iterator[Message]:
    if command.cancelling_at is None:  # a call cannot be taken back
        yield _message(unit.unit_id, f"v1/devices/me/rpc/request/{command.number}", _call(command))


def _thingsboard_gateway(unit: UnitIdentity, command: Command) -> Iterator[Message]:
    """A unit behind a ThingsBoard gateway is called through it: the unit above it in its product system."""
    if unit.parent_id and command.cancelling_at is None:
        called = {"device": unit.serial, "data": {"id": command.number, **_call(command)}}
        yield _message(unit.parent_id, "v1/gateway/rpc", called)


def _call(command: Command) -> dict[str, Any]:
    return {"method": command.action, "params": {} if command.input is None else command.input}


OWN = Dialect(_own, "koto/v1/actions/+/+", repeatable=True)
DIALECTS = (
    OWN,
    Dialect(_thingsboard_device, "v1/devices/me/rpc/request/+"),
    Dialect(_thingsboard_gateway, "v1/gateway/rpc", below=True),
)


def own_topic(command: Command) -> str:
    """Where a unit of ours hears of a command."""
    return f"koto/v1/actions/{command.action}/{format_id(command.id)}"


def messages(unit: UnitIdentity, command: Command, *, idempotent: bool = False) -> list[Message]:
    """Everything to send for a command now, in order; the first time in every dialect."""
    return [
        message
        for dialect in DIALECTS
        if not command.tries or dialect.repeatable or idempotent
        for message in dialect.messages(unit, command)
    ]


def _message(unit_id: int, topic: str, body: Any) -> Message:
    return Message(unit_id=unit_id, topic=topic, payload=msgspec.json.encode(body))

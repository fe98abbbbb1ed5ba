"""A command on its way down: on our own topic, and on those that existing firmware listens to.

One table. A new dialect is a line in it; nothing else knows these topics. A unit gets what it has subscribed to.
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


def _own(unit: UnitIdentity, command: Command) -> Iterator[Message]:
    body: dict[str, Any] = {"at": format_instant(command.created_at), "expires_at": format_instant(command.expires_at)}
    yield _message(unit.unit_id, own_topic(command), {"input": command.input} | body)


def _thingsboard_device(unit: UnitIdentity, command: Command) -> Iterator[Message]:
    yield _message(unit.unit_id, f"v1/devices/me/rpc/request/{command.number}", _call(command))


def _thingsboard_gateway(unit: UnitIdentity, command: Command) -> Iterator[Message]:
    """A unit behind a ThingsBoard gateway is called through it: the unit above it in its product system."""
    if unit.parent_id:
        called = {"device": unit.serial, "data": {"id": command.number, **_call(command)}}
        yield _message(unit.parent_id, "v1/gateway/rpc", called)


def _call(command: Command) -> dict[str, Any]:
    return {"method": command.action, "params": {} if command.input is None else command.input}


DIALECTS: tuple[Callable[[UnitIdentity, Command], Iterator[Message]], ...] = (
    _own,
    _thingsboard_device,
    _thingsboard_gateway,
)


def own_topic(command: Command) -> str:
    """Where a unit of ours hears of a command."""
    return f"koto/v1/actions/{command.action}/{format_id(command.id)}"


def messages(unit: UnitIdentity, command: Command) -> list[Message]:
    """Everything to send for a command, in order."""
    return [message for dialect in DIALECTS for message in dialect(unit, command)]


def cancellation(unit: UnitIdentity, command: Command) -> Message:
    """What tells a unit to leave off; ThingsBoard's calls cannot be taken back."""
    return _message(unit.unit_id, own_topic(command), {"cancel": True})


def _message(unit_id: int, topic: str, body: Any) -> Message:
    return Message(unit_id=unit_id, topic=topic, payload=msgspec.json.encode(body))

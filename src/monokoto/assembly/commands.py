"""Commands, joined: who is connected, and what is written down when something was forbidden after it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.connect.audit import SYSTEM, AuditLog, Outcome, Subject
from monokoto.connect.fleet import Directory, UnitIdentity
from monokoto.connect.gateway import Downlink
from monokoto.connect.presence import Presence
from monokoto.connect.products import Products
from monokoto.kernel.ids import format_id
from monokoto.operate.commands import Command, Commands, Refusal
from monokoto.operate.interlocks import StateInterlocks
from monokoto.operate.twins import Twins


class Parts(Protocol):
    """What they stand on."""

    @property
    def directory(self) -> Directory: ...
    @property
    def products(self) -> Products: ...
    @property
    def presence(self) -> Presence: ...
    @property
    def downlink(self) -> Downlink: ...
    @property
    def twins(self) -> Twins: ...


def join_interlocks(parts: Parts) -> StateInterlocks:
    """What the models forbid; rules are added by who joins them (`also(by_rules(...))`)."""
    return StateInterlocks(
        model_of=parts.products.model,
        reported_of=lambda unit: parts.twins.reported(unit.organisation_id, unit.unit_id),
    )


def join_commands(engines: Engines, parts: Parts, interlocks: StateInterlocks) -> Commands:
    """Make them over these."""

    def maker_of(unit_id: int) -> int | None:
        unit = parts.directory.get(unit_id)
        return None if unit is None else unit.organisation_id

    audit = AuditLog(engines.records, engines.clock, maker_of=maker_of)

    def reachable(unit: UnitIdentity) -> bool:
        """By itself, or through the unit above it."""
        ids = [unit.unit_id, *([unit.parent_id] if unit.parent_id else [])]
        return bool(parts.presence.connected(unit.organisation_id, ids))

    def refused(command: Command, refusals: Sequence[Refusal]) -> None:
        audit.append(
            command.organisation_id,
            actor=SYSTEM,
            action="command.forbidden",
            subject=Subject("unit", format_id(command.unit_id)),
            outcome=Outcome.REFUSED,
            detail={
                "command": format_id(command.id),
                "name": command.action,
                "reasons": [one.reason for one in refusals],
                "by": [one.by for one in refusals],
            },
        )

    return Commands(
        records=engines.records,
        units=parts.directory,
        model_of=parts.products.model,
        downlink=parts.downlink,
        clock=engines.clock,
        facts=engines.facts,
        interlocks=interlocks,
        reachable=reachable,
        refused=refused,
    )

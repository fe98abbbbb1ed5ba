"""The live side, joined: what happens with units, and what applications ask of them."""

from __future__ import annotations

from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.connect.audit import AuditLog
from monokoto.connect.fleet import Directory
from monokoto.connect.presence import Presence
from monokoto.connect.products import Products
from monokoto.operate.commands import Commands
from monokoto.operate.live import Controls, Drafts, Live, Sights
from monokoto.operate.twins import Twins
from monokoto.web import Gate


class Parts(Protocol):
    """What it stands on."""

    @property
    def gate(self) -> Gate: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def products(self) -> Products: ...
    @property
    def twins(self) -> Twins: ...
    @property
    def presence(self) -> Presence: ...
    @property
    def commands(self) -> Commands: ...


def join_live(engines: Engines, parts: Parts) -> Live:
    """Make it over these."""

    def maker_of(unit_id: int) -> int | None:
        unit = parts.directory.get(unit_id)
        return None if unit is None else unit.organisation_id

    sights = Sights(parts.gate, parts.directory, parts.products)
    audit = AuditLog(engines.records, engines.clock, maker_of=maker_of)
    return Live(
        log=engines.log,
        facts=engines.facts,
        sights=sights,
        drafts=Drafts(sights, parts.twins, parts.presence),
        commands=parts.commands,
        controls=Controls(gate=parts.gate, twins=parts.twins, commands=parts.commands, audit=audit),
    )

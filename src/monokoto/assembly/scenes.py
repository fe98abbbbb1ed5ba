"""Groups of units, joined with the fleet and the gate."""

from __future__ import annotations

from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.connect.fleet import Directory, Fleet
from monokoto.connect.ownership import Ownerships, UnitGate
from monokoto.operate.groups import Groups, UnitFinder

_MAKER = "maker"


class Parts(Protocol):
    """What they stand on (the platform)."""

    directory: Directory
    fleet: Fleet
    gate: UnitGate
    ownerships: Ownerships


def join_groups(engines: Engines, parts: Parts) -> Groups:
    """Make them over these engines."""
    directory, ledger = parts.directory, parts.ownerships.ledger

    def moved(organisation_id: int, kind: str) -> int:
        # Whoever is no maker holds units of any maker.
        mine = organisation_id if kind == _MAKER else None
        return directory.moved(mine) + ledger.moved(mine)

    finder = UnitFinder(parts.fleet, parts.gate)
    return Groups(engines.records, engines.clock, finder=finder, moved=moved, facts=engines.facts)

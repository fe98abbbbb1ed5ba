"""The fleet at a glance, joined: what the line takes in is counted, and everything else is asked of its slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.assembly.unit_sets import KnownUnitSets
from monokoto.connect.fleet import Directory, Places
from monokoto.connect.line import DeadLetters
from monokoto.connect.overview import Arrivals, Overview
from monokoto.connect.ownership import Ownerships
from monokoto.connect.presence import Presence
from monokoto.operate.alerts import Alerts, viewer_of
from monokoto.web import Gate


class Parts(Protocol):
    """What it stands on."""

    @property
    def gate(self) -> Gate: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def presence(self) -> Presence: ...
    @property
    def unit_sets(self) -> KnownUnitSets: ...
    @property
    def dead_letters(self) -> DeadLetters: ...
    @property
    def ownerships(self) -> Ownerships: ...
    @property
    def alerts(self) -> Alerts: ...


def join_overview(engines: Engines, parts: Parts) -> tuple[Overview, Arrivals]:
    """Make it over these; the arrivals are told of every batch."""

    def closed(organisation_id: int) -> Sequence[int]:
        clipped = parts.ownerships.ledger.clipped(organisation_id)
        return [unit_id for unit_id, reach in clipped.items() if not reach.now]

    arrivals = Arrivals(engines.clock, closed)
    overview = Overview(
        gate=parts.gate,
        directory=parts.directory,
        presence=parts.presence,
        unit_sets=parts.unit_sets,
        places=Places(engines.records),
        dead_letters=parts.dead_letters,
        arrivals=arrivals,
        clock=engines.clock,
        standing=lambda caller: parts.alerts.counts(viewer_of(parts.gate, caller)).standing,
    )
    return overview, arrivals

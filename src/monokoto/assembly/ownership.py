"""The slice of ownership, joined: one ledger in memory, the gate over it, and what changes it."""

from __future__ import annotations

from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.connect.fleet import Directory, Fleet
from monokoto.connect.ownership import Accesses, ClaimCodes, Ledger, Ownerships, UnitGate
from monokoto.connect.products import Products
from monokoto.connect.tenancy import Organisations


class Parts(Protocol):
    """What ownership stands on (the platform)."""

    directory: Directory
    fleet: Fleet
    organisations: Organisations
    products: Products


def join_ownership(engines: Engines, parts: Parts, public_url: str) -> tuple[UnitGate, Ownerships, Accesses]:
    """Make them over these engines."""
    ledger = Ledger(engines.records, engines.clock)
    ownerships = Ownerships(
        engines.records,
        engines.clock,
        ledger=ledger,
        directory=parts.directory,
        fleet=parts.fleet,
        organisations=parts.organisations,
        contract=parts.products,
        codes=ClaimCodes(engines.records, engines.clock),
        facts=engines.facts,
        public_url=public_url,
    )
    return UnitGate(parts.directory, ledger), ownerships, Accesses(ownerships)

"""The slice of ownership, joined: one ledger in memory, the gate over it, and what changes it."""

from __future__ import annotations

from monokoto.assembly.engines import Engines
from monokoto.connect.fleet import Directory, Fleet
from monokoto.connect.ownership import Accesses, ClaimCodes, Contract, Ledger, Ownerships, UnitGate
from monokoto.connect.tenancy import Organisations


def join_ownership(
    engines: Engines,
    directory: Directory,
    fleet: Fleet,
    organisations: Organisations,
    contract: Contract,
    public_url: str,
) -> tuple[UnitGate, Ownerships, Accesses]:
    """Make them over these engines."""
    ledger = Ledger(engines.records, engines.clock)
    ownerships = Ownerships(
        engines.records,
        engines.clock,
        ledger=ledger,
        directory=directory,
        fleet=fleet,
        organisations=organisations,
        contract=contract,
        codes=ClaimCodes(engines.records, engines.clock),
        facts=engines.facts,
        public_url=public_url,
    )
    return UnitGate(directory, ledger), ownerships, Accesses(ownerships)

"""Ownership: whose a unit is and was, with whom it is shared, and what of it lies open to whom."""

from monokoto.connect.ownership.accesses import Accesses, NewRental, NewShare
from monokoto.connect.ownership.codes import ClaimCodes
from monokoto.connect.ownership.facts import OWNERSHIP_CHANGED
from monokoto.connect.ownership.gate import UnitGate
from monokoto.connect.ownership.ledger import Ledger
from monokoto.connect.ownership.ownership import Access, AccessKind, Ending, Ownership, UnitLedger
from monokoto.connect.ownership.service import Contract, Offer, Ownerships

__all__ = [
    "OWNERSHIP_CHANGED",
    "Access",
    "AccessKind",
    "Accesses",
    "ClaimCodes",
    "Contract",
    "Ending",
    "Ledger",
    "NewRental",
    "NewShare",
    "Offer",
    "Ownership",
    "Ownerships",
    "UnitGate",
    "UnitLedger",
]

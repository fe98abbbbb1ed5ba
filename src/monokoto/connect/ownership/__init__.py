"""Ownership: whose a unit is and was, with whom it is shared, and what of it lies open to whom."""

from monokoto.connect.ownership.accesses import Accesses, NewRental, NewShare
from monokoto.connect.ownership.claim_routes import ClaimsController
from monokoto.connect.ownership.codes import ClaimCodes
from monokoto.connect.ownership.facts import OWNERSHIP_CHANGED
from monokoto.connect.ownership.gate import UnitGate
from monokoto.connect.ownership.ledger import Ledger
from monokoto.connect.ownership.ownership import Access, AccessKind, Ending, Ownership, UnitLedger
from monokoto.connect.ownership.service import Contract, Offer, Ownerships
from monokoto.connect.ownership.since import owned_since
from monokoto.connect.ownership.unit_routes import AccessesController, OwnershipController

CONTROLLERS = (ClaimsController, OwnershipController, AccessesController)
"""What `api` mounts."""

__all__ = [
    "CONTROLLERS",
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
    "owned_since",
]

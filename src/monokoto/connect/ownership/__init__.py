"""Ownership: whose a unit is and was, with whom it is shared, and what of it lies open to whom."""

from monokoto.connect.ownership.gate import UnitGate

__all__ = ["UnitGate"]

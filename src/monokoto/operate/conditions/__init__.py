"""Conditions: CEL over a product's properties, checked by the reference, evaluated over columns."""

from monokoto.operate.conditions.condition import Condition, check
from monokoto.operate.conditions.environment import TextFault
from monokoto.operate.conditions.frame import Frame, Vector
from monokoto.operate.conditions.types import CelType, Unknown, variables_of

__all__ = ["CelType", "Condition", "Frame", "TextFault", "Unknown", "Vector", "check", "variables_of"]

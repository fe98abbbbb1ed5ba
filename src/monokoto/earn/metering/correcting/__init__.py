"""Correcting usage."""

from monokoto.earn.metering.correcting.correction import Correction, Wanted
from monokoto.earn.metering.correcting.service import Corrections

__all__ = ["Correction", "Corrections", "Wanted"]

"""Asking how much was used."""

from monokoto.earn.metering.asking.answers import amounts, by_unit
from monokoto.earn.metering.asking.buckets import CUTS, buckets
from monokoto.earn.metering.asking.question import Amount, Question, UnitUsage
from monokoto.earn.metering.asking.rounds import rounds_of

__all__ = ["CUTS", "Amount", "Question", "UnitUsage", "amounts", "buckets", "by_unit", "rounds_of"]

"""Keeping: the tables of usage, and what writes them."""

from monokoto.earn.metering.keeping.late import LateMarks
from monokoto.earn.metering.keeping.tables import EVENTS, LATE, USAGE, SampleKind, create_tables
from monokoto.earn.metering.keeping.writer import PROMPT_SECONDS, UsageWriter

__all__ = ["EVENTS", "LATE", "PROMPT_SECONDS", "USAGE", "LateMarks", "SampleKind", "UsageWriter", "create_tables"]

"""The history: questions as data, their SQL, and the answers in columns."""

from monokoto.operate.telemetry.history.aggregates import AGGREGATES, Aggregate, parse_aggregates
from monokoto.operate.telemetry.history.answers import (
    Buckets,
    Readings,
    buckets_arrow,
    buckets_json,
    groups_json,
    readings_arrow,
    readings_json,
)
from monokoto.operate.telemetry.history.events import Event, EventQuestion, Events, read_events
from monokoto.operate.telemetry.history.questions import BucketQuestion, ChartMethod, ChartQuestion, RawQuestion
from monokoto.operate.telemetry.history.reading import (
    read_buckets,
    read_chart,
    read_hours,
    read_latest,
    read_moments,
    read_raw,
)
from monokoto.operate.telemetry.history.selection import Selection, Windows
from monokoto.operate.telemetry.history.widths import CalendarWidth, FixedWidth, Width, parse_width

__all__ = [
    "AGGREGATES",
    "Aggregate",
    "BucketQuestion",
    "Buckets",
    "CalendarWidth",
    "ChartMethod",
    "ChartQuestion",
    "Event",
    "EventQuestion",
    "Events",
    "FixedWidth",
    "RawQuestion",
    "Readings",
    "Selection",
    "Width",
    "Windows",
    "buckets_arrow",
    "buckets_json",
    "groups_json",
    "parse_aggregates",
    "parse_width",
    "read_buckets",
    "read_chart",
    "read_events",
    "read_hours",
    "read_latest",
    "read_moments",
    "read_raw",
    "readings_arrow",
    "readings_json",
]

"""Telemetry: every reading and event kept, and every question about them answered."""

from monokoto.operate.telemetry.history import (
    AGGREGATES,
    BucketQuestion,
    Buckets,
    ChartMethod,
    ChartQuestion,
    Event,
    EventQuestion,
    Events,
    RawQuestion,
    Readings,
    Selection,
    Windows,
    buckets_arrow,
    buckets_json,
    parse_aggregates,
    parse_width,
    readings_arrow,
    readings_json,
)
from monokoto.operate.telemetry.observer import ReadingsObserver
from monokoto.operate.telemetry.requests import times_from_json
from monokoto.operate.telemetry.retention import RetentionJob, RetentionReport, RetentionRule, rules_of
from monokoto.operate.telemetry.routes import CONTROLLERS
from monokoto.operate.telemetry.service import Telemetry, serials
from monokoto.operate.telemetry.tables import create_tables
from monokoto.operate.telemetry.transfer import FORMATS, ExportQuestion, Format, Imported, format_of

__all__ = [
    "AGGREGATES",
    "CONTROLLERS",
    "FORMATS",
    "BucketQuestion",
    "Buckets",
    "ChartMethod",
    "ChartQuestion",
    "Event",
    "EventQuestion",
    "Events",
    "ExportQuestion",
    "Format",
    "Imported",
    "RawQuestion",
    "Readings",
    "ReadingsObserver",
    "RetentionJob",
    "RetentionReport",
    "RetentionRule",
    "Selection",
    "Telemetry",
    "Windows",
    "buckets_arrow",
    "buckets_json",
    "create_tables",
    "format_of",
    "parse_aggregates",
    "parse_width",
    "readings_arrow",
    "readings_json",
    "rules_of",
    "serials",
    "times_from_json",
]

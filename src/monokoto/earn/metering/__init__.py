"""Metering: what a customer took of a product, as numbers."""

from monokoto.earn.calendar import Span
from monokoto.earn.metering.aggregation import (
    AGGREGATIONS,
    QUANTITY_PLACES,
    average,
    count,
    counter_delta,
    latest,
    maximum,
    minimum,
    percentile,
    prorated_sum,
    seconds_where,
    total,
    unique_count,
    weighted_sum,
    windowed,
)
from monokoto.earn.metering.asking import Amount, Question, UnitUsage, rounds_of
from monokoto.earn.metering.correcting import Correction, Corrections, Wanted
from monokoto.earn.metering.documents import UsageRowJson, row_to_json
from monokoto.earn.metering.evidence import UsageRow
from monokoto.earn.metering.keeping import PROMPT_SECONDS, SampleKind, UsageWriter
from monokoto.earn.metering.meters import Aggregation, Meter, MeterBook, MetersSection, Origin, meters_of, split_key
from monokoto.earn.metering.observer import UsageObserver
from monokoto.earn.metering.questions import MeterKey, Since, Until, span_of
from monokoto.earn.metering.replaying import ReplayMeters, ReplayParameters
from monokoto.earn.metering.routes import CONTROLLERS
from monokoto.earn.metering.service import Bucket, Metering, Touched
from monokoto.earn.metering.told import Status, UsageIntake
from monokoto.earn.metering.usage_event import Keep, UsageEvent, deduplicate

__all__ = [
    "AGGREGATIONS",
    "CONTROLLERS",
    "PROMPT_SECONDS",
    "QUANTITY_PLACES",
    "Aggregation",
    "Amount",
    "Bucket",
    "Correction",
    "Corrections",
    "Keep",
    "Meter",
    "MeterBook",
    "MeterKey",
    "Metering",
    "MetersSection",
    "Origin",
    "Question",
    "ReplayMeters",
    "ReplayParameters",
    "SampleKind",
    "Since",
    "Span",
    "Status",
    "Touched",
    "UnitUsage",
    "Until",
    "UsageEvent",
    "UsageIntake",
    "UsageObserver",
    "UsageRow",
    "UsageRowJson",
    "UsageWriter",
    "Wanted",
    "average",
    "count",
    "counter_delta",
    "deduplicate",
    "latest",
    "maximum",
    "meters_of",
    "minimum",
    "percentile",
    "prorated_sum",
    "rounds_of",
    "row_to_json",
    "seconds_where",
    "span_of",
    "split_key",
    "total",
    "unique_count",
    "weighted_sum",
    "windowed",
]

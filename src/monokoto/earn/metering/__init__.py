"""Metering: what a sequence of usage events comes to."""

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
from monokoto.earn.metering.events import Keep, UsageEvent, deduplicate

__all__ = [
    "AGGREGATIONS",
    "QUANTITY_PLACES",
    "Keep",
    "Span",
    "UsageEvent",
    "average",
    "count",
    "counter_delta",
    "deduplicate",
    "latest",
    "maximum",
    "minimum",
    "percentile",
    "prorated_sum",
    "seconds_where",
    "total",
    "unique_count",
    "weighted_sum",
    "windowed",
]

"""What many usage events come to: one number, whatever order they are given in."""

from monokoto.earn.metering.aggregation.over_time import (
    counter_delta,
    prorated_sum,
    seconds_where,
    weighted_sum,
    windowed,
)
from monokoto.earn.metering.aggregation.plain import (
    AGGREGATIONS,
    QUANTITY_PLACES,
    average,
    count,
    latest,
    maximum,
    minimum,
    percentile,
    total,
    unique_count,
)

__all__ = [
    "AGGREGATIONS",
    "QUANTITY_PLACES",
    "average",
    "count",
    "counter_delta",
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

"""Meters: read, checked, and the book of them."""

from monokoto.earn.metering.meters.book import MeterBook, by_subject
from monokoto.earn.metering.meters.meter import MICROSECONDS, Aggregation, Meter, Origin, split_key
from monokoto.earn.metering.meters.section import MetersSection, meters_of

__all__ = [
    "MICROSECONDS",
    "Aggregation",
    "Meter",
    "MeterBook",
    "MetersSection",
    "Origin",
    "by_subject",
    "meters_of",
    "split_key",
]

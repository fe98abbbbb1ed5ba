"""Calendar: spans of time, and the periods, days and clocks of a customer's time zone."""

from monokoto.earn.calendar.clocks import Clock, clocks, next_hour
from monokoto.earn.calendar.cycles import Cycle, Every, day_count, end_of_day, local, start_of_day, zone
from monokoto.earn.calendar.span import Span

__all__ = [
    "Clock",
    "Cycle",
    "Every",
    "Span",
    "clocks",
    "day_count",
    "end_of_day",
    "local",
    "next_hour",
    "start_of_day",
    "zone",
]

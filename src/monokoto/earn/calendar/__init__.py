"""Calendar: spans of time, and the periods, days and clocks of a customer's time zone."""

from monokoto.earn.calendar.cycles import Cycle, Every, day_count, end_of_day, local, start_of_day, zone
from monokoto.earn.calendar.span import Span

__all__ = ["Cycle", "Every", "Span", "day_count", "end_of_day", "local", "start_of_day", "zone"]

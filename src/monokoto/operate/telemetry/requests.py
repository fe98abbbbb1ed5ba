"""What the API is asked and answers, and the way from its texts to the questions behind."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from litestar.params import QueryParameter
from msgspec import Meta

from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import UnitId, format_id, parse_id
from monokoto.kernel.limits import HISTORY_GROUPS_MAX, HISTORY_UNITS_MAX
from monokoto.operate.telemetry.history import (
    BucketQuestion,
    ChartMethod,
    ChartQuestion,
    Event,
    RawQuestion,
    Selection,
    parse_aggregates,
    parse_width,
)
from monokoto.operate.telemetry.reach import Open
from monokoto.operate.telemetry.transfer import Imported

_AGO = re.compile(r"-([1-9]\d{0,5})(s|min|m|h|d|w)")
_AGO_UNITS = {"s": 1_000_000, "m": 60_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000,
             "w": 604_800_000_000}  # fmt: skip
_DAY = 86_400_000_000
_DEFAULT_AGGREGATES = ("avg", "min", "max", "count")
_DEFAULT_LIMIT = 1000

_TIME = "RFC 3339, or so long before now: `-15min`, `-24h`, `-7d`"
FromText = Annotated[str, Meta(description=f"First instant: {_TIME}; default: a day before `to`")]
ToText = Annotated[str, Meta(description=f"Where the time ends, itself not included: {_TIME}; default: now")]
_WIDTH = "Answer buckets: `10s`, `15min`, `6h`, `day`, `week`, `month`, `quarter`, `year`"
_ZONE = "IANA zone in which days and longer buckets are cut"
_GROUP = "A series for each `unit`, each `product`, or one of `all`"
_FILL = "Empty buckets: `none` (left out), `null`, `previous`, `linear`"
_POINTS = "Answer so many readings of each series that keep the curve's shape"
WidthText = Annotated[str, Meta(description=_WIDTH)]
ZoneText = Annotated[str, Meta(description=_ZONE)]
GroupText = Annotated[str, Meta(description=_GROUP)]
FillText = Annotated[str, Meta(description=_FILL)]
Aggregates = Annotated[
    list[str],
    Meta(description="count, sum, avg, min, max, stddev, first, last, p50 (any percentile), time_avg, integral"),
]
PointsNumber = Annotated[int, Meta(description=_POINTS)]
OrderText = Annotated[str, Meta(description="`oldest` or `newest` first", pattern="^(oldest|newest)$")]


class HistoryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question to the history: raw readings; with `width` buckets; with `points` a chart."""

    units: Annotated[list[str], Meta(max_length=HISTORY_UNITS_MAX, description="Empty: all units of `product`")] = []
    product: str = ""
    properties: Annotated[list[str], Meta(description="Empty: all")] = []
    start: FromText = msgspec.field(name="from", default="")
    end: ToText = msgspec.field(name="to", default="")
    width: WidthText = ""
    zone: ZoneText = "UTC"
    aggregates: Aggregates = []
    group: GroupText = "unit"
    groups: Annotated[
        dict[str, list[str]],
        Meta(max_length=HISTORY_GROUPS_MAX, description="Named sets of units, each a series of its own; with `width`"),
    ] = {}
    fill: FillText = "none"
    points: PointsNumber = 0
    method: ChartMethod = ChartMethod.LTTB
    limit: int = _DEFAULT_LIMIT
    cursor: str | None = None
    order: OrderText = "oldest"


class SeriesJson(msgspec.Struct, frozen=True, omit_defaults=True):
    """One property of one unit (or product, or named set): parallel lists. Buckets have a list for each aggregate asked for."""

    property: str
    at: list[str]
    unit: str = ""
    product: str = ""
    group: str = ""
    value: list[Any] = []


class HistoryJson(msgspec.Struct, frozen=True):
    """Readings or buckets by series."""

    series: list[SeriesJson]
    next_cursor: Annotated[str | None, Meta(description="Of raw readings: pass as `cursor`; null on the last page")] = (
        None
    )


class EventJson(msgspec.Struct, frozen=True):
    """Something a unit said happened."""

    unit: str
    event: str
    at: str
    arrived: str
    data: msgspec.Raw


class FaultJson(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing wrong with a row."""

    row: Annotated[int, Meta(description="Counted from 1, a header counted too")]
    place: str
    reason: str


class ImportedJson(msgspec.Struct, frozen=True):
    """What an import did."""

    rows: int
    readings: int
    refused: int
    faults: Annotated[list[FaultJson], Meta(description="The first of the refused ones")]


def history_request(
    product: Annotated[str, QueryParameter(description="The product whose units are meant")] = "",
    property: Annotated[list[str] | None, QueryParameter(description="Left out: all")] = None,  # noqa: A002 - its name in the API
    start: Annotated[str, QueryParameter(name="from", description=f"{_TIME}; default: a day before `to`")] = "",
    end: Annotated[str, QueryParameter(name="to", description=f"{_TIME}; itself not included; default: now")] = "",
    width: Annotated[str, QueryParameter(description=_WIDTH)] = "",
    zone: Annotated[str, QueryParameter(description=_ZONE)] = "UTC",
    aggregate: Annotated[
        list[str] | None, QueryParameter(description="With `width`; default: avg, min, max, count")
    ] = None,
    group: Annotated[str, QueryParameter(description=_GROUP)] = "unit",
    fill: Annotated[str, QueryParameter(description=_FILL)] = "none",
    points: Annotated[int, QueryParameter(description=_POINTS)] = 0,
    method: ChartMethod = ChartMethod.LTTB,
    limit: int = _DEFAULT_LIMIT,
    cursor: str | None = None,
    order: Annotated[
        str, QueryParameter(description="`oldest` or `newest` first", pattern="^(oldest|newest)$")
    ] = "oldest",
) -> HistoryRequest:
    """The same question out of the query string; the units are named by the route."""
    return HistoryRequest(
        product=product,
        properties=property or [],
        start=start,
        end=end,
        width=width,
        zone=zone,
        aggregates=aggregate or [],
        group=group,
        fill=fill,
        points=points,
        method=method,
        limit=limit,
        cursor=cursor,
        order=order,
    )


def times_from_json(start: str, end: str, now: int, *, length: int = _DAY) -> tuple[int, int]:
    """The range meant by two texts; `length`: µs from its start, where none is given, to its end.

    Raises:
        Invalid: one of them is no time; both faults at once.
    """
    faults: list[Fault] = []
    until = _time(end, "to", now, now, faults)
    since = _time(start, "from", now, until - length, faults)
    if faults:
        raise Invalid("The time range is not valid.", faults=faults)
    return since, until


def _time(text: str, place: str, now: int, default: int, faults: list[Fault]) -> int:
    if not text:
        return default
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _AGO_UNITS[ago[2]]
    try:
        return parse_instant(text)
    except ValueError as error:
        faults.append(Fault(place=place, reason=str(error)))
        return default


def about_units(request: HistoryRequest, units: list[str]) -> HistoryRequest:
    """The same question about these units."""
    return msgspec.structs.replace(request, units=units)


def units_asked(request: HistoryRequest) -> tuple[UnitId, ...]:
    """All units a request names, in its sets too."""
    return units_from_json([*request.units, *(unit for units in request.groups.values() for unit in units)])


def selection_from_json(request: HistoryRequest, open_: Open, now: int) -> Selection:
    """Which readings a request means."""
    start, end = times_from_json(request.start, request.end, now)
    return Selection(
        organisation_id=open_.organisation_id,
        start=start,
        end=end,
        units=open_.units,
        product=request.product,
        properties=tuple(request.properties),
        windows=open_.windows,
    )


def units_from_json(texts: list[str]) -> tuple[UnitId, ...]:
    """Ids of units, each once."""
    return tuple(dict.fromkeys(UnitId(parse_id(text, what="unit")) for text in texts))


def question_from_json(request: HistoryRequest, selection: Selection) -> RawQuestion | BucketQuestion | ChartQuestion:
    """What a request asks: `width` makes it buckets, `points` a chart."""
    if request.width:
        return BucketQuestion(
            selection=selection,
            width=parse_width(request.width, zone=request.zone),
            aggregates=parse_aggregates(_listed(request.aggregates) or _DEFAULT_AGGREGATES),
            group=request.group,
            fill=request.fill,
        )
    if request.points:
        return ChartQuestion(selection=selection, points=request.points, method=request.method)
    return RawQuestion(
        selection=selection, limit=request.limit, cursor=request.cursor, newest_first=request.order == "newest"
    )


def _listed(names: list[str]) -> list[str]:
    """`aggregate=avg,max` is as good as `aggregate=avg&aggregate=max`."""
    return [name.strip() for text in names for name in text.split(",") if name.strip()]


def event_to_json(event: Event) -> EventJson:
    """As the API shows it."""
    return EventJson(
        unit=format_id(event.unit_id),
        event=event.name,
        at=format_instant(event.at),
        arrived=format_instant(event.arrived),
        data=msgspec.Raw(event.data.encode()),
    )


def imported_to_json(done: Imported) -> ImportedJson:
    """As the API shows it."""
    faults = [FaultJson(row=fault.line, place=fault.place, reason=fault.reason) for fault in done.faults]
    return ImportedJson(rows=done.rows, readings=done.readings, refused=done.refused, faults=faults)

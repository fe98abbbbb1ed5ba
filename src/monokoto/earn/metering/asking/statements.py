"""Questions as statements of the series store; what they mean is what the functions of `aggregation` give.

Three layers. `samples`: the rows of the question, each once, and for a meter whose samples follow each other the last one of
each unit before the time. `pieces`: what each sample is worth, and from when to when: where samples follow each other, by
looking at the neighbour. `placed`: the pieces in the times of their units and in buckets. Then one aggregate for each unit,
bucket and group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from monokoto.earn.calendar import Span, clocks
from monokoto.earn.metering.asking.question import Question
from monokoto.earn.metering.keeping import USAGE, SampleKind
from monokoto.earn.metering.meters import Aggregation, Meter
from monokoto.engines.series import Parameters

AGES: Final = 1 << 62
LATELY_US: Final = 40 * 86_400_000_000
"""The state a span begins with is looked for in so much time before it; of all time before that, for those alone who said
nothing in it: of the others' history only the column that says whose it is, is looked at."""
_ORDER = "at, arrived, name"
_AGGREGATES: Mapping[Aggregation, str] = {
    Aggregation.COUNT: "toDecimal256(count(), 12)",
    Aggregation.SUM: "toDecimal256(sum(value), 12)",
    Aggregation.COUNTER: "toDecimal256(sum(value), 12)",
    Aggregation.MAXIMUM: "toDecimal256(max(value), 12)",
    Aggregation.MINIMUM: "toDecimal256(min(value), 12)",
    Aggregation.LATEST: f"toDecimal256(argMax(value, ({_ORDER})), 12)",
    Aggregation.UNIQUE: "toDecimal256(uniqExact(key), 12)",
    Aggregation.AVERAGE: "toDecimal256(sum(value), 12)",
    Aggregation.PERCENTILE: "toDecimal256(arraySort(groupArray(value))"
    "[toUInt64(ceil(count() * {percent:Decimal128(12)} / 100))], 12)",
    Aggregation.DURATION: "toDecimal256(sum(lasted), 12)",
    Aggregation.WEIGHTED: "sum(toDecimal256(value, 12) * lasted)",
}
"""For each unit, bucket and group. Lasting ones come in microseconds, averages as their sums: `answers` divides them, once."""


def statement(question: Question, low: int, high: int) -> tuple[str, Parameters]:
    """The question about the units from `low` up to `high`: rows of unit, bucket, grp, quantity, samples, and each transaction
    with its instant, in order of time."""
    meter = question.meter
    spans = None if question.units is None else _spans(question, low, high)
    parameters: dict[str, str | int | float | bool | list[int] | list[str]] = {
        "organisation": question.organisation_id, "product": meter.product, "meter": meter.name,
        "low": low, "high": high, "start": question.span.start, "end": question.span.end, "by": question.by,
        "since": max(0, question.span.start - LATELY_US),
        "edges": [bucket.start for bucket in question.buckets] or [question.span.start],
        "ends": [bucket.end for bucket in question.buckets] or [question.span.end],
        "states": list(meter.states), "every": meter.every or 1, **_clocks(question), "percent": str(meter.percent),
    }  # fmt: skip
    if spans is not None:
        parameters |= {"units": spans[0], "starts": spans[1], "stops": spans[2]}
    group = "JSONExtractString(groups, {by:String})" if question.by else "''"
    listed = "groupArray((at, value))" if question.transactions else "[]::Array(Tuple(Int64, Decimal128(12)))"
    window = _window(question) if meter.every else "0"
    inner = f"""
        SELECT unit, bucket, {group} AS grp, {window} AS window_, {_AGGREGATES[meter.aggregation]} AS quantity_,
            count() AS samples_, {listed} AS listed_
        FROM ({_placed(question, spans is not None)}) GROUP BY unit, bucket, grp, window_"""
    text = f"""
        SELECT unit, bucket, grp, sum(quantity_) AS quantity, sum(samples_) AS samples,
            arraySort(arrayFlatten(groupArray(listed_))) AS told_, arrayMap(one -> tupleElement(one, 1), told_) AS instants,
            arrayMap(one -> tupleElement(one, 2), told_) AS transactions
        FROM ({inner}) GROUP BY unit, bucket, grp ORDER BY unit, bucket, grp"""
    return text, _used(text, parameters)


def _clocks(question: Question) -> dict[str, list[int]]:
    found = clocks(question.span, question.timezone)
    return {"clocks": [one.start for one in found], "offsets": [one.offset for one in found]}


def _window(question: Question) -> str:
    """Tells the windows apart. They begin as local clocks show it, and where these change: of an hour shown twice each is one."""
    every, found = question.meter.every, clocks(question.span, question.timezone)
    if all(one.offset % every == 0 for one in found) and all(one.start % every == 0 for one in found[1:]):
        return "intDiv(at, {every:Int64})"
    clock = "indexOf({clocks:Array(Int64)}, roundDown(at, {clocks:Array(Int64)}))"
    return f"({clock}, intDiv(at + ({{offsets:Array(Int64)}})[{clock}], {{every:Int64}}))"


def _used(text: str, parameters: Mapping[str, str | int | float | bool | list[int] | list[str]]) -> Parameters:
    return {name: value for name, value in parameters.items() if "{" + name + ":" in text}


def _spans(question: Question, low: int, high: int) -> tuple[list[int], list[int], list[int]]:
    units, starts, stops = [], [], []
    for unit_id, spans in (question.units or {}).items():
        if not low <= unit_id <= high:
            continue
        for span in spans:
            start, stop = max(span.start, question.span.start), min(span.end, question.span.end)
            if start < stop:
                units.append(unit_id)
                starts.append(start)
                stops.append(stop)
    return units, starts, stops


def _placed(question: Question, clipped: bool) -> str:
    meter = question.meter
    pieces = _PIECES[meter.aggregation](meter) if meter.aggregation in _PIECES else _samples(clipped, before=False)
    if meter.aggregation.following:
        pieces = pieces.replace("__SAMPLES__", _samples(clipped, before=True))
    if meter.aggregation.lasting:
        return _lasting(pieces, clipped)
    bucket = "toUInt32(indexOf({edges:Array(Int64)}, roundDown(at, {edges:Array(Int64)})) - 1)"
    inside = "at >= {start:Int64} AND at < {end:Int64}"
    if not clipped:
        return f"SELECT *, {bucket} AS bucket FROM ({pieces}) WHERE {inside}"
    return f"""SELECT p.*, {bucket.replace("at,", "p.at,")} AS bucket FROM ({pieces}) AS p
        INNER JOIN ({_SPANS}) AS s ON p.unit = s.unit WHERE p.at >= s.start AND p.at < s.stop"""


_SPANS = """SELECT tupleElement(one, 1) AS unit, tupleElement(one, 2) AS start, tupleElement(one, 3) AS stop
    FROM (SELECT arrayJoin(arrayZip({units:Array(Int64)}, {starts:Array(Int64)}, {stops:Array(Int64)})) AS one)"""


def _lasting(pieces: str, clipped: bool) -> str:
    """From when to when each piece lasts within the unit's times and the buckets."""
    source = f"SELECT *, {{start:Int64}} AS start, {{end:Int64}} AS stop FROM ({pieces})"
    if clipped:
        source = f"""SELECT p.unit AS unit, p.at AS at, p.until AS until, p.value AS value, p.groups AS groups,
            s.start AS start, s.stop AS stop FROM ({pieces}) AS p INNER JOIN ({_SPANS}) AS s ON p.unit = s.unit"""
    return f"""
        SELECT unit, at, value, groups, tupleElement(cut, 1) AS bucket,
            least(until, stop, tupleElement(cut, 3)) - greatest(at, start, tupleElement(cut, 2)) AS lasted
        FROM (SELECT *, arrayJoin(arrayFilter(one -> tupleElement(one, 2) < least(until, stop)
                AND tupleElement(one, 3) > greatest(at, start),
            arrayZip(range(toUInt32(length({{edges:Array(Int64)}}))), {{edges:Array(Int64)}}, {{ends:Array(Int64)}}))) AS cut
            FROM ({source}) WHERE least(until, stop) > greatest(at, start))"""


def _samples(clipped: bool, *, before: bool) -> str:
    mine = f"""organisation = {{organisation:Int64}} AND product = {{product:String}} AND meter = {{meter:String}}
        AND unit BETWEEN {{low:Int64}} AND {{high:Int64}} {"AND unit IN {units:Array(Int64)}" if clipped else ""}"""
    instant = "fromUnixTimestamp64Micro({%s:Int64}, 'UTC')"
    columns = """unit, toUnixTimestamp64Micro(at) AS at, toUnixTimestamp64Micro(arrived) AS arrived, name, value,
        key, groups"""
    live = f"kind != {SampleKind.DELETION:d}"
    found = f"""SELECT {columns} FROM {USAGE} FINAL
        WHERE {mine} AND {USAGE}.at >= {instant % "start"} AND {USAGE}.at < {instant % "end"} AND {live}"""
    if not before:
        return found
    texts = found.replace("key, groups", "toString(key) AS key, toString(groups) AS groups")
    earlier = f"{USAGE}.at < {instant % 'start'}"
    lately = f"{USAGE}.at >= {instant % 'since'} AND {earlier}"
    told_lately = f"SELECT unit FROM {USAGE} FINAL WHERE {mine} AND {lately} AND {live}"
    recent = _last(f"WHERE {mine} AND {lately} AND {live}")
    older = _last(f"PREWHERE unit NOT IN ({told_lately}) WHERE {mine} AND {USAGE}.at < {instant % 'since'} AND {live}")
    return f"{texts} UNION ALL {recent} UNION ALL {older}"


def _last(where: str) -> str:
    """The last sample of each unit."""
    return f"""SELECT unit, tupleElement(last_, 1) AS at, tupleElement(last_, 2) AS arrived, tupleElement(last_, 3) AS name,
        tupleElement(last_, 4) AS value, tupleElement(last_, 5) AS key, tupleElement(last_, 6) AS groups
        FROM (SELECT unit, max((toUnixTimestamp64Micro(at), toUnixTimestamp64Micro(arrived), name, value,
            toString(key), toString(groups))) AS last_
            FROM {USAGE} FINAL {where} GROUP BY unit)"""


def _beside(function: str, column: str, frame: str) -> str:
    return f"{function}({column}) OVER (PARTITION BY unit ORDER BY at, arrived, name ROWS BETWEEN {frame})"


_PAST = "UNBOUNDED PRECEDING AND CURRENT ROW"
_FUTURE = "CURRENT ROW AND UNBOUNDED FOLLOWING"


def _counted(meter: Meter) -> str:
    replaced = "OR key != key_before" if meter.serial else ""
    return f"""SELECT unit, at, arrived, name, groups, multiIf(number = 1, toDecimal128(0, 12),
            value < before {replaced}, value, value - before) AS value
        FROM (SELECT *, {_beside("lagInFrame", "value", _PAST)} AS before, {_beside("lagInFrame", "key", _PAST)} AS key_before,
            row_number() OVER (PARTITION BY unit ORDER BY at, arrived, name) AS number FROM (__SAMPLES__))"""


def _until() -> str:
    return f"""SELECT *, if(next_at = 0, {AGES}, next_at) AS until
        FROM (SELECT *, {_beside("leadInFrame", "at", _FUTURE)} AS next_at FROM (__SAMPLES__))"""


def _states(_meter: Meter) -> str:
    return f"SELECT * FROM ({_until()}) WHERE key IN {{states:Array(String)}}"


def _held(_meter: Meter) -> str:
    return f"SELECT * FROM ({_until()}) WHERE value != 0"


_PIECES = {Aggregation.COUNTER: _counted, Aggregation.DURATION: _states, Aggregation.WEIGHTED: _held}


def weights(question: Question, low: int, high: int) -> tuple[str, Parameters]:
    """How many samples each unit has, for cutting a run into statements of bounded size."""
    mine = """organisation = {organisation:Int64} AND product = {product:String} AND meter = {meter:String}
        AND unit BETWEEN {low:Int64} AND {high:Int64}"""
    instant = "fromUnixTimestamp64Micro({%s:Int64}, 'UTC')"
    first = instant % ("since" if question.meter.aggregation.following else "start")
    text = f"""SELECT unit, count() AS samples_ FROM {USAGE}
        WHERE {mine} AND at >= {first} AND at < {instant % "end"} GROUP BY unit"""
    if question.meter.aggregation.lasting:
        # Whoever said nothing lately is still in the state of then.
        text += f" UNION ALL SELECT unit, toUInt64(1) FROM {USAGE} WHERE {mine} AND at < {first} GROUP BY unit"
    text = f"SELECT unit, sum(samples_) AS samples FROM ({text}) GROUP BY unit ORDER BY unit"
    return text, _used(
        text,
        {
            "organisation": question.organisation_id, "product": question.meter.product, "meter": question.meter.name,
            "low": low, "high": high, "start": question.span.start, "end": question.span.end,
            "since": max(0, question.span.start - LATELY_US),
        },
    )  # fmt: skip


def spans_in(units: Mapping[int, Sequence[Span]]) -> int:
    """How many times of units there are."""
    return sum(map(len, units.values()))

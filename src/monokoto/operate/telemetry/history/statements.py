"""The questions as SQL. Nothing a caller says is ever part of the text: names and numbers are bound, the rest is ours.

Every statement reads through `FINAL`, which leaves one reading per name, except `latest`: the reading with the greatest
(at, arrived) is the same whether or not superseded ones are still there, and finding it needs no merge.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from monokoto.engines.series import Parameters
from monokoto.operate.telemetry.history.aggregates import HELD_COLUMNS, Aggregate, Shape, ordered_by
from monokoto.operate.telemetry.history.selection import Selection, Statement, conditions
from monokoto.operate.telemetry.history.widths import CalendarWidth, Width
from monokoto.operate.telemetry.tables import EVENTS, READINGS

Position = tuple[str, str, int, int]
"""Where a page ended: product, property, unit, instant."""

_INSTANT = "toUnixTimestamp64Micro(at)"
_ROW = f"unit, property, {_INSTANT} AS instant, number, text, kind"
_BEHIND = {
    # The rows behind a position, spelt out: the index understands this, and not the comparison of two tuples.
    False: "at > fromUnixTimestamp64Micro({after_at:Int64}, 'UTC')",
    True: "at < fromUnixTimestamp64Micro({after_at:Int64}, 'UTC')",
}
GROUP_COLUMNS = {"unit": "unit", "product": "product", "all": "''"}
"""What makes a series of buckets, besides the property: each unit, each product, or all that is selected together."""


def raw_statement(selection: Selection, *, limit: int, after: Position | None, newest_first: bool) -> Statement:
    """Readings in the order of the table's key (product, property, unit, time), so that a page is read and not sorted."""
    clauses, parameters = conditions(selection)
    bound: dict[str, int | str | list[int] | list[str]] = dict(parameters)
    if after is not None:
        clauses.append(
            "(product > {after_product:String} OR product = {after_product:String} AND ("
            "property > {after_property:String} OR property = {after_property:String} AND ("
            f"unit > {{after_unit:Int64}} OR unit = {{after_unit:Int64}} AND {_BEHIND[newest_first]})))"
        )
        names = ("after_product", "after_property", "after_unit", "after_at")
        bound |= dict(zip(names, after, strict=True))
    bound["limit"] = limit
    order = f"organisation, product, property, unit, at{' DESC' if newest_first else ''}"
    sql = f"SELECT product, {_ROW} FROM {READINGS} FINAL WHERE {' AND '.join(clauses)} ORDER BY {order} LIMIT {{limit:UInt64}}"
    return Statement(sql, bound)


def bucket_statement(
    selection: Selection,
    width: Width,
    edges: npt.NDArray[np.int64],
    aggregates: Sequence[Aggregate],
    *,
    group: str,
    limit: int,
) -> Statement:
    """One row per (group, property, bucket) that has readings, in that order; `bucket` is the bucket's start."""
    clauses, parameters = conditions(selection)
    bucket, bound = _bucket(width, edges)
    bound |= parameters
    bound["limit"] = limit
    columns = [f"{expression} AS {column}" for aggregate in aggregates for column, expression in _columns(aggregate)]
    source = f"{READINGS} FINAL WHERE {' AND '.join(clauses)}"
    if any(aggregate.shape in {Shape.VALUE, Shape.SUM} for aggregate in aggregates):
        columns += ["min(kind) AS kind_least", "max(kind) AS kind_most"]
    if any(aggregate.held for aggregate in aggregates):
        columns += [f"{expression} AS {column}" for column, expression in HELD_COLUMNS]
        source = _with_next(source, bucket)
        bucket = "in_bucket"
    sql = (
        f"SELECT {GROUP_COLUMNS[group]} AS series, property, {bucket} AS bucket, {', '.join(columns)} "
        f"FROM {source} GROUP BY series, property, bucket ORDER BY series, property, bucket LIMIT {{limit:UInt64}}"
    )
    return Statement(sql, bound)


def _columns(aggregate: Aggregate) -> tuple[tuple[str, str], ...]:
    return tuple((_identifier(column), expression) for column, expression in aggregate.columns)


def _identifier(column: str) -> str:
    return f"`{column}`"


def _bucket(width: Width, edges: npt.NDArray[np.int64]) -> tuple[str, dict[str, int | str | list[int] | list[str]]]:
    if isinstance(width, CalendarWidth):
        return f"roundDown({_INSTANT}, {{edges:Array(Int64)}})", {"edges": edges.tolist()}
    return f"intDiv({_INSTANT}, {{width:Int64}}) * {{width:Int64}}", {"width": width.microseconds}


def _with_next(source: str, bucket: str) -> str:
    """The readings, each with the instant its successor in the same bucket takes over (its own, for the last)."""
    return (
        f"(SELECT product, {_ROW}, at, {bucket} AS in_bucket, leadInFrame(instant, 1, instant) OVER ("
        "PARTITION BY property, unit, in_bucket ORDER BY instant ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
        f") AS next_instant FROM {source})"
    )


def latest_statement(selection: Selection, *, limit: int) -> Statement:
    """The last reading of each (unit, property) in the selection's time."""
    clauses, parameters = conditions(selection)
    newest = ordered_by("toUnixTimestamp64Micro(arrived)")
    sql = (
        "SELECT unit, property, toUnixTimestamp64Micro(max(at)) AS instant, "
        f"argMax(number, {newest}) AS number_then, argMax(text, {newest}) AS text_then, argMax(kind, {newest}) AS kind_then "
        f"FROM {READINGS} WHERE {' AND '.join(clauses)} GROUP BY unit, property ORDER BY property, unit "
        "LIMIT {limit:UInt64}"
    )
    sql = f"SELECT unit, property, instant, number_then AS number, text_then AS text, kind_then AS kind FROM ({sql})"
    return Statement(sql, {**parameters, "limit": limit})


def lttb_statement(selection: Selection, *, points: int, limit: int) -> Statement:
    """Largest triangle three buckets (Steinarsson 2013) over the numbers of each (unit, property); exact members."""
    clauses, parameters = conditions(selection)
    sql = (
        "SELECT unit, property, toInt64(point.1) AS instant, point.2 AS number, '' AS text, same_kind AS kind FROM ("
        f"SELECT unit, property, if(min(kind) = max(kind), max(kind), 1) AS same_kind, "
        f"largestTriangleThreeBuckets({{points:UInt64}})(toFloat64({_INSTANT}), number) AS points "
        f"FROM {READINGS} FINAL WHERE {' AND '.join(clauses)} AND kind <= 3 GROUP BY unit, property"
        ") ARRAY JOIN points AS point ORDER BY property, unit, instant LIMIT {limit:UInt64}"
    )
    return Statement(sql, {**parameters, "points": points, "limit": limit})


def m4_statement(selection: Selection, *, pixel: int, texts_only: bool, limit: int) -> Statement:
    """First, last, least and greatest of each pixel's readings (Jugel et al., VLDB 2014); of texts the first and last."""
    clauses, parameters = conditions(selection)
    if texts_only:
        clauses.append("kind > 3")
    member = "(instant, number, text, kind)"
    sql = (
        "SELECT unit, property, member.1 AS instant, member.2 AS number, member.3 AS text, member.4 AS kind FROM ("
        f"SELECT unit, property, intDiv(instant - {{start:Int64}}, {{pixel:Int64}}) AS pixel, arrayDistinct(["
        f"argMin({member}, instant), argMax({member}, instant), "
        f"argMinIf({member}, (number, instant), kind <= 3), argMaxIf({member}, (number, -instant), kind <= 3)]) AS members "
        f"FROM (SELECT {_ROW} FROM {READINGS} FINAL WHERE {' AND '.join(clauses)}) GROUP BY unit, property, pixel"
        ") ARRAY JOIN members AS member WHERE kind > 0 ORDER BY property, unit, instant LIMIT {limit:UInt64}"
    )
    return Statement(sql, {**parameters, "pixel": pixel, "limit": limit})


def kinds_statement(selection: Selection) -> Statement:
    """Which properties the selection holds, with their least and greatest kind and the number of readings."""
    clauses, parameters = conditions(selection)
    sql = (
        "SELECT property, min(kind) AS kind_least, max(kind) AS kind_most, count() AS readings "
        f"FROM {READINGS} WHERE {' AND '.join(clauses)} GROUP BY property ORDER BY property"
    )
    return Statement(sql, parameters)


def export_statement(selection: Selection, *, by_moment: bool) -> Statement:
    """All readings, by the table's key, or by (unit, time, property) where the readings of a moment make one row."""
    clauses, parameters = conditions(selection)
    order = "unit, at, property" if by_moment else "organisation, product, property, unit, at"
    sql = (
        f"SELECT product, {_ROW}, toUnixTimestamp64Micro(arrived) AS arrived_instant "
        f"FROM {READINGS} FINAL WHERE {' AND '.join(clauses)} ORDER BY {order}"
    )
    return Statement(sql, parameters)


def moments_statement(selection: Selection) -> Statement:
    """All readings in order of time, and of one instant by unit and property."""
    clauses, parameters = conditions(selection)
    sql = f"SELECT {_ROW} FROM {READINGS} FINAL WHERE {' AND '.join(clauses)} ORDER BY at, unit, property"
    return Statement(sql, parameters)


def hours_statement(selection: Selection) -> Statement:
    """How many readings each hour has that has any, in order; those not yet merged count as often as they were told."""
    clauses, parameters = conditions(selection)
    hour = "toUnixTimestamp64Micro(toDateTime64(toStartOfHour(at), 6, 'UTC')) AS hour"
    sql = (
        f"SELECT {hour}, count() AS readings FROM {READINGS} WHERE {' AND '.join(clauses)} GROUP BY hour ORDER BY hour"
    )
    return Statement(sql, parameters)


def events_statement(
    selection: Selection, *, limit: int, after: tuple[int, int, str, str] | None, newest_first: bool
) -> Statement:
    """Events in order of time; `properties` of the selection are event names here."""
    clauses, parameters = conditions(selection)
    clauses = [clause.replace("property IN", "event IN") for clause in clauses]
    bound: Parameters = {**parameters, "limit": limit}
    if after is not None:
        # As text: an identity is an unsigned 64-bit number, and a cursor carries signed ones.
        clauses.append(
            f"(at, unit, event, toString(identity)) {'<' if newest_first else '>'} "
            "(fromUnixTimestamp64Micro({after_at:Int64}, 'UTC'), {after_unit:Int64}, {after_event:String}, "
            "{after_identity:String})"
        )
        names = ("after_at", "after_unit", "after_event", "after_identity")
        bound = {**bound, **dict(zip(names, after, strict=True))}
    direction = " DESC" if newest_first else ""
    order = ", ".join(f"{column}{direction}" for column in ("at", "unit", "event", "toString(identity)"))
    sql = (
        f"SELECT unit, event, {_INSTANT} AS instant, toUnixTimestamp64Micro(arrived) AS arrived_instant, data, "
        f"toString(identity) AS identity_text FROM {EVENTS} FINAL WHERE {' AND '.join(clauses)} "
        f"ORDER BY {order} LIMIT {{limit:UInt64}}"
    )
    return Statement(sql, bound)

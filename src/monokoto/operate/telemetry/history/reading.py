"""Asking the store: the statements of a question run, their answers made whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monokoto.engines.series import Series
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import BUCKETS_MAX, LATEST_ROWS_MAX, READINGS_PAGE_MAX
from monokoto.operate.telemetry.history.answers import Buckets, Readings, one_chunk
from monokoto.operate.telemetry.history.filling import Rows, fill_gaps, hold, spread, too_many_buckets
from monokoto.operate.telemetry.history.questions import BucketQuestion, ChartMethod, ChartQuestion, RawQuestion
from monokoto.operate.telemetry.history.selection import Selection, Statement
from monokoto.operate.telemetry.history.statements import (
    bucket_statement,
    hours_statement,
    latest_statement,
    lttb_statement,
    m4_statement,
    moments_statement,
    raw_statement,
)
from monokoto.operate.telemetry.history.widths import edges
from monokoto.operate.telemetry.tables import INSTANT
from monokoto.web import decode_cursor, encode_cursor

_DAY = 86_400_000_000
_LOOK_BACK = (_DAY, 32 * _DAY)
"""Where the value before a time is sought first; then everywhere."""


def read_raw(series: Series, question: RawQuestion) -> Readings:
    """One page of readings."""
    after = decode_cursor(question.cursor, str, str, int, int) if question.cursor else None
    statement = raw_statement(
        question.selection, limit=question.limit + 1, after=after, newest_first=question.newest_first
    )
    table = _ask(series, statement)
    if table.num_rows <= question.limit:
        return Readings(_readings(table))
    table = table.slice(0, question.limit)
    last = table.slice(question.limit - 1).to_pylist()[0]
    cursor = encode_cursor(last["product"], last["property"], last["unit"], last["instant"])
    return Readings(_readings(table), cursor)


def read_latest(series: Series, selection: Selection) -> Readings:
    """The last reading of each property of each unit within the selection's time."""
    table = _ask(series, latest_statement(selection, limit=LATEST_ROWS_MAX + 1))
    if table.num_rows > LATEST_ROWS_MAX:
        raise _too_many(LATEST_ROWS_MAX, "unit")
    return Readings(_readings(table))


def read_moments(series: Series, selection: Selection) -> pa.Table:
    """All readings of the selection in order of time: `unit`, `property`, `instant`, `number`, `text`, `kind`."""
    return _ask(series, moments_statement(selection))


def read_hours(series: Series, selection: Selection) -> list[tuple[int, int]]:
    """The beginning of each hour that has readings, and about how many."""
    table = _ask(series, hours_statement(selection))
    return [(row["hour"], row["readings"]) for row in table.to_pylist()]


def read_chart(series: Series, question: ChartQuestion) -> Readings:
    """Members of each series that keep its shape. Of texts, objects and arrays: each pixel's first and last."""
    selection, limit = question.selection, READINGS_PAGE_MAX + 1
    pixel = max(1, -(-(selection.end - selection.start) // question.points))
    if question.method is ChartMethod.M4:
        table = _ask(series, m4_statement(selection, pixel=pixel, texts_only=False, limit=limit))
    else:
        numbers = _ask(series, lttb_statement(selection, points=question.points, limit=limit))
        texts = _ask(series, m4_statement(selection, pixel=2 * pixel, texts_only=True, limit=limit))
        table = numbers if not texts.num_rows else _united(numbers, texts)
    if table.num_rows > READINGS_PAGE_MAX:
        raise _too_many(READINGS_PAGE_MAX, "points")
    return Readings(_readings(table))


def read_buckets(series: Series, question: BucketQuestion, *, now: int) -> Buckets:
    """Aggregates per bucket; `now` ends the hold of a value that nothing has replaced yet."""
    selection = question.selection
    bounds = edges(question.width, selection.start, selection.end)
    statement = bucket_statement(
        selection, question.width, bounds, question.aggregates, group=question.group, limit=BUCKETS_MAX + 1
    )
    table = _ask(series, statement)
    if table.num_rows > BUCKETS_MAX:
        raise too_many_buckets(table.num_rows)
    rows = _rows(table)
    held = any(aggregate.held for aggregate in question.aggregates)
    if held:
        before = _before(series, selection)
        rows = _with_keys(rows, sorted({*rows.keys, *before}))
        rows = hold(spread(rows, bounds), bounds, before, start=selection.start, end=selection.end, now=now)
    elif question.fill != "none":
        rows = spread(rows, bounds)
    return Buckets(question.group, fill_gaps(rows, question.aggregates, question.fill), question.aggregates)


def _before(series: Series, selection: Selection) -> dict[tuple[int | str, str], float]:
    """The number each series held just before the selection's time."""
    expected = len(selection.units) * len(selection.properties)
    found: dict[tuple[int | str, str], float] = {}
    for begin, end in _stretches(selection.start):
        latest = read_latest(series, replace(selection, start=begin, end=end))
        for row in latest.table.to_pylist():
            if row["kind"] <= 3:
                found.setdefault((row["unit"], row["property"]), row["number"])
        if expected and len(found) >= expected:
            break
    return found


def _stretches(start: int) -> Iterator[tuple[int, int]]:
    end = start
    for back in _LOOK_BACK:
        begin = max(start - back, 0)
        if begin < end:
            yield begin, end
        end = begin
    if end > 0:
        yield 0, end


def _ask(series: Series, statement: Statement) -> pa.Table:
    return series.query(statement.sql, statement.parameters)


def _readings(table: pa.Table) -> pa.Table:
    at = one_chunk(table["instant"]).cast(pa.int64()).cast(INSTANT)
    columns = {name: table[name] for name in table.column_names if name != "instant"}
    return pa.table({**columns, "at": at})


def _united(numbers: pa.Table, texts: pa.Table) -> pa.Table:
    plain = [
        pa.table({name: one_chunk(table[name]) for name in numbers.column_names}).cast(_PLAIN)
        for table in (numbers, texts)
    ]
    order = [("property", "ascending"), ("unit", "ascending"), ("instant", "ascending")]
    return pa.concat_tables(plain).sort_by(order)


_PLAIN = pa.schema(
    [
        ("unit", pa.int64()),
        ("property", pa.string()),
        ("instant", pa.int64()),
        ("number", pa.float64()),
        ("text", pa.string()),
        ("kind", pa.uint8()),
    ]
)


def _rows(table: pa.Table) -> Rows:
    """The store's answer in numpy columns; series are numbered in the order they come."""
    names, properties = (one_chunk(table[name]) for name in ("series", "property"))
    pairs = list(zip(names.to_pylist(), properties.to_pylist(), strict=True))
    keys = list(dict.fromkeys(pairs))
    number = {key: index for index, key in enumerate(keys)}
    columns = {
        name: _column(one_chunk(table[name]))
        for name in table.column_names
        if name not in {"series", "property", "bucket"}
    }
    columns["occupied"] = np.ones(len(pairs))
    bucket = one_chunk(table["bucket"]).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return Rows(keys, np.array([number[pair] for pair in pairs], np.int64), bucket, columns)


def _column(values: pa.Array) -> npt.NDArray[Any]:
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return np.array(values.to_pylist(), object)
    return np.asarray(values.cast(pa.float64()).fill_null(float("nan")))


def _with_keys(rows: Rows, keys: list[tuple[int | str, str]]) -> Rows:
    place = {key: index for index, key in enumerate(keys)}
    renumbered = np.array([place[key] for key in rows.keys], np.int64)
    return replace(rows, keys=keys, key=renumbered[rows.key] if len(rows.keys) else rows.key)


def _too_many(limit: int, place: str) -> Invalid:
    return Invalid(
        "The answer would be too long.",
        faults=[Fault(place=place, reason=f"more than {limit} readings")],
        remedy="Ask for fewer units, properties or points.",
    )

"""Answers: columns of arrow, and the same as JSON, made a column at a time.

A series' values are all of one kind nearly always; then they leave as one list without a look at each. A series whose
kind changed with a major version goes value by value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monokoto.kernel.ids import format_id
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry.history.aggregates import Aggregate, Shape
from monokoto.operate.telemetry.history.filling import Rows
from monokoto.operate.telemetry.tables import INSTANT

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Readings:
    """Some readings, sorted by series: columns unit, property, at, number, text, kind (`product` where asked raw)."""

    table: pa.Table
    next_cursor: str | None = None

    def __len__(self) -> int:
        return int(self.table.num_rows)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Aggregates per bucket of each series."""

    group: str
    """`unit`, `product` or `all`: what a series is, besides the property."""
    rows: Rows
    aggregates: Sequence[Aggregate]

    def __len__(self) -> int:
        return len(self.rows.bucket)


# -- values


def typed(kind: int, numbers: npt.NDArray[np.float64], texts: Callable[[], Sequence[str]]) -> list[Any]:
    """Values of one kind as JSON has them; objects and arrays as they came, not parsed again."""
    match kind:
        case Kind.NUMBER:
            return list(numbers.tolist())
        case Kind.INTEGER:
            return list(numbers.astype(np.int64).tolist())
        case Kind.BOOLEAN:
            return list((numbers != 0).tolist())
        case Kind.STRING:
            return list(texts())
        case _:
            return [msgspec.Raw(text.encode()) for text in texts()]


def values_of(kinds: npt.NDArray[np.uint8], numbers: npt.NDArray[np.float64], texts: pa.Array) -> list[Any]:
    """Values of whatever kinds, in order."""
    if len(kinds) and (kinds == kinds[0]).all():
        return typed(int(kinds[0]), numbers, texts.to_pylist)
    values: list[Any] = [None] * len(kinds)
    for kind in np.unique(kinds).tolist():
        places = np.flatnonzero(kinds == kind)
        chosen = typed(kind, numbers[places], texts.take(pa.array(places)).to_pylist)
        for place, value in zip(places.tolist(), chosen, strict=True):
            values[place] = value
    return values


def instant_texts(microseconds: pa.Array) -> pa.Array:
    """RFC 3339 of each instant, with 0, 3 or 6 digits of a second as it needs: `kernel.clock.format_instant` in bulk."""
    ticks = microseconds.cast(pa.int64())
    digits = pc.if_else(
        pc.equal(_remainder(ticks, 1_000_000), 0), 0, pc.if_else(pc.equal(_remainder(ticks, 1_000), 0), 3, 6)
    )
    stamps = ticks.cast(pa.timestamp("us"))
    result = None
    for count, unit in ((6, "us"), (3, "ms"), (0, "s")):
        if not pc.any(pc.equal(digits, count)).as_py():
            continue
        texts = _rfc3339(stamps.cast(pa.timestamp(unit), safe=False))
        result = texts if result is None else pc.if_else(pc.equal(digits, count), texts, result)
    return pa.array([], pa.string()) if result is None else result


def _remainder(ticks: pa.Array, divisor: int) -> pa.Array:
    return pa.array(np.asarray(ticks) % divisor)


def _rfc3339(stamps: pa.Array) -> pa.Array:
    text = stamps.cast(pa.string())
    date, clock = pc.utf8_slice_codeunits(text, 0, 10), pc.utf8_slice_codeunits(text, 11)
    return pc.binary_join_element_wise(pc.binary_join_element_wise(date, clock, "T"), "Z", "")


# -- readings


def readings_json(readings: Readings) -> bytes:
    """`{"series": [{"unit", "property", "at": [...], "value": [...]}], "next_cursor"}`."""
    return _encoder.encode({"series": list(_reading_series(readings.table)), "next_cursor": readings.next_cursor})


def _reading_series(table: pa.Table) -> Iterator[dict[str, Any]]:
    if table.num_rows == 0:
        return
    columns = {name: one_chunk(table[name]) for name in ("unit", "property", "at", "number", "text", "kind")}
    units, numbers, kinds = (columns[name].to_numpy(zero_copy_only=False) for name in ("unit", "number", "kind"))
    stamps = instant_texts(columns["at"]).to_pylist()
    for first, last in _runs(columns["unit"], columns["property"]):
        yield {
            "unit": format_id(int(units[first])),
            "property": columns["property"][first].as_py(),
            "at": stamps[first:last],
            "value": values_of(kinds[first:last], numbers[first:last], columns["text"].slice(first, last - first)),
        }


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece; names as plain strings."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.array([], column.type) if whole.num_chunks == 0 else whole.chunk(0)
    return whole.cast(pa.string()) if pa.types.is_dictionary(whole.type) else whole


def _runs(*columns: pa.Array) -> list[tuple[int, int]]:
    """Where each run of equal rows begins and ends."""
    count = len(columns[0])
    change = np.zeros(max(count - 1, 0), np.bool_)
    for column in columns:
        change |= np.asarray(pc.not_equal(column.slice(1), column.slice(0, count - 1)))
    bounds = [0, *(np.flatnonzero(change) + 1).tolist(), count]
    return list(pairwise(bounds))


# -- buckets


def buckets_json(buckets: Buckets) -> bytes:
    """`{"series": [{"unit" | "product", "property", "at": [...], AGGREGATE: [...], ...}]}`."""
    return _encoder.encode({"series": list(_bucket_series(buckets)), "next_cursor": None})


def groups_json(groups: Mapping[str, Buckets]) -> bytes:
    """The same of named sets of units: `group` has the set's name."""
    series = [{"group": name, **one} for name, buckets in groups.items() for one in _bucket_series(buckets)]
    return _encoder.encode({"series": series, "next_cursor": None})


def _bucket_series(buckets: Buckets) -> Iterator[dict[str, Any]]:
    rows = buckets.rows
    stamps = instant_texts(pa.array(rows.bucket)).to_pylist()
    told = {aggregate.name: aggregate_values(aggregate, rows) for aggregate in buckets.aggregates}
    bounds = np.searchsorted(rows.key, np.arange(len(rows.keys) + 1))
    for index, (series, name) in enumerate(rows.keys):
        part = slice(int(bounds[index]), int(bounds[index + 1]))
        head = (
            {} if buckets.group == "all" else {buckets.group: format_id(series) if isinstance(series, int) else series}
        )
        yield {**head, "property": name, "at": stamps[part], **{key: values[part] for key, values in told.items()}}


def aggregate_values(aggregate: Aggregate, rows: Rows) -> list[Any]:
    """One aggregate over all rows as JSON values, None where there is none."""
    columns = rows.columns
    match aggregate.shape:
        case Shape.COUNT:
            return list(columns[aggregate.name].astype(np.int64).tolist())
        case Shape.NUMBER:
            return _numbers(columns[aggregate.name], np.zeros(len(rows.key), np.bool_))
        case Shape.SUM:
            least, most = _kinds_of_series(rows)
            sums = np.where(least > Kind.BOOLEAN, np.nan, columns[aggregate.name])
            return _numbers(sums, (least >= Kind.INTEGER) & (most <= Kind.BOOLEAN))
        case Shape.VALUE if len(aggregate.columns) == 1:
            return _extremes(columns[aggregate.columns[0][0]], columns["kind_least"], columns["kind_most"])
        case _:
            number, text, kind = (columns[f"{aggregate.name}_{part}"] for part in ("number", "text", "kind"))
            return _members(number, text, kind)


def _numbers(values: npt.NDArray[np.float64], whole: npt.NDArray[np.bool_]) -> list[Any]:
    """Numbers, None for NaN, those marked `whole` as integers."""
    nothing = np.isnan(values)
    result: list[Any] = values.tolist()
    if nothing.any() or whole.any():
        for place in np.flatnonzero(nothing).tolist():
            result[place] = None
        for place in np.flatnonzero(whole & ~nothing).tolist():
            result[place] = int(result[place])
    return result


def _kinds_of_series(rows: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The least and greatest kind in each row's whole series."""
    least, most = np.full(len(rows.keys), np.inf), np.full(len(rows.keys), -np.inf)
    np.fmin.at(least, rows.key, rows.columns["kind_least"])
    np.fmax.at(most, rows.key, rows.columns["kind_most"])
    return least[rows.key], most[rows.key]


def _extremes(
    values: npt.NDArray[np.float64], least: npt.NDArray[np.float64], most: npt.NDArray[np.float64]
) -> list[Any]:
    result = _numbers(values, (least == Kind.INTEGER) & (most == Kind.INTEGER))
    for place in np.flatnonzero((least == Kind.BOOLEAN) & (most == Kind.BOOLEAN) & ~np.isnan(values)).tolist():
        result[place] = bool(result[place])
    return result


def _members(
    numbers: npt.NDArray[np.float64], texts: npt.NDArray[np.object_], kinds: npt.NDArray[np.float64]
) -> list[Any]:
    result: list[Any] = [None] * len(kinds)
    for kind in np.unique(kinds[~np.isnan(kinds)]).astype(int).tolist():
        places = np.flatnonzero(kinds == kind)
        chosen = typed(kind, numbers[places], texts[places].tolist)
        for place, value in zip(places.tolist(), chosen, strict=True):
            result[place] = value
    return result


# -- arrow


def readings_arrow(readings: Readings) -> pa.Table:
    """Columns unit (id text), property, at, number (null for texts), text (null for numbers), kind (its JSON Schema type)."""
    table = readings.table
    kinds = one_chunk(table["kind"])
    numeric = pc.less_equal(kinds, int(Kind.BOOLEAN))
    return pa.table(
        {
            "unit": id_texts(one_chunk(table["unit"])),
            "property": one_chunk(table["property"]).dictionary_encode(),
            "at": one_chunk(table["at"]).cast(INSTANT),
            "number": pc.if_else(numeric, one_chunk(table["number"]), None),
            "text": pc.if_else(numeric, None, one_chunk(table["text"])),
            "kind": kind_names(kinds),
        }
    )


def buckets_arrow(buckets: Buckets) -> pa.Table:
    """Columns unit or product, property, at, and one per aggregate: numbers, or text where a value is one (objects as JSON)."""
    rows = buckets.rows
    columns: dict[str, pa.Array] = {}
    if buckets.group != "all":
        names = [format_id(series) if isinstance(series, int) else series for series, _ in rows.keys]
        columns[buckets.group] = _per_row(names, rows)
    columns["property"] = _per_row([name for _, name in rows.keys], rows)
    columns["at"] = pa.array(rows.bucket).cast(INSTANT)
    for aggregate in buckets.aggregates:
        columns[aggregate.name] = _plain(aggregate_values(aggregate, rows))
    return pa.table(columns)


def _per_row(names: Sequence[str], rows: Rows) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(rows.key)).dictionary_encode()


def _plain(values: Sequence[Any]) -> pa.Array:
    if all(value is None or isinstance(value, int | float) for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array(
        [value if value is None or isinstance(value, str) else _encoder.encode(value).decode() for value in values],
        pa.string(),
    )


def id_texts(units: pa.Array) -> pa.DictionaryArray:
    """Unit ids as people see them; each distinct one is spelt once."""
    encoded = units.dictionary_encode()
    return pa.DictionaryArray.from_arrays(
        encoded.indices, pa.array([format_id(unit) for unit in encoded.dictionary.to_pylist()], pa.string())
    )


def kind_names(kinds: pa.Array) -> pa.DictionaryArray:
    """Kinds by their JSON Schema names."""
    # Made at each call: the first array pyarrow makes imports pandas, which a module must not do to everybody's start.
    names = pa.array([kind.name.lower() for kind in Kind], pa.string())
    return pa.DictionaryArray.from_arrays(pc.subtract(kinds.cast(pa.int32()), 1), names)

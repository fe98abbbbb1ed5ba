"""The latest values of many units at once, read from the columns and written as JSON without a dict per value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from monokoto.operate.twins.reported.column import ABSENT
from monokoto.operate.twins.reported.state import ReportedState
from monokoto.operate.twins.reported.table import Table
from monokoto.operate.twins.reported.texts import format_ids, format_instants
from monokoto.operate.twins.reported.winners import Int64s


class LatestValueJson(msgspec.Struct, frozen=True):
    """A value and the unit's own time of it."""

    value: Any
    at: str


class LatestRowJson(msgspec.Struct, frozen=True):
    """One unit; properties it never reported are left out."""

    unit: str
    product: str
    properties: dict[str, LatestValueJson]


class LatestRowsJson(msgspec.Struct, frozen=True):
    """`format=rows`: an item per unit."""

    items: list[LatestRowJson]
    next_cursor: str | None = None


class LatestColumnJson(msgspec.Struct, frozen=True):
    """One property over the units of its product; null where a unit never reported it."""

    values: list[Any]
    at: list[str | None]


class LatestProductJson(msgspec.Struct, frozen=True):
    """The units of one product, and a column per property in the same order."""

    product: str
    units: list[str]
    properties: dict[str, LatestColumnJson]


class LatestColumnsJson(msgspec.Struct, frozen=True):
    """`format=columns`: columns per product; several times smaller and faster than rows."""

    items: list[LatestProductJson]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class GatheredColumn:
    """One property: values as JSON has them (None: never reported) and times (`ABSENT` likewise)."""

    name: str
    values: list[Any]
    at: Int64s


@dataclass(frozen=True, slots=True)
class Gathered:
    """The units of one product and their latest values, copied out of the table."""

    product: str
    units: Sequence[int]
    columns: tuple[GatheredColumn, ...]


def gather(
    state: ReportedState, organisation_id: int, product: str, units: Sequence[int], properties: Iterable[str] | None
) -> Gathered:
    """The latest values of these units of one product; with `properties` only of those."""
    with state.lock:
        table = state.table(organisation_id, product)
        if table is None:
            return Gathered(product, units, ())
        rows = table.known_rows(units)
        return Gathered(product, units, _columns(table, rows, properties))


def _columns(table: Table, rows: Int64s, properties: Iterable[str] | None) -> tuple[GatheredColumn, ...]:
    names = sorted(table.columns.keys() if properties is None else table.columns.keys() & set(properties))
    missing = rows < 0
    somewhere_missing = bool(missing.any())
    gathered = []
    for name in names:
        column = table.columns[name]
        at = column.at[rows]
        values = column.values(rows)
        if somewhere_missing:  # row -1 read the last row: those units have none
            at[missing] = ABSENT
            for index in np.flatnonzero(missing).tolist():
                values[index] = None
        if (at != ABSENT).any():
            gathered.append(GatheredColumn(name, values, at))
    return tuple(gathered)


def _instants(at: Int64s) -> list[str | None]:
    present = at != ABSENT
    if present.all():
        return list(format_instants(at))
    texts = iter(format_instants(at[present]))
    return [next(texts) if there else None for there in present.tolist()]


def columns_to_json(found: Sequence[Gathered], next_cursor: str | None = None) -> bytes:
    """The JSON of `LatestColumnsJson`."""
    return msgspec.json.encode(
        LatestColumnsJson(
            [
                LatestProductJson(
                    product=one.product,
                    units=format_ids(one.units),
                    properties={
                        column.name: LatestColumnJson(column.values, _instants(column.at)) for column in one.columns
                    },
                )
                for one in found
            ],
            next_cursor,
        )
    )


def rows_to_json(found: Sequence[Gathered], next_cursor: str | None = None) -> bytes:
    """The JSON of `LatestRowsJson`."""
    return msgspec.json.encode(LatestRowsJson([row for one in found for row in _rows(one)], next_cursor))


def _rows(one: Gathered) -> list[LatestRowJson]:
    properties: list[dict[str, LatestValueJson]] = [{} for _ in one.units]
    for column in one.columns:
        name = column.name
        for cells, value, at in zip(properties, column.values, _instants(column.at), strict=True):
            if at is not None:
                cells[name] = LatestValueJson(value, at)
    return [
        LatestRowJson(unit, one.product, cells) for unit, cells in zip(format_ids(one.units), properties, strict=True)
    ]

"""From the line's wide blocks to rows of the `readings` table, in columns all the way.

Rows leave sorted by the table's own key, so that the store need not sort a quarter of a million rows by five columns:
one stable sort of a block's messages by (unit, at) serves all of its properties. The sort also brings together the rows
of one name that a single message held twice; they share `arrived`, so the store could not tell them apart, and the last
one is taken here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monokoto.connect.line import Block, Column
from monokoto.operate.telemetry.tables import INSTANT, MONTHS_PER_INSERT_MAX

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_DAYS_PER_MONTH_MIN = 28
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Readings of one property, in columns; `values` are numbers, or texts as arrow has them."""

    organisation: int
    product: str
    property: str
    kind: int
    unit: Int64s
    at: Int64s
    arrived: Int64s
    values: npt.NDArray[np.float64] | pa.Array


def tall_readings(blocks: Iterable[Block]) -> pa.Table:
    """All readings of the blocks, one row each, in the columns of the `readings` table.

    `text` is there only when a block holds texts; left out, the store fills it with the empty string.
    """
    return rows_of([piece for block in blocks for piece in _pieces(block)])


def rows_of(pieces: Iterable[Piece]) -> pa.Table:
    """The pieces as rows of the `readings` table, by organisation, product and property."""
    pieces = sorted(pieces, key=lambda piece: (piece.organisation, piece.product, piece.property))
    lengths = np.array([len(piece.unit) for piece in pieces], np.int64)
    columns = {
        "organisation": pa.array(np.repeat(np.array([piece.organisation for piece in pieces], np.int64), lengths)),
        "product": _names([piece.product for piece in pieces], lengths),
        "property": _names([piece.property for piece in pieces], lengths),
        "unit": pa.array(_joined([piece.unit for piece in pieces])),
        "at": instants(_joined([piece.at for piece in pieces])),
        "arrived": instants(_joined([piece.arrived for piece in pieces])),
        "number": pa.array(_numbers(pieces)),
        "kind": pa.array(np.repeat(np.array([piece.kind for piece in pieces], np.uint8), lengths)),
    }
    if any(isinstance(piece.values, pa.Array) for piece in pieces):
        columns["text"] = _texts(pieces)
    return pa.table(columns)


def instants(microseconds: Int64s) -> pa.Array:
    """Microseconds as the store's timestamps; a view, nothing is copied."""
    return pa.array(microseconds).view(INSTANT)


def by_months(rows: pa.Table) -> Iterator[pa.Table]:
    """The rows in parts the store takes in one insert: at most MONTHS_PER_INSERT_MAX months each."""
    if rows.num_rows == 0:
        return
    at = rows["at"].combine_chunks().view(pa.int64()).to_numpy()
    if int(at.max()) - int(at.min()) < (MONTHS_PER_INSERT_MAX - 1) * _DAYS_PER_MONTH_MIN * _MICROSECONDS_PER_DAY:
        yield rows
        return
    month = at.view("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    months = np.unique(month)
    for first in range(0, len(months), MONTHS_PER_INSERT_MAX):
        some = months[first : first + MONTHS_PER_INSERT_MAX]
        yield rows.filter(pa.array((month >= some[0]) & (month <= some[-1])))


def _pieces(block: Block) -> Iterator[Piece]:
    order = np.lexsort((block.at, block.unit))
    unit, at, arrived = block.unit[order], block.at[order], block.arrived[order]
    repeats = bool(len(unit) > 1 and ((unit[1:] == unit[:-1]) & (at[1:] == at[:-1])).any())
    for column in block.columns:
        values, present = _in_order(column, order)
        if not present.all():
            keep = np.flatnonzero(present)
            values = values.take(pa.array(keep)) if isinstance(values, pa.Array) else values[keep]
            piece = _piece(block, column, unit[keep], at[keep], arrived[keep], values)
        else:
            piece = _piece(block, column, unit, at, arrived, values)
        if len(piece.unit):
            yield last_of_each(piece) if repeats else piece


def _in_order(column: Column, order: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.float64] | pa.Array, Bools]:
    """The column's values in the new order and which of them are there (a NaN or None is not, whatever `present` says)."""
    present = np.ones(len(order), np.bool_) if column.present is None else column.present[order]
    if column.property.kind.numeric:
        numbers = np.asarray(column.values, np.float64)[order]
        return numbers, present & np.isfinite(numbers)
    texts = pa.array(column.values, pa.string()).take(pa.array(order))
    return texts, present & texts.is_valid().to_numpy(zero_copy_only=False)


def _piece(
    block: Block, column: Column, unit: Int64s, at: Int64s, arrived: Int64s, values: npt.NDArray[np.float64] | pa.Array
) -> Piece:
    model = block.model
    kind = int(column.property.kind)
    return Piece(model.organisation_id, model.product, column.property.name, kind, unit, at, arrived, values)


def last_of_each(piece: Piece) -> Piece:
    """One row per (unit, at): the one that arrived last, the later in the log among equals."""
    order = np.lexsort((piece.arrived, piece.at, piece.unit))
    unit, at = piece.unit[order], piece.at[order]
    last = np.ones(len(unit), np.bool_)
    last[:-1] = (unit[1:] != unit[:-1]) | (at[1:] != at[:-1])
    keep = order[last]
    values = piece.values.take(pa.array(keep)) if isinstance(piece.values, pa.Array) else piece.values[keep]
    return Piece(
        piece.organisation,
        piece.product,
        piece.property,
        piece.kind,
        piece.unit[keep],
        piece.at[keep],
        piece.arrived[keep],
        values,
    )


def _joined(parts: Sequence[Int64s]) -> Int64s:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _names(names: Sequence[str], lengths: Int64s) -> pa.DictionaryArray:
    distinct = sorted(set(names))
    index = {name: position for position, name in enumerate(distinct)}
    indices = np.repeat(np.array([index[name] for name in names], np.int32), lengths)
    return pa.DictionaryArray.from_arrays(pa.array(indices), pa.array(distinct, pa.string()))


def _numbers(pieces: Sequence[Piece]) -> npt.NDArray[np.float64]:
    if not pieces:
        return np.empty(0)
    # Zero, not NaN, for texts: it compresses to nothing, and no aggregate reads it (they go by `kind`).
    return np.concatenate(
        [np.zeros(len(piece.unit)) if isinstance(piece.values, pa.Array) else piece.values for piece in pieces]
    )


def _texts(pieces: Sequence[Piece]) -> pa.Array:
    return pa.concat_arrays(
        [
            piece.values if isinstance(piece.values, pa.Array) else pa.repeat(pa.scalar(""), len(piece.unit))
            for piece in pieces
        ]
    )

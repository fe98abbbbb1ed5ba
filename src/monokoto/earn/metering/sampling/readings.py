"""From a block of readings to samples, column by column.

A meter sees what one message told and nothing else. So the order in which messages arrive, and how the line cuts them, change
nothing; what was told before is the business of whoever adds samples up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monokoto.connect.line import Block, Column
from monokoto.earn.metering.meters import Aggregation, Meter, Origin
from monokoto.earn.metering.sampling.decimals import countable, of_doubles
from monokoto.earn.metering.sampling.samples import Samples, coded, said
from monokoto.kernel.values import Kind
from monokoto.operate.conditions import CelType, Frame, Vector, variables_of

Bools = npt.NDArray[np.bool_]
_FEW = 4
"""When a block has this many times the rows that are wanted, sorting these alone is quicker than sorting all once."""


class BlockView:
    """A block's columns as vectors, each made when it is first asked for."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.rows = len(block.unit)
        self._columns = {column.property.name: column for column in block.columns}
        self._order: npt.NDArray[np.intp] | None = None
        self._types: dict[str, CelType] | None = None
        self._vectors: dict[str, Vector | None] = {}

    def rows_of(self, wanted: Bools) -> npt.NDArray[np.intp]:
        """Some rows in the store's own order, so that it need not sort. The first told holds, and of equals the store keeps
        the last it is given: hence among equals the last told comes first."""
        few = np.flatnonzero(wanted)[::-1]
        if len(few) * _FEW < self.rows:
            return self._sorted(few)
        if self._order is None:
            self._order = self._sorted(np.arange(self.rows - 1, -1, -1))
        return self._order if len(few) == self.rows else self._order[wanted[self._order]]

    def _sorted(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        return rows[np.lexsort((self.block.at[rows], self.block.unit[rows]))]

    def has(self, name: str) -> bool:
        """Whether any message of the block told this property."""
        return name in self._columns

    def vector(self, name: str) -> Vector | None:
        """What the messages told under a variable's name; None: nothing."""
        if name not in self._vectors:
            self._vectors[name] = self._vector(name)
        return self._vectors[name]

    def frame(self, names: Iterable[str]) -> Frame:
        """The columns an expression needs."""
        found = {name: self.vector(name) for name in names}
        return Frame(self.rows, {name: vector for name, vector in found.items() if vector is not None})

    def _vector(self, name: str) -> Vector | None:
        column = self._columns.get(name)
        if column is not None and column.property.kind <= Kind.STRING:
            return _plain(column)
        path = name.split(".")
        for length in range(len(path), 0, -1):
            column = self._columns.get(".".join(path[:length]))
            if column is not None:
                return self._within(column, name, path[length:])
        return None

    def _within(self, column: Column, name: str, path: Sequence[str]) -> Vector | None:
        if self._types is None:
            self._types = variables_of(self.block.model)
        kind = self._types.get(name)
        return None if kind is None else Vector.of(kind, [_dug(text, path) for text in column.values])


_TYPES = {Kind.NUMBER: CelType.NUMBER, Kind.INTEGER: CelType.INTEGER, Kind.BOOLEAN: CelType.BOOLEAN}


def _plain(column: Column) -> Vector:
    if column.property.kind.numeric:
        numbers = np.asarray(column.values, np.float64)
        known = np.isfinite(numbers)
        if column.present is not None:
            known &= column.present
        return Vector(_TYPES[column.property.kind], numbers, None if known.all() else known)
    texts = pa.array(column.values, pa.string())
    encoded = texts.dictionary_encode()
    there = texts.is_valid().to_numpy(zero_copy_only=False)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Vector(CelType.TEXT, codes, None if there.all() else there, encoded.dictionary.to_pylist())


def _dug(text: str | float | None, path: Sequence[str]) -> Any:
    value = msgspec.json.decode(text) if isinstance(text, str) else None
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def samples_of_block(block: Block, meters: Iterable[Meter], view: BlockView | None = None) -> Iterator[Samples]:
    """What the meters of the block's version take of it: of property meters those whose property was told."""
    seen = view or BlockView(block)
    for meter in meters:
        if meter.origin is Origin.PROPERTY and seen.has(meter.subject.partition(".")[0]):
            found = _samples(seen, meter)
            if found is not None:
                yield found


def _samples(view: BlockView, meter: Meter) -> Samples | None:
    subject = view.vector(meter.subject)
    if subject is None:
        return None
    wanted = np.ones(view.rows, np.bool_) if subject.known is None else subject.known.copy()
    if meter.where is not None:
        wanted &= true_in(meter.where.evaluate(view.frame(meter.where.names)))
    if not wanted.any():
        return None
    value = subject if meter.value is None else meter.value.evaluate(view.frame(meter.value.names))
    if meter.aggregation is not Aggregation.COUNT and value.known is not None:
        wanted &= value.known
    numbers = None
    serial = view.vector(meter.serial) if meter.serial else None
    if meter.serial:
        # A counter without its name could be any: what it shows is not counted.
        wanted &= np.zeros(view.rows, np.bool_) if serial is None else known_in(serial)
    if meter.aggregation is not Aggregation.COUNT and not meter.aggregation.texts:
        numbers = np.asarray(value.values, np.float64)
        wanted &= countable(numbers)
    rows = view.rows_of(wanted)
    if not len(rows):
        return None
    block = view.block
    key = None
    if meter.aggregation.texts:
        key = _texts(value, rows)
    elif serial is not None:
        key = _texts(serial, rows)
    return Samples(
        organisation_id=block.model.organisation_id, product=block.model.product, meter=meter.name,
        unit=block.unit[rows], at=block.at[rows], arrived=block.arrived[rows],
        value=of_doubles(np.ones(len(rows)) if numbers is None else numbers[rows]), key=key,
        groups=_groups(view, meter, rows),
    )  # fmt: skip


def true_in(vector: Vector) -> Bools:
    """The rows in which a condition is known and true."""
    found = np.asarray(vector.values, np.bool_)
    return found if vector.known is None else found & vector.known


def _texts(vector: Vector, rows: npt.NDArray[np.intp]) -> pa.DictionaryArray:
    """The values of some rows as samples have their texts; null where there is none. Python looks at different values only."""
    known = known_in(vector)[rows]
    values = np.where(known, vector.values[rows], 0) if len(rows) else vector.values[rows]
    if vector.type is CelType.TEXT:
        codes, entries = values, [said(entry) for entry in vector.dictionary] or [""]
    elif vector.type is CelType.BOOLEAN:
        codes, entries = values, [said(False), said(True)]
    else:
        distinct, codes = np.unique(values, return_inverse=True)
        entries = [said(_plain_value(vector.type, value)) for value in distinct.tolist()]
    indices = pa.array(codes.astype(np.int32), mask=~known)
    return pa.DictionaryArray.from_arrays(indices, pa.array(entries, pa.string()))


def _plain_value(kind: CelType, value: Any) -> Any:
    return int(value) if kind is CelType.INTEGER else f"{value:.15g}"


def _groups(view: BlockView, meter: Meter, rows: npt.NDArray[np.intp]) -> pa.Array | None:
    if not meter.by:
        return None
    columns = []
    for name in meter.by:
        vector = view.vector(name)
        columns.append([None] * len(rows) if vector is None else _texts(vector, rows).to_pylist())
    return groups_of(meter.by, columns)


def groups_of(names: Sequence[str], columns: Sequence[Sequence[str | None]]) -> pa.Array:
    """The values of each row under their names, as JSON; what was not told is left out."""
    written: dict[tuple[str | None, ...], str] = {}
    texts = []
    for row in zip(*columns, strict=True):
        text = written.get(row)
        if text is None:
            told = {name: value for name, value in zip(names, row, strict=True) if value is not None}
            text = written[row] = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        texts.append(text)
    return coded(texts)


def known_in(vector: Vector) -> Bools:
    """The rows that have a value."""
    return np.ones(len(vector), np.bool_) if vector.known is None else vector.known

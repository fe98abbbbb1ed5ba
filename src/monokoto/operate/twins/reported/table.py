"""Reported state of all units of one product: a row per unit, a column per property."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monokoto.connect.line import Block
from monokoto.kernel.values import Kind
from monokoto.operate.twins.reported.column import ABSENT, Column
from monokoto.operate.twins.reported.index import MISSING, RowIndex
from monokoto.operate.twins.reported.winners import Int64s, winners
from monokoto.operate.twins.twin import Reported, ReportedValue

SHARED = -1
"""The partition of a unit whose readings come through several (its own connection and its gateway's)."""
_CAPACITY_FIRST = 64


class Table:
    """Grows by doubling; a new version of the product adds columns, none is ever taken away."""

    def __init__(self, organisation_id: int, product: str) -> None:
        self.organisation_id = organisation_id
        self.product = product
        self.columns: dict[str, Column] = {}
        self.unit = np.zeros(_CAPACITY_FIRST, np.int64)
        self.partition = np.zeros(_CAPACITY_FIRST, np.int16)
        self._index = RowIndex()
        self._scratch = np.empty(_CAPACITY_FIRST, np.int64)

    def __len__(self) -> int:
        return len(self._index)

    def apply(self, block: Block, partition: int) -> Int64s:
        """Take a block in; answers the indices into the block of the messages that changed something, one per unit."""
        rows = self.rows_of(block.unit, partition)
        changed: list[Int64s] = []
        everyone: Int64s | None = None
        for column in block.columns:
            if column.present is None:
                if everyone is None:
                    everyone = winners(rows, block.at, block.arrived, self._scratch)
                chosen = everyone
            else:
                some = np.flatnonzero(column.present)
                chosen = some[winners(rows[some], block.at[some], block.arrived[some], self._scratch)]
            held = self.column(column.property.name, column.property.kind)
            taken = held.take(
                rows[chosen], block.at[chosen], block.arrived[chosen], chosen, column.values, column.property.kind
            )
            changed.append(chosen[taken])
        if len(changed) == 1:
            return changed[0]
        return np.unique(np.concatenate(changed)) if changed else np.empty(0, np.int64)

    def merge(
        self,
        name: str,
        kind: Kind,
        rows: Int64s,
        at: Int64s,
        arrived: Int64s,
        values: Any,
        chosen: Int64s | None = None,
    ) -> None:
        """Take values of one property that were kept elsewhere; each row at most once."""
        if chosen is None:
            chosen = np.arange(len(rows), dtype=np.int64)
        self.column(name, kind).take(rows, at, arrived, chosen, values, kind)

    def rows_of(self, units: Int64s, partition: int) -> Int64s:
        """The row of each unit, made when there is none yet; notes that they speak through this partition."""
        rows = self.rows_for(units, partition)
        strangers = self.partition[rows] != partition
        if strangers.any():
            self.partition[rows[strangers]] = SHARED
        return rows

    def rows_for(self, units: Int64s, partition: int) -> Int64s:
        """The row of each unit; a new one is of this partition, one that is there stays of its own."""
        rows = self._index.find(units)
        if (rows == MISSING).any():
            self._add(np.unique(units[rows == MISSING]), partition)
            rows = self._index.find(units)
        return rows

    def _add(self, units: Int64s, partition: int) -> None:
        first = len(self._index)
        end = first + len(units)
        if end > len(self.unit):
            self._grow(max(end, 2 * len(self.unit)))
        self.unit[first:end] = units
        self.partition[first:end] = partition
        self._index.add(units)

    def _grow(self, capacity: int) -> None:
        self.unit = np.concatenate([self.unit, np.zeros(capacity - len(self.unit), np.int64)])
        self.partition = np.concatenate([self.partition, np.zeros(capacity - len(self.partition), np.int16)])
        self._scratch = np.empty(capacity, np.int64)
        for column in self.columns.values():
            column.grow(capacity)

    def column(self, name: str, kind: Kind) -> Column:
        """The column of a property, made when there is none yet."""
        column = self.columns.get(name)
        if column is None:
            column = self.columns[name] = Column(name, kind, len(self.unit))
        return column

    def row(self, unit_id: int) -> int | None:
        """The row of one unit, when it has reported anything."""
        row = int(self.known_rows([unit_id])[0])
        return None if row == MISSING else row

    def known_rows(self, units: Sequence[int] | Int64s) -> Int64s:
        """The row of each unit, MISSING (-1) where it has none."""
        return self._index.find(np.asarray(units, np.int64))

    def reported(self, row: int, *, arrived_from: int = ABSENT) -> Reported:
        """The reported state of one row; with `arrived_from` only what arrived at or after it."""
        properties: dict[str, ReportedValue] = {}
        revision = 0
        for name, column in self.columns.items():
            at = int(column.at[row])
            if at == ABSENT:
                continue
            arrived = int(column.arrived[row])
            revision = max(revision, arrived)
            if arrived >= arrived_from:
                properties[name] = ReportedValue(column.kind_at(row), column.value_at(row), at, arrived)
        return Reported(revision=revision, properties=dict(sorted(properties.items())))

    def arrived_since(self, instant: int) -> Int64s:
        """The rows that hold a value which arrived at or after this instant."""
        count = len(self._index)
        found = np.zeros(count, bool)
        for column in self.columns.values():
            found |= (column.arrived[:count] >= instant) & (column.at[:count] != ABSENT)
        return np.flatnonzero(found)

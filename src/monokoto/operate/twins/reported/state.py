"""Reported state of every unit, in memory: a table per product, behind one lock.

A value holds against another of the same unit and property when its (time, arrival) is greater or equal. The state is
therefore the join of everything observed: it does not depend on how the log was cut into batches, a replay changes
nothing, and states may be merged in any order (a snapshot, a rebuild and the live log meet here).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from monokoto.connect.line import Block
from monokoto.operate.twins.reported.column import ABSENT
from monokoto.operate.twins.reported.index import MISSING
from monokoto.operate.twins.reported.table import SHARED, Table
from monokoto.operate.twins.reported.winners import Int64s
from monokoto.operate.twins.twin import Reported

_NOTHING = Reported()


@dataclass(frozen=True, slots=True)
class Change:
    """Units of one product whose reported state changed, and when the messages that did it arrived (parallel)."""

    organisation_id: int
    product: str
    units: Int64s
    arrived: Int64s


class ReportedState:
    """All tables of this process. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._tables: dict[tuple[int, str], Table] = {}
        self._growing: dict[int, dict[str, Table]] = {}
        """Tables of organisations under rebuild: they see the live log as well."""
        self.lock = threading.RLock()

    def apply(self, blocks: Iterable[Block], partition: int) -> list[Change]:
        """Take blocks in; answers what changed."""
        changes = []
        with self.lock:
            for block in blocks:
                organisation_id, product = block.model.organisation_id, block.model.product
                changed = self._table(organisation_id, product).apply(block, partition)
                if len(changed):
                    changes.append(Change(organisation_id, product, block.unit[changed], block.arrived[changed]))
                if organisation_id in self._growing:
                    _table_in(self._growing[organisation_id], organisation_id, product).apply(block, partition)
        return changes

    def _table(self, organisation_id: int, product: str) -> Table:
        table = self._tables.get((organisation_id, product))
        if table is None:
            table = self._tables[organisation_id, product] = Table(organisation_id, product)
        return table

    def table(self, organisation_id: int, product: str) -> Table | None:
        """A table to look into; hold `lock` while doing so."""
        return self._tables.get((organisation_id, product))

    def table_to_fill(self, organisation_id: int, product: str) -> Table:
        """A table to merge into, made when there is none; hold `lock` while doing so."""
        return self._table(organisation_id, product)

    def tables(self) -> list[Table]:
        """All of them."""
        with self.lock:
            return list(self._tables.values())

    def products(self, organisation_id: int) -> list[str]:
        """The products of an organisation that have reported, by name."""
        with self.lock:
            return sorted(product for owner, product in self._tables if owner == organisation_id)

    def reported(self, organisation_id: int, product: str, units: Sequence[int]) -> dict[int, Reported]:
        """The reported state of these units of one product; an empty one where nothing came yet."""
        with self.lock:
            table = self._tables.get((organisation_id, product))
            if table is None:
                return dict.fromkeys(units, _NOTHING)
            rows = table.known_rows(units).tolist()
            return {
                unit: _NOTHING if row == MISSING else table.reported(row) for unit, row in zip(units, rows, strict=True)
            }

    def at_hand(self, organisation_id: int, product: str, unit: int) -> Reported | None:
        """The reported state of one unit; None when a large batch is just being taken in, which may take milliseconds."""
        if not self.lock.acquire(blocking=False):
            return None
        try:
            return self.reported(organisation_id, product, (unit,))[unit]
        finally:
            self.lock.release()

    def news(self, organisation_id: int, product: str, units: Sequence[int], since: int) -> dict[int, Reported]:
        """What arrived at or after `since` for these units; units without news are left out."""
        with self.lock:
            table = self._tables.get((organisation_id, product))
            if table is None:
                return {}
            rows = table.known_rows(units).tolist()
            found = {
                unit: table.reported(row, arrived_from=since)
                for unit, row in zip(units, rows, strict=True)
                if row != MISSING
            }
        return {unit: reported for unit, reported in found.items() if reported.properties}

    def units_since(self, organisation_id: int, product: str, since: int) -> list[int]:
        """The units of a product that hold a value which arrived at or after `since`."""
        with self.lock:
            table = self._tables.get((organisation_id, product))
            return [] if table is None else [int(unit) for unit in table.unit[table.arrived_since(since)]]

    def units_and_values(self) -> tuple[int, int]:
        """How many units and how many values are held; for metrics."""
        with self.lock:
            units = sum(len(table) for table in self._tables.values())
            values = sum(
                int(np.count_nonzero(column.at != ABSENT))
                for table in self._tables.values()
                for column in table.columns.values()
            )
        return units, values

    def begin_rebuild(self, organisation_id: int) -> None:
        """From now on a second set of tables for this organisation sees the live log too."""
        with self.lock:
            self._growing[organisation_id] = {}

    def rebuilding(self, organisation_id: int, product: str) -> Table:
        """A table of the second set; hold `lock` while using it."""
        return _table_in(self._growing[organisation_id], organisation_id, product)

    def end_rebuild(self, organisation_id: int, *, keep: bool) -> None:
        """Put the second set in the place of the first (`keep`), or forget it."""
        with self.lock:
            grown = self._growing.pop(organisation_id, {})
            if not keep:
                return
            for key in [key for key in self._tables if key[0] == organisation_id]:
                old = self._tables.pop(key)
                if key[1] in grown:
                    _inherit_partitions(grown[key[1]], old)
            self._tables.update({(organisation_id, product): table for product, table in grown.items()})


def _table_in(tables: dict[str, Table], organisation_id: int, product: str) -> Table:
    table = tables.get(product)
    if table is None:
        table = tables[product] = Table(organisation_id, product)
    return table


def _inherit_partitions(table: Table, old: Table) -> None:
    """A rebuilt row does not know through which partition its unit speaks; the row it replaces does."""
    count = len(table)
    known = old.known_rows(table.unit[:count])
    table.partition[:count] = np.where(known >= 0, old.partition[known], SHARED)


def in_chunks(units: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """The units, so many at a time."""
    for start in range(0, len(units), size):
        yield units[start : start + size]

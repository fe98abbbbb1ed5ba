"""The slow path's collector: single readings in, blocks out."""

from __future__ import annotations

from typing import Any

import numpy as np

from monokoto.connect.line.batch import Block, Column
from monokoto.connect.line.plan import Plan


class Rows:
    """Rows of one product version, gathered value by value."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._unit: list[int] = []
        self._at: list[int] = []
        self._arrived: list[int] = []
        self._cells: dict[str, tuple[list[int], list[float | str]]] = {}

    def add(self, unit: int, at: int, arrived: int, values: dict[str, float | str]) -> None:
        """One message's values, already checked."""
        if not values:
            return
        row = len(self._unit)
        self._unit.append(unit)
        self._at.append(at)
        self._arrived.append(arrived)
        for name, value in values.items():
            rows, cells = self._cells.setdefault(name, ([], []))
            rows.append(row)
            cells.append(value)

    def block(self) -> Block | None:
        """What was gathered, or None when nothing was."""
        if not self._unit:
            return None
        count = len(self._unit)
        columns = tuple(self._column(name, rows, cells, count) for name, (rows, cells) in self._cells.items())
        return Block(
            self.plan.model,
            np.array(self._unit, np.int64),
            np.array(self._at, np.int64),
            np.array(self._arrived, np.int64),
            columns,
        )

    def _column(self, name: str, rows: list[int], cells: list[Any], count: int) -> Column:
        check = self.plan.checks[name]
        present = None
        if len(rows) < count:
            present = np.zeros(count, np.bool_)
            present[rows] = True
        if check.kind.numeric:
            numbers = np.full(count, np.nan)
            numbers[rows] = cells
            return Column(check.model, numbers, present)
        texts: list[str | None] = [None] * count
        for row, text in zip(rows, cells, strict=True):
            texts[row] = text
        return Column(check.model, texts, present)

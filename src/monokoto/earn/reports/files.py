"""Reports as CSV: the same figures under the same names, a row for each. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from monokoto.earn.reports.json import CohortReportJson, DeferredReportJson, RecurringReportJson, RevenueReportJson

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NAMES = frozenset({"group"})
"""Columns with what people wrote; figures need no care, and `-1.00` is none of a spreadsheet's formulas."""


def recurring_csv(found: RecurringReportJson) -> bytes:
    """A row for each month and currency."""
    return _written(msgspec.structs.asdict(one) for one in found.items)


def revenue_csv(found: RevenueReportJson) -> bytes:
    """A row for each month and currency; where groups were asked for, a row for each of those."""
    rows: Sequence[Any] = found.groups or found.items
    return _written(msgspec.structs.asdict(one) for one in rows)


def deferred_csv(found: DeferredReportJson) -> bytes:
    """A row for each month and currency."""
    return _written(msgspec.structs.asdict(one) for one in found.items)


def cohorts_csv(found: CohortReportJson) -> bytes:
    """A row for each month of each cohort."""
    return _written(
        {"currency": one.currency, "cohort": one.cohort, "size": one.size, **msgspec.structs.asdict(cell)}
        for one in found.items
        for cell in one.months
    )


def _written(rows: Iterable[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, list(row))
            writer.writeheader()
        writer.writerow({name: _cell(name, value) for name, value in row.items()})
    return text.getvalue().encode()


def _cell(name: str, value: Any) -> Any:
    """No name that a spreadsheet would compute."""
    return f"'{value}" if name in _NAMES and str(value).startswith(_FORMULA) else value

"""From a row to what a unit measured: which unit, when, which properties."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from monokoto.device.replay.table import Row, WrongRow
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import INTEGER_MAX

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Cells that say there is no value (in lower case)."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+")
_BOOLEANS = {"true": True, "false": False}
_LOCAL_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The same bounds by which the platform reads numbers as times (docs/topics.md).
_SECONDS_BELOW, _MICROSECONDS_FROM = 1e11, 1e14


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one unit measured at one time; `at` in microseconds, values as JSON has them."""

    line: int
    serial: str
    at: Instant
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeColumn:
    """A column with the time: RFC 3339, or a number of seconds, milliseconds or microseconds since the epoch."""

    column: str
    assume_utc: bool = False
    """Whether a time without a zone is UTC; otherwise it is wrong: a local time is not an instant."""

    def at(self, cells: Mapping[str, Any]) -> Instant:
        """Raises ValueError: there is no time in the row."""
        value = cells.get(self.column)
        if isinstance(value, datetime):
            return self._of_datetime(value)
        if isinstance(value, date):
            value = value.isoformat() + "T00:00:00"
        if isinstance(value, str):
            text = value.strip()
            if not _NUMBER.fullmatch(text):
                return self._of_text(text)
            value = int(text) if _INTEGER.fullmatch(text) else float(text)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{self.column} is {value!r:.40}, which is no time")
        size = abs(value)
        factor = MICROSECONDS_PER_SECOND if size < _SECONDS_BELOW else 1 if size >= _MICROSECONDS_FROM else 1000
        return Instant(round(value * factor))

    def _of_text(self, text: str) -> Instant:
        local = _LOCAL_TIME.fullmatch(text)
        if local is None:
            return parse_instant(text)
        if not self.assume_utc:
            raise ValueError(f"{self.column} is {text!r:.40}, a time without a zone (--assume-utc takes it as UTC)")
        clock = local[2] if local[2].count(":") == 2 else f"{local[2]}:00"
        return parse_instant(f"{local[1]}T{clock}Z")

    def _of_datetime(self, value: datetime) -> Instant:
        if value.tzinfo is None:
            if not self.assume_utc:
                raise ValueError(f"{self.column} has times without a zone (--assume-utc takes them as UTC)")
            value = value.replace(tzinfo=UTC)
        return Instant((value - _EPOCH) // timedelta(microseconds=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleTime:
    """A column that counts (cycles, steps): each lasts so many seconds, the first began at `start`."""

    column: str
    seconds: float
    start: Instant

    def at(self, cells: Mapping[str, Any]) -> Instant:
        """Raises ValueError: there is no number in the row."""
        value = cells.get(self.column)
        try:
            cycle = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise ValueError(f"{self.column} is {value!r:.40}, which is no number") from None
        if not math.isfinite(cycle):
            raise ValueError(f"{self.column} is {value!r:.40}, which is no number")
        return Instant(self.start + round(cycle * self.seconds * MICROSECONDS_PER_SECOND))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Which columns mean what."""

    time: TimeColumn | CycleTime
    unit_column: str = ""
    serial: str = "{}"
    """The serial of a row's unit; `{}` stands for the cell of the unit column."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Column to property, where they differ."""
    only: frozenset[str] = frozenset()
    """The properties to send; empty: every column that is neither unit nor time."""
    text: frozenset[str] = frozenset()
    """Properties whose cells are texts, whatever they look like."""
    keep_counter: bool = True
    """Whether the column of a `CycleTime` is a property as well (it is one in C-MAPSS: the engine's age)."""

    def recorded(self, row: Row) -> Recorded | WrongRow | None:
        """What the row says; None when it has no value at all."""
        try:
            serial = self._serial(row.cells)
            at = self.time.at(row.cells)
            values = dict(self._values(row.cells))
        except ValueError as error:
            return WrongRow(row.line, str(error))
        return Recorded(row.line, serial, at, values) if values else None

    def _serial(self, cells: Mapping[str, Any]) -> str:
        if not self.unit_column:
            return self.serial
        value = cells.get(self.unit_column)
        if value is None or not str(value).strip():
            raise ValueError(f"{self.unit_column} is empty")
        return self.serial.replace("{}", str(value).strip())

    def _values(self, cells: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
        counted = isinstance(self.time, CycleTime) and self.keep_counter
        for column, cell in cells.items():
            if column == self.unit_column or (column == self.time.column and not counted):
                continue
            name = self.names.get(column, column)
            if self.only and name not in self.only:
                continue
            value = _value(cell, text=name in self.text)
            if value is not None:
                yield name, value


def _value(cell: Any, *, text: bool) -> Any:
    """A cell as JSON has it; None when it is missing.

    Raises:
        ValueError: it cannot be said in JSON exactly.
    """
    if isinstance(cell, str):
        trimmed = cell.strip()
        if trimmed.lower() in MISSING:
            return None
        return cell if text else _read(trimmed)
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if isinstance(cell, int) and abs(cell) > INTEGER_MAX:
        raise ValueError(f"{cell} is too large a whole number for JSON")
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return cell


def _read(text: str) -> Any:
    if _INTEGER.fullmatch(text) and len(text) < 16:
        return int(text)
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else None
    return _BOOLEANS.get(text.lower(), text)


def parse_columns(texts: Iterable[str]) -> dict[str, str]:
    """`column=property` options, one or several in a text divided by commas.

    Raises:
        Invalid: with each that is not such a pair.
    """
    names, faults = {}, []
    for part in (part.strip() for text in texts for part in text.split(",")):
        column, equals, name = part.partition("=")
        if not equals or not column or not name:
            faults.append(Fault(place="--map", reason=f"{part!r} is not column=property"))
        names[column] = name
    if faults:
        raise Invalid("The mapping of columns cannot be read.", faults=faults)
    return names

"""History taken in from a file: read in chunks, each value judged by its unit's model as the line would, then stored.

Rows that are right are stored, rows that are not are counted and the first of them told with their place. The same file
again changes nothing that a query sees: a reading's name is the key. Twins are not touched: history is not news.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Protocol, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.line import Check, Refused
from monokoto.connect.products import ProductModel
from monokoto.engines.series import Series
from monokoto.kernel.errors import Fault, Invalid, NotFound, TooLarge
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import IMPORT_FAULTS_MAX, IMPORT_ROWS_MAX
from monokoto.operate.telemetry.tables import READINGS
from monokoto.operate.telemetry.tall import Piece, by_months, last_of_each, rows_of
from monokoto.operate.telemetry.transfer.formats import FORMATS, Format
from monokoto.operate.telemetry.transfer.judging import all_at_once, one_by_one, times
from monokoto.operate.telemetry.transfer.parsing import Cells, Chunk, parse

ModelOf = Callable[[int, str, str], ProductModel]
"""Organisation, product, version to the compiled model; raises NotFound."""
BySerial = Callable[[int, str], UnitIdentity | None]
"""Organisation and serial to the unit; None when there is none, or more than one."""
_GZIP_MAGIC = b"\x1f\x8b"


class Units(Protocol):
    """Who the units are (fleet's directory)."""

    def find(self, unit_id: int) -> UnitIdentity | None:
        """Also a unit that was registered a moment ago; blocking."""
        ...


@dataclass(slots=True)
class Imported:
    """What an import did."""

    rows: int = 0
    """Rows of the file, the refused ones included."""
    readings: int = 0
    """Readings stored."""
    refused: int = 0
    """Values and rows that were not taken."""
    faults: list[Fault] = field(default_factory=list)
    """The first IMPORT_FAULTS_MAX of them; `line` is the row in the file, counted from 1, a header counted."""

    def refuse(self, row: int, place: str, reason: str) -> None:
        """Count one and tell of it while there is room."""
        self.refused += 1
        if len(self.faults) < IMPORT_FAULTS_MAX:
            self.faults.append(Fault(line=row, place=place, reason=reason))


class Importer:
    """One import into one organisation."""

    def __init__(
        self,
        series: Series,
        units: Units,
        model_of: ModelOf,
        *,
        organisation_id: int,
        now: int,
        by_serial: BySerial | None = None,
        check_only: bool = False,
    ) -> None:
        self._series = series
        self._units = units
        self._model_of = model_of
        self._organisation_id = organisation_id
        self._now = now
        self._by_serial = by_serial
        self._check_only = check_only
        self._known: dict[str, UnitIdentity | str] = {}
        self._models: dict[tuple[str, str], ProductModel] = {}
        self._checks: dict[tuple[str, str, str], Check] = {}
        self.done = Imported()

    def run(self, file: IO[bytes], format_: Format) -> Imported:
        """Take the file in.

        Raises:
            Invalid: it is not of the format; what stood before the fault is stored.
            TooLarge: it has over IMPORT_ROWS_MAX rows; the rows before are stored.
        """
        for number, chunk in enumerate(parse(_unpacked(file, format_), format_)):
            self.done.rows += len(chunk.units)
            if self.done.rows > IMPORT_ROWS_MAX:
                raise TooLarge(
                    f"An import has at most {IMPORT_ROWS_MAX} rows.", remedy="Send the rest as another file."
                )
            # Each chunk arrives a microsecond later: of two rows of one name the later in the file holds.
            pieces = self._pieces(chunk, self._now + number)
            table = rows_of(pieces)
            self.done.readings += table.num_rows
            if not self._check_only:
                for rows in by_months(table):
                    self._series.insert(READINGS, rows)
        return self.done

    def _pieces(self, chunk: Chunk, arrived: int) -> list[Piece]:
        for fault in chunk.faults:
            self.done.refuse(fault.line, fault.place, fault.reason)
        identities = [self._identity(name) for name in chunk.units]
        at, untimely = times(chunk.at, self._now)
        self._refuse_rows(chunk, identities, untimely)
        good = np.array([isinstance(identity, UnitIdentity) for identity in identities], np.bool_) & (at >= 0)
        plans, plan_of = _plans(identities)
        unit = np.array([one.unit_id if isinstance(one, UnitIdentity) else 0 for one in identities], np.int64)
        pieces: list[Piece] = []
        for cells in chunk.cells:
            fine = good[cells.rows]
            for number, (product, version) in enumerate(plans):
                chosen = np.flatnonzero(fine & (plan_of[cells.rows] == number))
                if not len(chosen):
                    continue
                part = Cells(cells.property, cells.rows[chosen], _chosen(cells.values, chosen))
                taken = self._accept(part, chunk.first_row, product, version)
                if taken is not None:
                    rows, kind, values = taken
                    moments = np.full(len(rows), arrived, np.int64)
                    piece = Piece(
                        self._organisation_id, product, cells.property, kind, unit[rows], at[rows], moments, values
                    )
                    pieces.append(last_of_each(piece))
        return pieces

    def _identity(self, name: str | None) -> UnitIdentity | str | None:
        """The unit, or the sentence that says why there is none; None for a row that is no row."""
        if name is None:
            return None
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._look_up(name)
        return known

    def _look_up(self, name: str) -> UnitIdentity | str:
        try:
            identity = self._units.find(parse_id(name, what="unit"))
        except Invalid:
            identity = None
        if identity is None and self._by_serial is not None:
            identity = self._by_serial(self._organisation_id, name)
        # A foreign unit is no unit: that it exists is nobody's business here.
        if identity is None or identity.organisation_id != self._organisation_id:
            return f"there is no unit with the id or serial {name[:60]!r}, or several"
        return identity

    def _refuse_rows(
        self, chunk: Chunk, identities: Sequence[UnitIdentity | str | None], untimely: dict[int, str]
    ) -> None:
        for row, identity in enumerate(identities):
            if isinstance(identity, str):
                self.done.refuse(chunk.first_row + row, "unit", identity)
        for row, reason in untimely.items():
            if isinstance(identities[row], UnitIdentity):
                self.done.refuse(chunk.first_row + row, "at", reason)

    def _accept(
        self, cells: Cells, first_row: int, product: str, version: str
    ) -> tuple[npt.NDArray[np.intp], int, Any] | None:
        """The rows whose value fits, the kind, and the values as they are stored."""
        check = self._check(product, version, cells.property)
        if check is None:
            for row in cells.rows.tolist():
                reason = f"product {product} {version} has no property {cells.property!r}"
                self.done.refuse(first_row + row, cells.property, reason)
            return None
        quick = all_at_once(check, cells.values)
        if quick is not None:
            return cells.rows, int(check.kind), quick
        rows, values = [], []
        for row, value in zip(cells.rows.tolist(), one_by_one(check.kind, cells.values), strict=True):
            try:
                values.append(check.accept(value))
                rows.append(row)
            except Refused as refusal:
                self.done.refuse(first_row + row, cells.property, refusal.detail)
        stored = np.array(values, np.float64) if check.kind.numeric else pa.array(values, pa.string())
        return np.array(rows, np.intp), int(check.kind), stored

    def _check(self, product: str, version: str, name: str) -> Check | None:
        key = (product, version, name)
        if key not in self._checks:
            try:
                model = self._models.get(key[:2]) or self._model_of(self._organisation_id, product, version)
            except NotFound:
                return None
            self._models[key[:2]] = model
            if name not in model.properties:
                return None
            self._checks[key] = Check(model.properties[name])
        return self._checks[key]


def _plans(identities: Sequence[UnitIdentity | str | None]) -> tuple[list[tuple[str, str]], npt.NDArray[np.int64]]:
    """The product versions in a chunk, and which of them each row's unit is of; -1 for rows without a unit."""
    numbers: dict[tuple[str, str], int] = {}
    codes = [
        numbers.setdefault((one.product, one.version), len(numbers)) if isinstance(one, UnitIdentity) else -1
        for one in identities
    ]
    return list(numbers), np.array(codes, np.int64)


def _chosen(values: pa.Array | Sequence[Any], places: npt.NDArray[np.intp]) -> pa.Array | Sequence[Any]:
    if isinstance(values, pa.Array):
        return values.take(pa.array(places))
    return [values[place] for place in places.tolist()]


def _unpacked(file: IO[bytes], format_: Format) -> IO[bytes]:
    """The file, unzipped as it is read when it starts like gzip."""
    head = file.read(2)
    file.seek(0)
    packed = head == _GZIP_MAGIC and FORMATS[format_].text
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file

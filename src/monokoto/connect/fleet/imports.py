"""Importing many units: read and checked first, registered in one transaction, every row answered.

The rows pass through two spools (in memory while small, then in an unlinked temporary file), so that memory holds one
chunk however long the import is, and the records are locked only while rows are stored. One transaction and not one per
chunk, in both modes: a unit whose registration was kept and whose token was never shown would be of no use.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from monokoto.connect.fleet.registration import Check, Refused, Registered, Registration
from monokoto.connect.fleet.rows import ReadRow
from monokoto.connect.fleet.unit import NewUnit
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import REGISTER_FAULTS_MAX

CHUNK_ROWS = 2000
_SPOOL_BYTES_IN_MEMORY = 8 * 1024 * 1024
T = TypeVar("T")


class ImportMode(StrEnum):
    """What a faulty row does to the others."""

    ALL_OR_NOTHING = "all-or-nothing"
    SKIP_FAULTY = "skip-faulty"


class Spool(Generic[T]):
    """A queue on disk: things go in at the end and come out from the beginning, one kind of thing only."""

    def __init__(self, kind: type[T]) -> None:
        # Closed by `close`: a spool outlives the call that fills it.
        self._file = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES_IN_MEMORY)  # noqa: SIM115
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)
        self._encoder = msgspec.json.Encoder()

    def put(self, things: Iterable[T]) -> None:
        """Add to the end."""
        self._file.write(self._encoder.encode_lines(things))

    def __iter__(self) -> Iterator[T]:
        self._file.seek(0)
        for line in self._file:
            yield self._decoder.decode(line)

    def close(self) -> None:
        """Forget everything."""
        self._file.close()


class Draft(msgspec.Struct, frozen=True, array_like=True):
    """A row that was read and checked on its own."""

    line: int
    new: NewUnit
    faults: tuple[Fault, ...] = ()


class RowResult(msgspec.Struct, frozen=True, array_like=True):
    """What became of one row."""

    line: int
    serial: str
    product: str
    version: str
    unit_id: int = 0
    """0: not registered."""
    token: str = ""
    faults: tuple[Fault, ...] = ()


class ImportReport:
    """What became of every row. Close it: the tokens in it are shown once."""

    def __init__(self) -> None:
        self.registered = 0
        self.faulty = 0
        self._results: Spool[RowResult] = Spool(RowResult)

    def add(self, results: list[RowResult]) -> None:
        """Note what became of some rows."""
        faulty = sum(1 for result in results if result.faults)
        self.faulty += faulty
        self.registered += len(results) - faulty
        self._results.put(results)

    def __iter__(self) -> Iterator[RowResult]:
        return iter(self._results)

    def close(self) -> None:
        """Forget the results."""
        self._results.close()

    def __enter__(self) -> ImportReport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def refuse(self) -> None:
        """Raises Invalid with the faults of the rows when there are any."""
        if not self.faulty:
            return
        faults = [fault for result in self for fault in result.faults][:REGISTER_FAULTS_MAX]
        more = " The first of them are listed." if len(faults) == REGISTER_FAULTS_MAX else ""
        raise Invalid(
            f"{self.faulty} of {self.faulty + self.registered} rows are faulty; nothing was registered.{more}",
            remedy="Mend them and send all rows again, or import with mode=skip-faulty.",
            faults=faults,
        )


def checked(rows: Iterable[ReadRow], check: Check) -> Spool[Draft]:
    """The rows with everything found that can be found without the transaction."""
    drafts: Spool[Draft] = Spool(Draft)
    try:
        for chunk in chunks(rows):
            drafts.put([_draft(row, check) for row in chunk])
    except BaseException:
        drafts.close()
        raise
    return drafts


def register_all(drafts: Iterable[Draft], registration: Registration, report: ImportReport) -> None:
    """Register the sound ones, in their order; all of them are reported."""
    for chunk in chunks(drafts):
        sound = registration.take([draft.new for draft in chunk if not draft.faults])
        results = iter(sound)
        report.add([_result(draft, None if draft.faults else next(results)) for draft in chunk])


def chunks(things: Iterable[T]) -> Iterator[list[T]]:
    """Lists of bounded length."""
    chunk: list[T] = []
    for thing in things:
        chunk.append(thing)
        if len(chunk) == CHUNK_ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _draft(row: ReadRow, check: Check) -> Draft:
    # A row that could not even be read has no field worth looking at.
    if row.faults and not row.new.serial:
        return Draft(row.line, row.new, row.faults)
    result = check.completed(row.new)
    if isinstance(result, Refused):
        return Draft(row.line, row.new, row.faults + _at(row.line, result.faults))
    return Draft(row.line, result, row.faults)


def _result(draft: Draft, result: Registered | Refused | None) -> RowResult:
    new = draft.new
    if isinstance(result, Registered):
        return RowResult(draft.line, new.serial, new.product, new.version, result.unit.id, result.token)
    faults = draft.faults if result is None else _at(draft.line, result.faults)
    return RowResult(draft.line, new.serial, new.product, new.version, faults=faults)


def _at(line: int, faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(replace(fault, line=line) for fault in faults)

"""Rows out of a file: CSV (any separator), columns divided by spaces, NDJSON, Parquet; plain or gzip. One row at a time.

Every row keeps its line, so that what is wrong with it can be found: the line of the text, or the row number in Parquet.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import msgspec

from monokoto.kernel.errors import Invalid, NotFound

_SEPARATORS = ",;\t|"
_PARQUET_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line, and its cells by column; cells of text formats are text."""

    line: int
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A row that cannot be sent, and why."""

    line: int
    reason: str


def read_table(path: Path) -> Iterator[Row | WrongRow]:
    """The rows of a file, by its name: `.parquet`, `.ndjson`/`.jsonl`, else separated text with a header; `.gz` of these.

    Raises:
        NotFound: there is no such file.
        Invalid: it is no table at all.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".parquet"]:
        return _parquet(path)
    packed = suffixes[-1:] == [".gz"]
    kind = suffixes[-2] if packed and len(suffixes) > 1 else suffixes[-1] if suffixes else ""
    return _guarded(path, packed, _ndjson if kind in (".ndjson", ".jsonl") else _separated)


def _guarded(path: Path, packed: bool, read: Any) -> Iterator[Row | WrongRow]:
    try:
        with _text(path, packed) as file:
            yield from read(path, file)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise Invalid(f"{path} cannot be read: {error}.") from error


def _text(path: Path, packed: bool) -> TextIO:
    if packed:
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _separated(path: Path, file: TextIO) -> Iterator[Row | WrongRow]:
    header = file.readline()
    separator = max(_SEPARATORS, key=header.count)
    if header.count(separator):
        columns = next(csv.reader([header], delimiter=separator))
        rows: Iterator[tuple[int, list[str]]] = _csv_rows(file, separator)
    else:
        columns = header.split()
        rows = ((line, text.split()) for line, text in enumerate(file, 2))
    columns = [column.strip() for column in columns]
    if not any(columns) or len(set(columns)) < len(columns):
        raise Invalid(f"The first line of {path} does not name its columns, each once.")
    width = len(columns)
    for line, cells in rows:
        if len(cells) == width:
            yield Row(line, dict(zip(columns, cells, strict=True)))
        elif cells:
            yield WrongRow(line, f"has {len(cells)} cells, and the header {width}")


def _csv_rows(file: TextIO, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(file, delimiter=separator)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num + 1, [str(error)]
            continue
        yield reader.line_num + 1, cells


def _ndjson(_path: Path, file: TextIO) -> Iterator[Row | WrongRow]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for line, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            yield Row(line, decode(text))
        except msgspec.DecodeError as error:
            yield WrongRow(line, f"is no JSON object: {error}")


def _parquet(path: Path) -> Iterator[Row | WrongRow]:
    from pyarrow import ArrowException, parquet  # noqa: PLC0415 half a second, for this format only

    line = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_PARQUET_ROWS):
                for cells in batch.to_pylist():
                    line += 1
                    yield Row(line, cells)
    except (OSError, ArrowException) as error:
        raise Invalid(f"{path} cannot be read: {error}.") from error


def count_rows(path: Path) -> int | None:
    """About how many rows a file has, quickly; None when only reading it would tell."""
    try:
        if path.suffix.lower() == ".parquet":
            from pyarrow import parquet  # noqa: PLC0415

            return int(parquet.read_metadata(path).num_rows)
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except (OSError, EOFError, ValueError):
        return None

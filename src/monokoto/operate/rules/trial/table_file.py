"""A table on this disk as readings of one unit: `koto rules try --csv`. Needs no platform."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from monokoto.connect.line import Batch
from monokoto.connect.products import ProductModel, suggestion
from monokoto.kernel.errors import Fault, Invalid, NotFound
from monokoto.kernel.limits import FAULTS_MAX, TRIAL_READINGS_MAX
from monokoto.operate.rules.rule import Rule
from monokoto.operate.rules.trial.pieces import Piece, table_of
from monokoto.operate.rules.trial.run import Bounds, Tally, Trying, run
from monokoto.operate.rules.trial.service import compiled_for_trial

TIME_COLUMNS = ("time", "timestamp", "at", "datetime", "date")
UNIT = 1
"""The unit all rows are of."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUTH = {"true": 1.0, "false": 0.0}
_AFTER_US = 1_000_000


def try_on_table(
    path: Path, model: ProductModel, rules: Sequence[Rule], columns: Mapping[str, str] | None = None
) -> Tally:
    """Run rules over a CSV file (also gzipped) with a column of times, and one for each property.

    `columns` says which column is which property, where they are not called alike. Times without a zone are UTC.

    Raises:
        NotFound: there is no such file.
        Invalid: it is no such table; every fault with its line.
    """
    table = read_table(path, model, columns or {})
    block = table_of(table, model, UNIT)
    until = int(block.at[-1]) + _AFTER_US if len(block.at) else 0
    batch = Batch(partition=0, first_sequence=0, last_sequence=0, blocks=(block,) if len(block.at) else ())
    tally = Tally()
    engine = Trying(compiled_for_trial(rules, model))
    for tally in run(engine, [Piece(batch, until, 1.0)], Bounds(TRIAL_READINGS_MAX)):  # noqa: B007
        pass
    return tally


def read_table(path: Path, model: ProductModel, columns: Mapping[str, str]) -> dict[str, list[object]]:
    """The columns by property, the instants under `""`."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.") from None
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    chosen = dict(_chosen(header, model, columns, path))
    found: dict[str, list[object]] = {name: [] for name in chosen}
    faults: list[Fault] = []
    for line, row in enumerate(rows, 2):
        if not row:
            continue
        try:
            values = {name: _value(name, row[place], model) for name, place in chosen.items()}
        except (ValueError, IndexError) as error:
            faults.append(Fault(file=str(path), line=line, reason=str(error)))
            if len(faults) >= FAULTS_MAX:
                break
            continue
        for name, value in values.items():
            found[name].append(value)
    if faults:
        raise Invalid(f"{path} is not a table of readings.", faults=faults)
    return found


def _chosen(
    header: Sequence[str], model: ProductModel, columns: Mapping[str, str], path: Path
) -> Iterator[tuple[str, int]]:
    """Property (`""` for the times) to the place of its column."""
    names = [name.strip() for name in header]
    time = next((name for name in names if name.lower() in TIME_COLUMNS), None)
    faults = []
    if time is None:
        faults.append(f"has no column of times: one of {', '.join(TIME_COLUMNS)}")
    for column, wanted in columns.items():
        if column not in names:
            faults.append(f"has no column {column!r}{suggestion(column, names)}")
        if wanted not in model.properties:
            faults.append(f"{wanted!r} is no property of {model.product}{suggestion(wanted, model.properties)}")
    found = {columns.get(name, name): place for place, name in enumerate(names) if name != time}
    found = {name: place for name, place in found.items() if name in model.properties}
    if not found:
        faults.append(f"none of its columns is a property of {model.product}: say --column COLUMN=PROPERTY")
    if faults:
        raise Invalid(
            f"{path} is not a table of readings.", faults=[Fault(file=str(path), line=1, reason=one) for one in faults]
        )
    assert time is not None
    yield "", names.index(time)
    yield from found.items()


def _value(name: str, text: str, model: ProductModel) -> object:
    text = text.strip()
    if not name:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round((moment - _EPOCH).total_seconds() * 1_000_000)
    if not text:
        return None
    if not model.properties[name].kind.numeric:
        return text
    return _TRUTH[text.lower()] if text.lower() in _TRUTH else float(text)

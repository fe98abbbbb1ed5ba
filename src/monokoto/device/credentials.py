"""The credentials of many units, as the fleet's import answers them: CSV with the columns serial and token, or NDJSON."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from monokoto.kernel.errors import Fault, Invalid

_FAULTS_MAX = 20


def read_credentials(path: Path) -> dict[str, str]:
    """Serial to token. Other columns are ignored, and rows without a token (units that were refused).

    Raises:
        Invalid: it cannot be read, with every faulty line.
    """
    faults: list[Fault] = []
    tokens: dict[str, str] = {}
    try:
        for line, row in _rows(path):
            serial, token = row.get("serial"), row.get("token")
            if not isinstance(serial, str) or not serial:
                faults.append(Fault(file=str(path), line=line, reason="has no serial"))
            elif token:
                tokens[serial] = str(token)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, csv.Error) as error:
        faults.append(Fault(file=str(path), reason=str(error)))
    if not faults and not tokens:
        faults.append(Fault(file=str(path), reason="has no unit with a token"))
    if faults:
        raise Invalid("The credentials cannot be read.", faults=faults[:_FAULTS_MAX])
    return tokens


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.read(1)
        file.seek(0)
        if first == "{":
            for line, text in enumerate(file, 1):
                if text.strip():
                    yield line, msgspec.json.decode(text, type=dict[str, Any])
            return
        reader = csv.DictReader(file)
        for row in reader:
            yield reader.line_num, row

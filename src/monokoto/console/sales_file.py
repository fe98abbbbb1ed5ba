"""A file of product sales as people make it with a spreadsheet: read line by line, each with what became of it. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monokoto.console.api import Fault
from monokoto.console.languages import mark

COLUMNS = ("key", "date", "product", "units", "currency", "amount")
TEMPLATE = (",".join(COLUMNS) + "\r\n").encode()
NO_TEXT = mark("This is no CSV file in UTF-8. Save it as “CSV UTF-8” and send it again.")
LACKS = mark("The first line names the columns; these are missing: %(columns)s. Take the template.")
EMPTY = mark("There is no sale in this file, only the names of the columns.")
WHOLE = mark("units is a whole number, such as 1; below zero for what came back")
_SEPARATORS = ",;\t"
_PLACE = re.compile(r"sales/(\d+)(?:/(\w+))?")


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line of the file."""

    number: int
    """Of the file, the names of the columns being 1."""
    told: dict[str, str]
    fault: str = ""
    result: str = ""
    """added or known; empty: not taken."""

    @property
    def body(self) -> dict[str, Any]:
        """As the API takes it."""
        return self.told | {"units": int(self.told["units"])}


class Unreadable(Exception):
    """The file as a whole; says why."""


def read(content: bytes) -> list[SaleLine]:
    """Its lines, those that cannot be sent with their fault. Comma, semicolon or tab between the columns.

    Raises:
        Unreadable: there is nothing to read line by line; its arguments are a message and its values.
    """
    try:
        text = content.decode("utf-8-sig")
        head = text.partition("\n")[0]
        separator = max(_SEPARATORS, key=head.count)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error):
        raise Unreadable(NO_TEXT, {}) from None
    missing = [name for name in COLUMNS if name not in [one.strip() for one in reader.fieldnames or ()]]
    if missing:
        raise Unreadable(LACKS, {"columns": ", ".join(missing)})
    found = [_line(number, row) for number, row in rows]
    found = [one for one in found if any(one.told.values())]
    if not found:
        raise Unreadable(EMPTY, {})
    return found


def _line(number: int, row: dict[str | Any, Any]) -> SaleLine:
    named = {str(name).strip(): value for name, value in row.items() if name is not None}
    told = {name: (named[name] or "").strip() for name in COLUMNS}
    try:
        int(told["units"])
    except ValueError:
        return SaleLine(number, told, fault=WHOLE)
    return SaleLine(number, told)


def marked(lines: Sequence[SaleLine], faults: Iterable[Fault]) -> list[SaleLine]:
    """With what the API found wrong at each."""
    said: dict[int, list[str]] = {}
    for fault in faults:
        if found := _PLACE.fullmatch(fault.place):
            said.setdefault(int(found[1]), []).append(f"{found[2] or ''} {fault.reason}".strip())
    return [replace(one, fault="; ".join(said.get(place, []))) for place, one in enumerate(lines)]

"""InfluxDB line protocol to columnar payloads, pure. Source: docs.influxdata.com, "Line protocol reference" (v1 and v2).

    measurement,tag=value field=1.5,other=2i,state="on" 1767225600000000000

A tag names the unit (`unit_tag`); without it the lines are the sender's own. Fields become properties, the other tags are not
kept. Lines of the same fields are gathered into columns as text: a column of plain numbers is checked and passed on without
a Python object per value, which is what makes it fast. A faulty line is reported with its number; the others are taken.

Refused: a record per line (the line's decoder would pay for each), and parsing every value into an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import LINE_PROTOCOL_FAULTS_MAX

PRECISIONS: Final = {
    "n": 1,
    "ns": 1,
    "u": 1_000,
    "us": 1_000,
    "µ": 1_000,
    "ms": 1_000_000,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
"""Nanoseconds of one unit of a timestamp."""
NAMINGS: Final = {
    "field": "{field}",
    "measurement_field": "{measurement}_{field}",
    "measurement.field": "{measurement}.{field}",
}
"""How a property is called after its line."""
ROWS_IN_PAYLOAD: Final = 5_000
_MICROSECONDS_MAX: Final = 6 * 10**16  # past the year 3800; the line refuses far less
_MICROSECONDS_FROM: Final = 10**14  # a smaller number would be read as milliseconds: then times travel as text

_PARTS = frozenset({2, 3})
# Possessive throughout: a hostile line is read once, from left to right.
_HEAD = r"(?:\\.|[^ \n\\])++"
_FIELDS = r'(?:\\.|="(?:\\.|[^"\\])*+"|[^ \n\\])++'
_LINE = re.compile(rf"({_HEAD}) +({_FIELDS})(?: +(-?\d+))? *\r?(?:\n|\Z)", re.DOTALL)
_PART = re.compile(r"(?:\\.|[^,\\])++", re.DOTALL)
_FIELD = re.compile(r'((?:\\.|[^=,\\])++)=("(?:\\.|[^"\\])*+"|[^,"]++)(?:,|\Z)', re.DOTALL)
_ESCAPED = re.compile(r"\\([,= ])")
_ESCAPED_TEXT = re.compile(r'\\(["\\])')
_STAMP = re.compile(r"\s*-?\d{1,19}\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INTEGER = re.compile(r"(-?\d{1,20})[iu]")
_BOOLEANS = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), "true"),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), "false"),
}


@dataclass(slots=True)
class Parsed:
    """What a body says."""

    payloads: list[bytes] = field(default_factory=list)
    """Columnar JSON, each at most ROWS_IN_PAYLOAD rows."""
    rows: int = 0
    """Lines taken."""
    faults: list[Fault] = field(default_factory=list)
    """The first LINE_PROTOCOL_FAULTS_MAX faulty lines."""
    dropped: int = 0
    """All faulty lines."""

    def fault(self, line: int, reason: str) -> None:
        """One line is not taken."""
        self.dropped += 1
        if len(self.faults) < LINE_PROTOCOL_FAULTS_MAX:
            self.faults.append(Fault(line=line, reason=reason))


@dataclass(slots=True)
class _Group:
    """Lines of one measurement with the same fields."""

    names: tuple[str, ...]
    units: list[str | None] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    """Row after row: a list for each row would be garbage the collector walks through."""
    lines: list[int] = field(default_factory=list)

    def rows(self, rows: Sequence[int]) -> _Group:
        """Only these rows."""
        width = len(self.names)
        return _Group(
            self.names,
            [self.units[row] for row in rows],
            [self.stamps[row] for row in rows],
            [value for row in rows for value in self.values[row * width : (row + 1) * width]],
            [self.lines[row] for row in rows],
        )


_Groups = dict[tuple[str | bool, ...], _Group]
"""By measurement, whether the lines name no unit, and the fields' names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a body is to be read."""

    now: int
    """Microseconds; the time of lines that have none."""
    precision: str = "ns"
    unit_tag: str = "unit"
    naming: str = "field"

    def __post_init__(self) -> None:
        faults = [
            Fault(place=place, reason=f"{value[:40]!r} is not one of {', '.join(known)}")
            for place, value, known in (
                ("precision", self.precision, PRECISIONS),
                ("naming", self.naming, NAMINGS),
            )
            if value not in known
        ]
        if faults:
            raise Invalid("The query of this write is not understood.", faults=faults)


def parse_lines(body: bytes, reading: Reading) -> Parsed:
    """All lines of a body.

    Raises:
        Invalid: it is not UTF-8.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Invalid("Line protocol is UTF-8.", faults=[Fault(reason=str(error))]) from None
    parsed = Parsed()
    groups: _Groups = {}
    heads: dict[str, tuple[str, str | None]] = {}
    if '"' in text or "\\" in text:
        _scan(text, parsed, groups, heads, reading)
    else:
        _split(text, parsed, groups, heads, reading)
    for (measurement, *_), group in groups.items():
        names = [NAMINGS[reading.naming].format(measurement=measurement, field=name) for name in group.names]
        parsed.payloads.extend(_payloads(group, names, parsed, reading))
    parsed.faults.sort(key=lambda fault: fault.line)
    return parsed


def _split(
    text: str,
    parsed: Parsed,
    groups: _Groups,
    heads: dict[str, tuple[str, str | None]],
    reading: Reading,
) -> None:
    """A body without quotes and escapes: split at spaces, commas and equals signs, at C speed."""
    for number, line in enumerate(text.split("\n"), 1):
        parts = line.split(" ")
        count = len(parts)
        if count in _PARTS:
            known = heads.get(parts[0])
            if known is not None:
                items = parts[1].replace("=", ",").split(",")
                # Only a group that a line read thoroughly has made is found here: its names are names.
                group = groups.get((known[0], known[1] is None, *items[::2]))
                if group is not None and not len(items) & 1:
                    group.units.append(known[1])
                    group.stamps.append(parts[2] if count == 3 else "")
                    group.values += items[1::2]
                    group.lines.append(number)
                    continue
        _one(line, number, parsed, groups, heads, reading)


def _scan(
    text: str,
    parsed: Parsed,
    groups: _Groups,
    heads: dict[str, tuple[str, str | None]],
    reading: Reading,
) -> None:
    """A body with quotes or escapes, where a text may hold spaces, commas and line ends."""
    position, number, end = 0, 1, len(text)
    while position < end:
        stop = text.find("\n", position)
        stop = end if stop < 0 else stop
        match = None
        if text[position : position + 1] not in {"#", "\n", "\r", " "}:
            match = _LINE.match(text, position)
        if match is not None:
            stop = match.end() - text[match.start() : match.end()].endswith("\n")
        _one(text[position:stop], number, parsed, groups, heads, reading)
        number += text.count("\n", position, stop) + 1
        position = stop + 1


def _one(
    line: str,
    number: int,
    parsed: Parsed,
    groups: _Groups,
    heads: dict[str, tuple[str, str | None]],
    reading: Reading,
) -> None:
    """One line, thoroughly; into its group, or into the faults."""
    line = line.strip(" \r\t")
    if not line or line[0] == "#":
        return
    match = _LINE.fullmatch(line)
    if match is None:
        parsed.fault(number, "it is not `measurement,tags fields timestamp`")
        return
    head, fields, stamp = match.groups()
    known = heads.get(head)
    if known is None:
        known = _read_head(head, reading.unit_tag)
        if known is None:
            parsed.fault(number, "a tag is not key=value")
            return
        heads[head] = known
    found = _read_fields(fields)
    if found is None:
        parsed.fault(number, "a field is not key=value")
        return
    names, values = found
    group = groups.setdefault((known[0], known[1] is None, *names), _Group(names))
    group.units.append(known[1])
    group.stamps.append(stamp or "")
    group.values += values
    group.lines.append(number)


def _read_head(head: str, unit_tag: str) -> tuple[str, str | None] | None:
    parts = _PART.findall(head)
    if sum(map(len, parts)) + len(parts) - 1 != len(head):  # an empty part, or a backslash at the end
        return None
    unit = None
    for part in parts[1:]:
        key, equals, value = re.sub(r"\\=", "\0", part).partition("=")
        if not equals or not key or not value or "=" in value:
            return None
        if _ESCAPED.sub(r"\1", key.replace("\0", "=")) == unit_tag:
            unit = _ESCAPED.sub(r"\1", value.replace("\0", "="))
    return _ESCAPED.sub(r"\1", parts[0]), unit


def _read_fields(fields: str) -> tuple[tuple[str, ...], list[str]] | None:
    names, values, position = [], [], 0
    while position < len(fields):
        match = _FIELD.match(fields, position)
        if match is None:
            return None
        names.append(_ESCAPED.sub(r"\1", match[1]))
        values.append(match[2])
        position = match.end()
    if fields.endswith(",") or len(set(names)) != len(names):
        return None
    return tuple(names), values


def _payloads(group: _Group, names: list[str], parsed: Parsed, reading: Reading) -> Iterator[bytes]:
    """The lines of a group, column by column."""
    count = len(group.lines)
    for start in range(0, count, ROWS_IN_PAYLOAD):
        part = group if count <= ROWS_IN_PAYLOAD else group.rows(range(start, min(start + ROWS_IN_PAYLOAD, count)))
        payload = _payload(part, names, parsed, reading)
        if payload:
            yield payload


def _payload(group: _Group, names: list[str], parsed: Parsed, reading: Reading) -> bytes:
    bad: dict[int, str] = {}
    times = _times(group.stamps, group.lines, bad, reading)
    columns = [_column(group.values[place :: len(names)], name, bad) for place, name in enumerate(names)]
    if bad:  # leave the faulty rows out, and do what is left again
        for row, reason in sorted(bad.items()):
            parsed.fault(group.lines[row], reason)
        fine = [row for row in range(len(group.lines)) if row not in bad]
        return _payload(group.rows(fine), names, parsed, reading) if fine else b""
    parsed.rows += len(group.lines)
    encode = msgspec.json.encode
    parts = [b'"at":' + encode(times)]
    if group.units[0] is not None:  # else the lines are the sender's own
        parts.append(b'"unit":' + encode(group.units))
    values = ",".join(f"{encode(name).decode()}:[{column}]" for name, column in zip(names, columns, strict=True))
    return b"{" + b",".join(parts) + b',"values":{' + values.encode() + b"}}"


def _times(stamps: list[str], lines: list[int], bad: dict[int, str], reading: Reading) -> list[int] | list[str]:
    factor = PRECISIONS[reading.precision]
    if "" in stamps:  # each line a microsecond of its own, so that none hides another
        stamps = [
            stamp or str((reading.now + line) * 1_000 // factor) for stamp, line in zip(stamps, lines, strict=True)
        ]
    try:
        times = [int(stamp) * factor // 1_000 for stamp in stamps]
    except ValueError:
        for row, stamp in enumerate(stamps):
            if not _STAMP.fullmatch(stamp):
                bad[row] = f"{stamp[:40]!r} is not a timestamp"
        return []
    if min(times) >= _MICROSECONDS_FROM and max(times) < _MICROSECONDS_MAX:
        return times
    texts = []
    for row, time in enumerate(times):
        if abs(time) < _MICROSECONDS_MAX:
            texts.append(format_instant(time))
        else:
            bad[row] = "its timestamp is out of range"
    return texts


def _column(column: Sequence[str], name: str, bad: dict[int, str]) -> str:
    """The values as the inside of a JSON array; rows that are no value go to `bad`."""
    # JSON's number grammar is a part of line protocol's: what passes needs no other form.
    joined = ",".join(column)
    if joined[-1:] == "i":
        plain = joined[:-1].replace("i,", ",")
        if _is_json(plain, list[int]):
            return plain
    elif _is_json(joined, list[float]):
        return joined
    texts = []
    for row, value in enumerate(column):
        text = _value(value)
        if text is None:
            bad[row] = f"field {name[:64]!r}: {value[:40]!r} is not a value"
            text = "null"
        texts.append(text)
    return ",".join(texts)


def _is_json(text: str, kind: Any) -> bool:
    try:
        msgspec.json.decode(f"[{text}]", type=kind)
    except msgspec.DecodeError:
        return False
    return True


def _value(value: str) -> str | None:
    """One field's value as JSON, or None."""
    if value[:1] == '"':
        return msgspec.json.encode(_ESCAPED_TEXT.sub(r"\1", value[1:-1])).decode()
    integer = _INTEGER.fullmatch(value)
    if integer is not None:
        return str(int(integer[1]))
    if _NUMBER.fullmatch(value):
        return repr(float(value))
    return _BOOLEANS.get(value)

"""YAML text into plain values with the line of each, from the parser's events.

Not `yaml.safe_load`: it forgets the lines, takes a repeated key in silence, follows YAML 1.1 (where `off` is false, and a
list of modes `[off, heat]` becomes `[false, "heat"]`), and writes out aliases without bound. Scalars here follow the core
schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema) with two limits of JSON: no NaN, no infinity.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from monokoto.connect.products.description.report import Position, Report, child
from monokoto.kernel.limits import FOLDER_DEPTH_MAX, FOLDER_NODES_MAX

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_DIGITS_MAX = 40
_INTEGER_MAX = 2**63 - 1
_TEXT_TAG = "tag:yaml.org,2002:str"
_STYLES = {"'": 1, '"': 1, "|": None, ">": None}
"""What stands before a text of each style: a quotation mark, or a line of its own (None)."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Source:
    """What a file says, and in which line it says it (JSON pointer to line, counted from 1)."""

    value: Any
    lines: dict[str, int]
    texts: dict[str, Position] = field(default_factory=dict)
    """Where each text begins, for those who point into it."""


class _Broken(Exception):
    """The rest of the text cannot be understood."""


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    holder: dict[str, Any] | list[Any]
    place: str
    anchor: str | None
    line: int
    key: str | None = None
    key_line: int = 0
    dropped: bool = False
    """The name that was read has no place; its value is read and forgotten."""
    key_lines: dict[str, int] = field(default_factory=dict)
    nodes: int = 1
    height: int = 1


def parse_yaml(text: str, report: Report) -> Source:
    """The one document in a text. What is wrong with it is added to the report, whose lines are set; never raises."""
    reader = _Reader(report)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        report.add("", f"this is not YAML: {error.problem or error.context}", line=line)
    except yaml.YAMLError as error:
        report.add("", f"this is not YAML: {str(error).splitlines()[0]}")
    except UnicodeError:
        report.add("", "the text holds what is no Unicode character")
    except _Broken:
        pass
    report.lines, report.texts = reader.lines, reader.texts
    return Source(reader.value, reader.lines, reader.texts)


class _Reader:
    """Builds the value from events, with a stack of its own: depth is a limit here, not the interpreter's."""

    def __init__(self, report: Report) -> None:
        self.value: Any = None
        self.lines: dict[str, int] = {}
        self.texts: dict[str, Position] = {}
        self._report = report
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int, int]] = {}
        self._documents = 0
        self._nodes = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._start(event, line)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._break("a second document begins here; a file holds one", line)

    def _break(self, reason: str, line: int) -> None:
        self._report.add(self._stack[-1].place if self._stack else "", reason, line=line)
        raise _Broken

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.holder, dict) and top.key is None:
            self._key(top, event, line)
            return
        place = self._place(line)
        value = self._resolve(event, place, line)
        if isinstance(value, str) and event.start_mark:
            self.texts.setdefault(place, Position(line, event.start_mark.column + 1, _STYLES.get(event.style or "", 0)))
        if event.anchor:
            self._anchors[event.anchor] = (value, 1, 0)
        self._put(value, 1, 0, line)

    def _key(self, top: _Open, event: yaml.ScalarEvent, line: int) -> None:
        key = event.value
        if key == "<<" and event.implicit[0]:
            self._report.add(top.place, "merge keys (<<) are not understood; write the members out", line=line)
            top.dropped = True
        if "\0" in key:
            self._report.add(top.place, "a name holds the character U+0000", line=line)
        if key in top.key_lines:
            self._report.add(
                child(top.place, key), f"is given a second time (first in line {top.key_lines[key]})", line=line
            )
        top.key_lines.setdefault(key, line)
        top.key, top.key_line = key, line

    def _place(self, line: int) -> str:
        """Where the next value goes; its line is that of its name, where it has one."""
        if not self._stack:
            place = ""
        else:
            top = self._stack[-1]
            place = child(top.place, len(top.holder) if isinstance(top.holder, list) else top.key or "")
            line = top.key_line or line
        self.lines.setdefault(place, line)
        return place

    def _put(self, value: Any, nodes: int, height: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > FOLDER_NODES_MAX:
            self._break(f"the file holds more than {FOLDER_NODES_MAX} values once its aliases are written out", line)
        if not self._stack:
            self.value = value
            return
        top = self._stack[-1]
        top.nodes += nodes
        top.height = max(top.height, height + 1)
        if len(self._stack) + height > FOLDER_DEPTH_MAX:
            self._break(f"mappings and lists are nested more than {FOLDER_DEPTH_MAX} deep", line)
        if isinstance(top.holder, list):
            top.holder.append(value)
        else:
            if not top.dropped:
                top.holder.setdefault(top.key or "", value)
            top.key, top.key_line, top.dropped = None, 0, False

    def _start(self, event: yaml.CollectionStartEvent, line: int) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.holder, dict) and top.key is None:
            self._break("a name must be a text; quote it where it begins with {, [ or *", line)
        if len(self._stack) >= FOLDER_DEPTH_MAX:
            self._break(f"mappings and lists are nested more than {FOLDER_DEPTH_MAX} deep", line)
        holder: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        place = self._place(line)
        if event.tag not in (None, "!"):
            self._report.add(place, f"the tag {event.tag[:60]!r} is not understood", line=line)
        self._stack.append(_Open(holder, place, event.anchor, line))

    def _end(self) -> None:
        closed = self._stack.pop()
        if closed.anchor:
            self._anchors[closed.anchor] = (closed.holder, closed.nodes, closed.height)
        # Its members were counted as they came.
        self._nodes -= closed.nodes - 1
        self._put(closed.holder, closed.nodes, closed.height, closed.line)

    def _alias(self, event: yaml.AliasEvent, line: int) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.holder, dict) and top.key is None:
            self._break("a name must be a text; quote it where it begins with {, [ or *", line)
        self._place(line)
        name = event.anchor or ""
        known = self._anchors.get(name)
        if known is None:
            # libyaml lets an alias stand inside its own anchor, where its value has no end.
            self._break(f"the alias *{name[:60]} stands before the end of what it names", line)
            return
        self._put(*known, line)

    def _resolve(self, event: yaml.ScalarEvent, place: str, line: int) -> Any:
        text: str = event.value
        if event.tag not in (None, "!", _TEXT_TAG):
            self._report.add(place, f"the tag {event.tag[:60]!r} is not understood", line=line)
        if "\0" in text:
            self._report.add(place, "the text holds the character U+0000", line=line)
        plain = event.tag is None and event.implicit[0]
        if not plain or _LEADING_ZERO.match(text):
            return text
        if text in _WORDS:
            return _WORDS[text]
        value: Any = text
        if _INTEGER.fullmatch(text):
            value = int(text, 0) if len(text) <= _DIGITS_MAX else math.inf
            value = value if abs(value) <= _INTEGER_MAX else math.inf
        elif _FLOAT.fullmatch(text):
            value = float(text)
        elif _NO_NUMBER.fullmatch(text):
            value = math.inf
        if value in (math.inf, -math.inf):
            self._report.add(place, f"{text[:40]} is beyond the numbers JSON carries", line=line)
            return 0
        return value

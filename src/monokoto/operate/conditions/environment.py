"""The reference: Google's CEL, with a product's variables declared. Its complaints become faults that name the place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_math, ext_strings

from monokoto.connect.products import suggestion
from monokoto.kernel.errors import Fault
from monokoto.operate.conditions.text import Text
from monokoto.operate.conditions.tree import Tree, read_tree
from monokoto.operate.conditions.types import CelType

_TYPES = {
    CelType.BOOLEAN: cel.Type.BOOL,
    CelType.INTEGER: cel.Type.INT,
    CelType.NUMBER: cel.Type.DOUBLE,
    CelType.TEXT: cel.Type.STRING,
    CelType.INSTANT: cel.Type.TIMESTAMP,
    CelType.BOOLEANS: cel.Type.List(cel.Type.BOOL),
    CelType.INTEGERS: cel.Type.List(cel.Type.INT),
    CelType.NUMBERS: cel.Type.List(cel.Type.DOUBLE),
    CelType.TEXTS: cel.Type.List(cel.Type.STRING),
}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_WORDS = """
    true false null in as break const continue else for function if import let loop package namespace return var void while
    bool int uint double string bytes list map type null_type dyn has self math strings
"""
RESERVED = frozenset(_WORDS.split())
"""Words that cannot stand for a property by themselves: CEL's own, its types, and `self`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFault(Fault):
    """A fault within a text of several lines: `line` and `column` count from 1 in that text."""

    column: int = 1


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing the reference says against a text, at a line and column of it (from 1)."""

    line: int
    column: int
    message: str


class Refused(Exception):
    """The reference does not take the text."""

    def __init__(self, complaints: tuple[Complaint, ...]) -> None:
        super().__init__(complaints)
        self.complaints = complaints


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables conditions may name, as the reference knows them."""

    variables: Mapping[str, CelType]
    names: Mapping[str, str]
    """The variable behind each name the reference uses."""
    flags: Mapping[str, str]
    """The variable whose being known each of these names says."""
    cel_names: Mapping[str, str]
    """The name the reference uses for each variable."""
    cel_flags: Mapping[str, str]
    reference: Any = field(repr=False)
    """A `cel.Env`."""

    def used(self, cel_names: Iterable[str]) -> dict[str, CelType]:
        """The variables behind names of the reference, also where it is only asked whether they are known."""
        names = {self.names.get(name) or self.flags.get(name, "") for name in cel_names}
        return {name: self.variables[name] for name in sorted(names) if name}

    def parse(self, text: str) -> Tree:
        """The tree of a text whose types nobody looked at. Raises Refused."""
        return self._compiled(text, unchecked=True)

    def check(self, text: str) -> Tree:
        """The tree of a text, checked. Raises Refused."""
        return self._compiled(text, unchecked=False)

    def expression(self, serialized: bytes) -> Any:
        """A `cel.Expression` of a checked tree."""
        return self.reference.deserialize(serialized)

    def _compiled(self, text: str, *, unchecked: bool) -> Tree:
        try:
            compiled = self.reference.compile(text, disable_check=unchecked)
        except RuntimeError as error:
            raise Refused(_complaints(str(error))) from None
        return read_tree(compiled.serialize())


def environment(variables: Mapping[str, CelType]) -> Environment:
    """The environment for these variables; the last few are kept."""
    return _environment(tuple(sorted(variables.items())))


@lru_cache(maxsize=32)
def _environment(variables: tuple[tuple[str, CelType], ...]) -> Environment:
    cel_names = {name: name if _plain(name) else f"__self_{index}" for index, (name, _) in enumerate(variables)}
    cel_flags = {name: f"__has_{index}" for index, (name, _) in enumerate(variables)}
    declared = {cel_names[name]: _TYPES[kind] for name, kind in variables}
    declared |= dict.fromkeys(cel_flags.values(), cel.Type.BOOL)
    reference = cel.NewEnv(variables=declared, extensions=[ext_math.ExtMath(), ext_strings.ExtStrings()])
    return Environment(
        variables=dict(variables),
        names={cel_name: name for name, cel_name in cel_names.items()},
        flags={flag: name for name, flag in cel_flags.items()},
        cel_names=cel_names,
        cel_flags=cel_flags,
        reference=reference,
    )


def _plain(name: str) -> bool:
    return _IDENTIFIER.fullmatch(name) is not None and not RESERVED.intersection(name.split("."))


_COMPLAINT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?=\n \||\nERROR: |\Z)", re.DOTALL)
_STATUS = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$")


def _complaints(message: str) -> tuple[Complaint, ...]:
    message = _STATUS.sub("", message)
    found = tuple(
        Complaint(max(int(match[1]), 1), max(int(match[2]), 1), match[3].strip())
        for match in _COMPLAINT.finditer(message)
    )
    return found or (Complaint(1, 1, message.strip()),)


_UNDECLARED = re.compile(r"undeclared reference to '([^']+)'.*")
_OVERLOAD = re.compile(r"found no matching overload for '([^']+)' applied to '(.*)'")
_SYNTAX = re.compile(r"Syntax error: (.*)", re.DOTALL)


def faults(complaints: tuple[Complaint, ...], text: Text, environment: Environment) -> tuple[TextFault, ...]:
    """What the reference says, in words for whoever wrote the text; `line` and `place` point into their text."""
    found: dict[TextFault, None] = {}
    for complaint in (_from_the_first_letter(each, text) for each in complaints):
        line, column = text.place(complaint.line, complaint.column)
        reason = _reason(complaint, text, environment)
        found[TextFault(reason=reason, place=f"column {column}", line=line, column=column)] = None
    return tuple(found)


def _from_the_first_letter(complaint: Complaint, text: Text) -> Complaint:
    """The reference points to the last dot of an unknown dotted name; people look for its beginning."""
    match = _UNDECLARED.fullmatch(complaint.message)
    before = match[1].rpartition(".")[0] if match else ""
    if before and text.now.endswith(before, 0, text.offset(complaint.line, complaint.column)):
        return replace(complaint, column=complaint.column - len(before))
    return complaint


def _reason(complaint: Complaint, text: Text, environment: Environment) -> str:
    message = complaint.message
    if match := _UNDECLARED.fullmatch(message):
        name = _whole_name(match[1], complaint, text)
        return f"there is no `{name}` here{suggestion(name, environment.variables)}"
    if match := _OVERLOAD.fullmatch(message):
        return f"`{_operator(match[1])}` does not take {match[2]}{_hint(match[2])}"
    if match := _SYNTAX.fullmatch(message):
        return f"this is no CEL: {match[1]}"
    return message


def _whole_name(name: str, complaint: Complaint, text: Text) -> str:
    """The dotted name that begins where an unknown one stands."""
    found = _IDENTIFIER.match(text.now, text.offset(complaint.line, complaint.column))
    return found.group() if found and (found.group() + ".").startswith(name + ".") else name


def _operator(name: str) -> str:
    return {"@in": "in", "_?_:_": "? :", "_[_]": "[ ]", "-_": "-", "!_": "!"}.get(name, name.replace("_", ""))


def _hint(operands: str) -> str:
    kinds = set(operands.strip("()").split(", "))
    return "; write `double(...)` around the whole number" if {"double", "int"} <= kinds else ""

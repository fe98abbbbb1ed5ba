"""An expression as a tree: read from what the reference parsed or checked."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monokoto.operate.conditions.wire import embedded, fields, groups, signed


class Form(StrEnum):
    """What a node is."""

    CONSTANT = "constant"
    NAME = "name"
    SELECT = "select"
    CALL = "call"
    LIST = "list"
    STRUCT = "struct"
    COMPREHENSION = "comprehension"


@dataclass(frozen=True, slots=True)
class Node:
    """One sub-expression."""

    id: int
    form: Form
    raw: bytes = field(repr=False)
    """The node as it was written, so that it can be evaluated on its own."""
    value: Any = None
    """A constant's value."""
    name: str = ""
    """The name, the function, or the selected field."""
    children: tuple[Node, ...] = ()
    """Arguments (the target of a method first), members, or what a comprehension consists of."""
    bound: tuple[str, ...] = ()
    """Names a comprehension gives to its own values, within itself."""

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def names(self) -> frozenset[str]:
        """The variables it uses; names bound by a comprehension are not among them."""
        if self.form is Form.NAME:
            return frozenset((self.name,))
        below = frozenset[str]().union(*(child.names() for child in self.children))
        return below - frozenset(self.bound)

    @property
    def depth(self) -> int:
        """How many nodes lie inside each other."""
        return 1 + max((child.depth for child in self.children), default=0)


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed or checked expression."""

    root: Node
    positions: Mapping[int, int]
    """Where each node stands in the text, in code points."""
    types: Mapping[int, str]
    """The type of each node as CEL writes it. Empty when only parsed."""
    rest: bytes = field(repr=False, default=b"")
    """What belongs to the checked expression beside its root."""

    def alone(self, node: Node) -> bytes:
        """A checked expression that consists of one of its nodes, as the reference reads it."""
        return embedded(1, _CHECKED.encode()) + embedded(2, self.rest + embedded(4, node.raw))


_CHECKED = "type.googleapis.com/cel.expr.CheckedExpr"
_PRIMITIVES = {1: "bool", 2: "int", 3: "uint", 4: "double", 5: "string", 6: "bytes"}
_WELL_KNOWN = {2: "timestamp", 3: "duration"}
_OTHERS = {2: "null", 7: "map", 9: "message", 11: "type"}


def read_tree(serialized: bytes) -> Tree:
    """What `Expression.serialize()` gives: an `Any` of a CheckedExpr or a ParsedExpr."""
    kind, message = (value for _, value in fields(serialized))
    assert isinstance(kind, bytes)
    assert isinstance(message, bytes)
    checked = kind.decode() == _CHECKED
    expression, information = (4, 5) if checked else (2, 3)
    parts = groups(message)
    types: dict[int, str] = {}
    rest = b""
    if checked:
        types = {key: _type(value) for key, value in map(_entry, parts.get(3, ()))}
        rest = b"".join(embedded(number, _bytes(entry)) for number in (2, 3, 5) for entry in parts.get(number, ()))
    positions: dict[int, int] = {}
    for entry in groups(_bytes(parts[information][0])).get(4, ()):
        pair = groups(_bytes(entry))
        positions[_int(pair[1][0])] = _int(pair.get(2, [0])[0])
    return Tree(_node(_bytes(parts[expression][0])), positions, types, rest)


def _entry(entry: int | bytes) -> tuple[int, bytes]:
    pair = groups(_bytes(entry))
    return _int(pair[1][0]), _bytes(pair[2][0])


def _node(raw: bytes) -> Node:
    identity, form, content = 0, Form.CONSTANT, b""
    for number, value in fields(raw):
        if number == 2:
            identity = _int(value)
        else:
            form, content = _FORMS[number], _bytes(value)
    return _READERS[form](identity, raw, content)


def _constant(identity: int, raw: bytes, content: bytes) -> Node:
    value: Any = None
    for number, item in fields(content):
        value = _CONSTANTS[number](item)
    return Node(identity, Form.CONSTANT, raw, value)


def _name(identity: int, raw: bytes, content: bytes) -> Node:
    return Node(identity, Form.NAME, raw, name=_text(groups(content)[1][0]))


def _select(identity: int, raw: bytes, content: bytes) -> Node:
    parts = groups(content)
    return Node(identity, Form.SELECT, raw, name=_text(parts[2][0]), children=(_node(_bytes(parts[1][0])),))


def _call(identity: int, raw: bytes, content: bytes) -> Node:
    parts = groups(content)
    inner = [*parts.get(1, ()), *parts.get(3, ())]
    return Node(
        identity, Form.CALL, raw, name=_text(parts[2][0]), children=tuple(_node(_bytes(child)) for child in inner)
    )


def _list(identity: int, raw: bytes, content: bytes) -> Node:
    children = tuple(_node(_bytes(child)) for child in groups(content).get(1, ()))
    return Node(identity, Form.LIST, raw, children=children)


def _struct(identity: int, raw: bytes, content: bytes) -> Node:
    children = []
    for entry in groups(content).get(2, ()):
        parts = groups(_bytes(entry))
        children += [_node(_bytes(child)) for number in (3, 4) for child in parts.get(number, ())]
    return Node(identity, Form.STRUCT, raw, children=tuple(children))


def _comprehension(identity: int, raw: bytes, content: bytes) -> Node:
    parts = groups(content)
    children = tuple(_node(_bytes(parts[number][0])) for number in (2, 4, 5, 6, 7))
    bound = tuple(_text(parts[number][0]) for number in (1, 3, 8) if number in parts)
    return Node(identity, Form.COMPREHENSION, raw, children=children, bound=bound)


_FORMS = {
    3: Form.CONSTANT,
    4: Form.NAME,
    5: Form.SELECT,
    6: Form.CALL,
    7: Form.LIST,
    8: Form.STRUCT,
    9: Form.COMPREHENSION,
}
_READERS = {
    Form.CONSTANT: _constant,
    Form.NAME: _name,
    Form.SELECT: _select,
    Form.CALL: _call,
    Form.LIST: _list,
    Form.STRUCT: _struct,
    Form.COMPREHENSION: _comprehension,
}


def _bytes(value: int | bytes) -> bytes:
    assert isinstance(value, bytes)
    return value


def _int(value: int | bytes) -> int:
    assert isinstance(value, int)
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()


_CONSTANTS: Mapping[int, Callable[[Any], Any]] = {
    1: lambda item: None,
    2: bool,
    3: lambda item: signed(_int(item)),
    4: _int,
    5: lambda item: struct.unpack("<d", _bytes(item))[0],
    6: _text,
    7: _bytes,
}


def _type(message: bytes) -> str:
    """A type as CEL writes it, as far as it can be told apart."""
    for number, value in fields(message):
        if number == 3:
            return _PRIMITIVES.get(_int(value), "dyn")
        if number == 5:
            return _WELL_KNOWN.get(_int(value), "any")
        if number == 6:
            element = next((_type(_bytes(inner)) for _, inner in fields(_bytes(value))), "dyn")
            return f"list({element})"
        return _OTHERS.get(number, "dyn")
    return "dyn"

"""Whole-number literals beside a double: `temperature > 80` means `temperature > 80.0`.

CEL has no arithmetic between whole numbers and doubles and refuses it when it checks. People write 80 all the same, and
mean 80.0. Where the reference refuses an operator for that reason, and the whole numbers among its operands are made of
literals only, those literals are written as doubles. Nothing else is changed: a whole-number property beside a double one
stays refused (`double(count)` says what is meant), and so does the text where no double is near (`7 / 2` is 3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from monokoto.operate.conditions.environment import Complaint
from monokoto.operate.conditions.text import Text, tokens
from monokoto.operate.conditions.tree import Form, Node, Tree
from monokoto.operate.conditions.types import CelType

_OVERLOAD = re.compile(r"found no matching overload for '([^']+)' applied to '\((.*)\)'")
_THROUGH = frozenset(("_+_", "_-_", "_*_", "_/_", "-_", "_?_:_"))
"""Operators a literal is looked for behind: they mean the same for doubles, but that `/` no longer cuts off."""
_MIXED = frozenset(("math.@max", "math.@min"))
"""Functions that take both kinds of numbers at once, and then have no type a column could have."""
_EITHER = _THROUGH | {"math.abs", "math.sign"}
"""Functions that give the kind of number they are given."""
_DOUBLE = frozenset(("double", "math.sqrt", "math.ceil", "math.floor", "math.round", "math.trunc"))
"""Functions that give a double."""


def mend_refused(text: Text, parsed: Tree, complaints: Sequence[Complaint]) -> bool:
    """Write literals as doubles where the reference refused an operator for lack of it; whether any was."""
    found: dict[int, Node] = {}
    for complaint in complaints:
        match = _OVERLOAD.fullmatch(complaint.message)
        if match is None:
            continue
        at = text.offset(complaint.line, complaint.column)
        kinds = _split(match[2])
        for node in parsed.root.walk():
            if node.form is Form.CALL and node.name == match[1] and parsed.positions.get(node.id) == at:
                found |= {literal.id: literal for literal in _literals(node, kinds)}
    return _write(text, parsed, found.values())


def mend_mixed(text: Text, parsed: Tree, variables: Mapping[str, CelType]) -> bool:
    """The same for functions that take both kinds of numbers, where one operand is seen to be a double."""
    found: dict[int, Node] = {}
    for node in parsed.root.walk():
        if node.form is Form.CALL and node.name in _MIXED and _is_double(node, variables):
            operands = node.children
            if len(operands) == 1 and operands[0].form is Form.LIST:
                operands = operands[0].children
            found |= {literal.id: literal for operand in operands for literal in _constants(operand) or ()}
    return _write(text, parsed, found.values())


def _is_double(node: Node, variables: Mapping[str, CelType]) -> bool:
    """Whether an expression that nobody checked yet is certainly a double."""
    path = _path(node)
    if path:
        return variables.get(path) is CelType.NUMBER
    if node.form is Form.CONSTANT:
        return isinstance(node.value, float)
    function = _function(node)
    if node.form is Form.LIST or function in _MIXED or function in _EITHER:
        return any(_is_double(child, variables) for child in node.children)
    if function == "_[_]":
        return variables.get(_path(node.children[0])) is CelType.NUMBERS
    return function in _DOUBLE


def _function(node: Node) -> str:
    """The function of a call; `math.` is still a target where nobody checked the call."""
    target = node.children[0] if node.children else node
    return f"math.{node.name}" if target.form is Form.NAME and target.name == "math" else node.name


def _path(node: Node) -> str:
    """The dotted name an expression consists of; empty when it is more than a name."""
    if node.form is Form.NAME:
        return node.name
    if node.form is Form.SELECT:
        before = _path(node.children[0])
        return f"{before}.{node.name}" if before else ""
    return ""


def _literals(node: Node, kinds: Sequence[str]) -> Iterator[Node]:
    if len(kinds) != len(node.children) or not any("double" in kind for kind in kinds):
        return
    for operand, kind in zip(node.children, kinds, strict=True):
        if kind in {"int", "list(int)"}:
            yield from _constants(operand) or ()


def _constants(node: Node) -> list[Node] | None:
    """The whole-number literals an operand consists of; None when something else is in it."""
    if node.form is Form.CONSTANT:
        return [node] if isinstance(node.value, int) and not isinstance(node.value, bool) else None
    if node.form is Form.LIST or (node.form is Form.CALL and node.name in _THROUGH):
        children = node.children[1:] if node.name == "_?_:_" else node.children
        inner = [_constants(child) for child in children]
        return None if None in inner else [literal for each in inner if each for literal in each]
    return None


def _write(text: Text, tree: Tree, literals: Iterable[Node]) -> bool:
    numbers = [token for token in tokens(text.now) if token.kind == "number"]
    places = sorted((tree.positions[node.id] for node in literals), reverse=True)
    changed = False
    for place in places:
        number = next((token for token in numbers if token.start >= place), None)
        if number is not None and re.fullmatch(r"\d+|0[xX][0-9a-fA-F]+", number.text):
            text.replace(number.start, number.end, f"{int(number.text, 16 if 'x' in number.text.lower() else 10)}.0")
            changed = True
    return changed


def _split(signature: str) -> list[str]:
    """The operand types of a complaint: commas within brackets do not part them."""
    parts, depth, current = [], 0, ""
    for character in signature:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return [*parts, current.strip()]

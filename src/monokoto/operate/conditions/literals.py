"""Whole-number literals beside a double: `temperature > 80` means `temperature > 80.0`.

CEL has no arithmetic between whole numbers and doubles and refuses it when it checks. People write 80 all the same, and
mean 80.0. Where the reference refuses an operator for that reason, and the whole numbers among its operands are made of
literals only, those literals are written as doubles. Nothing else is changed: a whole-number property beside a double one
stays refused (`double(count)` says what is meant), and so does the text where no double is near (`7 / 2` is 3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from monokoto.operate.conditions.environment import Complaint
from monokoto.operate.conditions.text import Text, tokens
from monokoto.operate.conditions.tree import Form, Node, Tree

_OVERLOAD = re.compile(r"found no matching overload for '([^']+)' applied to '\((.*)\)'")
_THROUGH = frozenset(("_+_", "_-_", "_*_", "_/_", "-_", "_?_:_"))
"""Operators a literal is looked for behind: they mean the same for doubles, but that `/` no longer cuts off."""
_MIXED = frozenset(("math.@max", "math.@min"))
"""Functions that take both kinds of numbers at once, and then have no type a column could have."""


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


def mend_mixed(text: Text, checked: Tree) -> bool:
    """The same for functions that take both kinds of numbers; whether any literal was written anew."""
    found: dict[int, Node] = {}
    for node in checked.root.walk():
        if node.form is Form.CALL and node.name in _MIXED:
            operands = node.children
            if len(operands) == 1 and operands[0].form is Form.LIST:
                operands = operands[0].children
            kinds = [checked.types.get(operand.id, "?") for operand in operands]
            if "double" in kinds:
                found |= {
                    literal.id: literal
                    for operand, kind in zip(operands, kinds, strict=True)
                    if kind == "int"
                    for literal in _constants(operand) or ()
                }
    return _write(text, checked, found.values())


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

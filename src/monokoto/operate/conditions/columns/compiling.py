"""From a checked tree to steps: what is the same in every row, what depends on one text, what NumPy does, and the rest."""

from __future__ import annotations

import numpy as np

from monokoto.operate.conditions.columns.asking import Ask
from monokoto.operate.conditions.columns.logic import Both, Choice, Either, Not
from monokoto.operate.conditions.columns.numbers import PLAIN, WHOLE, OneOf, Plain, whole_step
from monokoto.operate.conditions.columns.step import INT64_MAX, LANE_DTYPES, Constant, Has, Read, Step
from monokoto.operate.conditions.columns.table import Table
from monokoto.operate.conditions.environment import Environment
from monokoto.operate.conditions.reference import Reference
from monokoto.operate.conditions.tree import Form, Node, Tree
from monokoto.operate.conditions.types import CelType, Unknown

_TYPES = {kind.value: kind for kind in CelType}
_FOLDED = frozenset(("math.@max", "math.@min"))
"""Functions of more than two operands that are applied from left to right."""


def compile_tree(environment: Environment, tree: Tree) -> Step:
    """The steps of a whole condition; its type is one a column can have."""
    return _Compiling(environment, tree).step(tree.root)


class _Compiling:
    def __init__(self, environment: Environment, tree: Tree) -> None:
        self._environment = environment
        self._tree = tree

    def step(self, node: Node) -> Step:
        kind = self._kind(node)
        assert kind is not None
        if kind in LANE_DTYPES:
            leaf = self._leaf(node, kind)
            if leaf is not None:
                return leaf
        variables = self._environment.used(node.names())
        if len(variables) == 1 and all(variable.coded for variable in variables.values()) and _tabled(kind):
            return Table(self._reference(node), kind)
        found = self._native(node) if kind in LANE_DTYPES else None
        return found or Ask(self._reference(node), kind)

    def _reference(self, node: Node) -> Reference:
        return Reference(self._environment, self._tree, node)

    def _kind(self, node: Node) -> CelType | None:
        """The type of a node; None when no column can have it."""
        return _TYPES.get(self._tree.types.get(node.id, "dyn"))

    def _leaf(self, node: Node, kind: CelType) -> Step | None:
        """A literal, a variable, or anything without variables."""
        if node.form is Form.NAME:
            if node.name in self._environment.flags:
                return Has(self._environment.flags[node.name])
            return Read(self._environment.names[node.name], kind) if node.name in self._environment.names else None
        if node.form is Form.CONSTANT:
            return Constant(node.value, kind)
        if node.names():
            return None
        answer = self._reference(node).of_row({})
        return Constant(None if isinstance(answer, Unknown) else answer, kind)  # type: ignore[arg-type]

    def _native(self, node: Node) -> Step | None:
        """What NumPy does as CEL does it; None when it does not."""
        if node.form is not Form.CALL:
            return None
        if node.name == "@in":
            return self._one_of(node)
        operands = node.children
        if node.name in _FOLDED and len(operands) == 1 and operands[0].form is Form.LIST:
            operands = operands[0].children
        kinds = tuple(self._kind(operand) for operand in operands)
        if not operands or any(kind not in LANE_DTYPES for kind in kinds):
            return None
        steps = tuple(self.step(operand) for operand in operands)
        by_rows = any(step.by_rows for step in steps)
        logic = _logic(node.name, steps, by_rows=by_rows)
        if logic is not None:
            return logic
        if node.name in _FOLDED:
            return _folded(node.name, kinds, steps, by_rows=by_rows)
        return _function(node.name, kinds, steps, by_rows=by_rows)

    def _one_of(self, node: Node) -> Step | None:
        needle, heap = node.children
        kind = self._kind(needle)
        if kind not in LANE_DTYPES or heap.form is not Form.LIST:
            return None
        if any(member.form is not Form.CONSTANT or self._kind(member) is not kind for member in heap.children):
            return None
        inner = self.step(needle)
        members = np.array([member.value for member in heap.children], LANE_DTYPES[kind])
        return OneOf(inner, members, inner.by_rows)


def _tabled(kind: CelType) -> bool:
    return kind in LANE_DTYPES or kind is CelType.TEXT


def _logic(name: str, steps: tuple[Step, ...], *, by_rows: bool) -> Step | None:
    match name:
        case "_&&_":
            return Both(steps[0], steps[1], by_rows)
        case "_||_":
            return Either(steps[0], steps[1], by_rows)
        case "!_":
            return Not(steps[0], by_rows)
        case "_?_:_":
            return Choice(steps[0], steps[1], steps[2], by_rows, max(steps[1].bound, steps[2].bound))
    return None


def _function(name: str, kinds: tuple[CelType | None, ...], steps: tuple[Step, ...], *, by_rows: bool) -> Step | None:
    key = (name, kinds)
    if key in PLAIN:
        return Plain(PLAIN[key], steps, by_rows, INT64_MAX + 1)  # type: ignore[index]
    if key in WHOLE:
        return whole_step(WHOLE[key], steps, by_rows=by_rows)  # type: ignore[index]
    return None


def _folded(name: str, kinds: tuple[CelType | None, ...], steps: tuple[Step, ...], *, by_rows: bool) -> Step | None:
    result: Step | None = steps[0]
    for kind, step in zip(kinds[1:], steps[1:], strict=True):
        if result is None or kind is not kinds[0]:
            return None
        result = _function(name, (kind, kind), (result, step), by_rows=by_rows)
    return result

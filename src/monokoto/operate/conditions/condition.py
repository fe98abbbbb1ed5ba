"""A condition: CEL over a product's properties, checked by the reference and evaluated over columns."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import (
    CONDITION_COMPREHENSIONS_MAX,
    CONDITION_LENGTH_MAX,
    CONDITION_LITERALS_MAX,
    CONDITION_NODES_MAX,
)
from monokoto.operate.conditions.columns import Context, Step, compile_tree, vector_of
from monokoto.operate.conditions.environment import Complaint, Environment, Refused, environment, faults
from monokoto.operate.conditions.frame import Frame, Vector
from monokoto.operate.conditions.literals import mend_mixed, mend_refused
from monokoto.operate.conditions.reference import Reference
from monokoto.operate.conditions.text import Text, write_has, write_names
from monokoto.operate.conditions.tree import Form, Tree
from monokoto.operate.conditions.types import CelType, Unknown

_MENDINGS_MAX = 64
"""Each round of mending literals goes at least one operator further out, and the reference nests at most 32."""


_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked expression. Pure: the same rows give the same values, whatever was evaluated before."""

    source: str
    """As it was written."""
    type: CelType
    """Of what comes out."""
    names: frozenset[str]
    """The variables it uses, also those it only asks `has(...)` of."""
    _text: str
    _reference: Reference
    _step: Step

    def text(self) -> str:
        """As it was checked: literals beside doubles are doubles, and what CEL cannot name has a name made for it."""
        return self._text

    @property
    def is_vectorised(self) -> bool:
        """Whether no part of it is asked of the reference row by row (5 to 10 microseconds a row)."""
        return not self._step.by_rows

    def reference(self, row: Mapping[str, object]) -> object | Unknown:
        """The value over one row of Python values, by the reference alone; names that are missing or None are not known."""
        return self._reference.of_row(row)

    def evaluate(self, frame: Frame) -> Vector:
        """The value of each row; a row for which CEL has an error is not known."""
        with np.errstate(all="ignore"):
            return vector_of(self.type, self._step.run(Context(frame)), frame.rows)


def check(source: str, variables: Mapping[str, CelType], wanted: CelType | None) -> Condition:
    """A condition over these variables that gives what is wanted (None: whatever a column can hold).

    A whole number is taken where a number (double) is wanted. Raises Invalid with every fault; `line` and `column` of a
    `TextFault` point into the source, counted from 1.
    """
    if len(source) > CONDITION_LENGTH_MAX:
        raise _invalid(f"it has {len(source)} characters; {CONDITION_LENGTH_MAX} are allowed")
    if _SURROGATE.search(source):
        raise _invalid("it holds half a surrogate pair, which is no character")
    around = environment(variables)
    text = Text(source)
    write_names(text, around.cel_names.get)
    write_has(text, lambda name: around.cel_flags.get(around.names.get(name, name)))
    tree = _checked(text, around)
    _within_limits(tree)
    if wanted is CelType.NUMBER and tree.types.get(tree.root.id) == CelType.INTEGER:
        text.replace(len(text.now), len(text.now), "\n)")
        text.replace(0, 0, "double(")
        tree = _checked(text, around)
    kind = _kind(tree, wanted)
    reference = Reference(around, tree, tree.root)
    return Condition(source, kind, frozenset(reference.names), text.now, reference, compile_tree(around, tree))


def _checked(text: Text, around: Environment) -> Tree:
    with contextlib.suppress(Refused):
        kinds = {around.cel_names[name]: kind for name, kind in around.variables.items()}
        mend_mixed(text, around.parse(text.now), kinds)
    for _ in range(_MENDINGS_MAX):
        try:
            return around.check(text.now)
        except Refused as refused:
            if not _mended(text, around, refused.complaints):
                found = faults(refused.complaints, text, around)
                raise Invalid("This is no condition that can be used.", faults=found) from None
    raise _invalid("it mixes whole numbers and doubles in too many places")


def _mended(text: Text, around: Environment, complaints: tuple[Complaint, ...]) -> bool:
    with contextlib.suppress(Refused):
        return mend_refused(text, around.parse(text.now), complaints)
    return False


def _within_limits(tree: Tree) -> None:
    nodes = list(tree.root.walk())
    for form, most, what in (
        (None, CONDITION_NODES_MAX, "parts"),
        (Form.CONSTANT, CONDITION_LITERALS_MAX, "literals"),
        (Form.COMPREHENSION, CONDITION_COMPREHENSIONS_MAX, "loops over lists"),
    ):
        count = sum(form is None or node.form is form for node in nodes)
        if count > most:
            raise _invalid(f"it has {count} {what}; {most} are allowed")


def _kind(tree: Tree, wanted: CelType | None) -> CelType:
    name = tree.types.get(tree.root.id, "dyn")
    kind = next((kind for kind in CelType if kind == name), None)
    if wanted is not None and kind is not wanted:
        raise _invalid(f"it gives {name}; {wanted} is wanted")
    if kind is None:
        raise _invalid(f"it gives {name}, which no column can hold; write a comparison or a conversion around it")
    return kind


def _invalid(reason: str) -> Invalid:
    return Invalid("This is no condition that can be used.", faults=(Fault(reason=reason),))

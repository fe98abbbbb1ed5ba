"""Asking the reference, one row at a time: the meaning of every condition, and the way out for what has no columns."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from cel_expr_python import cel

from monokoto.operate.conditions.environment import Environment
from monokoto.operate.conditions.tree import Node, Tree
from monokoto.operate.conditions.types import CelType, Unknown

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def _list(element: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda items: [element(item) for item in items]


def _text(value: Any) -> str:
    text = str(value)
    text.encode()  # raises UnicodeEncodeError, a ValueError, for half a surrogate pair: the reference takes UTF-8
    return text


TO_CEL: Mapping[CelType, Callable[[Any], Any]] = {
    CelType.BOOLEAN: bool,
    CelType.INTEGER: int,
    CelType.NUMBER: float,
    CelType.TEXT: _text,
    CelType.INSTANT: lambda micros: _EPOCH + int(micros) * _MICROSECOND,
    CelType.BOOLEANS: _list(bool),
    CelType.INTEGERS: _list(int),
    CelType.NUMBERS: _list(float),
    CelType.TEXTS: _list(_text),
}
"""What the reference wants to be given for a value of each type. Raises what Python raises when it is none."""


class Reference:
    """One checked expression, or a part of one, as the reference evaluates it."""

    def __init__(self, environment: Environment, tree: Tree, node: Node) -> None:
        self._expression = environment.expression(tree.alone(node))
        self._conversions: list[tuple[str, str, Callable[[Any], Any]]] = []
        self._flags: list[tuple[str, str]] = []
        for cel_name in sorted(node.names()):
            if cel_name in environment.names:
                name = environment.names[cel_name]
                self._conversions.append((cel_name, name, TO_CEL[environment.variables[name]]))
            elif cel_name in environment.flags:
                self._flags.append((cel_name, environment.flags[cel_name]))
        self.names = list(environment.used(node.names()))
        """The variables it depends on, in order."""

    def of_row(self, row: Mapping[str, object]) -> object | Unknown:
        """The value over one row of Python values: names that are missing, None or of another type are not known."""
        data: dict[str, Any] = {flag: row.get(name) is not None for flag, name in self._flags}
        for cel_name, name, convert in self._conversions:
            value = row.get(name)
            if value is not None:
                with contextlib.suppress(TypeError, ValueError, OverflowError):
                    data[cel_name] = convert(value)
        try:
            answer = self._expression.eval(data=data)
        except RuntimeError as error:  # its budget of iterations is spent
            return Unknown(str(error))
        kind = answer.type()
        if kind == cel.Type.ERROR or kind == cel.Type.UNKNOWN:  # noqa: PLR1714 - its types cannot be hashed
            return Unknown(str(answer.value()))
        return _from_cel(answer.plain_value())


def _from_cel(value: object) -> object:
    """A value of the reference as a column holds it: instants are microseconds."""
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return (moment - _EPOCH) // _MICROSECOND
    return value

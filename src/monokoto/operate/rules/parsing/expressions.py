"""Expressions within what is written: checked by `conditions`, their faults told at the line and column of the file."""

from __future__ import annotations

import re

from monokoto.connect.products import child, kind_of
from monokoto.kernel.errors import Invalid
from monokoto.operate.conditions import CelType, Condition, check
from monokoto.operate.rules.parsing.reading import Node
from monokoto.operate.rules.parsing.setting import Setting

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_condition(
    node: Node, key: str, setting: Setting, wanted: CelType | None = CelType.BOOLEAN
) -> Condition | None:
    """The expression under a key of a mapping; None where there is none, or where it has faults: they are told."""
    return check_expression(node, node.value.get(key), child(node.place, key), setting, wanted)


def check_expression(
    node: Node, value: object, place: str, setting: Setting, wanted: CelType | None
) -> Condition | None:
    """The expression a value is; `true`, `false` and numbers are expressions too."""
    source = str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value
    if not isinstance(source, str) or not source.strip():
        node.report.add(place, f"must be a CEL expression, this is {kind_of(value)}")
        return None
    if not setting.broken.isdisjoint(_WORD.findall(source)):
        return None
    try:
        return check(source, setting.variables, wanted)
    except Invalid as error:
        for fault in error.faults:
            line, column = fault.line, getattr(fault, "column", 0)
            if column:
                node.report.add_within(place, fault.reason, line=line, column=column)
            else:
                node.report.add(place, fault.reason)
        return None

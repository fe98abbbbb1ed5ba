"""Plans as people write and read them: the quantities of a preview out of a form, and a plan's document as lines."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.rule_text import as_yaml
from monokoto.console.visit import Visit

LENGTH_MAX = 65_536
"""Characters of a plan that are sent on; the API has its own limit."""
QUANTITY = "used-"
"""What the names of the fields of quantities begin with; the meter's name follows."""
UNREADABLE = mark("This is no quantity: write 14, or 3; 4.5 one by one, or eco=3, cotton=4 by group.")
SAMPLE = """\
title: Pay per use
currency: EUR
every: month
charges:
  base: {fee: "4.90", in: advance}
"""
_CONTEXT_LINES = 3
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?")


def quantities_of(visit: Visit) -> dict[str, Any]:
    """By meter what the form says was used, as the API takes it.

    Raises:
        Refused: something that is no quantity, at its field.
    """
    found: dict[str, Any] = {}
    faults = []
    for field in visit.form:
        text = visit.value(field)
        if not field.startswith(QUANTITY) or not text:
            continue
        quantity = read_quantity(text)
        if quantity is None:
            faults.append(Fault(reason=visit.say(UNREADABLE), place=field))
        else:
            found[field.removeprefix(QUANTITY)] = quantity
    if faults:
        raise Refused(Problem(status=422, code="invalid", faults=faults))
    return found


def read_quantity(text: str) -> Any:
    """One number; several that count each by themselves, with semicolons between; or by group. None: it is none of these."""
    if "=" in text:
        pairs = [one.partition("=") for one in text.split(",") if one.strip()]
        groups = {name.strip(): number.strip() for name, _, number in pairs}
        return {"groups": groups} if all(map(_NUMBER.fullmatch, groups.values())) else None
    if ";" in text:
        each = [one.strip() for one in text.split(";") if one.strip()]
        return {"transactions": each} if each and all(map(_NUMBER.fullmatch, each)) else None
    return text if _NUMBER.fullmatch(text) else None


def differences(older: Mapping[str, Any], newer: Mapping[str, Any]) -> list[dict[str, str]]:
    """The lines in which two plans differ, with `+`, `-`, ` ` or `@` in front of each."""
    before, after = as_yaml(older).splitlines(), as_yaml(newer).splitlines()
    lines = list(difflib.unified_diff(before, after, n=_CONTEXT_LINES, lineterm=""))[2:]
    return [{"mark": line[:1], "text": line} for line in lines]

"""The form of a rule: what it says in YAML and which units it is for; faults of the API at the line they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.lookups import unit_ids, words_of
from monokoto.console.rule_text import PLACE, Unreadable, Written, read_rule
from monokoto.console.visit import Visit

UNREADABLE = mark("This cannot be read as YAML.")
SAMPLE = """\
title: Too hot
severity: major
signals:
  mean: {average: temperature, over: 5 min}
when: mean > 80.0
clear: mean < 75.0
for: 30 s
help: What to do
"""
"""What a new rule begins as."""


@dataclass(frozen=True, slots=True)
class Lined:
    """A fault as the editor shows it."""

    line: int
    """Counted from 1; 0: it is not in the text."""
    place: str
    reason: str


async def watched(visit: Visit) -> dict[str, Any]:
    """Which units the form names; empty fields say: whichever."""
    return {
        "units": await unit_ids(visit, visit.value("units")),
        "tags": words_of(visit.value("tags")),
        "group": visit.value("group"),
    }


def written(visit: Visit) -> Written:
    """The rule in the form. Raises Refused."""
    try:
        return read_rule(visit.secret("text").replace("\r\n", "\n"))
    except Unreadable as error:
        fault = Fault(reason=str(error), place=PLACE)
        detail = visit.say(UNREADABLE)
        raise Refused(Problem(status=422, code="invalid", detail=detail, faults=[fault])) from error


def lined(visit: Visit, problem: Problem | None) -> list[Lined]:
    """The faults by line; those of other fields are left to the fields."""
    if problem is None:
        return []
    text: Written | None = None
    line = 1
    try:
        text = read_rule(visit.secret("text").replace("\r\n", "\n"))
    except Unreadable as error:
        line = error.line or 1
    return [
        Lined(text.line_of(one.place) if text else line, one.place.removeprefix(PLACE).lstrip("/"), one.reason)
        for one in problem.faults
        if one.place.startswith(PLACE)
    ]


def of_fields(problem: Problem) -> Problem:
    """The problem as the fields of the form know it: `/name` is the field `name`; faults of the text are shown beside it."""
    faults = [
        msgspec.structs.replace(one, place=one.place.strip("/").split("/")[0])
        for one in problem.faults
        if not one.place.startswith(PLACE)
    ]
    return msgspec.structs.replace(problem, faults=faults)

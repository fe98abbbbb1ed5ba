"""Values of a model out of a form, and what is wrong with them at its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.schemas import value_from_form
from monokoto.console.visit import Visit

UNREADABLE = mark("This cannot be read as a value.")


def value_of(visit: Visit, schema: Any, name: str = "value", typed: Mapping[str, str] | None = None) -> Any:
    """The value its fields mean, of what was sent or of `typed`; raises Refused where one cannot be read."""
    form = typed if typed is not None else {key: values[0] for key, values in visit.form.items()}
    try:
        return value_from_form(schema, form, name=name)
    except ValueError as error:
        raise unreadable(visit, str(error), UNREADABLE) from None


def unreadable(visit: Visit, place: str, text: str) -> Refused:
    """What a form is refused with at one of its fields."""
    fault = Fault(reason=visit.say(text), place=place)
    return Refused(Problem(status=422, code="invalid", faults=[fault]))


def placed(problem: Problem, name: str = "") -> Problem:
    """Faults by field: the API names the place in its body (`target`, `/minutes`), the form its fields `value…`."""
    faults = []
    for fault in problem.faults:
        place = fault.place.strip("/").replace("/", ".")
        place = place.removeprefix("input").removeprefix(name).strip(".")
        where = fault.place if fault.place.startswith("value") else f"value.{place}" if place else "value"
        faults.append(msgspec.structs.replace(fault, place=where))
    return msgspec.structs.replace(problem, faults=faults)

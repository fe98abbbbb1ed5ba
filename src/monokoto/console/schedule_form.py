"""The form of a schedule: its fields out of what is kept, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from monokoto.console.act_lists import words_of
from monokoto.console.api import Fault, Problem
from monokoto.console.form_values import unreadable
from monokoto.console.languages import mark
from monokoto.console.visit import Visit

DAYS = {
    "mon": mark("Monday"),
    "tue": mark("Tuesday"),
    "wed": mark("Wednesday"),
    "thu": mark("Thursday"),
    "fri": mark("Friday"),
    "sat": mark("Saturday"),
    "sun": mark("Sunday"),
}
SUN_EVENTS = {
    "dawn": mark("dawn"),
    "sunrise": mark("sunrise"),
    "sunset": mark("sunset"),
    "dusk": mark("dusk"),
}
NO_NUMBER = mark("This is not a number.")
CATCH_UP_MINUTES = 5
_PLACES = {
    "when/sun": "sun",
    "when/sun/event": "sun",
    "when/sun/offset_minutes": "offset",
    "catch_up_seconds": "catch_up",
}
_NUMBERED = re.compile(r"^when/(at|dates|except|days)(/\d+)?$")


def values_of(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """A schedule, or as much of one as there is, as the texts of the fields."""
    when = schedule.get("when") or {}
    sun = when.get("sun") or {}
    return {
        "name": schedule.get("name", ""),
        "title": schedule.get("title", ""),
        "scene": schedule.get("scene", ""),
        "by": "sun" if sun else "clock",
        "at": ", ".join(when.get("at", [])),
        "sun": sun.get("event", "sunset"),
        "offset": str(sun.get("offset_minutes", 0)),
        "days": list(when.get("days", [])),
        "dates": ", ".join(when.get("dates", [])),
        "rule": when.get("rule", ""),
        "since": when.get("since", ""),
        "until": when.get("until", ""),
        "except": ", ".join(when.get("except", [])),
        "timezone": schedule.get("timezone", ""),
        "latitude": _text(schedule.get("latitude")),
        "longitude": _text(schedule.get("longitude")),
        "per_unit": bool(schedule.get("per_unit")),
        "catch_up": str(schedule.get("catch_up_seconds", CATCH_UP_MINUTES * 60) // 60),
        "confirmed": bool(schedule.get("confirmed")),
        "enabled": bool(schedule.get("enabled", True)),
    }


def _text(value: Any) -> str:
    return "" if value is None else f"{value:g}" if value == round(value) else str(value)


def body_of(visit: Visit, schedule: Mapping[str, Any] | None) -> dict[str, Any]:
    """The schedule a filled-in form means; whether it can be is the API's to say.

    What a schedule does itself, instead of a scene, is kept as it is.

    Raises:
        Refused: a number cannot be read; at its field.
    """
    when: dict[str, Any] = {
        name: words_of(visit.value(name)) for name in ("dates", "except") if visit.value(name)
    } | {name: visit.value(name) for name in ("rule", "since", "until") if visit.value(name)}  # fmt: skip
    if visit.value("by") == "sun":
        when["sun"] = {"event": visit.value("sun"), "offset_minutes": _whole(visit, "offset", 0)}
    else:
        when["at"] = words_of(visit.value("at"))
    if days := [day for day in DAYS if day in visit.values("days")]:
        when["days"] = days
    return {
        "title": visit.value("title"),
        "when": when,
        "scene": visit.value("scene"),
        "run": schedule["run"] if schedule and not visit.value("scene") else None,
        "timezone": visit.value("timezone"),
        "latitude": _degrees(visit, "latitude"),
        "longitude": _degrees(visit, "longitude"),
        "per_unit": bool(visit.value("per_unit")),
        "catch_up_seconds": _whole(visit, "catch_up", CATCH_UP_MINUTES) * 60,
        "confirmed": bool(visit.value("confirmed")),
        "enabled": bool(visit.value("enabled")),
    }


def _whole(visit: Visit, name: str, otherwise: int) -> int:
    text = visit.value(name).replace("−", "-")
    try:
        return int(text) if text else otherwise
    except ValueError:
        raise unreadable(visit, name, NO_NUMBER) from None


def _degrees(visit: Visit, name: str) -> float | None:
    text = visit.value(name).replace(",", ".")
    try:
        return float(text) if text else None
    except ValueError:
        raise unreadable(visit, name, NO_NUMBER) from None


def placed(problem: Problem) -> Problem:
    """Faults at the fields of the form."""
    faults = [Fault(one.reason, _place(one.place)) for one in problem.faults]
    return msgspec.structs.replace(problem, faults=faults)


def _place(place: str) -> str:
    path = place.strip("/$.").replace(".", "/").replace("[", "/").replace("]", "")
    if found := _NUMBERED.match(path):
        return found[1]
    return _PLACES.get(path, path.removeprefix("when/"))

"""The forms of receivers and of routes: what they say as the API takes it, and what they are filled with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monokoto.console.languages import mark
from monokoto.console.lookups import unit_ids, words_of
from monokoto.console.visit import Visit

DAYS = {
    "mon": mark("Mon"), "tue": mark("Tue"), "wed": mark("Wed"), "thu": mark("Thu"), "fri": mark("Fri"), "sat": mark("Sat"),
    "sun": mark("Sun"),
}  # fmt: skip
KINDS = {
    "mail": mark("Mail"), "person": mark("A member: by mail and in their browsers"), "webhook": mark("Webhook"),
    "slack": mark("Slack"), "teams": mark("Microsoft Teams"), "push": mark("All browsers of members"),
}  # fmt: skip
KIND_NAMES = {
    "mail": mark("Mail"), "person": mark("Member"), "webhook": mark("Webhook"), "slack": mark("Slack"),
    "teams": mark("Microsoft Teams"), "push": mark("Browsers"),
}  # fmt: skip
WHATS = {
    "raised": mark("Raised"), "severity": mark("Severity changed"), "acknowledged": mark("Acknowledged"),
    "cleared": mark("Cleared"), "threshold": mark("Quota used to a threshold"),
}  # fmt: skip
STEPS_SHOWN_MIN = 2
_BY_KIND = {
    "mail": ("address",),
    "webhook": ("url",),
    "slack": ("url",),
    "teams": ("url",),
    "person": ("person",),
    "push": (),
}


def number(text: str, otherwise: int) -> int:
    """A whole number out of a field; what is none is left to the field's own limits."""
    try:
        return int(text)
    except ValueError:
        return otherwise


def hours(visit: Visit, prefix: str) -> dict[str, Any] | None:
    """Hours of the week; None where neither end is said."""
    begin, until = visit.value(f"{prefix}_from"), visit.value(f"{prefix}_until")
    if not begin and not until:
        return None
    days = visit.values(f"{prefix}_days") or list(DAYS)
    zone = visit.value("time_zone") or visit.formats.zone
    return {"from": begin, "until": until, "timezone": zone, "days": days}


def receiver(visit: Visit, kind: str, *, new: bool) -> dict[str, Any]:
    """What the form of a receiver says. An address of HTTP is never shown, so an empty one stays what it is."""
    said: dict[str, Any] = {
        "name": visit.value("name"),
        "quiet": hours(visit, "quiet"),
        "digest": _digest(visit),
        "pace": {"burst": number(visit.value("burst"), 10), "every_seconds": number(visit.value("every_seconds"), 60)},
        "critical_passes": bool(visit.value("critical_passes")),
    }
    said |= {name: visit.value(name) for name in _BY_KIND.get(kind, ()) if visit.value(name)}
    if kind == "person":
        said["channels"] = visit.values("channels")
        if not new:
            said.pop("person", None)
    else:
        said |= {"locale": visit.value("locale") or "en", "time_zone": visit.value("time_zone") or visit.formats.zone}
    return said | ({"kind": kind} if new else {})


def _digest(visit: Visit) -> dict[str, Any] | None:
    every, daily = visit.value("digest_minutes"), visit.value("digest_at")
    if not every and not daily:
        return None
    found: dict[str, Any] = {"timezone": visit.value("time_zone") or visit.formats.zone}
    if every:
        found["every_minutes"] = number(every, 0)
    if daily:
        found["daily_at"] = daily
    return found


async def route(visit: Visit) -> dict[str, Any]:
    """What the form of a route says; a step without receivers is no step."""
    match = {
        "severity": visit.value("severity") or "warning",
        "rules": words_of(visit.value("rules")),
        "products": words_of(visit.value("products")),
        "units": await unit_ids(visit, visit.value("units")),
        "tags": words_of(visit.value("tags")),
        "groups": visit.values("groups"),
    }
    steps = [
        {
            "receivers": visit.values(f"receivers-{place}"),
            "after_seconds": number(visit.value(f"after-{place}"), 0) * 60,
            "repeats": number(visit.value(f"repeats-{place}"), 0),
            "every_seconds": number(visit.value(f"every-{place}"), 10) * 60,
        }
        for place in range(number(visit.value("steps"), 0))
        if visit.values(f"receivers-{place}")
    ]
    return {
        "name": visit.value("name"),
        "what": visit.values("what"),
        "match": match,
        "hours": hours(visit, "hours"),
        "steps": steps,
    }


def steps_shown(steps: list[Mapping[str, Any]], most: int = 10) -> list[Mapping[str, Any]]:
    """The steps with one more to fill in."""
    empty: dict[str, Any] = {"receivers": [], "after_seconds": 600 if steps else 0, "repeats": 0, "every_seconds": 600}
    shown = [*steps, empty][:most]
    while len(shown) < STEPS_SHOWN_MIN:
        shown.append({**empty, "after_seconds": 600})
    return shown

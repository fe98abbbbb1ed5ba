"""Units as people name them: their names for ids, and the ids of what was typed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from urllib.parse import quote

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.visit import Visit

TYPED_MAX = 500
"""Units named one by one in a form; more of them by the API, or by what they are."""
TOO_MANY = mark("Name at most %(count)s units one by one; more of them by their product, tags or place.")
_BETWEEN = re.compile(r"[\s,;]+")


async def names_of(visit: Visit, unit_ids: Iterable[str]) -> dict[str, str]:
    """What people call these units; one that is not within reach any more is missing."""
    wanted = list(dict.fromkeys(unit_ids))
    if not visit.may("units:read"):
        return {}
    parts = await asyncio.gather(*(visit.api.part(f"/api/v1/units/{quote(one, safe='')}") for one in wanted))
    return {
        unit_id: str(part.value["name"] or part.value["serial"])
        for unit_id, part in zip(wanted, parts, strict=True)
        if part.value
    }


async def ids_of(visit: Visit, text: str, place: str) -> list[str]:
    """The ids of units that are named by id or serial number, between spaces, commas or line ends.

    Raises:
        Refused: there are more than a form takes; at `place`.
    """
    words = list(dict.fromkeys(word for word in _BETWEEN.split(text) if word))
    if len(words) > TYPED_MAX:
        fault = Fault(reason=visit.say(TOO_MANY, count=TYPED_MAX), place=place)
        raise Refused(Problem(status=422, code="invalid", faults=[fault]))
    return list(await asyncio.gather(*(id_of(visit, word) for word in words)))


async def id_of(visit: Visit, text: str) -> str:
    """The id of the unit with this serial number; else the text is an id itself, or the API says that it is none."""
    if not text:
        return ""
    found = await visit.api.part("/api/v1/units", serial=text, limit=1)
    return str(found.value["items"][0]["id"]) if found.value and found.value["items"] else text

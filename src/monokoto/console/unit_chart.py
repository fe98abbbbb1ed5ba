"""A chart of a unit's readings around something that happened to it, for pages that are not the unit's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monokoto.console.api import Refused
from monokoto.console.rule_text import worded
from monokoto.console.schemas import Property
from monokoto.console.unit_frame import load
from monokoto.console.visit import Visit
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant

DRAWN_MAX = 8
"""Properties on one chart: as many as there are colours that can be told apart."""
CURVES_UNASKED = 2
_MARGIN_US = 15 * 60 * MICROSECONDS_PER_SECOND
"""Shown at least before and after."""


def told_of(one: Property) -> dict[str, Any]:
    """What the chart's script is told of a property."""
    return {"name": one.name, "title": one.title, "unit": one.unit, "kind": one.kind, "states": one.states}


def chosen_of(drawn: Sequence[Property], named: Sequence[str]) -> list[str]:
    """Those that are named and can be drawn; else the first curves."""
    names = {one.name for one in drawn}
    wanted = [name for name in dict.fromkeys(named) if name in names][:DRAWN_MAX]
    return wanted or [one.name for one in drawn if one.numeric][:CURVES_UNASKED] or [one.name for one in drawn[:1]]


async def chart_around(
    visit: Visit, unit_id: str, named: Sequence[str], span: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The chart's settings; `span` says from when until when (microseconds), and what is marked. None: nothing can be drawn."""
    begin, end = int(span["begin"]), int(span["end"])
    margin = max(_MARGIN_US, (end - begin) // 2)
    label = worded(span["title"], visit.formats.language, span["rule"])
    return await chart_of(
        visit,
        unit_id,
        named,
        {"from": format_instant(begin - margin), "to": format_instant(min(end + margin, visit.formats.now + margin))},
        [{**span["mark"], "label": label}],
    )


async def chart_of(
    visit: Visit, unit_id: str, named: Sequence[str], shown: Mapping[str, str], spans: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The chart of a unit over a time, with spans marked on it."""
    try:
        frame = await load(visit, unit_id, "charts")
    except Refused:  # a unit that was handed on is no longer the visitor's to look at; its alert is
        return None
    drawn = [one for one in frame.properties if one.drawn]
    if not drawn:
        return None
    chosen = chosen_of(drawn, named)
    return {
        "unit": frame.id,
        "api": frame.api,
        "page": None,
        "locale": visit.formats.language,
        "zone": visit.formats.zone,
        "chosen": chosen,
        "chosen_max": DRAWN_MAX,
        "range": dict(shown),
        "properties": [told_of(one) for one in drawn if one.name in chosen],
        "spans": list(spans),
        "name": frame.name,
        "href": frame.href("charts"),
    }

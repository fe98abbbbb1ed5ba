"""What can be desired of a unit: its twin."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from monokoto.console.api import Problem, Refused
from monokoto.console.form_values import placed, unreadable, value_of
from monokoto.console.languages import mark
from monokoto.console.schemas import Property, fields_of, text_of
from monokoto.console.unit_frame import UnitFrame, load, show
from monokoto.console.values import plain
from monokoto.console.visit import Visit

REVISIONS_SHOWN = 20
NO_VALUE = mark("There is no value here.")


class UnitControlController(Controller):
    """`/console/units/{unit}/twin`."""

    path = "/units/{unit:str}"

    @get("/twin")
    async def twin(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """What it reports beside what is desired of it."""
        return await _twin(visit, await load(visit, unit, "twin"))

    @post("/twin")
    async def desire(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Desire one property to have a value, or nothing any more."""
        frame = await load(visit, unit, "twin")
        one = frame.property_of(visit.value("property"))
        try:
            value = None if visit.value("do") == "clear" else value_of(visit, one.schema)
            if value is None and visit.value("do") != "clear":
                raise unreadable(visit, "value", NO_VALUE)
            await visit.api.patch(f"{frame.api}/twin/desired", {one.name: value})
        except Refused as refused:
            return await _twin(visit, frame, edited=one.name, problem=placed(refused.problem, one.name))
        return await _twin(visit, frame, saved=one.name)


async def _twin(
    visit: Visit, frame: UnitFrame, *, edited: str = "", saved: str = "", problem: Problem | None = None
) -> Response[str]:
    twin, revisions = await asyncio.gather(
        visit.api.part(f"{frame.api}/twin"),
        visit.api.part(f"{frame.api}/twin/desired/revisions", limit=REVISIONS_SHOWN),
    )
    rows = [] if twin.problem else _twin_rows(frame, twin.value, visit if edited else None, edited)
    return show(
        visit, frame, twin=twin, rows=rows, revisions=revisions, edited=edited, saved=saved, problem=problem,
        may_edit=visit.may("control:write") or visit.may("units:write"), status=problem.status if problem else 200,
    )  # fmt: skip


def _twin_rows(frame: UnitFrame, twin: Any, visit: Visit | None, edited: str) -> list[dict[str, Any]]:
    reported, desired, drift = twin["reported"]["properties"], twin["desired"]["properties"], twin["drift"]
    # What can be set comes first; what the model does not know comes last.
    known = sorted(frame.properties, key=lambda one: not one.writable)
    names = [one.name for one in known if one.writable or one.name in reported] + [*desired, *reported]
    rows = []
    for name in dict.fromkeys(names):
        one, told = frame.property_of(name), reported.get(name, {"value": None, "at": None})
        typed = {key: values[0] for key, values in visit.form.items()} if visit and name == edited else None
        rows.append(
            {
                "property": one,
                "reported": plain(told["value"]),
                "at": told["at"],
                "wished": name in desired,
                "desired": plain(desired.get(name)),
                "drifts": name in drift,
                "fields": _fields(one, desired.get(name, told["value"]), typed),
            }
        )
    return rows


def _fields(one: Property, now: Any, typed: dict[str, str] | None) -> list[Any]:
    """One field asks for the whole value: objects as text, so that nothing of them is lost."""
    if not one.writable:
        return []
    values = typed or ({"value": text_of(one.schema, now)} if now is not None else {})
    schema = {**one.schema, "properties": None, "title": one.title}
    return fields_of(schema, values)

"""What can be done to a unit: wish it another state, ask an action of it."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from monokoto.console.api import Fault, Part, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.schemas import Property, fields_of, rows_of, text_of, value_from_form
from monokoto.console.unit_frame import UnitFrame, load, show
from monokoto.console.values import plain
from monokoto.console.visit import Visit

REVISIONS_SHOWN = 20
COMMANDS_SHOWN = 30
OPEN = ("queued", "sent", "received", "running")
"""Stages from which more may come."""
UNREADABLE = mark("This cannot be read as a value.")
NO_VALUE = mark("There is no value here.")


class UnitControlController(Controller):
    """`/console/units/{unit}/twin` and `/commands`."""

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
            value = None if visit.value("do") == "clear" else _value_of(visit, one.schema)
            if value is None and visit.value("do") != "clear":
                raise _unreadable(visit, "value", NO_VALUE)
            await visit.api.patch(f"{frame.api}/twin/desired", {one.name: value})
        except Refused as refused:
            return await _twin(visit, frame, edited=one.name, problem=_placed(refused.problem, one.name))
        return await _twin(visit, frame, saved=one.name)

    @get("/commands")
    async def commands(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Its actions, and what was asked of it."""
        return await _commands(visit, await load(visit, unit, "commands"))

    @get("/commands/list")
    async def command_list(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """The list alone: it asks again by itself while more may come."""
        path = f"/api/v1/units/{quote(unit, safe='')}/actions"
        found = await visit.api.part(path, limit=COMMANDS_SHOWN)
        return visit.page("unit/command_list.html", commands=_told(found), list_of=f"/console/units/{unit}")

    @post("/commands")
    async def command(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Ask an action, or leave off one that was asked."""
        frame = await load(visit, unit, "commands")
        action, command = visit.value("action"), visit.value("command")
        path = f"{frame.api}/actions/{quote(action, safe='')}"
        try:
            if command:
                await visit.api.delete(f"{path}/{quote(command, safe='')}")
            else:
                schema = (frame.model.get("actions") or {}).get(action, {}).get("input")
                await visit.api.post(path, _value_of(visit, schema))
        except Refused as refused:
            return await _commands(visit, frame, edited=action, problem=_placed(refused.problem))
        return await _commands(visit, frame, asked=action)


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


async def _commands(
    visit: Visit, frame: UnitFrame, *, edited: str = "", asked: str = "", problem: Problem | None = None
) -> Response[str]:
    found = await visit.api.part(f"{frame.api}/actions", limit=COMMANDS_SHOWN)
    actions = []
    for name, action in (frame.model.get("actions") or {}).items():
        typed = {key: values[0] for key, values in visit.form.items()} if name == edited else None
        actions.append(
            {
                "name": name,
                "title": str(action.get("title") or name),
                "description": str(action.get("description") or ""),
                "fields": fields_of(action.get("input"), typed),
                "output": rows_of(action.get("output")),
            }
        )
    return show(
        visit, frame, actions=actions, commands=_told(found), edited=edited, asked=asked, problem=problem,
        list_of=frame.base, status=problem.status if problem else 200,
    )  # fmt: skip


def _told(found: Part) -> dict[str, Any]:
    """The commands as a table shows them; `open` says whether more may come."""
    items = [] if found.problem else found.value["items"]
    rows = [
        {**one, "input": plain(one["input"]), "output": plain(one["output"]), "open": one["status"] in OPEN}
        for one in items
    ]
    return {"problem": found.problem, "items": rows, "open": any(row["open"] for row in rows)}


def _value_of(visit: Visit, schema: Any) -> Any:
    try:
        return value_from_form(schema, {name: values[0] for name, values in visit.form.items()})
    except ValueError as error:
        raise _unreadable(visit, str(error), UNREADABLE) from None


def _unreadable(visit: Visit, place: str, text: str) -> Refused:
    fault = Fault(reason=visit.say(text), place=place)
    return Refused(Problem(status=422, code="invalid", faults=[fault]))


def _placed(problem: Problem, name: str = "") -> Problem:
    """Faults by field: the API names the place in its body (`target`, `/minutes`), the form its fields `value…`."""
    faults = []
    for fault in problem.faults:
        place = fault.place.strip("/").replace("/", ".")
        place = place.removeprefix("input").removeprefix(name).strip(".")
        where = fault.place if fault.place.startswith("value") else f"value.{place}" if place else "value"
        faults.append(msgspec.structs.replace(fault, place=where))
    return msgspec.structs.replace(problem, faults=faults)

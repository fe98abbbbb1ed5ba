"""What is asked of a unit: its actions as forms, the yes that a dangerous one needs, and how far each has come."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from monokoto.console.act_lists import LASTINGS
from monokoto.console.api import Problem, Refused
from monokoto.console.command_rows import told
from monokoto.console.form_values import placed, value_of
from monokoto.console.languages import mark
from monokoto.console.schemas import fields_of, rows_of
from monokoto.console.unit_frame import UnitFrame, load, show
from monokoto.console.visit import Visit

COMMANDS_SHOWN = 30
ASKED = mark("It is asked. The list below shows how far it has come.")
TO_CONFIRM = mark("Somebody has to say yes to it first: it stands in the list below.")
CONFIRMED = mark("It goes to the unit now.")
LEFT_OFF = mark("The unit is told to leave off, if it heard of it at all.")


class UnitCommandsController(Controller):
    """`/console/units/{unit}/commands`."""

    path = "/units/{unit:str}/commands"

    @get("/")
    async def commands(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Its actions, and what was asked of it."""
        return await _commands(visit, await load(visit, unit, "commands"))

    @get("/list")
    async def command_list(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """The list alone: it asks again by itself while more may come."""
        frame = await load(visit, unit, "commands")
        found = await visit.api.part(f"{frame.api}/actions", limit=COMMANDS_SHOWN)
        return visit.page("unit/command_list.html", commands=told(found, frame.model), list_of=frame.base)

    @post("/")
    async def command(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Ask an action; say yes to one that was asked, or leave it off."""
        frame = await load(visit, unit, "commands")
        action, command, doing = visit.value("action"), visit.value("command"), visit.value("do")
        path = f"{frame.api}/actions/{quote(action, safe='')}"
        try:
            if command and doing == "confirm":
                await visit.api.post(f"{path}/{quote(command, safe='')}/confirm")
                said = CONFIRMED
            elif command:
                await visit.api.delete(f"{path}/{quote(command, safe='')}")
                said = LEFT_OFF
            else:
                schema = (frame.model.get("actions") or {}).get(action, {}).get("input")
                made = await visit.api.post(
                    path, value_of(visit, schema), request=visit.value("request"), timeout=visit.value("timeout")
                )
                said = TO_CONFIRM if made["status"] == "unconfirmed" else ASKED
        except Refused as refused:
            edited = "" if command else action
            return await _commands(visit, frame, edited=edited, problem=placed(refused.problem))
        return await _commands(visit, frame, done=said)


async def _commands(
    visit: Visit, frame: UnitFrame, *, edited: str = "", done: str = "", problem: Problem | None = None
) -> Response[str]:
    found = await visit.api.part(f"{frame.api}/actions", limit=COMMANDS_SHOWN)
    typed = {key: values[0] for key, values in visit.form.items()}
    return show(
        visit, frame, actions=[_shown(name, action, typed if name == edited else None) for name, action in
        (frame.model.get("actions") or {}).items()], commands=told(found, frame.model), edited=edited, done=done,
        problem=problem, lastings=LASTINGS, lasting=typed.get("timeout", "") if edited else "", list_of=frame.base,
        request_name=secrets.token_hex(8), status=problem.status if problem else 200,
    )  # fmt: skip


def _shown(name: str, action: Mapping[str, Any], typed: dict[str, str] | None) -> dict[str, Any]:
    """An action as its form shows it."""
    return {
        "name": name,
        "title": str(action.get("title") or name),
        "description": str(action.get("description") or ""),
        "confirm": action.get("monokoto:confirm") or False,
        "two_person": bool(action.get("monokoto:twoPerson")),
        "forbidden": list(_forbidden(action.get("monokoto:forbiddenWhen"))),
        "fields": fields_of(action.get("input"), typed),
        "output": rows_of(action.get("output")),
    }


def _forbidden(told_so: Any) -> Iterator[dict[str, str]]:
    """The states an action is forbidden in: one condition, or a list of conditions or of objects with a reason."""
    for one in told_so if isinstance(told_so, list) else [told_so] if told_so else []:
        if isinstance(one, Mapping):
            yield {"when": str(one.get("when") or ""), "reason": str(one.get("reason") or "")}
        else:
            yield {"when": str(one), "reason": ""}

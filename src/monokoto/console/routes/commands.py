"""Commands of all units: what is open, what was asked, what became of it."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from monokoto.console.api import Part, Problem, Refused
from monokoto.console.command_rows import ENDED, OPEN, rows
from monokoto.console.languages import mark
from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

PATH = "/console/commands"
PAGE_SIZE = 30
CONFIRMED = mark("It goes to the unit now.")
LEFT_OFF = mark("The unit is told to leave off, if it heard of it at all.")
_OPEN, _ALL = "open", "all"
CHOICES = (_OPEN, _ALL, *OPEN, *ENDED)


class CommandsPagesController(Controller):
    """`/console/commands`."""

    path = "/commands"

    @get("/")
    async def index(
        self,
        visit: NamedDependency[Visit],
        status: FromQuery[str] = _OPEN,
        action: FromQuery[str] = "",
        batch: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """What is open, unless something else is asked for."""
        return await _list(visit, status, action, batch, cursor)

    @post("/")
    async def act(
        self,
        visit: NamedDependency[Visit],
        status: FromQuery[str] = _OPEN,
        action: FromQuery[str] = "",
        batch: FromQuery[str] = "",
    ) -> Response[str]:
        """Say yes to a command, or leave it off."""
        unit, name, command = (quote(visit.value(one), safe="") for one in ("unit", "action", "command"))
        path = f"/api/v1/units/{unit}/actions/{name}/{command}"
        yes = visit.value("do") == "confirm"
        problem = None
        try:
            if yes:
                await visit.api.post(f"{path}/confirm")
            else:
                await visit.api.delete(path)
        except Refused as refused:
            problem = refused.problem
        if problem is None and not visit.is_part:
            said = visit.say(CONFIRMED if yes else LEFT_OFF)
            return visit.go(address(status=status, action=action, batch=batch), said)
        return await _list(visit, status, action, batch, "", problem=problem, done="" if problem else _done(yes))


def _done(yes: bool) -> str:
    return CONFIRMED if yes else LEFT_OFF


def address(**said: str) -> str:
    """The address of the list with these conditions."""
    pairs = {name: value for name, value in said.items() if value and (name, value) != ("status", _OPEN)}
    return f"{PATH}?{urlencode(pairs)}" if pairs else PATH


async def _list(
    visit: Visit,
    status: str,
    action: str,
    batch: str,
    cursor: str,
    *,
    problem: Problem | None = None,
    done: str = "",
) -> Response[str]:
    status = status if status in CHOICES else _OPEN
    asked: dict[str, Any] = {"action": action, "batch": batch, "limit": PAGE_SIZE}
    parts = await _asked(visit, status, asked, cursor)
    failed = next((part.problem for part in parts if part.problem), None)
    found = sorted(
        (one for part in parts if part.value for one in part.value["items"]), key=lambda one: one["id"], reverse=True
    )
    commands = {"problem": failed, **rows(found[:PAGE_SIZE])}
    return visit.page(
        "commands/list.html",
        commands=commands,
        names=await names_of(visit, (one["unit"] for one in commands["items"])),
        # What is open comes from several lists: of more than a page, each stage has pages of its own.
        more=len(found) > PAGE_SIZE or any(part.value and part.value["next_cursor"] for part in parts),
        next_cursor=parts[0].value["next_cursor"] if len(parts) == 1 and parts[0].value else None,
        query={"status": status, "action": action, "batch": batch},
        cursor=cursor,
        choices=CHOICES,
        here=address(status=status, action=action, batch=batch),
        done=done,
        problem=problem,
        status=problem.status if problem else 200,
    )


async def _asked(visit: Visit, status: str, asked: dict[str, Any], cursor: str) -> list[Part]:
    """One list of the API, or one for each open stage."""
    if status == _OPEN:
        return list(await asyncio.gather(*(visit.api.part("/api/v1/commands", status=one, **asked) for one in OPEN)))
    only = "" if status == _ALL else status
    return [await visit.api.part("/api/v1/commands", status=only, cursor=cursor, **asked)]

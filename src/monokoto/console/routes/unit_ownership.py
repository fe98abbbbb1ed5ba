"""Whose a unit is and was; handing it on, sharing it, renting it out."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from monokoto.console.api import Fault, Part, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.unit_frame import UnitFrame, load, show
from monokoto.console.values import instant_from_local
from monokoto.console.visit import Visit

SAID = {
    "offer": mark("It is offered. The unit changes hands when the other side accepts."),
    "withdraw": mark("Offers and codes made for this unit open nothing any more."),
    "share": mark("The unit is shared."),
    "end-share": mark("The share has ended."),
    "rent": mark("The unit is rented out."),
    "end-rental": mark("The rental has ended."),
    "describe": mark("Saved."),
    "claim-code": "",
    "transfer-code": "",
}
"""What the page says when something was done; nothing where it shows what came of it."""
GIVEN_BACK = mark("The unit is its maker's again.")
NO_TIME = mark("This is not a date and time.")


class UnitOwnershipController(Controller):
    """`/console/units/{unit}/ownership`."""

    path = "/units/{unit:str}/ownership"

    @get("/")
    async def ownership(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """The history, and what can be done now."""
        return await _show(visit, await load(visit, unit, "ownership"))

    @post("/")
    async def change(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Do one thing (`do`) about whose it is."""
        frame = await load(visit, unit, "ownership")
        do = visit.value("do")
        try:
            made = await _do(visit, frame, do)
        except Refused as refused:
            return await _show(visit, frame, done=do, problem=refused.problem)
        if do == "give-back":
            return visit.go("/console/units", visit.say(GIVEN_BACK))
        return await _show(visit, frame, done=do, made=made)


Body = Callable[[Visit], dict[str, Any] | None]
_REQUESTS: dict[str, tuple[str, str, Body]] = {
    # what is done: method, path below the unit's (`{id}`: the share or rental meant), body
    "claim-code": ("POST", "/claim-code", lambda _: None),
    "transfer-code": ("POST", "/transfer", lambda _: {"to": None}),
    "offer": ("POST", "/transfer", lambda visit: {"to": visit.value("to")}),
    "withdraw": ("DELETE", "/transfer", lambda _: None),
    "give-back": ("DELETE", "/ownership", lambda _: None),
    "describe": ("PATCH", "/ownership", lambda visit: {name: visit.value(name) for name in ("label", "place")}),
    "share": ("POST", "/shares", lambda visit: _access(visit, "control", until=_instant(visit, "until"))),
    "rent": ("POST", "/rentals", lambda visit: _access(visit, "owner_sees", end=_instant(visit, "end") or "")),
    "end-share": ("DELETE", "/shares/{id}", lambda _: None),
    "end-rental": ("DELETE", "/rentals/{id}", lambda _: None),
}


async def _do(visit: Visit, frame: UnitFrame, do: str) -> Any:
    """Ask the API for one change. Raises Refused."""
    if do not in _REQUESTS:
        raise Refused(Problem(status=422, code="invalid"))
    method, path, body = _REQUESTS[do]
    below = path.replace("{id}", quote(visit.value("id"), safe=""))
    return await visit.api.call(method, frame.api + below, body=body(visit))


def _access(visit: Visit, box: str, **more: Any) -> dict[str, Any]:
    """What a share or a rental is asked for with; `box`: the checkbox that makes it wider."""
    return {"to": visit.value("to"), box: visit.value(box) == "on", **more}


async def _show(
    visit: Visit, frame: UnitFrame, *, done: str = "", made: Any = None, problem: Problem | None = None
) -> Response[str]:
    history, shares, rentals = await asyncio.gather(
        visit.api.part(f"{frame.api}/ownership"),
        visit.api.part(f"{frame.api}/shares"),
        visit.api.part(f"{frame.api}/rentals"),
    )
    current = next((one for one in _items(history) if one["end"] is None), None)
    slug = visit.who.organisation.slug if visit.who and visit.who.organisation else ""
    return show(
        visit, frame, history=history, shares=shares, rentals=rentals, current=current,
        mine=bool(current and current["owner"] and current["owner"]["slug"] == slug),
        code=_with_picture(made) if isinstance(made, dict) and made.get("code") else None,
        notice=SAID.get(done, "") if not problem else "", done=done, problem=problem,
        entered=visit.form if problem else {}, status=problem.status if problem else 200,
    )  # fmt: skip


def _items(part: Part) -> list[dict[str, Any]]:
    return [] if part.problem else list(part.value["items"])


def _with_picture(made: dict[str, Any]) -> dict[str, Any]:
    """The code with its QR picture as an address, so that it is shown as a picture and never as markup."""
    picture = base64.b64encode(str(made.get("qr_svg") or "").encode()).decode()
    return {**made, "picture": f"data:image/svg+xml;base64,{picture}"}


def _instant(visit: Visit, name: str) -> str | None:
    text = visit.value(name)
    if not text:
        return None
    try:
        return instant_from_local(text, visit.formats.zone)
    except ValueError:
        fault = Fault(reason=visit.say(NO_TIME), place=name)
        raise Refused(Problem(status=422, code="invalid", faults=[fault])) from None

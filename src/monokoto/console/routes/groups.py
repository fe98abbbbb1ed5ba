"""Groups of units: what belongs to them, and which units that is now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.act_lists import product_names, words_of
from monokoto.console.api import Fault, Refused
from monokoto.console.form_values import unreadable
from monokoto.console.languages import mark
from monokoto.console.unit_names import id_of, ids_of, names_of
from monokoto.console.visit import Visit

PATH = "/console/groups"
PAGE_SIZE = 30
NO_NUMBER = mark("This is not a number.")
SAVED = mark("The group “%(name)s” is saved.")
GONE = mark("The group “%(name)s” is forgotten. Its units stay what they are.")
_PLACES = {
    "filter/product": "product",
    "filter/tags": "tags",
    "filter/below": "below",
    "place/timezone": "timezone",
    "place/latitude": "latitude",
    "place/longitude": "longitude",
}


class GroupPagesController(Controller):
    """`/console/groups`."""

    path = "/groups"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """By name."""
        found = await visit.api.get("/api/v1/groups", cursor=cursor, limit=50)
        return visit.page("groups/list.html", groups=found["items"], next_cursor=found["next_cursor"])

    @get("/new")
    async def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The form."""
        return visit.page("groups/edit.html", group=None, **await _form(visit, {}))

    @post("/new")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Make it."""
        try:
            body = await _body(visit)
            body["units"] = await ids_of(visit, visit.value("units"), "units")
            made = await visit.api.post("/api/v1/groups", body | {"name": visit.value("name")})
        except Refused as refused:
            return visit.again("groups/edit.html", _placed(refused), group=None, **await _form(visit, {}))
        return visit.go(f"{PATH}/{made['id']}", visit.say(SAVED, name=made["name"]))

    @get("/{group:str}")
    async def one(
        self, visit: NamedDependency[Visit], group: FromPath[str], cursor: FromQuery[str] = ""
    ) -> Response[str]:
        """What belongs to it, and which units that is now."""
        return visit.page("groups/group.html", **await _shown(visit, group, cursor))

    @get("/{group:str}/edit")
    async def edit(self, visit: NamedDependency[Visit], group: FromPath[str]) -> Response[str]:
        """The form, filled in."""
        found = await visit.api.get(_api(group))
        return visit.page("groups/edit.html", group=found, **await _form(visit, found))

    @post("/{group:str}/edit")
    async def change(self, visit: NamedDependency[Visit], group: FromPath[str]) -> Response[str]:
        """Save it; who is named in it one by one stays."""
        try:
            made = await visit.api.replace(_api(group), await _body(visit), visit.value("version"))
        except Refused as refused:
            found = await visit.api.get(_api(group))
            return visit.again("groups/edit.html", _placed(refused), group=found, **await _form(visit, found))
        return visit.go(f"{PATH}/{made['id']}", visit.say(SAVED, name=made["name"]))

    @post("/{group:str}/members")
    async def members(self, visit: NamedDependency[Visit], group: FromPath[str]) -> Response[str]:
        """Name units one by one, or take named ones out."""
        try:
            add = await ids_of(visit, visit.value("add"), "add")
            await visit.api.post(f"{_api(group)}/members", {"add": add, "remove": visit.values("remove")})
        except Refused as refused:
            if refused.problem.status == 404 and not visit.value("add"):
                raise
            return visit.again("groups/group.html", refused, **await _shown(visit, group, ""))
        return visit.go(f"{PATH}/{quote(group, safe='')}")

    @post("/{group:str}/delete")
    async def forget(self, visit: NamedDependency[Visit], group: FromPath[str]) -> Response[str]:
        """Forget it."""
        gone = await visit.api.delete(_api(group))
        return visit.go(PATH, visit.say(GONE, name=gone["name"]))


def _api(group: str) -> str:
    return f"/api/v1/groups/{quote(group, safe='')}"


async def _shown(visit: Visit, group: str, cursor: str) -> dict[str, Any]:
    found, members = await asyncio.gather(
        visit.api.get(_api(group)),
        visit.api.part(f"{_api(group)}/members", limit=PAGE_SIZE, cursor=cursor),
    )
    ids = [one["unit"] for one in members.value["items"]] if members.value else []
    below = (found["filter"] or {}).get("below")
    names = await names_of(visit, [*ids, *([below] if below else [])])
    return {"group": found, "members": members, "units": ids, "names": names}


async def _form(visit: Visit, group: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows when nothing was typed into it yet."""
    belongs, place = group.get("filter") or {}, group.get("place") or {}
    below = belongs.get("below", "")
    values = {
        "name": group.get("name", ""),
        "title": group.get("title", ""),
        "product": belongs.get("product", ""),
        "tags": ", ".join(belongs.get("tags", [])),
        "below": below,
        **{name: place.get(name, "") for name in ("timezone", "latitude", "longitude")},
    }
    return {"values": values, "products": await product_names(visit)}


async def _body(visit: Visit) -> dict[str, Any]:
    belongs = {
        "product": visit.value("product"),
        "tags": words_of(visit.value("tags")),
        "below": await id_of(visit, visit.value("below")),
    }
    place = {"timezone": visit.value("timezone")} | {
        name: _degrees(visit, name) for name in ("latitude", "longitude") if visit.value(name)
    }
    return {
        "title": visit.value("title"),
        "filter": belongs if any(belongs.values()) else None,
        "place": {name: value for name, value in place.items() if value != ""},
    }


def _degrees(visit: Visit, name: str) -> float:
    try:
        return float(visit.value(name).replace(",", "."))
    except ValueError:
        raise unreadable(visit, name, NO_NUMBER) from None


def _placed(refused: Refused) -> Refused:
    """Faults at the fields of the form."""
    faults = [
        Fault(one.reason, _PLACES.get(one.place.strip("/").replace(".", "/"), one.place.strip("/")))
        for one in refused.problem.faults
    ]
    return type(refused)(msgspec.structs.replace(refused.problem, faults=faults))

"""Something done to many units at once: chosen in the list, looked at before, then a job with progress and undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.unit_query import UnitQuery, read_query
from monokoto.console.values import plain
from monokoto.console.visit import Visit

PATH = "/console/units/change"
NOT_JSON = mark("This is not JSON.")
NO_NUMBER = mark("This is not a number.")
CHOSEN_MAX = 1000


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form of a kind of job."""

    name: str
    label: str
    hint: str = ""
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Form:
    """How people ask for a kind of job; `read` makes its parameters out of the fields."""

    label: str
    fields: tuple[Field, ...]
    read: Callable[[Visit], dict[str, Any]]
    danger: bool = False


def _tags(visit: Visit) -> dict[str, Any]:
    return {"add": _words(visit.value("add")), "remove": _words(visit.value("remove"))}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _parent(visit: Visit) -> dict[str, Any]:
    return {"parent": visit.value("parent") or None}


def _location(visit: Visit) -> dict[str, Any]:
    location: dict[str, Any] = {}
    for name in ("latitude", "longitude"):
        if text := visit.value(name):
            try:
                location[name] = float(text)
            except ValueError:
                raise _refused(visit, name, NO_NUMBER) from None
    if place := visit.value("place"):
        location["place"] = place
    return {"location": location} if location else {}


def _retiring(visit: Visit) -> dict[str, Any]:
    return {"parts": bool(visit.value("parts"))}


def _json_of(name: str) -> Callable[[Visit], dict[str, Any]]:
    def read(visit: Visit) -> dict[str, Any]:
        try:
            value: dict[str, Any] = msgspec.json.decode(visit.value(name) or "{}", type=dict[str, Any])
        except msgspec.MsgspecError:
            raise _refused(visit, name, NOT_JSON) from None
        return value

    return read


def _patch(visit: Visit) -> dict[str, Any]:
    return {"patch": _json_of("patch")(visit)}


def _refused(visit: Visit, place: str, reason: str) -> Refused:
    return Refused(Problem(status=422, code="invalid", faults=[Fault(visit.say(reason), place)]))


FORMS = {
    "units.tag": Form(
        mark("Add and remove tags"),
        (
            Field("add", mark("Add"), mark("With commas between them")),
            Field("remove", mark("Tags to take away"), mark("With commas between them")),
        ),
        _tags,
    ),
    "units.update": Form(
        mark("Change the place"),
        (
            Field("place", mark("Place"), mark("What stays empty is left as it is")),
            Field("latitude", mark("Latitude")),
            Field("longitude", mark("Longitude")),
        ),
        _location,
    ),
    "units.move": Form(
        mark("Make them parts of another unit"),
        (Field("parent", mark("Part of"), mark("ID of the unit; empty: of none")),),
        _parent,
    ),
    "twins.desire": Form(
        mark("Set what is desired"),
        (Field("patch", mark("Desired"), mark("A JSON object; null takes a wish away"), "json"),),
        _patch,
    ),
    "units.retire": Form(
        mark("Retire"),
        (Field("parts", mark("Their parts too"), mark("Without, a unit that has parts is refused"), "check"),),
        _retiring,
        danger=True,
    ),
}
_OTHER = (Field("parameters", mark("Parameters"), mark("A JSON object"), "json"),)


def form_of(kind: Mapping[str, Any]) -> Form:
    """The form of a kind of job; one we do not know is asked for as JSON."""
    return FORMS.get(kind["name"]) or Form(kind["title"], _OTHER, _json_of("parameters"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The units it is about: these, or all for which the conditions hold."""

    units: tuple[str, ...]
    query: UnitQuery
    all: bool
    """Said so: that nothing is ticked never means everything."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """As the address has it."""
        return [("unit", one) for one in self.units] or [*self.query.pairs, ("all", "1")]

    @property
    def selection(self) -> dict[str, Any]:
        """As a job takes it."""
        return {"ids": list(self.units)} if self.units else self.query.selection()


class UnitsBulkController(Controller):
    """`/console/units/change`."""

    path = "/units/change"

    @get("/")
    async def form(self, visit: NamedDependency[Visit]) -> Response[str]:
        """What can be done to them, and the form of what was chosen."""
        return await _show(visit)

    @post("/")
    async def do(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Say what would happen; with `do=apply`, do it."""
        kinds = await visit.api.get("/api/v1/jobs/kinds")
        name = visit.request.query_params.get("kind", "")
        kind = next((one for one in kinds if one["name"] == name), None)
        chosen = _chosen(visit)
        if kind is None or not (chosen.units or chosen.all):
            return await _show(visit)
        applying = visit.value("do") == "apply"
        try:
            parameters = form_of(kind).read(visit)
            body = {"kind": name, "selection": chosen.selection, "parameters": parameters}
            made = await visit.api.post("/api/v1/jobs", {**body, "preview": not applying})
        except Refused as refused:
            if refused.problem.status not in {404, 409, 413, 422, 429}:
                raise
            return await _show(visit, refused)
        if applying:
            return visit.go(f"/console/jobs/{made['id']}")
        return await _show(visit, preview=made)


def _chosen(visit: Visit) -> Chosen:
    pairs = list(visit.request.query_params.multi_items())
    units = [value for name, value in pairs if name == "unit" and value]
    is_all = any(name == "all" and value for name, value in pairs)
    return Chosen(() if is_all else tuple(dict.fromkeys(units))[:CHOSEN_MAX], read_query(pairs), is_all)


async def _show(
    visit: Visit, refused: Refused | None = None, preview: dict[str, Any] | None = None
) -> Response[str]:  # fmt: skip
    chosen = _chosen(visit)
    params = visit.request.query_params
    if not (chosen.units or chosen.all):
        return visit.page("units/change.html", chosen=None, query=chosen.query, **_nothing())
    kinds = await visit.api.get("/api/v1/jobs/kinds")
    order = list(FORMS)
    kinds = sorted(kinds, key=lambda one: order.index(one["name"]) if one["name"] in order else len(order))
    kind = next((one for one in kinds if one["name"] == params.get("kind", "")), None)
    values: dict[str, Any] = {
        "chosen": chosen,
        "query": chosen.query,
        "kinds": [(one["name"], form_of(one).label) for one in kinds],
        "kind": kind,
        "form": form_of(kind) if kind else None,
        "preview": preview,
        "rows": [_looked(one) for one in preview["sample"]] if preview else [],
    }
    if refused is not None:
        return visit.again("units/change.html", refused, **values)
    return visit.page("units/change.html", entered=visit.form, **values)


def _nothing() -> dict[str, Any]:
    return {"kinds": [], "kind": None, "form": None, "preview": None, "rows": []}


def _looked(one: dict[str, Any]) -> dict[str, Any]:
    """One unit of a preview: each thing that would change, with what it was and would be, as plain text."""
    before, after = one["before"] or {}, one["after"] or {}
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    changes = [(name, _told(before.get(name)), _told(after.get(name))) for name in names]
    return {"unit": one["unit"], "refusal": one["refusal"], "changes": changes}


def _told(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value) or None
    return plain(value)

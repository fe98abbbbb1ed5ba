"""Units over HTTP."""

from __future__ import annotations

import asyncio
import zlib
from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import Parameter

from monokoto.connect.fleet.json import (
    RegisteredJson,
    RegisterRequest,
    TreeJson,
    UnitJson,
    UpdateRequest,
    UpgradedJson,
    UpgradeRequest,
    change_from_json,
    new_unit_from_json,
    registered_to_json,
    unit_to_json,
)
from monokoto.connect.fleet.listing import PRESENT, SORTING, Held, UnitFilter, UnitSets, parse_box
from monokoto.connect.fleet.service import Fleet
from monokoto.connect.fleet.unit import NOWHERE, Status, Unit
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, TAGS_PER_UNIT_MAX
from monokoto.web import (
    Caller,
    Gate,
    Page,
    Reach,
    Scope,
    Side,
    format_etag,
    not_modified,
    problem_responses,
    requires,
)

Limit = Annotated[int, Parameter(ge=1, le=PAGE_SIZE_MAX)]
IfMatch = Annotated[str | None, Parameter(header="If-Match", description="Change it only at this revision")]
IfNoneMatch = Annotated[str | None, Parameter(header="If-None-Match", description="Answer 304 at this revision")]
_READ = [requires(Scope.UNITS_READ)]
_WRITE = [requires(Scope.UNITS_WRITE)]
_TOP = "none"


class UnitsController(Controller):
    """`/api/v1/units`."""

    path = "/api/v1/units"
    tags = ("Units",)

    @get(operation_id="listUnits", guards=_READ, responses=problem_responses(404), summary="List units")
    async def units(
        self,
        caller: Caller,
        fleet: Fleet,
        gate: NamedDependency[Gate],
        unit_sets: NamedDependency[UnitSets],
        product: Annotated[str, Parameter(description="Units of this product")] = "",
        version: Annotated[str, Parameter(description="Units of this version")] = "",
        serial: str = "",
        serial_prefix: str = "",
        tag: Annotated[list[str] | None, Parameter(description="Has all of these", max_items=TAGS_PER_UNIT_MAX)] = None,
        parent: Annotated[str, Parameter(description="Direct parts of this unit; `none`: parts of none")] = "",
        below: Annotated[str, Parameter(description="All parts of this unit, at every depth")] = "",
        status: Annotated[list[Status] | None, Parameter(description="Left out: all that are not retired")] = None,
        text: Annotated[str, Parameter(description="Somewhere in serial, name or place")] = "",
        side: Annotated[
            Side | None,
            Parameter(description="`maker`: units it made; `owner`, `guest`: units it holds; left out: by its kind"),
        ] = None,
        online: Annotated[bool | None, Parameter(description="Connected at present, or not")] = None,
        claimed: Annotated[
            bool | None, Parameter(description="Belongs to somebody other than its maker, or not")
        ] = None,
        box: Annotated[str, Parameter(description="Located within `south,west,north,east`, in degrees")] = "",
        sort: Annotated[
            str, Parameter(description=f"By {', '.join(SORTING.columns)}; `-` before one: descending")
        ] = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[UnitJson]:
        """Those for which every condition holds: a maker sees the units it made, others the units they own or use."""
        wanted = UnitFilter(
            product=product,
            version=version,
            serial=serial,
            serial_prefix=serial_prefix,
            tags=tuple(tag or ()),
            parent_id=(NOWHERE if parent == _TOP else parse_id(parent, what="parent")) if parent else None,
            below=parse_id(below, what="below") if below else None,
            status=tuple(status) if status else PRESENT,
            text=text,
            box=parse_box(box) if box else None,
        )
        held = _held(gate, caller, side)
        if online is not None:
            connected = unit_sets.online(caller.organisation_id, None if held is None else list(held.units))
            wanted = wanted.within(connected, online)
        if claimed is not None:
            wanted = wanted.within(unit_sets.owned(caller.organisation_id), claimed)
        found = await asyncio.to_thread(
            fleet.list,
            caller.organisation_id,
            wanted,
            sort=sort,
            limit=limit,
            cursor=cursor,
            held=held,
        )
        return _page(found, gate, caller)

    @post(operation_id="registerUnit", guards=_WRITE, responses=problem_responses(409), summary="Register a unit")
    async def register(self, caller: Caller, fleet: Fleet, data: RegisterRequest) -> Response[RegisteredJson]:
        """With a token of its own unless it brings a token or a certificate along; the token is in this answer alone."""
        registered = await asyncio.to_thread(fleet.register, caller.organisation_id, new_unit_from_json(data))
        await fleet.tell([fleet.units_changed(caller.organisation_id)])
        answer = registered_to_json(registered)
        headers = {"Location": f"/api/v1/units/{answer.unit.id}", "ETag": format_etag(answer.unit.revision)}
        return Response(answer, status_code=201, headers=headers)

    @post(
        "/upgrade",
        operation_id="upgradeUnits",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Give many units another version",
    )
    async def upgrade(self, caller: Caller, fleet: Fleet, data: UpgradeRequest) -> UpgradedJson:
        """Give all units of a product that meet the conditions another version of it."""
        wanted = UnitFilter(
            product=data.product,
            version=data.from_version,
            tags=tuple(data.tags),
            below=parse_id(data.below, what="below") if data.below else None,
        )
        count = await asyncio.to_thread(fleet.upgrade, caller.organisation_id, wanted, data.version)
        await fleet.tell([fleet.units_changed(caller.organisation_id)])
        return UpgradedJson(units=count)

    @get(
        "/{unit:str}", operation_id="getUnit", guards=_READ, responses=problem_responses(404), summary="Look at a unit"
    )
    async def unit(
        self,
        caller: Caller,
        fleet: Fleet,
        gate: NamedDependency[Gate],
        unit: str,
        if_none_match: IfNoneMatch = None,
    ) -> Response[UnitJson]:
        """With an ETag: its revision, and what of it lies open to the asker."""
        reach = gate.unit(caller, parse_id(unit, what="unit id"))
        found = await asyncio.to_thread(fleet.get, reach.organisation_id, reach.unit_id)
        answer = _shown(found, reach, gate, caller)
        tag = _tag(found, reach)
        if not_modified(if_none_match, tag):
            return Response(None, status_code=304, headers={"ETag": format_etag(tag)})  # type: ignore[arg-type]
        return Response(answer, headers={"ETag": format_etag(tag)})

    @patch(
        "/{unit:str}",
        operation_id="updateUnit",
        guards=_WRITE,
        responses=problem_responses(404, 409, 412),
        summary="Change a unit",
    )
    async def update(
        self,
        caller: Caller,
        fleet: Fleet,
        gate: NamedDependency[Gate],
        unit: str,
        data: UpdateRequest,
        match: IfMatch = None,
    ) -> Response[UnitJson]:
        """A merge patch (RFC 7386) by its maker: its description, its place in a product system, its version, its status.

        A unit that somebody owns is retired by DELETE only. An owner's own name for it: PATCH its `ownership`.
        """
        reach = gate.unit(caller, parse_id(unit, what="unit id")).must_be_maker()
        if reach.owned and data.status is Status.RETIRED:
            raise _owned(reach)
        changed = await asyncio.to_thread(
            fleet.update, reach.organisation_id, reach.unit_id, change_from_json(data), match=match
        )
        await fleet.tell(changed.facts)
        return _tagged(changed.unit, reach)

    @delete(
        "/{unit:str}",
        operation_id="retireUnit",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409, 412),
        summary="Retire a unit",
    )
    async def retire(
        self,
        caller: Caller,
        fleet: Fleet,
        gate: NamedDependency[Gate],
        unit: str,
        match: IfMatch = None,
        parts: Annotated[bool, Parameter(description="Its parts too; without, a unit with parts is refused")] = False,
        owned: Annotated[bool, Parameter(description="Although it, or a part of it, belongs to somebody")] = False,
    ) -> Response[UnitJson]:
        """Its credentials end at once; its history stays, its owner's too, and its serial stays taken."""
        reach = gate.unit(caller, parse_id(unit, what="unit id")).must_be_maker()
        if not owned:
            below = await asyncio.to_thread(_subtree, fleet, reach) if parts else [reach.unit_id]
            for unit_id in below:
                if gate.unit(caller, unit_id).owned:
                    raise _owned(gate.unit(caller, unit_id))
        changed = await asyncio.to_thread(
            fleet.retire, reach.organisation_id, reach.unit_id, with_parts=parts, match=match
        )
        await fleet.tell(changed.facts)
        return _tagged(changed.unit, reach)

    @get(
        "/{unit:str}/children",
        operation_id="listUnitParts",
        guards=_READ,
        responses=problem_responses(404),
        summary="List a unit's direct parts",
    )
    async def children(
        self,
        caller: Caller,
        fleet: Fleet,
        gate: NamedDependency[Gate],
        unit: str,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[UnitJson]:
        """From the oldest on, retired ones too; those that lie open to the asker."""
        reach = gate.unit(caller, parse_id(unit, what="unit id"))
        wanted = UnitFilter(parent_id=reach.unit_id, status=tuple(Status))
        found = await asyncio.to_thread(fleet.list, reach.organisation_id, wanted, limit=limit, cursor=cursor)
        return _page(found, gate, caller)

    @get(
        "/{unit:str}/tree",
        operation_id="getUnitTree",
        guards=_READ,
        responses=problem_responses(404),
        summary="Show a unit's product system",
    )
    async def tree(
        self,
        caller: Caller,
        fleet: Fleet,
        gate: NamedDependency[Gate],
        unit: str,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> TreeJson:
        """The units above it, and itself with all its parts, each before its own parts, retired ones too; those that lie
        open to the asker."""
        reach = gate.unit(caller, parse_id(unit, what="unit id"))
        above, below = await asyncio.to_thread(
            fleet.tree, reach.organisation_id, reach.unit_id, limit=limit, cursor=cursor
        )
        return TreeJson(
            above=_open(above, gate, caller), items=_open(below.items, gate, caller), next_cursor=below.next_cursor
        )


def _held(gate: Gate, caller: Caller, side: Side | None) -> Held | None:
    """The units a list is about: None: those the organisation made."""
    reaches = gate.units(caller) if side is None else None if side is Side.MAKER else gate.held(caller)
    if reaches is None:
        return None
    wanted = [reach for reach in reaches if side is None or reach.side is side]
    return Held(
        units={reach.unit_id: reach.organisation_id for reach in wanted},
        labels={reach.unit_id: reach.label for reach in wanted if reach.label},
    )


def _reach(gate: Gate, caller: Caller, unit_id: int) -> Reach | None:
    try:
        return gate.unit(caller, unit_id)
    except NotFound:
        return None


def _open(found: list[Unit], gate: Gate, caller: Caller) -> list[UnitJson]:
    """Those that lie open to the caller, as they do; access may have ended since they were looked for."""
    reaches = ((unit, _reach(gate, caller, unit.id)) for unit in found)
    return [_shown(unit, reach, gate, caller) for unit, reach in reaches if reach is not None]


def _shown(unit: Unit, reach: Reach, gate: Gate, caller: Caller) -> UnitJson:
    whole = reach.side is Side.MAKER or unit.parent_id == NOWHERE
    return unit_to_json(unit, reach, parent_open=whole or _reach(gate, caller, unit.parent_id) is not None)


def _page(page: Page[Unit], gate: Gate, caller: Caller) -> Page[UnitJson]:
    return Page(items=_open(page.items, gate, caller), next_cursor=page.next_cursor)


def _subtree(fleet: Fleet, reach: Reach) -> list[int]:
    """The unit and its parts at every depth."""
    found: list[int] = []
    cursor: str | None = None
    while True:
        _, page = fleet.tree(reach.organisation_id, reach.unit_id, limit=PAGE_SIZE_MAX, cursor=cursor)
        found += [unit.id for unit in page.items]
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


def _owned(reach: Reach) -> Conflict:
    return Conflict(
        f"The unit {format_id(reach.unit_id)} belongs to somebody.",
        remedy="Have it given back first; or DELETE it with `owned=true`: its owner keeps its history.",
    )


def _tag(unit: Unit, reach: Reach) -> int | str:
    """The revision; for others than the maker also what of it they see, which changes without a revision."""
    if reach.side is Side.MAKER:
        return unit.revision
    seen = zlib.crc32(f"{reach.side} {reach.now} {reach.owned} {reach.label}".encode())
    return f"{unit.revision}-{seen:08x}"


def _tagged(unit: Unit, reach: Reach) -> Response[UnitJson]:
    return Response(unit_to_json(unit, reach), headers={"ETag": format_etag(unit.revision)})

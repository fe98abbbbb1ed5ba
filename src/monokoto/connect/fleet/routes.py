"""Units over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Controller, Response, delete, get, patch, post
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
from monokoto.connect.fleet.listing import PRESENT, Sort, UnitFilter
from monokoto.connect.fleet.service import Fleet
from monokoto.connect.fleet.unit import NOWHERE, Status, Unit
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, TAGS_PER_UNIT_MAX
from monokoto.web import Caller, Page, Scope, format_etag, not_modified, problem_responses, requires

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
        product: Annotated[str, Parameter(description="Units of this product")] = "",
        version: Annotated[str, Parameter(description="Units of this version")] = "",
        serial: str = "",
        serial_prefix: str = "",
        tag: Annotated[list[str] | None, Parameter(description="Has all of these", max_items=TAGS_PER_UNIT_MAX)] = None,
        parent: Annotated[str, Parameter(description="Direct parts of this unit; `none`: parts of none")] = "",
        below: Annotated[str, Parameter(description="All parts of this unit, at every depth")] = "",
        status: Annotated[list[Status] | None, Parameter(description="Left out: all that are not retired")] = None,
        text: Annotated[str, Parameter(description="Somewhere in serial, name or place")] = "",
        sort: Sort = Sort.OLDEST,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[UnitJson]:
        """Those for which every condition holds."""
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
        )
        found = await asyncio.to_thread(
            fleet.list, caller.organisation_id, wanted, sort=sort, limit=limit, cursor=cursor
        )
        return _page(found)

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
        self, caller: Caller, fleet: Fleet, unit: str, if_none_match: IfNoneMatch = None
    ) -> Response[UnitJson]:
        """With its revision as ETag."""
        found = await asyncio.to_thread(fleet.get, caller.organisation_id, parse_id(unit, what="unit id"))
        if not_modified(if_none_match, found.revision):
            return _unchanged(found)
        return _tagged(found)

    @patch(
        "/{unit:str}",
        operation_id="updateUnit",
        guards=_WRITE,
        responses=problem_responses(404, 409, 412),
        summary="Change a unit",
    )
    async def update(
        self, caller: Caller, fleet: Fleet, unit: str, data: UpdateRequest, match: IfMatch = None
    ) -> Response[UnitJson]:
        """A merge patch (RFC 7386): its description, its place in a product system, its version, its status."""
        unit_id = parse_id(unit, what="unit id")
        changed = await asyncio.to_thread(
            fleet.update, caller.organisation_id, unit_id, change_from_json(data), match=match
        )
        await fleet.tell(changed.facts)
        return _tagged(changed.unit)

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
        unit: str,
        match: IfMatch = None,
        parts: Annotated[bool, Parameter(description="Its parts too; without, a unit with parts is refused")] = False,
    ) -> Response[UnitJson]:
        """Its credentials end at once; its history stays, and its serial stays taken."""
        unit_id = parse_id(unit, what="unit id")
        changed = await asyncio.to_thread(fleet.retire, caller.organisation_id, unit_id, with_parts=parts, match=match)
        await fleet.tell(changed.facts)
        return _tagged(changed.unit)

    @get(
        "/{unit:str}/children",
        operation_id="listUnitParts",
        guards=_READ,
        responses=problem_responses(404),
        summary="List a unit's direct parts",
    )
    async def children(
        self, caller: Caller, fleet: Fleet, unit: str, limit: Limit = PAGE_SIZE_DEFAULT, cursor: str | None = None
    ) -> Page[UnitJson]:
        """From the oldest on, retired ones too."""
        wanted = UnitFilter(parent_id=parse_id(unit, what="unit id"), status=tuple(Status))
        return _page(await asyncio.to_thread(fleet.list, caller.organisation_id, wanted, limit=limit, cursor=cursor))

    @get(
        "/{unit:str}/tree",
        operation_id="getUnitTree",
        guards=_READ,
        responses=problem_responses(404),
        summary="Show a unit's product system",
    )
    async def tree(
        self, caller: Caller, fleet: Fleet, unit: str, limit: Limit = PAGE_SIZE_DEFAULT, cursor: str | None = None
    ) -> TreeJson:
        """The units above it, and itself with all its parts, each before its own parts, retired ones too."""
        above, below = await asyncio.to_thread(
            fleet.tree, caller.organisation_id, parse_id(unit, what="unit id"), limit=limit, cursor=cursor
        )
        return TreeJson(
            above=[unit_to_json(one) for one in above],
            items=[unit_to_json(one) for one in below.items],
            next_cursor=below.next_cursor,
        )


def _page(page: Page[Unit]) -> Page[UnitJson]:
    return Page(items=[unit_to_json(unit) for unit in page.items], next_cursor=page.next_cursor)


def _unchanged(unit: Unit) -> Response[Any]:
    return Response(None, status_code=304, headers={"ETag": format_etag(unit.revision)})


def _tagged(unit: Unit) -> Response[UnitJson]:
    return Response(unit_to_json(unit), headers={"ETag": format_etag(unit.revision)})

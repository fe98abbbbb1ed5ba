"""Groups over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import (
    GROUP_MEMBERS_MAX,
    NAME_LENGTH_MAX,
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
    TITLE_LENGTH_MAX,
)
from monokoto.operate.groups.group import Group, GroupDraft, GroupFilter, GroupPlace
from monokoto.operate.groups.service import Groups
from monokoto.web import Caller, Page, Scope, decode_cursor, format_etag, page_of, problem_responses, requires

_READ = [requires(Scope.UNITS_READ)]
_WRITE = [requires(Scope.CONTROL_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]
Ids = Annotated[list[str], Meta(max_length=GROUP_MEMBERS_MAX, description="Unit ids")]
Title = Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)]


class GroupJson(msgspec.Struct, frozen=True):
    """A named set of units."""

    id: str
    name: str
    title: str
    filter: GroupFilter | None
    place: GroupPlace
    named: Annotated[int, Meta(description="Members named one by one")]
    version: Annotated[int, Meta(description="Rises with every change of the group itself; also its ETag")]
    created_at: str
    updated_at: str


class PutGroupRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a group is to be."""

    title: Title = ""
    filter: GroupFilter | None = None
    units: Annotated[Ids | None, Meta(description="Members named one by one; null: those it has stay")] = None
    place: GroupPlace = GroupPlace()


class GroupRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new group."""

    name: Annotated[str, Meta(max_length=NAME_LENGTH_MAX, description="In lower case, as in `ground-floor`")]
    title: Title = ""
    filter: GroupFilter | None = None
    units: Ids = []
    place: GroupPlace = GroupPlace()


class MembersRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who becomes a member and who is none any more."""

    add: Ids = []
    remove: Ids = []


class GroupMemberJson(msgspec.Struct, frozen=True):
    """A unit of a group."""

    unit: str


def group_to_json(group: Group) -> GroupJson:
    """As the API shows it."""
    return GroupJson(
        id=format_id(group.id),
        name=group.name,
        title=group.title,
        filter=group.filter,
        place=group.place,
        named=group.named,
        version=group.version,
        created_at=format_instant(group.created_at),
        updated_at=format_instant(group.updated_at),
    )


class GroupsController(Controller):
    """`/api/v1/groups`. A group is named in the path by its name or its id."""

    path = "/api/v1/groups"
    tags = ("Groups",)

    @get("", operation_id="listGroups", guards=_READ, responses=problem_responses(), summary="List groups of units")
    async def list_groups(
        self,
        caller: NamedDependency[Caller],
        groups: NamedDependency[Groups],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[GroupJson]:
        """By name."""
        after = decode_cursor(cursor, str)[0] if cursor else ""
        found = await asyncio.to_thread(groups.list, caller.organisation_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda group: group.name, group_to_json)

    @post("", operation_id="createGroup", guards=_WRITE, responses=problem_responses(404, 409), summary="Make a group")
    async def create(
        self, caller: NamedDependency[Caller], groups: NamedDependency[Groups], data: JSONBody[GroupRequest]
    ) -> Response[GroupJson]:
        """Units named one by one, found by a filter whenever the group is used, or both."""
        draft = GroupDraft(title=data.title, filter=data.filter, place=data.place, units=_ids(data.units))
        made = await asyncio.to_thread(groups.create, caller, data.name, draft)
        await groups.tell(made.organisation_id, made.id, made.version)
        return _answer(made, 201)

    @get(
        "/{group:str}",
        operation_id="getGroup",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a group",
    )
    async def one(
        self, caller: NamedDependency[Caller], groups: NamedDependency[Groups], group: FromPath[str]
    ) -> Response[GroupJson]:
        """Its definition; `members` has its units."""
        return _answer(await asyncio.to_thread(groups.get, caller.organisation_id, group), 200)

    @put(
        "/{group:str}",
        operation_id="putGroup",
        guards=_WRITE,
        responses=problem_responses(404, 409, 412)
        | {201: ResponseSpec(GroupJson, description="There was none of this name: made", generate_examples=False)},
        summary="Make or replace a group",
    )
    async def put(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        groups: NamedDependency[Groups],
        group: FromPath[str],
        data: JSONBody[PutGroupRequest],
    ) -> Response[GroupJson]:
        """201 when there was none of this name. `If-Match` takes the version."""
        units = None if data.units is None else _ids(data.units)
        draft = GroupDraft(title=data.title, filter=data.filter, place=data.place, units=units)
        match = request.headers.get("if-match")
        found, new = await asyncio.to_thread(groups.put, caller, group, draft, match=match)
        await groups.tell(found.organisation_id, found.id, found.version)
        return _answer(found, 201 if new else 200)

    @delete(
        "/{group:str}",
        operation_id="removeGroup",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Forget a group",
    )
    async def remove(
        self, caller: NamedDependency[Caller], groups: NamedDependency[Groups], group: FromPath[str]
    ) -> GroupJson:
        """Its units stay what they are; what names the group finds none from now on."""
        removed = await asyncio.to_thread(groups.delete, caller.organisation_id, group)
        await groups.tell(removed.organisation_id, removed.id, 0)
        return group_to_json(removed)

    @get(
        "/{group:str}/members",
        operation_id="listGroupMembers",
        guards=_READ,
        responses=problem_responses(404, 413),
        summary="The units of a group",
    )
    async def members(
        self,
        caller: NamedDependency[Caller],
        groups: NamedDependency[Groups],
        group: FromPath[str],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[GroupMemberJson]:
        """Those within reach now, by id: a unit that was handed on or whose rental ended is none of them."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(groups.members, caller.organisation_id, group)
        rest = [unit_id for unit_id in found if unit_id > after][: limit + 1]
        return page_of(rest, limit, lambda unit_id: unit_id, lambda unit_id: GroupMemberJson(format_id(unit_id)))

    @post(
        "/{group:str}/members",
        operation_id="changeGroupMembers",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Add and remove members",
    )
    async def change_members(
        self,
        caller: NamedDependency[Caller],
        groups: NamedDependency[Groups],
        group: FromPath[str],
        data: JSONBody[MembersRequest],
    ) -> Response[GroupJson]:
        """Of those named one by one; asked twice, it is done once."""
        add, remove = _ids(data.add), _ids(data.remove)
        changed = await asyncio.to_thread(groups.change_members, caller, group, add=add, remove=remove)
        await groups.tell(changed.organisation_id, changed.id, changed.version)
        return _answer(changed, 200)


def _ids(texts: Sequence[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(parse_id(text, what="unit id") for text in texts))


def _answer(group: Group, status: int) -> Response[GroupJson]:
    headers = {"ETag": format_etag(group.version)} | (
        {"Location": f"/api/v1/groups/{group.name}"} if status == 201 else {}
    )
    return Response(group_to_json(group), status_code=status, headers=headers)


CONTROLLERS = (GroupsController,)
"""What `api` mounts."""

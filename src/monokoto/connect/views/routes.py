"""Saved views over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from monokoto.connect.views.service import Views, may_change
from monokoto.connect.views.view import Listed, View
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, VIEW_NAME_LENGTH_MAX, VIEW_QUERY_LENGTH_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

Name = Annotated[str, Meta(min_length=1, max_length=VIEW_NAME_LENGTH_MAX)]
Query = Annotated[
    str, Meta(max_length=VIEW_QUERY_LENGTH_MAX, description="As it follows the `?` of the list's address")
]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class ViewJson(msgspec.Struct, frozen=True):
    """A saved view."""

    id: str
    list: Listed
    name: str
    query: str
    shared: Annotated[bool, Meta(description="Everybody in the organisation sees it")]
    own: Annotated[bool, Meta(description="Whether the caller saved it")]
    changeable: Annotated[bool, Meta(description="Whether the caller may change or delete it")]
    created_at: str
    updated_at: str


class ViewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A view to save."""

    name: Name
    query: Query
    list: Listed = Listed.UNITS
    shared: bool = False


class ChangeViewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes; null or left out: it stays."""

    name: Name | None = None
    query: Query | None = None
    shared: bool | None = None


def view_to_json(view: View, caller: Caller) -> ViewJson:
    """As the API shows it to this caller."""
    return ViewJson(
        id=format_id(view.id),
        list=view.listed,
        name=view.name,
        query=view.query,
        shared=view.shared,
        own=view.actor_id == caller.actor_id,
        changeable=may_change(caller, view),
        created_at=format_instant(view.created_at),
        updated_at=format_instant(view.updated_at),
    )


class ViewsController(Controller):
    """`/api/v1/views`. Whoever may look at units may keep how they look at them."""

    path = "/api/v1/views"
    tags = ("Views",)
    guards = (requires(Scope.UNITS_READ),)

    @get(operation_id="listViews", responses=problem_responses(), summary="List saved views")
    async def list_views(
        self,
        caller: NamedDependency[Caller],
        views: NamedDependency[Views],
        listed: Annotated[Listed | None, QueryParameter(name="list", description="Only views of this list")] = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[ViewJson]:
        """One's own and those others in the organisation share, from the oldest on."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(views.list, caller, listed=listed, after=after, limit=limit + 1)
        return page_of(found, limit, key=lambda view: view.id, shown=lambda view: view_to_json(view, caller))

    @post(operation_id="createView", responses=problem_responses(409), summary="Save a view")
    async def create(
        self, caller: NamedDependency[Caller], views: NamedDependency[Views], data: JSONBody[ViewRequest]
    ) -> Response[ViewJson]:
        """Under a name that is free among one's own."""
        made = await asyncio.to_thread(
            views.create, caller, listed=data.list, name=data.name, query=data.query, shared=data.shared
        )
        shown = view_to_json(made, caller)
        return Response(shown, status_code=201, headers={"Location": f"/api/v1/views/{shown.id}"})

    @get("/{view:str}", operation_id="getView", responses=problem_responses(404), summary="Look at a saved view")
    async def view(
        self, caller: NamedDependency[Caller], views: NamedDependency[Views], view: FromPath[str]
    ) -> ViewJson:  # fmt: skip
        """One's own, or a shared one."""
        found = await asyncio.to_thread(views.get, caller, parse_id(view, what="view id"))
        return view_to_json(found, caller)

    @patch(
        "/{view:str}",
        operation_id="updateView",
        responses=problem_responses(404, 409),
        summary="Change a saved view",
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        views: NamedDependency[Views],
        view: FromPath[str],
        data: JSONBody[ChangeViewRequest],
    ) -> ViewJson:
        """One's own; an administrator also those that are shared."""
        changed = await asyncio.to_thread(
            views.change,
            caller,
            parse_id(view, what="view id"),
            name=data.name,
            query=data.query,
            shared=data.shared,
        )
        return view_to_json(changed, caller)

    @delete(
        "/{view:str}",
        operation_id="removeView",
        status_code=200,
        responses=problem_responses(404),
        summary="Forget a saved view",
    )
    async def remove(
        self, caller: NamedDependency[Caller], views: NamedDependency[Views], view: FromPath[str]
    ) -> ViewJson:  # fmt: skip
        """One's own; an administrator also those that are shared."""
        removed = await asyncio.to_thread(views.delete, caller, parse_id(view, what="view id"))
        return view_to_json(removed, caller)

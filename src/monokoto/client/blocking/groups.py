# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.groups`: Sets of units under a name: by hand, or by what they are."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import Group, GroupFilter, GroupMember, GroupMemberPage, GroupPage, GroupPlace
from monokoto.client.wire import Api, Call, Pages, given, segment


class GroupsApi:
    """Sets of units under a name: by hand, or by what they are."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_groups(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[GroupPage, Group]:
        """List groups of units.

        By name. Needs `units:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/groups", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, GroupPage, Group)

    def create_group(
        self,
        *,
        name: str,
        title: str | UnsetType = UNSET,
        filter: GroupFilter | UnsetType | None = UNSET,
        units: Sequence[str] | UnsetType = UNSET,
        place: GroupPlace | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Group:
        """Make a group.

        Units named one by one, found by a filter whenever the group is used, or both. Needs `control:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            name: In lower case, as in `ground-floor` (at most 64 characters).
            title: At most 200 characters.
            units: Unit ids (at most 10,000).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/groups",
            body=given(name=name, title=title, filter=filter, units=units, place=place),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Group)

    def get_group(self, group: str) -> Group:
        """Look at a group.

        Its definition; `members` has its units. Needs `units:read`. Raises NotFound.

        Args:
            group: Id or name of the group.
        """
        call = Call(method="GET", path=f"/api/v1/groups/{segment(group)}", repeatable=True)
        return self._api.ask(call, Group)

    def put_group(
        self,
        group: str,
        *,
        title: str | UnsetType = UNSET,
        filter: GroupFilter | UnsetType | None = UNSET,
        units: Sequence[str] | UnsetType | None = UNSET,
        place: GroupPlace | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Group:
        """Make or replace a group.

        201 when there was none of this name. `If-Match` takes the version. Needs `control:write`. Raises NotFound,
        Conflict, PreconditionFailed, TooLarge.

        Args:
            group: Id or name of the group.
            title: At most 200 characters.
            units: Members named one by one; null: those it has stay.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/groups/{segment(group)}",
            body=given(title=title, filter=filter, units=units, place=place),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Group)

    def remove_group(self, group: str, *, idempotency_key: str | None = None) -> Group:
        """Forget a group.

        Its units stay what they are; what names the group finds none from now on. Needs `control:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            group: Id or name of the group.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/groups/{segment(group)}", key=idempotency_key, keyed=True)
        return self._api.ask(call, Group)

    def list_group_members(
        self, group: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[GroupMemberPage, GroupMember]:
        """The units of a group.

        Those within reach now, by id: a unit that was handed on or whose rental ended is none of them. Needs
        `units:read`. Raises NotFound, TooLarge.

        Args:
            group: Id or name of the group.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/groups/{segment(group)}/members",
            query=given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, GroupMemberPage, GroupMember)

    def change_group_members(
        self,
        group: str,
        *,
        add: Sequence[str] | UnsetType = UNSET,
        remove: Sequence[str] | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Group:
        """Add and remove members.

        Of those named one by one; asked twice, it is done once. Needs `control:write`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            group: Id or name of the group.
            add: Unit ids (at most 10,000).
            remove: Unit ids (at most 10,000).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/groups/{segment(group)}/members",
            body=given(add=add, remove=remove),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Group)

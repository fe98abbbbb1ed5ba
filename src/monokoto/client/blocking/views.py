# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.views`: How people look at a list, saved under a name."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from monokoto.client.types import Listed, View, ViewPage
from monokoto.client.wire import Api, Call, Pages, given, segment


class ViewsApi:
    """How people look at a list, saved under a name."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_views(
        self, *, list: Listed | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pages[ViewPage, View]:
        """List saved views.

        One's own and those others in the organisation share, from the oldest on. Needs `units:read`.

        Args:
            list: Only views of this list.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET", path="/api/v1/views", query=given(list=list, limit=limit, cursor=cursor), repeatable=True
        )
        return self._api.pages(call, ViewPage, View)

    def create_view(
        self,
        *,
        name: str,
        query: str,
        list: Listed | UnsetType = UNSET,
        shared: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> View:
        """Save a view.

        Under a name that is free among one's own. Needs `units:read`. Raises Conflict, TooLarge.

        Args:
            name: At most 100 characters.
            query: As it follows the `?` of the list's address (at most 4,000 characters).
            shared: Default: false.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/views",
            body=given(name=name, query=query, list=list, shared=shared),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, View)

    def get_view(self, view: str) -> View:
        """Look at a saved view.

        One's own, or a shared one. Needs `units:read`. Raises NotFound.

        Args:
            view: Id of the saved view.
        """
        call = Call(method="GET", path=f"/api/v1/views/{segment(view)}", repeatable=True)
        return self._api.ask(call, View)

    def remove_view(self, view: str, *, idempotency_key: str | None = None) -> View:
        """Forget a saved view.

        One's own; an administrator also those that are shared. Needs `units:read`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            view: Id of the saved view.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/views/{segment(view)}", key=idempotency_key, keyed=True)
        return self._api.ask(call, View)

    def update_view(
        self,
        view: str,
        *,
        name: str | UnsetType | None = UNSET,
        query: str | UnsetType | None = UNSET,
        shared: bool | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> View:
        """Change a saved view.

        One's own; an administrator also those that are shared. Needs `units:read`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            view: Id of the saved view.
            name: At most 100 characters.
            query: As it follows the `?` of the list's address (at most 4,000 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/views/{segment(view)}",
            body=given(name=name, query=query, shared=shared),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, View)

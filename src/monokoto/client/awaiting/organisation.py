# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.organisation`: The organisation a key belongs to, and its keys."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import ApiKey, ApiKeyPage, NewApiKey, Organisation, OrganisationKind, OrganisationPage, Scope
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncOrganisationApi:
    """The organisation a key belongs to, and its keys."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list_keys(self, *, limit: int | None = None, cursor: str | None = None) -> AsyncPages[ApiKeyPage, ApiKey]:
        """List the organisation's keys.

        From the oldest on, revoked ones included. Needs `admin`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/keys", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, ApiKeyPage, ApiKey)

    async def create_key(
        self,
        *,
        name: str,
        scopes: Sequence[Scope],
        expires_at: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> NewApiKey:
        """Make a key.

        The secret is in this answer and nowhere else. Nobody makes a key that may do more than they may themselves.
        Needs `admin`. Raises Conflict, TooLarge.

        Args:
            name: At most 200 characters.
            expires_at: RFC 3339; null: it does not expire.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/keys",
            body=given(name=name, scopes=scopes, expires_at=expires_at),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, NewApiKey)

    async def revoke_key(self, key: str, *, idempotency_key: str | None = None) -> ApiKey:
        """Revoke a key.

        It ends at once in this process, within two seconds in others. Needs `admin`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            key: Id of the key.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/keys/{segment(key)}", key=idempotency_key, keyed=True)
        return await self._api.ask(call, ApiKey)

    async def get(self) -> Organisation:
        """Say whose this key is.

        Any live key may ask whose it is.
        """
        call = Call(method="GET", path="/api/v1/organisation", repeatable=True)
        return await self._api.ask(call, Organisation)

    def list(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[OrganisationPage, Organisation]:
        """List the organisations of the platform.

        By slug. Their names, not what is in them: that is open to their members alone. Needs `platform`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET", path="/api/v1/organisations", query=given(limit=limit, cursor=cursor), repeatable=True
        )
        return self._api.pages(call, OrganisationPage, Organisation)

    async def create(
        self,
        *,
        name: str,
        slug: str,
        kind: OrganisationKind | UnsetType = UNSET,
        admin: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Organisation:
        """Make an organisation.

        With `admin`, somebody is invited to administer it; without, `koto people invite` does that later. Needs
        `platform`. Raises Conflict, TooLarge.

        Args:
            name: At most 200 characters.
            admin: E-mail address of who is invited to administer it.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/organisations",
            body=given(name=name, slug=slug, kind=kind, admin=admin),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Organisation)

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.units`: The things themselves: registered, found, moved, retired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    ImportMode,
    Location,
    LocationPatch,
    Registered,
    Side,
    Tree,
    Unit,
    UnitPage,
    UnitStatus,
    Upgraded,
)
from monokoto.client.wire import AsyncApi, AsyncContent, AsyncDownload, AsyncPages, Call, given, segment


class AsyncUnitsApi:
    """The things themselves: registered, found, moved, retired."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list(
        self,
        *,
        product: str | None = None,
        version: str | None = None,
        serial: str | None = None,
        serial_prefix: str | None = None,
        tag: Sequence[str] | None = None,
        parent: str | None = None,
        below: str | None = None,
        status: Sequence[UnitStatus] | None = None,
        text: str | None = None,
        side: Side | None = None,
        online: bool | None = None,
        claimed: bool | None = None,
        box: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[UnitPage, Unit]:
        """List units.

        Those for which every condition holds: a maker sees the units it made, others the units they own or use.
        Needs `units:read`. Raises NotFound.

        Args:
            product: Units of this product.
            version: Units of this version.
            serial: Exactly this serial.
            serial_prefix: Serials that begin so.
            tag: Has all of these (at most 32).
            parent: Direct parts of this unit; `none`: parts of none.
            below: All parts of this unit, at every depth.
            status: Left out: all that are not retired.
            text: Somewhere in serial, name or place.
            side: `maker`: units it made; `owner`, `guest`: units it holds; left out: by its kind.
            online: Connected at present, or not.
            claimed: Belongs to somebody other than its maker, or not.
            box: Located within `south,west,north,east`, in degrees.
            sort: By created_at, updated_at, serial, name, product, version, status; `-` before one: descending.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/units",
            query=given(product=product, version=version, serial=serial, serial_prefix=serial_prefix, tag=tag)
            | given(parent=parent, below=below, status=status, text=text, side=side, online=online, claimed=claimed)
            | given(box=box, sort=sort, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, UnitPage, Unit)

    async def register(
        self,
        *,
        serial: str,
        product: str | UnsetType = UNSET,
        version: str | UnsetType = UNSET,
        name: str | UnsetType = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        location: Location | UnsetType | None = UNSET,
        parent: str | UnsetType = UNSET,
        token: str | UnsetType = UNSET,
        certificate: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Registered:
        """Register a unit.

        With a token of its own unless it brings a token or a certificate along; the token is in this answer alone.
        Needs `units:write`. Raises Conflict, TooLarge.

        Args:
            version: Empty: the product's current version.
            parent: Id or serial of the unit it is a part of.
            token: A token its firmware already has; empty: a fresh one is made.
            certificate: Its X.509 certificate (PEM); with one, no token is made.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/units",
            body=given(serial=serial, product=product, version=version, name=name, tags=tags, location=location)
            | given(parent=parent, token=token, certificate=certificate),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Registered)

    async def import_(
        self,
        content: AsyncContent,
        *,
        content_type: Literal["text/csv", "application/x-ndjson"],
        mode: ImportMode | None = None,
        product: str | None = None,
        tokens: bool | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncDownload:
        """Register many units.

        Rows as CSV (a header names serial, product, version, name, tags, latitude, longitude, altitude, place,
        parent, token, certificate) or NDJSON (one registration request a line). Every row is answered, in its order,
        as CSV or NDJSON by `Accept` (else like the request); the tokens are in this answer alone. Put a unit before
        its parts. Needs `units:write`. Raises Conflict, TooLarge.

        Args:
            content: What is sent, as it is.
            content_type: How it is written.
            mode: What a faulty row does to the others.
            product: For rows that name no product.
            tokens: Make a token for units that bring none along (default: true).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/units/import",
            query=given(mode=mode, product=product, tokens=tokens),
            content=content,
            content_type=content_type,
            key=idempotency_key,
            keyed=True,
            accept=content_type,
        )
        return await self._api.download_now(call)

    async def upgrade(
        self,
        *,
        product: str,
        version: str,
        from_version: str | UnsetType = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        below: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Upgraded:
        """Give many units another version.

        Give all units of a product that meet the conditions another version of it. Needs `units:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            version: The version they get.
            below: Only parts of this unit.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/units/upgrade",
            body=given(product=product, version=version, from_version=from_version, tags=tags, below=below),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Upgraded)

    async def get(self, unit: str) -> Unit:
        """Look at a unit.

        With an ETag: its revision, and what of it lies open to the asker. Needs `units:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}", repeatable=True)
        return await self._api.ask(call, Unit)

    async def retire(
        self,
        unit: str,
        *,
        parts: bool | None = None,
        owned: bool | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Unit:
        """Retire a unit.

        Its credentials end at once; its history stays, its owner's too, and its serial stays taken. Needs
        `units:write`. Raises NotFound, Conflict, PreconditionFailed, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            parts: Its parts too; without, a unit with parts is refused (default: false).
            owned: Although it, or a part of it, belongs to somebody (default: false).
            if_match: Change it only at this revision.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE",
            path=f"/api/v1/units/{segment(unit)}",
            query=given(parts=parts, owned=owned),
            headers={"If-Match": if_match},
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Unit)

    async def update(
        self,
        unit: str,
        *,
        name: str | UnsetType | None = UNSET,
        tags: Sequence[str] | UnsetType | None = UNSET,
        location: LocationPatch | UnsetType | None = UNSET,
        parent: str | UnsetType | None = UNSET,
        version: str | UnsetType = UNSET,
        status: UnitStatus | UnsetType = UNSET,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Unit:
        """Change a unit.

        A merge patch (RFC 7386) by its maker: its description, its place in a product system, its version, its
        status. A unit that somebody owns is retired by DELETE only. An owner's own name for it: PATCH its
        `ownership`. Needs `units:write`. Raises NotFound, Conflict, PreconditionFailed, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            parent: Id of the unit to move it below; null: to the top.
            if_match: Change it only at this revision.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/units/{segment(unit)}",
            headers={"If-Match": if_match},
            body=given(name=name, tags=tags, location=location, parent=parent, version=version, status=status),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Unit)

    def list_parts(
        self, unit: str, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[UnitPage, Unit]:
        """List a unit's direct parts.

        From the oldest on, retired ones too; those that lie open to the asker. Needs `units:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/children",
            query=given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, UnitPage, Unit)

    def get_tree(self, unit: str, *, limit: int | None = None, cursor: str | None = None) -> AsyncPages[Tree, Unit]:
        """Show a unit's product system.

        The units above it, and itself with all its parts, each before its own parts, retired ones too; those that
        lie open to the asker. Needs `units:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/tree",
            query=given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, Tree, Unit)

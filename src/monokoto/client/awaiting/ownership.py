# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.ownership`: Whose a unit is: claimed, handed on, shared, rented out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    Access,
    AccessPage,
    ClaimCode,
    Claimed,
    Ownership,
    OwnershipPage,
    Transfer,
    TransferPage,
)
from monokoto.client.wire import AsyncApi, AsyncDownload, AsyncPages, Call, given, segment


class AsyncOwnershipApi:
    """Whose a unit is: claimed, handed on, shared, rented out."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    async def make_claim_codes(
        self,
        *,
        product: str | UnsetType = UNSET,
        version: str | UnsetType = UNSET,
        serial_prefix: str | UnsetType = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        below: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> AsyncDownload:
        """Make claim codes for many units.

        CSV: unit, serial, product, code, url, for every unit that meets the conditions and is nobody's; shown this
        once. Needs `units:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            below: Only parts of this unit.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/claim-codes",
            body=given(product=product, version=version, serial_prefix=serial_prefix, tags=tags, below=below),
            key=idempotency_key,
            keyed=True,
            accept="text/csv",
        )
        return await self._api.download_now(call)

    async def claim(self, *, code: str, label: str | UnsetType = UNSET, idempotency_key: str | None = None) -> Claimed:
        """Claim a unit.

        With the code from its box, or one its owner made. From now on it belongs to the caller's organisation, its
        parts too. Needs `ownership:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            code: As on the box: letters in any case, hyphens or none (at most 64 characters).
            label: What to call the unit (at most 128 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path="/api/v1/claims", body=given(code=code, label=label), key=idempotency_key, keyed=True
        )
        return await self._api.ask(call, Claimed)

    def list_transfers(self) -> AsyncPages[TransferPage, Transfer]:
        """List the offers of units to and from the organisation.

        Those that wait to be accepted, the oldest first. Needs `ownership:read`.
        """
        call = Call(method="GET", path="/api/v1/transfers", repeatable=True)
        return self._api.pages(call, TransferPage, Transfer)

    async def accept_transfer(self, *, transfer: str, idempotency_key: str | None = None) -> Claimed:
        """Take a unit that was offered.

        From now on it belongs to the caller's organisation; what was before stays the former owner's. Needs
        `ownership:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/transfers/accept",
            body=given(transfer=transfer),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Claimed)

    async def make_claim_code(self, unit: str, *, idempotency_key: str | None = None) -> ClaimCode:
        """Make a claim code for a unit.

        Shown this once, good once; one made before opens nothing any more. Needs `units:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/units/{segment(unit)}/claim-code", key=idempotency_key, keyed=True)
        return await self._api.ask(call, ClaimCode)

    def list(self, unit: str) -> AsyncPages[OwnershipPage, Ownership]:
        """Say whose a unit is and was.

        In order of time: to the maker all of them, to an owner its own. Needs `ownership:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/ownership", repeatable=True)
        return self._api.pages(call, OwnershipPage, Ownership)

    async def give_back(self, unit: str, *, idempotency_key: str | None = None) -> Ownership:
        """Give a unit back to its maker.

        With its parts. What was measured until now stays the owner's to see; shares end. Needs `ownership:write`.
        Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/units/{segment(unit)}/ownership", key=idempotency_key, keyed=True)
        return await self._api.ask(call, Ownership)

    async def describe_owned_unit(
        self,
        unit: str,
        *,
        label: str | UnsetType = UNSET,
        place: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Ownership:
        """Name a unit one owns.

        The owner's own name and place of it; the maker's stay as they are. Needs `ownership:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            label: At most 128 characters.
            place: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/units/{segment(unit)}/ownership",
            body=given(label=label, place=place),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Ownership)

    def list_rentals(self, unit: str) -> AsyncPages[AccessPage, Access]:
        """List to whom a unit is rented.

        Those the caller's organisation gave or was given, past ones too. Needs `ownership:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/rentals", repeatable=True)
        return self._api.pages(call, AccessPage, Access)

    async def rent(
        self,
        unit: str,
        *,
        to: str,
        end: str,
        begin: str | UnsetType | None = UNSET,
        owner_sees: bool | UnsetType = UNSET,
        label: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Access:
        """Rent a unit out.

        With its parts; another organisation has it alone until the end, which comes at its instant by itself. Needs
        `ownership:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            to: The organisation's slug (at most 64 characters).
            end: RFC 3339; itself not included.
            begin: RFC 3339; null: now.
            owner_sees: Whether the owner sees that time too (default: false).
            label: At most 128 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/units/{segment(unit)}/rentals",
            body=given(to=to, end=end, begin=begin, owner_sees=owner_sees, label=label),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Access)

    async def end_rental(self, unit: str, rental: str, *, idempotency_key: str | None = None) -> None:
        """End a rental.

        By the owner or the renter, before its end; what was measured until now stays the renter's to see. Needs
        `ownership:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            rental: Id of the rental.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE",
            path=f"/api/v1/units/{segment(unit)}/rentals/{segment(rental)}",
            key=idempotency_key,
            keyed=True,
        )
        await self._api.tell(call)

    def list_shares(self, unit: str) -> AsyncPages[AccessPage, Access]:
        """List with whom a unit is shared.

        Those the caller's organisation gave or was given, past ones too. Needs `ownership:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/shares", repeatable=True)
        return self._api.pages(call, AccessPage, Access)

    async def share(
        self,
        unit: str,
        *,
        to: str,
        since: str | UnsetType | None = UNSET,
        until: str | UnsetType | None = UNSET,
        control: bool | UnsetType = UNSET,
        label: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Access:
        """Share a unit.

        With its parts; another organisation looks in beside the owner, and may control if told so, while it lasts.
        Needs `ownership:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            to: The organisation's slug (at most 64 characters).
            since: RFC 3339, the first instant whose data it shows; null: now.
            until: RFC 3339; null: until it is taken back.
            control: Whether they may tell the unit what to do (default: false).
            label: At most 128 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/units/{segment(unit)}/shares",
            body=given(to=to, since=since, until=until, control=control, label=label),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Access)

    async def end_share(self, unit: str, share: str, *, idempotency_key: str | None = None) -> None:
        """End a share.

        By its giver or its guest; from this instant on the guest sees nothing of it. Needs `ownership:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            share: Id of the share.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE",
            path=f"/api/v1/units/{segment(unit)}/shares/{segment(share)}",
            key=idempotency_key,
            keyed=True,
        )
        await self._api.tell(call)

    async def transfer(
        self, unit: str, *, to: str | UnsetType | None = UNSET, idempotency_key: str | None = None
    ) -> Transfer:
        """Hand a unit on.

        An offer to an organisation, which accepts it; or a code for whoever gets it. Until then it stays the
        owner's. Needs `ownership:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            to: The organisation's slug; null: make a transfer code.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/units/{segment(unit)}/transfer",
            body=given(to=to),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Transfer)

    async def withdraw_transfer(self, unit: str, *, idempotency_key: str | None = None) -> None:
        """Keep a unit after all.

        Offers and codes made to hand it on open nothing any more. Needs `ownership:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/units/{segment(unit)}/transfer", key=idempotency_key, keyed=True)
        await self._api.tell(call)

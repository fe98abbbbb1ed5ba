"""One unit's ownership, shares and rentals over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from monokoto.connect.ownership.accesses import Accesses, NewRental, NewShare
from monokoto.connect.ownership.claim_routes import parties
from monokoto.connect.ownership.json import (
    AccessJson,
    DescribeRequest,
    OwnershipJson,
    RentalRequest,
    ShareRequest,
    TransferJson,
    TransferRequest,
    access_to_json,
    instants_from_json,
    offer_to_json,
    ownership_to_json,
)
from monokoto.connect.ownership.ownership import Access, AccessKind
from monokoto.connect.ownership.qr import claim_url, qr_svg
from monokoto.connect.ownership.service import Ownerships
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id, parse_id
from monokoto.web import Caller, Gate, Page, Reach, Scope, Side, problem_responses, requires

_READ = [requires(Scope.OWNERSHIP_READ)]
_WRITE = [requires(Scope.OWNERSHIP_WRITE)]


def _reach(gate: Gate, caller: Caller, text: str) -> Reach:
    return gate.unit(caller, parse_id(text, what="unit id"))


class OwnershipController(Controller):
    """`/api/v1/units/{unit}/ownership` and `/transfer`."""

    path = "/api/v1/units/{unit:str}"
    tags = ("Ownership",)

    @get(
        "/ownership",
        operation_id="listOwnerships",
        guards=_READ,
        responses=problem_responses(404),
        summary="Say whose a unit is and was",
    )
    async def history(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        unit: FromPath[str],
    ) -> Page[OwnershipJson]:
        """In order of time: to the maker all of them, to an owner its own."""
        reach = _reach(gate, caller, unit)
        me = caller.organisation_id

        def found() -> list[OwnershipJson]:
            known, ledger = parties(ownerships), ownerships.ledger.unit(reach.unit_id)
            rows = () if ledger is None else ledger.ownerships
            mine = [one for one in rows if reach.side is Side.MAKER or one.owner_id == me]
            return [ownership_to_json(one, known, asker_id=me) for one in mine]

        return Page(items=await asyncio.to_thread(found))

    @patch(
        "/ownership",
        operation_id="describeOwnedUnit",
        guards=_WRITE,
        responses=problem_responses(404),
        summary="Name a unit one owns",
    )
    async def describe(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        unit: FromPath[str],
        data: JSONBody[DescribeRequest],
    ) -> OwnershipJson:
        """The owner's own name and place of it; the maker's stay as they are."""
        reach = _reach(gate, caller, unit)
        changed = await asyncio.to_thread(
            ownerships.describe,
            caller.organisation_id,
            reach.unit_id,
            label=None if data.label is UNSET else data.label,
            place=None if data.place is UNSET else data.place,
            by=caller.actor_id,
        )
        await ownerships.tell(reach.organisation_id, [reach.unit_id])
        me, known = caller.organisation_id, parties(ownerships)
        return await asyncio.to_thread(ownership_to_json, changed, known, asker_id=me)

    @delete(
        "/ownership",
        operation_id="giveUnitBack",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Give a unit back to its maker",
    )
    async def give_back(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        unit: FromPath[str],
    ) -> OwnershipJson:
        """With its parts. What was measured until now stays the owner's to see; shares end."""
        reach = _reach(gate, caller, unit)
        ended = await asyncio.to_thread(ownerships.give_back, caller.organisation_id, reach.unit_id, by=caller.actor_id)
        await ownerships.tell(reach.organisation_id, [one.unit_id for one in ended])
        me, known = caller.organisation_id, parties(ownerships)
        return await asyncio.to_thread(ownership_to_json, ended[0], known, asker_id=me)

    @post(
        "/transfer",
        operation_id="transferUnit",
        guards=_WRITE,
        responses=problem_responses(404, 409, 429),
        summary="Hand a unit on",
    )
    async def transfer(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        unit: FromPath[str],
        data: JSONBody[TransferRequest],
    ) -> TransferJson:
        """An offer to an organisation, which accepts it; or a code for whoever gets it. Until then it stays the owner's."""
        reach, me, by = _reach(gate, caller, unit), caller.organisation_id, caller.actor_id

        def made() -> TransferJson:
            known = parties(ownerships)
            if data.to is not None:
                to = ownerships.named(me, reach.unit_id, data.to)
                return offer_to_json(ownerships.offer(me, reach.unit_id, to, by=by), known)
            code, expires_at = ownerships.transfer_code(me, reach.unit_id, by=by)
            url = claim_url(ownerships.public_url or str(request.base_url), code)
            return TransferJson(
                id=None,
                unit=format_id(reach.unit_id),
                giver=known(me),
                taker=None,
                expires_at=format_instant(expires_at),
                code=code,
                url=url,
                qr_svg=qr_svg(url),
            )

        return await asyncio.to_thread(made)

    @delete(
        "/transfer",
        operation_id="withdrawTransfer",
        guards=_WRITE,
        responses=problem_responses(404),
        summary="Keep a unit after all",
    )
    async def withdraw(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        unit: FromPath[str],
    ) -> None:
        """Offers and codes made to hand it on open nothing any more."""
        reach = _reach(gate, caller, unit)
        await asyncio.to_thread(ownerships.withdraw, caller.organisation_id, reach.unit_id, by=caller.actor_id)


class AccessesController(Controller):
    """`/api/v1/units/{unit}/shares` and `/rentals`."""

    path = "/api/v1/units/{unit:str}"
    tags = ("Ownership",)

    @get(
        "/shares",
        operation_id="listShares",
        guards=_READ,
        responses=problem_responses(404),
        summary="List with whom a unit is shared",
    )
    async def shares(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        accesses: NamedDependency[Accesses],
        unit: FromPath[str],
    ) -> Page[AccessJson]:
        """Those the caller's organisation gave or was given, past ones too."""
        return await _listed(caller, _reach(gate, caller, unit), ownerships, accesses, AccessKind.SHARE)

    @post(
        "/shares",
        operation_id="shareUnit",
        guards=_WRITE,
        responses=problem_responses(404, 409, 429),
        summary="Share a unit",
    )
    async def share(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        accesses: NamedDependency[Accesses],
        unit: FromPath[str],
        data: JSONBody[ShareRequest],
    ) -> AccessJson:
        """With its parts; another organisation looks in beside the owner, and may control if told so, while it lasts."""
        reach = _reach(gate, caller, unit)
        times = instants_from_json(since=data.since, until=data.until)

        def made() -> list[Access]:
            new = NewShare(
                guest_id=ownerships.named(caller.organisation_id, reach.unit_id, data.to),
                begin=times["since"],
                end=times["until"],
                control=data.control,
                label=data.label,
            )
            return accesses.share(caller.organisation_id, reach.unit_id, new, by=caller.actor_id)

        return await _given(reach, ownerships, await asyncio.to_thread(made))

    @delete(
        "/shares/{share:str}",
        operation_id="endShare",
        guards=_WRITE,
        responses=problem_responses(404),
        summary="End a share",
    )
    async def end_share(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        accesses: NamedDependency[Accesses],
        unit: FromPath[str],
        share: FromPath[str],
    ) -> None:
        """By its giver or its guest; from this instant on the guest sees nothing of it."""
        await _end(caller, _reach(gate, caller, unit), ownerships, accesses, share, AccessKind.SHARE)

    @get(
        "/rentals",
        operation_id="listRentals",
        guards=_READ,
        responses=problem_responses(404),
        summary="List to whom a unit is rented",
    )
    async def rentals(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        accesses: NamedDependency[Accesses],
        unit: FromPath[str],
    ) -> Page[AccessJson]:
        """Those the caller's organisation gave or was given, past ones too."""
        return await _listed(caller, _reach(gate, caller, unit), ownerships, accesses, AccessKind.RENTAL)

    @post(
        "/rentals",
        operation_id="rentUnit",
        guards=_WRITE,
        responses=problem_responses(404, 409, 429),
        summary="Rent a unit out",
    )
    async def rent(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        accesses: NamedDependency[Accesses],
        unit: FromPath[str],
        data: JSONBody[RentalRequest],
    ) -> AccessJson:
        """With its parts; another organisation has it alone until the end, which comes at its instant by itself."""
        reach = _reach(gate, caller, unit)
        times = instants_from_json(begin=data.begin, end=data.end)

        def made() -> list[Access]:
            new = NewRental(
                guest_id=ownerships.named(caller.organisation_id, reach.unit_id, data.to),
                begin=times["begin"],
                end=times["end"],
                owner_sees=data.owner_sees,
                label=data.label,
            )
            return accesses.rent(caller.organisation_id, reach.unit_id, new, by=caller.actor_id)

        return await _given(reach, ownerships, await asyncio.to_thread(made))

    @delete(
        "/rentals/{rental:str}",
        operation_id="endRental",
        guards=_WRITE,
        responses=problem_responses(404),
        summary="End a rental",
    )
    async def end_rental(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        accesses: NamedDependency[Accesses],
        unit: FromPath[str],
        rental: FromPath[str],
    ) -> None:
        """By the owner or the renter, before its end; what was measured until now stays the renter's to see."""
        await _end(caller, _reach(gate, caller, unit), ownerships, accesses, rental, AccessKind.RENTAL)


async def _listed(
    caller: Caller, reach: Reach, ownerships: Ownerships, accesses: Accesses, kind: AccessKind
) -> Page[AccessJson]:
    def found() -> list[AccessJson]:
        known, now = parties(ownerships), ownerships.now()
        mine = accesses.of_unit(caller.organisation_id, reach.unit_id, kind)
        return [access_to_json(one, known, now=now) for one in mine]

    return Page(items=await asyncio.to_thread(found))


async def _given(reach: Reach, ownerships: Ownerships, made: list[Access]) -> AccessJson:
    await ownerships.tell(reach.organisation_id, [one.unit_id for one in made])
    known = parties(ownerships)
    return await asyncio.to_thread(access_to_json, made[0], known, now=ownerships.now())


async def _end(
    caller: Caller, reach: Reach, ownerships: Ownerships, accesses: Accesses, text: str, kind: AccessKind
) -> None:
    access_id = parse_id(text, what=f"{kind.value} id")
    units = await asyncio.to_thread(
        accesses.end, caller.organisation_id, reach.unit_id, access_id, kind, by=caller.actor_id
    )
    await ownerships.tell(reach.organisation_id, units)

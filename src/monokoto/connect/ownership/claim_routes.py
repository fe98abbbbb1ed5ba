"""Taking units over HTTP: codes, claims, offers."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from monokoto.connect.fleet import Fleet, Unit, UnitFilter
from monokoto.connect.ownership.json import (
    AcceptRequest,
    ClaimCodeJson,
    ClaimCodesRequest,
    ClaimedJson,
    ClaimRequest,
    Parties,
    PartyJson,
    TransferJson,
    offer_to_json,
    ownership_to_json,
)
from monokoto.connect.ownership.ownership import Ownership
from monokoto.connect.ownership.qr import claim_url, qr_svg
from monokoto.connect.ownership.service import Ownerships
from monokoto.kernel.errors import Conflict
from monokoto.kernel.ids import format_id, parse_id
from monokoto.web import Caller, Gate, Page, Scope, by_hand, problem_responses, requires

_PAGE_UNITS = 500
_COLUMNS = ("unit", "serial", "product", "code", "url")
_WRITE = [requires(Scope.OWNERSHIP_WRITE)]


class ClaimsController(Controller):
    """`/api/v1/claims`, `/api/v1/transfers`, `/api/v1/claim-codes`."""

    path = "/api/v1"
    tags = ("Ownership",)

    @post(
        "/claims",
        operation_id="claimUnit",
        guards=_WRITE,
        responses=problem_responses(404, 409, 429),
        summary="Claim a unit",
    )
    async def claim(
        self, caller: NamedDependency[Caller], ownerships: NamedDependency[Ownerships], data: JSONBody[ClaimRequest]
    ) -> ClaimedJson:
        """With the code from its box, or one its owner made. From now on it belongs to the caller's organisation, its parts too."""
        made = await asyncio.to_thread(
            ownerships.claim, caller.organisation_id, data.code, by=caller.actor_id, label=data.label
        )
        return await _taken(caller, ownerships, made)

    @get(
        "/transfers",
        operation_id="listTransfers",
        guards=[requires(Scope.OWNERSHIP_READ)],
        responses=problem_responses(),
        summary="List the offers of units to and from the organisation",
    )
    async def transfers(
        self, caller: NamedDependency[Caller], ownerships: NamedDependency[Ownerships]
    ) -> Page[TransferJson]:
        """Those that wait to be accepted, the oldest first."""

        def found() -> list[TransferJson]:
            return [offer_to_json(one, parties(ownerships)) for one in ownerships.offers(caller.organisation_id)]

        return Page(items=await asyncio.to_thread(found))

    @post(
        "/transfers/accept",
        operation_id="acceptTransfer",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        summary="Take a unit that was offered",
    )
    async def accept(
        self, caller: NamedDependency[Caller], ownerships: NamedDependency[Ownerships], data: JSONBody[AcceptRequest]
    ) -> ClaimedJson:
        """From now on it belongs to the caller's organisation; what was before stays the former owner's."""
        transfer_id = parse_id(data.transfer, what="transfer")
        made = await asyncio.to_thread(ownerships.accept, caller.organisation_id, transfer_id, by=caller.actor_id)
        return await _taken(caller, ownerships, made)

    @post(
        "/units/{unit:str}/claim-code",
        operation_id="makeClaimCode",
        guards=[requires(Scope.UNITS_WRITE)],
        responses=problem_responses(404, 409),
        summary="Make a claim code for a unit",
    )
    async def claim_code(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        ownerships: NamedDependency[Ownerships],
        unit: FromPath[str],
    ) -> ClaimCodeJson:
        """Shown this once, good once; one made before opens nothing any more."""
        reach = gate.unit(caller, parse_id(unit, what="unit id")).must_be_maker()
        if reach.owned:
            raise Conflict("This unit belongs to somebody.", remedy="Its owner can hand it on, or give it back.")
        codes = await asyncio.to_thread(
            ownerships.codes.make, reach.organisation_id, [reach.unit_id], by=caller.actor_id
        )
        code = codes[reach.unit_id]
        url = claim_url(ownerships.public_url or str(request.base_url), code)
        return ClaimCodeJson(unit=format_id(reach.unit_id), code=code, url=url, qr_svg=qr_svg(url))

    @post(
        "/claim-codes",
        operation_id="makeClaimCodes",
        guards=[requires(Scope.UNITS_WRITE)],
        status_code=200,
        responses=problem_responses(404),
        operation_class=by_hand(gives=("text/csv",)),
        summary="Make claim codes for many units",
    )
    async def claim_codes(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        fleet: NamedDependency[Fleet],
        ownerships: NamedDependency[Ownerships],
        data: JSONBody[ClaimCodesRequest],
    ) -> Stream:
        """CSV: unit, serial, product, code, url, for every unit that meets the conditions and is nobody's; shown this once."""
        wanted = UnitFilter(
            product=data.product,
            version=data.version,
            serial_prefix=data.serial_prefix,
            tags=tuple(data.tags),
            below=parse_id(data.below, what="below") if data.below else None,
        )
        base = ownerships.public_url or str(request.base_url)
        pages = _coded(fleet, ownerships, caller, wanted, base)
        # The first page is made here: what is wrong with the filter is still a problem document then.
        first = await asyncio.to_thread(next, pages, b"")
        headers = {"Content-Disposition": 'attachment; filename="claim-codes.csv"', "Cache-Control": "no-store"}
        return Stream(_streamed(first, pages), media_type="text/csv", headers=headers)


def parties(ownerships: Ownerships) -> Parties:
    """Who organisations are, each looked up once."""
    known: dict[int, PartyJson] = {}

    def party(organisation_id: int) -> PartyJson:
        if organisation_id not in known:
            found = ownerships.organisations.get(organisation_id)
            known[organisation_id] = PartyJson(slug=found.slug, name=found.name)
        return known[organisation_id]

    return party


async def _taken(caller: Caller, ownerships: Ownerships, made: list[Ownership]) -> ClaimedJson:
    first, *parts = made
    await ownerships.tell(first.organisation_id, [one.unit_id for one in made])
    known = parties(ownerships)
    shown = await asyncio.to_thread(ownership_to_json, first, known, asker_id=caller.organisation_id)
    return ClaimedJson(unit=shown.unit, ownership=shown, parts=[format_id(one.unit_id) for one in parts])


def _coded(fleet: Fleet, ownerships: Ownerships, caller: Caller, wanted: UnitFilter, base: str) -> Iterator[bytes]:
    """The rows of the file, some hundred units at a time, each time in a transaction of its own."""
    head: tuple[tuple[str, ...], ...] = (_COLUMNS,)
    cursor: str | None = None
    while True:
        page = fleet.list(caller.organisation_id, wanted, limit=_PAGE_UNITS, cursor=cursor)
        free: dict[int, Unit] = {one.id: one for one in page.items if not ownerships.owned(one.id)}
        codes = ownerships.codes.make(caller.organisation_id, list(free), by=caller.actor_id)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows(head)
        for unit_id, code in codes.items():
            unit = free[unit_id]
            writer.writerow((format_id(unit_id), unit.serial, unit.product, code, claim_url(base, code)))
        yield text.getvalue().encode()
        head, cursor = (), page.next_cursor
        if cursor is None:
            return


async def _streamed(first: bytes, pages: Iterator[bytes]) -> AsyncIterator[bytes]:
    piece = first
    while True:
        if piece:
            yield piece
        following = await asyncio.to_thread(next, pages, None)
        if following is None:
            return
        piece = following

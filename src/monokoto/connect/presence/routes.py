"""Presence over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import Parameter
from msgspec import Meta

from monokoto.connect.presence.presence import Session, UnitPresence
from monokoto.connect.presence.service import Presence
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Scope, decode_cursor, encode_cursor, problem_responses, requires


class SessionJson(msgspec.Struct, frozen=True):
    """One live connection."""

    gateway: str
    session: str
    client_id: str
    address: str
    protocol: str
    since: str


class UnitPresenceJson(msgspec.Struct, frozen=True):
    """Whether a unit is connected, and when it was heard of."""

    unit: str
    online: bool
    since: Annotated[str | None, Meta(description="Online or offline since; null: it never was online")]
    last_seen: Annotated[str | None, Meta(description="When it last sent anything, over HTTP too; null: never")]
    reason: Annotated[str | None, Meta(description="Why it is offline")]
    sessions: list[SessionJson]


class FleetPresenceJson(msgspec.Struct, frozen=True):
    """How many units are online, and a page of them."""

    online: int
    offline: int
    never_seen: Annotated[int, Meta(description="Of those offline, how many were never heard of")]
    items: list[UnitPresenceJson]
    next_cursor: Annotated[str | None, Meta(description="Pass as `cursor` for the next page; null on the last")]


def session_to_json(session: Session) -> SessionJson:
    """As the API shows it."""
    return SessionJson(
        gateway=session.gateway,
        session=session.session,
        client_id=session.client_id,
        address=session.address,
        protocol=session.protocol,
        since=format_instant(session.since),
    )


def presence_to_json(presence: UnitPresence) -> UnitPresenceJson:
    """As the API shows it."""
    return UnitPresenceJson(
        unit=format_id(presence.unit_id),
        online=presence.online,
        since=format_instant(presence.since) if presence.since else None,
        last_seen=format_instant(presence.last_seen) if presence.last_seen else None,
        reason=presence.reason or None,
        sessions=[session_to_json(session) for session in presence.sessions],
    )


class PresenceController(Controller):
    """`/api/v1/presence` and `/api/v1/units/{unit}/presence`."""

    path = "/api/v1"
    tags = ("Presence",)

    @get(
        "/presence",
        operation_id="listPresence",
        guards=[requires(Scope.UNITS_READ)],
        responses=problem_responses(),
        summary="Count and list who is online",
    )
    async def fleet_presence(
        self,
        caller: Caller,
        presence: Presence,
        online: Annotated[bool | None, Parameter(description="Only units online, or only those offline")] = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> FleetPresenceJson:
        """Counts of all units that are not retired, and a page of them from the oldest on."""
        after = max(0, min(decode_cursor(cursor, int)[0], (1 << 63) - 1)) if cursor else 0
        counts = await asyncio.to_thread(presence.count, caller.organisation_id)
        found = await asyncio.to_thread(
            presence.list, caller.organisation_id, online=online, after=after, limit=limit + 1
        )
        return FleetPresenceJson(
            online=counts.online,
            offline=counts.offline,
            never_seen=counts.never_seen,
            items=[presence_to_json(one) for one in found[:limit]],
            next_cursor=encode_cursor(found[limit - 1].unit_id) if len(found) > limit else None,
        )

    @get(
        "/units/{unit:str}/presence",
        operation_id="getPresence",
        guards=[requires(Scope.UNITS_READ)],
        responses=problem_responses(404),
        summary="Say whether a unit is online",
    )
    async def unit_presence(self, caller: Caller, presence: Presence, unit: str) -> UnitPresenceJson:
        """Whether it is connected, since when, by which sessions, and when it was last heard of."""
        found = await asyncio.to_thread(presence.of, caller.organisation_id, parse_id(unit, what="unit id"))
        return presence_to_json(found)

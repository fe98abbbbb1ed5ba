"""Presence over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import Parameter
from msgspec import Meta

from monokoto.connect.presence.presence import Session, UnitPresence
from monokoto.connect.presence.service import Presence
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Gate, Reach, Scope, decode_cursor, page_of, problem_responses, requires


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
        gate: NamedDependency[Gate],
        presence: Presence,
        online: Annotated[bool | None, Parameter(description="Only units online, or only those offline")] = None,
        unit: Annotated[list[str] | None, Parameter(description="Only these units", max_items=PAGE_SIZE_MAX)] = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> FleetPresenceJson:
        """Counts of all units that are not retired, and a page of them from the oldest on.

        To a maker of the units it made, to others of those they own or use now. With `unit`, counts and page are of those
        units alone, as far as what they are like now lies open to the asker.
        """
        after = max(0, min(decode_cursor(cursor, int)[0], (1 << 63) - 1)) if cursor else 0
        if unit is None:
            units = await asyncio.to_thread(_units, gate, caller, presence)
        else:
            units = _named(gate, caller, unit)
        counts = await asyncio.to_thread(presence.count, caller.organisation_id, units)
        found = await asyncio.to_thread(
            presence.list, caller.organisation_id, online=online, after=after, limit=limit + 1, units=units
        )
        page = page_of(
            found,
            limit,
            key=lambda one: one.unit_id,
            shown=lambda one: presence_to_json(_seen(one, gate.unit(caller, one.unit_id))),
        )
        return FleetPresenceJson(
            online=counts.online,
            offline=counts.offline,
            never_seen=counts.never_seen,
            items=page.items,
            next_cursor=page.next_cursor,
        )

    @get(
        "/units/{unit:str}/presence",
        operation_id="getPresence",
        guards=[requires(Scope.UNITS_READ)],
        responses=problem_responses(404),
        summary="Say whether a unit is online",
    )
    async def unit_presence(
        self, caller: Caller, gate: NamedDependency[Gate], presence: Presence, unit: str
    ) -> UnitPresenceJson:
        """Whether it is connected, since when, by which sessions, and when it was last heard of."""
        reach = gate.unit(caller, parse_id(unit, what="unit id")).must_be_present()
        found = await asyncio.to_thread(presence.of, reach.organisation_id, reach.unit_id)
        return presence_to_json(_seen(found, reach))


def _units(gate: Gate, caller: Caller, presence: Presence) -> npt.NDArray[np.int64] | None:
    """The units whose present lies open, by id; None: all the caller's organisation made."""
    held = gate.units(caller)
    if held is not None:
        return np.array([reach.unit_id for reach in held if reach.now], np.int64)
    closed = [unit_id for unit_id, reach in gate.clipped(caller).items() if not reach.now]
    return np.setdiff1d(presence.units(caller.organisation_id), closed) if closed else None


def _named(gate: Gate, caller: Caller, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Of these units those whose present lies open, by id."""
    found = set()
    for name in names:
        with contextlib.suppress(NotFound):
            reach = gate.unit(caller, parse_id(name, what="unit"))
            found |= {int(reach.unit_id)} if reach.now else set()
    return np.array(sorted(found), np.int64)


def _seen(presence: UnitPresence, reach: Reach) -> UnitPresence:
    """Without instants of another's time."""
    if reach.always:
        return presence
    since = presence.since if reach.holds(presence.since) else 0
    last_seen = presence.last_seen if reach.holds(presence.last_seen) else 0
    return replace(presence, since=since, last_seen=last_seen)

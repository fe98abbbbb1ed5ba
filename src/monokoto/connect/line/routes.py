"""The dead letters over HTTP."""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import Parameter

from monokoto.connect.line.dead_letters import DeadLetters, StoredLetter
from monokoto.engines.series import Times
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import UnitId, format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Gate, Page, Scope, decode_cursor, encode_cursor, problem_responses, requires


class DeadLetterJson(msgspec.Struct, frozen=True):
    """Something a unit sent that could not be taken, and why."""

    unit: str
    arrived: str
    route: str
    subject: str
    reason: str
    detail: str
    payload: str
    """Text, or base64 when it is not UTF-8 (`payload_encoding` says which); cut at 4096 bytes."""
    payload_encoding: str


class DeadLetterCountJson(msgspec.Struct, frozen=True):
    """How many letters of each reason one unit ever caused."""

    unit: str
    total: int
    reasons: dict[str, int]


class DeadLetterController(Controller):
    """What could not be taken."""

    path = "/api/v1/dead-letters"
    tags = ("Dead letters",)
    guards = (requires(Scope.TELEMETRY_READ),)

    @get(
        "", operation_id="listDeadLetters", summary="List dead letters, newest first", responses=problem_responses(404)
    )
    async def list_letters(
        self,
        dead_letters: DeadLetters,
        caller: Caller,
        gate: NamedDependency[Gate],
        unit: Annotated[str | None, Parameter(description="Only this unit's")] = None,
        cursor: str | None = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
    ) -> Page[DeadLetterJson]:
        before = decode_cursor(cursor, int, int, int) if cursor else None
        found = await asyncio.to_thread(
            dead_letters.list,
            caller.organisation_id,
            unit_id=_unit(gate, caller, unit),
            before=before,
            limit=limit,
            windows=_windows(gate, caller),
        )
        last = found[-1] if len(found) == limit else None
        following = encode_cursor(last.arrived, last.unit_id, last.number) if last is not None else None
        return Page(items=[_to_json(letter) for letter in found], next_cursor=following)

    @get("/counts", operation_id="countDeadLetters", summary="Count dead letters", responses=problem_responses(404))
    async def count_letters(
        self,
        dead_letters: DeadLetters,
        caller: Caller,
        gate: NamedDependency[Gate],
        unit: Annotated[str | None, Parameter(description="Only this unit's")] = None,
    ) -> list[DeadLetterCountJson]:
        counts = await asyncio.to_thread(
            dead_letters.counts,
            caller.organisation_id,
            unit_id=_unit(gate, caller, unit),
            windows=_windows(gate, caller),
        )
        return [
            DeadLetterCountJson(unit=format_id(unit_id), total=sum(reasons.values()), reasons=reasons)
            for unit_id, reasons in counts.items()
        ]


def _unit(gate: Gate, caller: Caller, text: str | None) -> UnitId | None:
    """The unit meant; what it sent wrongly is for its maker to mend, and for nobody else to read."""
    return None if text is None else gate.unit(caller, parse_id(text, what="unit")).must_be_maker().unit_id


def _windows(gate: Gate, caller: Caller) -> dict[int, Times]:
    """By arrival: a letter's own time may be what is wrong with it."""
    return {unit_id: reach.times for unit_id, reach in gate.clipped(caller).items()}


def _to_json(letter: StoredLetter) -> DeadLetterJson:
    try:
        payload, encoding = letter.payload.decode(), "utf-8"
    except UnicodeDecodeError:
        payload, encoding = base64.b64encode(letter.payload).decode(), "base64"
    return DeadLetterJson(
        unit=format_id(letter.unit_id),
        arrived=format_instant(letter.arrived),
        route=letter.route,
        subject=letter.subject,
        reason=letter.reason,
        detail=letter.detail,
        payload=payload,
        payload_encoding=encoding,
    )

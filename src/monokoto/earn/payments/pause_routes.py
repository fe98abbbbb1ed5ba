"""Pausing reminders about an invoice, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation
from msgspec import Meta

from monokoto.earn.invoices import Invoices
from monokoto.earn.payments.pausing import Pause
from monokoto.earn.payments.payment import REASON_LENGTH_MAX
from monokoto.earn.payments.reminding import Reminding
from monokoto.kernel.clock import Clock, format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import parse_id
from monokoto.web import Caller, Scope, problem_responses, requires

_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]


class DunningPauseJson(msgspec.Struct, frozen=True):
    """Whether reminding is paused for an invoice."""

    paused: bool
    since: str | None
    until: Annotated[str | None, Meta(description="When it ends by itself; null: when somebody ends it")]
    because: str
    paused_seconds: Annotated[int, Meta(description="All pauses up to now: so much later every step comes")]


class PauseDunningRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until when, and why."""

    until: Annotated[str | None, Meta(description="RFC 3339; null: until it is ended")] = None
    because: Annotated[str, Meta(max_length=REASON_LENGTH_MAX)] = ""


class DunningPauseController(Controller):
    """`/api/v1/invoices/{invoice}/dunning-pause`."""

    path = "/api/v1/invoices/{invoice:str}/dunning-pause"
    tags = ("Dunning",)

    @get("", operation_id="getDunningPause", guards=_READ, responses=problem_responses(404),
         summary="Whether reminders are paused")  # fmt: skip
    async def shown(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        reminding: NamedDependency[Reminding],
        clock: NamedDependency[SkipValidation[Clock]],
        invoice: FromPath[str],
    ) -> DunningPauseJson:
        """For one invoice."""
        invoice_id = await _found(invoices, caller, invoice)
        pause = await asyncio.to_thread(reminding.pauses.of, caller.organisation_id, invoice_id)
        return _to_json(pause, clock.now())

    @put("", operation_id="putDunningPause", guards=_WRITE, responses=problem_responses(404),
         summary="Pause reminders")  # fmt: skip
    async def begin(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        reminding: NamedDependency[Reminding],
        clock: NamedDependency[SkipValidation[Clock]],
        invoice: FromPath[str],
        data: JSONBody[PauseDunningRequest],
    ) -> DunningPauseJson:
        """Nothing is sent and nothing is closed meanwhile; every step comes later by the time it takes. What is closed stays so."""
        invoice_id = await _found(invoices, caller, invoice)
        until = None if data.until is None else _instant(data.until)
        begin = reminding.pauses.begin
        pause = await asyncio.to_thread(begin, caller.organisation_id, invoice_id, until=until, because=data.because)
        return _to_json(pause, clock.now())

    @delete("", operation_id="endDunningPause", guards=_WRITE, status_code=200, responses=problem_responses(404),
            summary="Remind again")  # fmt: skip
    async def end(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        reminding: NamedDependency[Reminding],
        clock: NamedDependency[SkipValidation[Clock]],
        invoice: FromPath[str],
    ) -> DunningPauseJson:
        """From now on its time counts again."""
        invoice_id = await _found(invoices, caller, invoice)
        pause = await asyncio.to_thread(reminding.pauses.end, caller.organisation_id, invoice_id)
        return _to_json(pause, clock.now())


async def _found(invoices: Invoices, caller: Caller, invoice: str) -> int:
    found = await asyncio.to_thread(invoices.get, caller.organisation_id, parse_id(invoice, what="invoice"))
    return int(found.id)


def _to_json(pause: Pause, now: int) -> DunningPauseJson:
    on = pause.goes_on(now)
    return DunningPauseJson(
        paused=on,
        since=format_instant(pause.begin) if on and pause.begin is not None else None,
        until=format_instant(pause.until) if on and pause.until is not None else None,
        because=pause.because if on else "",
        paused_seconds=pause.total(now) // 1_000_000,
    )


def _instant(text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no instant.", faults=[Fault(place="until", reason=str(error))]) from None

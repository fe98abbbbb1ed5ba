"""What applications ask of units over MQTT: desired state and actions, carried out as over HTTP, and told to the audit log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from monokoto.connect.audit import Actor, ActorKind, AuditLog, Subject
from monokoto.connect.audit import Outcome as AuditOutcome
from monokoto.connect.gateway import live
from monokoto.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    MonokotoError,
    NotFound,
    PreconditionFailed,
    TooLarge,
    TooMany,
)
from monokoto.kernel.ids import format_id
from monokoto.mqtt import Reason
from monokoto.operate.commands import Asked, Commands
from monokoto.operate.twins import Twins, merge_patch
from monokoto.web import Caller, Gate, Reach, Scope

_REASONS: Final[tuple[tuple[type[MonokotoError], Reason], ...]] = (
    (NotFound, Reason.TOPIC_NAME_INVALID),
    (Forbidden, Reason.NOT_AUTHORIZED),
    (Invalid, Reason.PAYLOAD_FORMAT_INVALID),
    (TooLarge, Reason.QUOTA_EXCEEDED),
    (TooMany, Reason.QUOTA_EXCEEDED),
    (MonokotoError, Reason.IMPLEMENTATION_SPECIFIC_ERROR),
)
"""What an error is in a PUBACK; of several the first."""
_TRIES_MAX = 5
_log = structlog.get_logger(__name__)


class Controls:
    """Carries them out."""

    def __init__(self, *, gate: Gate, twins: Twins, commands: Commands, audit: AuditLog) -> None:
        self._gate = gate
        self._twins = twins
        self._commands = commands
        self._audit = audit
        self._verbs: dict[str, Callable[[Reach, Caller, live.Control], Awaitable[live.Outcome]]] = {
            "property": self._set_property,
            "desired": self._patch_desired,
            "action": self._invoke,
        }

    async def carry_out(self, control: live.Control) -> live.Outcome:
        """What came of it; whatever is wrong with it is in the answer."""
        caller = live.caller_of(control.asker)
        try:
            outcome = await self._carry_out(caller, control)
        except MonokotoError as error:
            outcome = live.Outcome(reason_of(error), str(error))
        except Exception:  # a mistake of ours is answered too: nobody is left waiting
            _log.exception("control_failed", verb=control.verb)
            outcome = live.Outcome(Reason.IMPLEMENTATION_SPECIFIC_ERROR, "it failed here")
        await asyncio.to_thread(self._note, caller, control, outcome)
        return outcome

    async def _carry_out(self, caller: Caller, control: live.Control) -> live.Outcome:
        if not caller.may(Scope.CONTROL_WRITE):
            raise Forbidden(f"This key lacks the scope {Scope.CONTROL_WRITE.value}.")
        try:
            reach = await asyncio.to_thread(self._gate.unit, caller, control.unit_id)
        except NotFound as error:
            raise Forbidden(error.message) from None
        reach.must_control()
        verb = self._verbs.get(control.verb)
        if verb is None:
            raise Invalid(f"There is no verb {control.verb[:40]!r}.")
        return await verb(reach, caller, control)

    async def _set_property(self, reach: Reach, caller: Caller, control: live.Control) -> live.Outcome:
        await self._patch(reach, {control.name: document_in(control.payload)}, caller.actor_id)
        return live.Outcome(Reason.SUCCESS)

    async def _patch_desired(self, reach: Reach, caller: Caller, control: live.Control) -> live.Outcome:
        await self._patch(reach, document_in(control.payload), caller.actor_id)
        return live.Outcome(Reason.SUCCESS)

    async def _patch(self, reach: Reach, patch: Any, by: int) -> None:
        """A merge patch upon what lies open: what somebody desired before the caller's own time is not carried on."""
        whose = (reach.organisation_id, reach.unit_id)
        if reach.always:
            await self._twins.patch_desired(*whose, patch, by=by)
            return
        for _ in range(_TRIES_MAX):
            current = await asyncio.to_thread(self._twins.desired.get, *whose)
            unchanged = partial(_must_be, current.revision)
            with contextlib.suppress(PreconditionFailed):
                if current.at is None or reach.holds(current.at):
                    await self._twins.patch_desired(*whose, patch, by=by, precondition=unchanged)
                else:
                    await self._twins.put_desired(*whose, merge_patch({}, patch), by=by, precondition=unchanged)
                return
        raise Conflict("Others keep changing this desired state.", remedy="Try again.")

    async def _invoke(self, reach: Reach, caller: Caller, control: live.Control) -> live.Outcome:
        reach.must_be_present()
        given = document_in(control.payload) if control.payload.strip() else None
        asked = Asked(action=control.name, input=given, by=caller.actor_id)
        command, _ = await self._commands.invoke(reach.organisation_id, reach.unit_id, asked)
        return live.Outcome(Reason.SUCCESS, command_id=command.id)

    def _note(self, caller: Caller, control: live.Control, outcome: live.Outcome) -> None:
        detail: dict[str, Any] = {"over": "mqtt", "name": control.name}
        if outcome.command_id:
            detail["command"] = format_id(outcome.command_id)
        if outcome.reason >= Reason.UNSPECIFIED_ERROR:
            detail["reason"] = outcome.detail[:200]
        try:
            self._audit.append(
                caller.organisation_id,
                actor=Actor(ActorKind.KEY, caller.actor_id),
                action=f"live.{control.verb}",
                subject=Subject("unit", format_id(control.unit_id)),
                outcome=AuditOutcome.DONE if outcome.reason < Reason.UNSPECIFIED_ERROR else AuditOutcome.REFUSED,
                detail=detail,
            )
        except MonokotoError as error:
            _log.error("audit_missing", action=f"live.{control.verb}", reason=error.message)


def _must_be(seen: int, revision: int) -> None:
    if revision != seen:
        raise PreconditionFailed("The desired state has changed meanwhile.")


def reason_of(error: MonokotoError) -> Reason:
    """The error as a reason code of a PUBACK."""
    return next(reason for kind, reason in _REASONS if isinstance(error, kind))


def document_in(payload: bytes) -> Any:
    """The JSON value in a payload. Raises Invalid."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The payload is not JSON: {error}.") from None

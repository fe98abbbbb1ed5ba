"""From what is asked to a command: the unit is there, its product has such an action, the input fits, nothing forbids it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import ActionModel, ProductModel
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant, format_instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import CommandId, OrganisationId, UnitId, format_id, new_id
from monokoto.kernel.limits import (
    COMMAND_CONFIRM_SECONDS,
    COMMAND_REQUEST_LENGTH_MAX,
    COMMAND_SECONDS_DEFAULT,
    COMMAND_SECONDS_MAX,
)
from monokoto.operate.commands.checking import action_of, check_input
from monokoto.operate.commands.command import Command, Status

LOOK_AGAIN = 2 * MICROSECONDS_PER_SECOND
"""When the reconciler looks at a command that nobody has handed down: the process that took it has died."""


class Units(Protocol):
    """Who the units are (fleet's `Directory`)."""

    def get(self, unit_id: int) -> UnitIdentity | None: ...

    def find(self, unit_id: int) -> UnitIdentity | None: ...

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an action must not be asked of a unit now."""

    reason: str
    """For people."""
    by: str
    """What forbids it: `model` or the key of a rule."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """The values that make it so."""
    since: int | None = None
    """Since when, in microseconds, where that is known."""


class Interlocks(Protocol):
    """What may forbid an action in a state. Asked from threads; answers from memory."""

    def refusals(self, unit: UnitIdentity, action: ActionModel, given: Any) -> Sequence[Refusal]:
        """Every reason why this must not be asked of the unit now; nothing: it may."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a unit."""

    action: str
    input: Any = None
    by: int = 0
    """The person or key that asks."""
    request: str = ""
    """The client's own name for it; the same name again is the same command."""
    seconds: float | None = None
    """How long the unit has to give its last word; None: as its model says (`monokoto:deadline`), else the default."""
    batch: int = 0
    """What it is a part of: a job, a run of a scene."""
    confirmed: bool = False
    """Somebody has said yes to it already (a program that knows what it asks). Not enough where it takes two persons."""


class Asking:
    """Makes commands. Blocking: call from a thread."""

    def __init__(
        self,
        *,
        units: Units,
        model_of: Callable[[int, str, str], ProductModel],
        interlocks: Interlocks | None,
        clock: Clock,
    ) -> None:
        self._units = units
        self._model_of = model_of
        self._interlocks = interlocks
        self._clock = clock

    def draft(self, organisation_id: int, unit_id: int, asked: Asked) -> Command:
        """The command, not on disk yet. Whether it is forbidden was not asked.

        Raises:
            NotFound: there is no such unit in this organisation, or its product has no such action.
            Invalid: the input does not fit, or the time or the request's name are none.
        """
        unit = self.unit(organisation_id, unit_id)
        action = action_of(self._model_of(organisation_id, unit.product, unit.version), asked.action)
        check_input(action, asked.input)
        seconds = asked.seconds or action.deadline_seconds or COMMAND_SECONDS_DEFAULT
        _check(seconds, asked.request)
        now = self._clock.now()
        lasting = round(seconds * MICROSECONDS_PER_SECOND)
        waits = action.confirm and (action.two_person or not asked.confirmed)
        until = COMMAND_CONFIRM_SECONDS * MICROSECONDS_PER_SECOND if waits else lasting
        return Command(
            id=CommandId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            unit_id=UnitId(unit_id),
            action=asked.action,
            product=unit.product,
            version=unit.version,
            input=asked.input,
            status=Status.UNCONFIRMED if waits else Status.QUEUED,
            request=asked.request,
            batch=asked.batch,
            created_at=now,
            created_by=asked.by,
            lasting=lasting,
            expires_at=Instant(now + until),
            confirmed_at=now if action.confirm and not waits else None,
            confirmed_by=asked.by if action.confirm and not waits else 0,
            due_at=None if waits else Instant(now + LOOK_AGAIN),
        )

    def unit(self, organisation_id: int, unit_id: int) -> UnitIdentity:
        """Who it is; raises NotFound."""
        unit = self._units.find(unit_id)
        if unit is None or unit.organisation_id != organisation_id:
            raise NotFound(f"There is no unit {format_id(unit_id)}.")
        return unit

    def action(self, command: Command) -> ActionModel:
        """What its model says; raises NotFound."""
        return action_of(self._model_of(command.organisation_id, command.product, command.version), command.action)

    def refusals(self, command: Command) -> Sequence[Refusal]:
        """Why it must not be done now."""
        if self._interlocks is None:
            return ()
        unit = self._units.get(command.unit_id)
        return () if unit is None else self._interlocks.refusals(unit, self.action(command), command.input)

    def must_be_allowed(self, command: Command) -> None:
        """Raises Conflict with every reason why it must not be done now."""
        refusals = self.refusals(command)
        if refusals:
            raise Conflict(
                f"The action {command.action!r} is forbidden now: {reasons(refusals)}",
                remedy="Ask again when the unit is in another state.",
                faults=[Fault(place=one.by, reason=spelled(one)) for one in refusals],
            )


def reasons(refusals: Sequence[Refusal]) -> str:
    """Several in one line."""
    return " ".join(one.reason.rstrip(".") + "." for one in refusals)


def spelled(refusal: Refusal) -> str:
    """A refusal with what it rests on."""
    state = ", ".join(f"{name} is {value!r:.80}" for name, value in refusal.state.items())
    since = f" since {format_instant(refusal.since)}" if refusal.since is not None else ""
    return refusal.reason + (f" ({state}{since})" if state or since else "")


def _check(seconds: float, request: str) -> None:
    wrong = (
        ("timeout", f"lies between 1 and {COMMAND_SECONDS_MAX} s", not 1 <= seconds <= COMMAND_SECONDS_MAX),
        (
            "request",
            f"has at most {COMMAND_REQUEST_LENGTH_MAX} printable characters",
            len(request) > COMMAND_REQUEST_LENGTH_MAX or not request.isprintable(),
        ),
    )
    faults = [Fault(place=place, reason=reason) for place, reason, is_wrong in wrong if is_wrong]
    if faults:
        raise Invalid("This cannot be asked.", faults=faults)

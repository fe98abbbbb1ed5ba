"""What can be asked of many units at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.connect.jobs import Job, Plan, Target
from monokoto.kernel.errors import Conflict
from monokoto.kernel.limits import COMMAND_SECONDS_MAX
from monokoto.operate.commands.asking import Asked
from monokoto.operate.commands.command import Status
from monokoto.operate.commands.service import Commands
from monokoto.web import Caller, Gate, Scope

_UNDER_WAY = (Status.SENT, Status.RECEIVED, Status.RUNNING)
_GONE_WRONG = (Status.FAILED, Status.EXPIRED, Status.CANCELLED)


COMMANDS_BEGUN_MAX = 1_000
"""In one turn, where nothing says how many: more than any turn takes."""


class AskParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to ask, and when to stop."""

    action: Annotated[str, Meta(min_length=1, max_length=64)]
    input: Any = None
    timeout: Annotated[int, Meta(ge=1, le=COMMAND_SECONDS_MAX)] | None = None
    confirmed: Annotated[bool, Meta(description="Yes to an action the model wants that for")] = False
    stop_share: Annotated[
        float,
        Meta(ge=0, le=1, description="Ask no more units when more than this share of those that ended went wrong"),
    ] = 1.0
    stop_after: Annotated[int, Meta(ge=1, description="Not before so many have ended")] = 10


class AskOfUnits:
    """Ask an action of units within reach. What came of each is its command: `GET /api/v1/commands?batch={job}`."""

    name = "commands.ask"
    title = "Ask an action of the units"
    scope = Scope.CONTROL_WRITE
    parameters = AskParameters
    undoable = False
    makers_only = False

    def __init__(self, commands: Commands, gate: Gate, job: Job | None = None) -> None:
        self._commands = commands
        self._gate = gate
        self._job = job

    def of_job(self, job: Job) -> AskOfUnits:
        """The same, of this job: its commands are the job's."""
        return AskOfUnits(self._commands, self._gate, job)

    async def plan(self, caller: Caller, target: Target, parameters: AskParameters) -> Plan:
        self._check_reach(caller, target)
        asked = self._asked(caller, parameters)
        await asyncio.to_thread(self._commands.check, target.maker_id, target.unit_id, asked)
        return Plan({}, {"action": parameters.action, "input": parameters.input})

    async def apply(self, caller: Caller, target: Target, parameters: AskParameters) -> None:
        self._check_reach(caller, target)
        await self._commands.invoke(target.maker_id, target.unit_id, self._asked(caller, parameters))

    async def undo(self, caller: Caller, target: Target, parameters: AskParameters, before: Mapping[str, Any]) -> None:
        raise Conflict("What a unit did cannot be taken back.")

    async def stop_reason(self, parameters: AskParameters) -> str:
        """Why no more units are to be asked; empty: go on."""
        if self._job is None or parameters.stop_share >= 1:
            return ""
        outcomes = await self._outcomes(self._job)
        wrong, ended = _ended(outcomes)
        if ended >= parameters.stop_after and wrong > parameters.stop_share * ended:
            return f"{wrong} of {ended} went wrong; more than {parameters.stop_share:.0%} was to stop it."
        return ""

    async def room(self, parameters: AskParameters) -> int:
        """As many under way as have ended already, and `stop_after` to begin with: what is asked at once cannot be
        stopped by how it goes. Units that are away do not count: their commands wait, and may wait long."""
        if self._job is None or parameters.stop_share >= 1:
            return COMMANDS_BEGUN_MAX
        outcomes = await self._outcomes(self._job)
        _, ended = _ended(outcomes)
        under_way = sum(outcomes.get(status, 0) for status in _UNDER_WAY)
        return max(parameters.stop_after, ended) - under_way

    async def _outcomes(self, job: Job) -> dict[Status, int]:
        makers = {int(job.caller.organisation_id)}
        makers |= {int(reach.organisation_id) for reach in self._gate.held(job.caller)}
        return await asyncio.to_thread(self._commands.outcomes, makers, job.id)

    def _asked(self, caller: Caller, parameters: AskParameters) -> Asked:
        job_id = 0 if self._job is None else int(self._job.id)
        return Asked(
            action=parameters.action,
            input=parameters.input,
            by=caller.actor_id,
            # Asked again after a crash it is the same command.
            request=f"job-{job_id}" if job_id else "",
            seconds=parameters.timeout,
            batch=job_id,
            confirmed=parameters.confirmed,
        )

    def _check_reach(self, caller: Caller, target: Target) -> None:
        self._gate.unit(caller, target.unit_id).must_be_present().must_control()


def _ended(outcomes: Mapping[Status, int]) -> tuple[int, int]:
    """How many went wrong, and how many ended."""
    wrong = sum(outcomes.get(status, 0) for status in _GONE_WRONG)
    return wrong, wrong + outcomes.get(Status.SUCCEEDED, 0)

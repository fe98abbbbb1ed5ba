"""One item of a run: what is done to one unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import structlog

from monokoto.connect.jobs import Target
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import MonokotoError, NotFound, Unavailable
from monokoto.kernel.ids import OrganisationId, UnitId, format_id
from monokoto.operate.scenes.asking import Actions
from monokoto.operate.scenes.looking import NOT_YOURS, OUT_OF_REACH, reason_of
from monokoto.operate.scenes.run import Run, RunItem, RunItemState
from monokoto.operate.scenes.scene import Offline, Step
from monokoto.operate.twins import DesireOfUnits, DesireParameters
from monokoto.web import Gate

OFFLINE = "it was not connected"
_log = structlog.get_logger(__name__)


class Doer:
    """Does items, each repeatably: an item done again after a crash changes nothing where it was done."""

    def __init__(
        self, *, gate: Gate, actions: Actions, desires: DesireOfUnits, online: Callable[[int, int], bool], clock: Clock
    ) -> None:
        """`online(maker_id, unit_id)`: whether a unit is connected, from memory."""
        self._gate = gate
        self.actions = actions
        self._desires = desires
        self._online = online
        self._clock = clock

    def settled(self, item: RunItem, state: RunItemState, reason: str = "") -> RunItem:
        """The item, come so far now."""
        return replace(item, state=state, reason=reason, at=self._clock.now())

    async def prepare(self, run: Run, item: RunItem) -> RunItem:
        """The item begun, with what is to be put back if it is undone; or settled, where nothing is to be done.

        Raises Unavailable: nothing was done, later it may be.
        """
        step = run.spec.steps[item.step]
        if refusal := self._refusal(run, item):
            return self.settled(item, RunItemState.FAILED, refusal)
        if run.spec.offline is Offline.SKIP and not self._online(item.maker_id, item.unit_id):
            return self.settled(item, RunItemState.SKIPPED, OFFLINE)
        if step.desired is None:
            return self.settled(item, RunItemState.BEGUN)
        try:
            plan = await self._desires.plan(run.caller, _target(item), DesireParameters(step.desired))
        except Exception as error:
            return self.settled(item, RunItemState.FAILED, _reason(run, item, error))
        if plan.before is None:
            return self.settled(item, RunItemState.UNCHANGED)
        before = msgspec.json.encode(plan.before).decode()
        return replace(self.settled(item, RunItemState.BEGUN), before=before)

    async def do(self, run: Run, item: RunItem) -> RunItem:
        """The begun item, done, asked or refused. Raises Unavailable."""
        step: Step = run.spec.steps[item.step]
        if refusal := self._refusal(run, item):
            return self.settled(item, RunItemState.FAILED, refusal)
        try:
            if step.desired is not None:
                await self._desires.apply(run.caller, _target(item), DesireParameters(step.desired))
                return self.settled(item, RunItemState.DONE)
            outcome = await self.actions.ask(run, item, step)
        except Exception as error:
            return self.settled(item, RunItemState.FAILED, _reason(run, item, error))
        return replace(self.settled(item, outcome.state, outcome.reason), command_id=outcome.command_id)

    async def undo(self, run: Run, item: RunItem) -> RunItem:
        """The item with what was desired before put back, or kept with the reason. Raises Unavailable."""
        step = run.spec.steps[item.step]
        before: dict[str, Any] = msgspec.json.decode(item.before or "{}")
        if refusal := self._refusal(run, item):
            return self.settled(item, RunItemState.KEPT, refusal)
        try:
            await self._desires.undo(run.caller, _target(item), DesireParameters(step.desired or {}), before)
        except Exception as error:
            return self.settled(item, RunItemState.KEPT, _reason(run, item, error))
        return self.settled(item, RunItemState.UNDONE)

    def _refusal(self, run: Run, item: RunItem) -> str:
        """Why the unit is not to be asked at this moment: units change hands while a run goes on."""
        try:
            reach = self._gate.unit(run.caller, item.unit_id)
        except NotFound:
            return OUT_OF_REACH
        if not reach.now:
            return OUT_OF_REACH
        return "" if reach.control else NOT_YOURS


def _target(item: RunItem) -> Target:
    return Target(UnitId(item.unit_id), OrganisationId(item.maker_id))


def _reason(run: Run, item: RunItem, error: Exception) -> str:
    """Why an item was refused; raises what only makes the run wait, and logs what nobody expected."""
    if isinstance(error, Unavailable):
        raise error
    if isinstance(error, MonokotoError):
        return reason_of(error)
    _log.error("scene_item_failed", run=format_id(run.id), number=item.number, exc_info=error)
    return "Something went wrong here; the platform's log has the reason."

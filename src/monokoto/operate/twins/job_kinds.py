"""What can be desired of many units at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.connect.jobs import UNCHANGED, Plan, Target
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.ids import format_id
from monokoto.operate.twins.service import Twins
from monokoto.operate.twins.twin import merge_patch, same
from monokoto.web import Caller, Gate, Scope, if_match


class DesireParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to desire as well."""

    patch: Annotated[
        dict[str, Any], Meta(min_length=1, description="A JSON merge patch (RFC 7396) of the desired state")
    ]


class DesireOfUnits:
    """Patch the desired state of units within reach, their owner's too."""

    name = "twins.desire"
    title = "Desire something of the units"
    scope = Scope.CONTROL_WRITE
    parameters = DesireParameters
    undoable = True
    makers_only = False

    def __init__(self, twins: Twins, gate: Gate) -> None:
        self._twins = twins
        self._gate = gate

    async def plan(self, caller: Caller, target: Target, parameters: DesireParameters) -> Plan:
        self._check_reach(caller, target)
        now, following = await self._twins.would_desire(target.maker_id, target.unit_id, parameters.patch)
        if same(dict(now), dict(following)):
            return UNCHANGED
        touched = list(parameters.patch)
        return Plan(_picked(now, touched), _picked(following, touched))

    async def apply(self, caller: Caller, target: Target, parameters: DesireParameters) -> None:
        self._check_reach(caller, target)
        await self._twins.patch_desired(target.maker_id, target.unit_id, parameters.patch, by=caller.actor_id)

    async def undo(
        self, caller: Caller, target: Target, parameters: DesireParameters, before: Mapping[str, Any]
    ) -> None:
        self._check_reach(caller, target)
        touched = list(parameters.patch)
        desired = await asyncio.to_thread(self._twins.desired.get, target.maker_id, target.unit_id)
        now = _picked(desired.properties, touched)
        if same(now, dict(before)):
            return
        if not same(now, merge_patch(dict(before), parameters.patch)):
            raise Conflict("Something else was desired of it since.")
        others = {name: value for name, value in desired.properties.items() if name not in parameters.patch}
        await self._twins.put_desired(
            target.maker_id,
            target.unit_id,
            {**others, **before},
            by=caller.actor_id,
            # The whole document goes back, not a patch: a patch would mix two object values.
            precondition=lambda revision: if_match(f'"{desired.revision}"', revision),
        )

    def _check_reach(self, caller: Caller, target: Target) -> None:
        if not self._gate.unit(caller, target.unit_id).now:
            raise NotFound(f"There is no unit {format_id(target.unit_id)!r}.")


def _picked(properties: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: properties[name] for name in names if name in properties}

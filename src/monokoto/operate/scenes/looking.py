"""What a scene means here and now: which units, and what each version of their products says of what is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import ProductModel
from monokoto.kernel.errors import MonokotoError, TooLarge, Unavailable
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import SCENE_ITEMS_MAX
from monokoto.operate.commands import action_of, check_input
from monokoto.operate.groups import Chosen, GroupFilter, Groups
from monokoto.operate.scenes.scene import Notice, SceneSpec, Step
from monokoto.operate.twins import Twins
from monokoto.web import Caller

OUT_OF_REACH = "there is no such unit, or it is not yours at present"
NOT_YOURS = "it is not yours to control"
NOBODY = "no unit is meant"


class Units(Protocol):
    """Who the units are (fleet's `Directory`)."""

    def find(self, unit_id: int) -> UnitIdentity | None: ...


@dataclass(frozen=True, slots=True)
class Looked:
    """A scene as it would be run now."""

    steps: Sequence[Sequence[Chosen]]
    """The units of each step; one whose maker is 0 was named and is not within reach."""
    notices: Sequence[Notice]

    @property
    def confirmations(self) -> list[Notice]:
        """What somebody must say yes to."""
        return [notice for notice in self.notices if notice.confirm and not notice.reason]


def reason_of(error: MonokotoError) -> str:
    """A refusal in one line."""
    return " ".join([error.message, *(str(fault) for fault in error.faults[:3])])


class Looker:
    """Finds a scene's units and judges it against their models."""

    def __init__(
        self, groups: Groups, units: Units, model_of: Callable[[int, str, str], ProductModel], twins: Twins
    ) -> None:
        self._groups = groups
        self._units = units
        self._model_of = model_of
        self._twins = twins

    async def look(self, caller: Caller, spec: SceneSpec) -> Looked:
        """Raises NotFound (a group), TooLarge."""
        steps = await asyncio.to_thread(self._chosen, caller, spec)
        notices: list[Notice] = []
        for number, (step, chosen) in enumerate(zip(spec.steps, steps, strict=True)):
            notices += await self._notices(caller, number, step, chosen)
        return Looked(steps, notices)

    def _chosen(self, caller: Caller, spec: SceneSpec) -> list[list[Chosen]]:
        found: list[list[Chosen]] = []
        count = 0
        for step in spec.steps:
            found.append(self.units_of(caller, step))
            count += len(found[-1])
            if count > SCENE_ITEMS_MAX:
                raise TooLarge(f"The steps have more than {SCENE_ITEMS_MAX} units.", remedy="Split the scene.")
        return found

    def units_of(self, caller: Caller, step: Step) -> list[Chosen]:
        """The units of a step within the caller's reach, and those named that are not, with maker 0. Blocking."""
        wanted = step.units
        if wanted.group:
            return self._groups.chosen(caller.organisation_id, wanted.group)
        if wanted.ids:
            unit_ids = list(dict.fromkeys(parse_id(text, what="unit id") for text in wanted.ids))
            near = {one.unit_id: one for one in self._groups.finder.named(caller, unit_ids)}
            return [near.get(unit_id, Chosen(unit_id, 0)) for unit_id in unit_ids]
        return self._groups.filtered(caller, GroupFilter(product=wanted.product, tags=wanted.tags, below=wanted.below))

    async def _notices(self, caller: Caller, number: int, step: Step, chosen: Sequence[Chosen]) -> list[Notice]:
        if not chosen:
            return [Notice(number, 0, reason=NOBODY)]
        missing, not_ours = 0, 0
        kinds: dict[tuple[int, str, str], list[int]] = {}
        for one in chosen:
            reach = self._groups.finder.reach(caller, one.unit_id) if one.maker_id else None
            unit = self._units.find(one.unit_id) if reach is not None else None
            if reach is None or unit is None:
                missing += 1
            elif not reach.control:
                not_ours += 1
            else:
                kinds.setdefault((one.maker_id, unit.product, unit.version), []).append(one.unit_id)
        notices = [
            Notice(number, count, reason=reason)
            for count, reason in ((missing, OUT_OF_REACH), (not_ours, NOT_YOURS))
            if count
        ]
        for (maker_id, product, version), unit_ids in kinds.items():
            reason, confirm = await self._judged(step, maker_id, product, version, unit_ids[0])
            if reason or confirm:
                notices.append(Notice(number, len(unit_ids), product, version, reason, confirm))
        return notices

    async def _judged(self, step: Step, maker_id: int, product: str, version: str, unit_id: int) -> tuple[str, str]:
        """Why units of this version would refuse it, and what must be said yes to; either may be empty."""
        try:
            if step.desired is not None:
                await self._twins.would_desire(maker_id, unit_id, step.desired)
                return "", ""
            model = await asyncio.to_thread(self._model_of, maker_id, product, version)
            action = action_of(model, step.action)
            check_input(action, step.input)
        except Unavailable:
            raise
        except MonokotoError as error:
            return reason_of(error), ""
        needed = action.confirm_text or f"{action.title or action.name} ({product})" if action.confirm else ""
        return "", needed

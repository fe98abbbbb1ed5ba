"""Runs: begun, looked at, cancelled, undone. The worker does them."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, TooMany
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import SceneId, SceneRunId, ScheduleId, new_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, SCENE_RUNS_OPEN_PER_ORGANISATION_MAX
from monokoto.operate.groups import Chosen
from monokoto.operate.scenes import run_store
from monokoto.operate.scenes.facts import RUN_CHANGED
from monokoto.operate.scenes.looking import NOBODY, OUT_OF_REACH, Looked, Looker
from monokoto.operate.scenes.run import Run, RunItem, RunItemState, RunState
from monokoto.operate.scenes.scene import Scene, SceneSpec
from monokoto.web import Caller


class Runs:
    """The runs of all organisations. `signal` is called when there is something new to do; plain methods block."""

    def __init__(self, records: Records, clock: Clock, *, looker: Looker, facts: Facts | None = None) -> None:
        self.records = records
        self.clock = clock
        self.looker = looker
        self._facts = facts
        self.signal: Callable[[], None] = lambda: None

    async def tell(self, run: Run) -> None:
        """Tell that a run began or ended."""
        if self._facts is not None:
            data = {
                "run_id": run.id,
                "scene_id": run.scene_id,
                "schedule_id": run.schedule_id,
                "state": run.state.value,
            }
            at = self.clock.now()
            await self._facts.tell(Fact(name=RUN_CHANGED, organisation_id=run.organisation_id, at=at, data=data))

    # Beginning

    async def start(
        self,
        caller: Caller,
        scene: Scene,
        *,
        confirmed: bool = False,
        key: str = "",
    ) -> Run:
        """Run a scene now. Raises as `begin`."""
        draft = self.draft(caller, scene.name, scene.spec, confirmed=confirmed, key=key)
        return await self.begin(replace(draft, scene_id=scene.id))

    def draft(
        self,
        caller: Caller,
        name: str,
        spec: SceneSpec,
        *,
        confirmed: bool = False,
        key: str = "",
        schedule_id: int = 0,
        planned_at: int | None = None,
    ) -> Run:
        """A run that is not begun yet."""
        return Run(
            id=SceneRunId(new_id()),
            organisation_id=caller.organisation_id,
            caller=replace(caller, scopes=frozenset(), session_id=None),
            scene_id=SceneId(0),
            schedule_id=ScheduleId(schedule_id),
            name=name,
            key=key,
            spec=spec,
            confirmed=confirmed,
            planned_at=None if planned_at is None else Instant(planned_at),
            created_at=self.clock.now(),
        )

    async def begin(self, draft: Run, *, only: Callable[[Chosen], bool] | None = None) -> Run:
        """Choose the units and begin; of two runs with one key only the first is one, and is the answer.

        Raises:
            NotFound: a group it names is not there.
            Invalid: it means no unit (with `only`: none of those).
            Conflict: something must be said yes to first; `faults` say what.
            TooLarge: it means more units than a run may have.
            TooMany: too many runs of the organisation are not finished.
        """
        if draft.key and (known := await asyncio.to_thread(self.by_key, draft.organisation_id, draft.key)):
            return known
        looked = await self.looker.look(draft.caller, draft.spec)
        if not draft.confirmed:
            _must_confirm(looked)
        items = _items(looked.steps, only)
        if not items:
            raise Invalid("The run means no unit.", faults=[Fault(place="steps", reason=NOBODY)])
        waiting = sum(item.state is RunItemState.WAITING for item in items)
        run = replace(
            draft,
            items=len(items),
            counts={
                state: count
                for state, count in ((RunItemState.WAITING, waiting), (RunItemState.FAILED, len(items) - waiting))
                if count
            },
        )
        made = await asyncio.to_thread(self._insert, run, items)
        self.signal()
        await self.tell(made)
        return made

    def record(self, draft: Run, state: RunState, reason: str) -> Run:
        """Keep a run that did not begin, so that people see why; the one that has its key, where there is one."""
        run = replace(draft, state=state, reason=reason, finished_at=self.clock.now())
        return self._insert(run, ())

    def by_key(self, organisation_id: int, key: str) -> Run | None:
        """The run begun with this key."""
        with self.records.read() as connection:
            return run_store.read_by_key(connection, organisation_id, key)

    def _insert(self, run: Run, items: Sequence[RunItem]) -> Run:
        try:
            with self.records.write() as connection:
                if run.open and (
                    run_store.count_open(connection, run.organisation_id) >= SCENE_RUNS_OPEN_PER_ORGANISATION_MAX
                ):
                    raise TooMany(
                        f"{SCENE_RUNS_OPEN_PER_ORGANISATION_MAX} runs of this organisation are not finished.",
                        remedy="Wait for some, or cancel them.",
                    )
                run_store.insert(connection, run, items)
        except sa.exc.IntegrityError:  # begun with this key by somebody else at the same instant
            if run.key and (known := self.by_key(run.organisation_id, run.key)):
                return known
            raise
        return run

    # Looking

    def get(self, organisation_id: int, run_id: int) -> Run:
        """One run; raises NotFound."""
        with self.records.read() as connection:
            return run_store.read(connection, organisation_id, run_id)

    def list(
        self,
        organisation_id: int,
        *,
        scene_id: int = 0,
        schedule_id: int = 0,
        state: RunState | None = None,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Run]:
        """The newest first, those older than `before`."""
        with self.records.read() as connection:
            return run_store.read_all(
                connection,
                organisation_id,
                scene_id=scene_id,
                schedule_id=schedule_id,
                state=state,
                before=before,
                limit=limit,
            )

    def items(
        self,
        organisation_id: int,
        run_id: int,
        *,
        states: Iterable[RunItemState] = (),
        after: int = 0,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[RunItem]:
        """What became of each unit, by number; raises NotFound."""
        with self.records.read() as connection:
            run_store.read(connection, organisation_id, run_id)
            return run_store.read_items(connection, organisation_id, run_id, states=states, after=after, limit=limit)

    # Ending

    def cancel(self, organisation_id: int, run_id: int) -> Run:
        """Begin nothing more, and take back commands no unit has heard of. What is done stays done.

        Raises: NotFound, Conflict (it has ended).
        """
        with self.records.write() as connection:
            run = run_store.read(connection, organisation_id, run_id)
            if not run.open:
                raise Conflict(f"The run is {run.state.value} already.")
            run_store.update(connection, organisation_id, run_id, {"cancelling": True})
        self.signal()
        return replace(run, cancelling=True)

    def undo(self, organisation_id: int, run_id: int) -> Run:
        """Desire again what was desired before; actions cannot be taken back. Raises NotFound, Conflict."""
        with self.records.write() as connection:
            run = run_store.read(connection, organisation_id, run_id)
            if run.open:
                raise Conflict(f"The run is {run.state.value}.", remedy="Cancel it first, or wait for its end.")
            if not run_store.undoable(connection, organisation_id, run_id):
                raise Conflict("There is nothing to undo: of desired values none was changed.")
            changes = {"state": RunState.UNDOING.value, "cancelling": False, "finished_at": None, "reason": ""}
            run_store.update(connection, organisation_id, run_id, changes)
            run = run_store.read(connection, organisation_id, run_id)
        self.signal()
        return run

    def forget_old(self, before: int, *, limit: int = 100) -> int:
        """Delete runs that ended before this instant; how many."""
        with self.records.write() as connection:
            return run_store.forget(connection, before, limit=limit)


def _must_confirm(looked: Looked) -> None:
    if needed := looked.confirmations:
        faults = [
            Fault(place=f"steps/{notice.step}", reason=f"{notice.confirm}: {notice.units} units") for notice in needed
        ]
        raise Conflict(
            "This must be said yes to.", remedy="Ask again with `confirmed: true` (`--confirm`).", faults=faults
        )


def _items(steps: Sequence[Sequence[Chosen]], only: Callable[[Chosen], bool] | None) -> builtins.list[RunItem]:
    items: builtins.list[RunItem] = []
    for step, chosen in enumerate(steps):
        for one in chosen:
            if only is None or only(one):
                state, reason = (RunItemState.WAITING, "") if one.maker_id else (RunItemState.FAILED, OUT_OF_REACH)
                items.append(
                    RunItem(
                        number=len(items) + 1,
                        step=step,
                        unit_id=one.unit_id,
                        maker_id=one.maker_id,
                        state=state,
                        reason=reason,
                    )
                )
    return items

"""What is asked of jobs: preview, make, look at, cancel, undo."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from monokoto.connect.jobs import store
from monokoto.connect.jobs.job import (
    UNCHANGED,
    Item,
    ItemState,
    Job,
    JobKind,
    JobState,
    Looked,
    Preview,
    Selection,
    Selector,
    Target,
)
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Forbidden, Invalid, MonokotoError, TooLarge, TooMany, Unavailable
from monokoto.kernel.ids import JobId, new_id
from monokoto.kernel.limits import (
    JOB_ITEMS_MAX,
    JOB_PREVIEW_ITEMS_MAX,
    JOBS_OPEN_PER_ORGANISATION_MAX,
    PAGE_SIZE_DEFAULT,
)
from monokoto.web import Caller

_SAMPLE_MAX = 20
_AT_ONCE = 8
"""Units a preview looks at at the same time."""


class Jobs:
    """The jobs of all organisations. `signal` is called when there is something new to do."""

    def __init__(self, records: Records, clock: Clock, *, kinds: Iterable[JobKind], selector: Selector) -> None:
        self.kinds: dict[str, JobKind] = {kind.name: kind for kind in kinds}
        self.records = records
        self.clock = clock
        self._selector = selector
        self.signal: Callable[[], None] = lambda: None
        self.streams = 0
        """How many watch a job's progress in this process."""
        self.ending = False
        """No more is coming: the server is stopping."""

    def kind(self, name: str) -> JobKind:
        """The kind of this name; raises Invalid."""
        found = self.kinds.get(name)
        if found is None:
            fault = Fault(place="kind", reason=f"{name[:64]!r} is none of {', '.join(sorted(self.kinds))}")
            raise Invalid("There is no such kind of job.", faults=[fault])
        return found

    @staticmethod
    def may(caller: Caller, kind: JobKind) -> None:
        """Raises Forbidden when the caller lacks the kind's scope."""
        if not caller.may(kind.scope):
            raise Forbidden(f"This needs the scope {kind.scope.value}.", remedy="Use a key or a role that has it.")

    def checked(self, caller: Caller, kind_name: str, parameters: Any) -> tuple[JobKind, msgspec.Struct]:
        """The kind, and the parameters as it wants them.

        Raises:
            Invalid: there is no such kind, or the parameters are not its.
            Forbidden: the caller may not do that.
        """
        kind = self.kind(kind_name)
        self.may(caller, kind)
        try:
            return kind, msgspec.convert(parameters, kind.parameters)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `")
            place = "parameters" + path.rstrip("`").removeprefix("$").replace(".", "/")
            raise Invalid(
                f"These are not the parameters of {kind.name}.", faults=[Fault(place=place, reason=message)]
            ) from None

    async def preview(self, caller: Caller, kind_name: str, selection: Selection, parameters: Any) -> Preview:
        """What a job would do, without doing it. Raises as `create`."""
        kind, wanted = self.checked(caller, kind_name, parameters)
        targets = await asyncio.to_thread(self._targets, caller, selection)
        looked = targets[:JOB_PREVIEW_ITEMS_MAX]
        found: list[Looked] = []
        for begin in range(0, len(looked), _AT_ONCE):
            some = looked[begin : begin + _AT_ONCE]
            found += await asyncio.gather(*(self._look(kind, caller, target, wanted) for target in some))
        refused = sum(bool(one.refusal) for one in found)
        changed = sum(one.plan.changes for one in found)
        # What is refused is what somebody must know before; then what changes.
        found.sort(key=lambda one: (not one.refusal, not one.plan.changes))
        return Preview(
            selected=len(targets),
            looked_at=len(found),
            changed=changed,
            unchanged=len(found) - changed - refused,
            refused=refused,
            undoable=kind.undoable,
            sample=tuple(found[:_SAMPLE_MAX]),
        )

    async def _look(self, kind: JobKind, caller: Caller, target: Target, wanted: msgspec.Struct) -> Looked:
        try:
            check_maker(kind, caller, target)
            return Looked(target, await kind.plan(caller, target, wanted))
        except Unavailable:
            raise
        except MonokotoError as error:
            return Looked(target, UNCHANGED, reason_of(error))

    def create(self, caller: Caller, kind_name: str, selection: Selection, parameters: Any, *, pace: int = 0) -> Job:
        """A new job over the units the selection chooses now. Blocking.

        Raises:
            Invalid: no such kind, not its parameters, or a selection that chooses nothing.
            Forbidden: the caller may not do that.
            NotFound: a unit of the selection is not within the caller's reach.
            TooLarge: the selection chooses more units than a job may have.
            TooMany: too many jobs of the organisation are not finished.
        """
        kind, wanted = self.checked(caller, kind_name, parameters)
        targets = self._targets(caller, selection)
        job = Job(
            id=JobId(new_id()),
            organisation_id=caller.organisation_id,
            kind=kind.name,
            parameters=msgspec.json.encode(wanted).decode(),
            selection=msgspec.json.encode(selection).decode(),
            pace=pace,
            caller=caller,
            state=JobState.WAITING,
            items=len(targets),
            counts={ItemState.WAITING: len(targets)},
            created_at=self.clock.now(),
        )
        with self.records.write() as connection:
            if store.count_open(connection, caller.organisation_id) >= JOBS_OPEN_PER_ORGANISATION_MAX:
                raise TooMany(
                    f"{JOBS_OPEN_PER_ORGANISATION_MAX} jobs of this organisation are not finished.",
                    remedy="Wait for some, or cancel them.",
                )
            store.insert_job(connection, job, targets)
        self.signal()
        return job

    def _targets(self, caller: Caller, selection: Selection) -> Sequence[Target]:
        found = self._selector.targets(caller, selection, limit=JOB_ITEMS_MAX + 1)
        if not found:
            fault = Fault(place="selection", reason="no unit meets all of these conditions")
            raise Invalid("The selection chooses no unit.", faults=[fault])
        if len(found) > JOB_ITEMS_MAX:
            raise TooLarge(f"The selection chooses more than {JOB_ITEMS_MAX} units.", remedy="Split it.")
        return found

    def get(self, organisation_id: int, job_id: int) -> Job:
        """One job; raises NotFound. Blocking, like all below."""
        with self.records.read() as connection:
            return store.read_job(connection, organisation_id, job_id)

    def list(
        self, organisation_id: int, *, before: int | None = None, limit: int = PAGE_SIZE_DEFAULT
    ) -> builtins.list[Job]:
        """The newest first, those older than `before`."""
        with self.records.read() as connection:
            return store.read_jobs(connection, organisation_id, before=before, limit=limit)

    def finished_since(self, organisation_id: int, since: int, *, limit: int) -> builtins.list[Job]:
        """What ended at or after an instant, the earliest first."""
        with self.records.read() as connection:
            return store.read_finished_since(connection, organisation_id, since, limit=limit)

    def items(
        self,
        organisation_id: int,
        job_id: int,
        *,
        states: Iterable[ItemState] = (),
        after: int = 0,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Item]:
        """What became of each unit, by number; raises NotFound."""
        with self.records.read() as connection:
            store.read_job(connection, organisation_id, job_id)
            return store.read_items(connection, organisation_id, job_id, states=states, after=after, limit=limit)

    def cancel(self, organisation_id: int, job_id: int) -> Job:
        """End it after the units it is at. What is done stays done. Raises NotFound, Conflict."""
        with self.records.write() as connection:
            job = store.read_job(connection, organisation_id, job_id)
            if not job.open:
                raise Conflict(f"The job is {job.state.value} already.")
            store.update_job(connection, organisation_id, job_id, {"cancelling": True})
        self.signal()
        return replace(job, cancelling=True)

    def undo(self, organisation_id: int, job_id: int) -> Job:
        """Put back what stood there before, of every unit the job changed. Raises NotFound, Conflict."""
        with self.records.write() as connection:
            job = store.read_job(connection, organisation_id, job_id)
            kind = self.kinds.get(job.kind)
            if kind is None or not kind.undoable:
                raise Conflict(f"What {job.kind} does cannot be undone.")
            if job.open:
                raise Conflict(f"The job is {job.state.value}.", remedy="Cancel it first, or wait for its end.")
            if not job.counts.get(ItemState.DONE):
                raise Conflict("There is nothing to undo.")
            changes = {"state": JobState.UNDOING.value, "cancelling": False, "finished_at": None, "reason": ""}
            store.update_job(connection, organisation_id, job_id, changes)
            job = store.read_job(connection, organisation_id, job_id)
        self.signal()
        return job


def check_maker(kind: JobKind, caller: Caller, target: Target) -> None:
    """Raises Forbidden when only its maker may do this to a unit, and the caller is not."""
    if kind.makers_only and target.maker_id != caller.organisation_id:
        raise Forbidden("Only the organisation that made the unit may do this.")


def reason_of(error: MonokotoError) -> str:
    """A refusal in one line."""
    return " ".join([error.message, *(str(fault) for fault in error.faults[:3])])

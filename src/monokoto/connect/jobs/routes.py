"""Jobs over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import Meta

from monokoto.connect.jobs.job import Item, ItemState, Job, JobKind, JobState, Looked, Preview, Selection
from monokoto.connect.jobs.service import Jobs
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import TooMany
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import JOB_STREAMS_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

_LOOK_SECONDS = 0.5
_HEARTBEAT_LOOKS = 30
_READ = [requires(Scope.UNITS_READ)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class JobKindJson(msgspec.Struct, frozen=True):
    """A kind of job."""

    name: str
    title: str
    scope: Scope
    undoable: bool
    parameters: Annotated[dict[str, Any], Meta(description="JSON Schema of its parameters")]


class JobRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do, and to which units."""

    kind: Annotated[str, Meta(max_length=64)]
    selection: Selection
    parameters: dict[str, Any] = {}
    preview: Annotated[bool, Meta(description="Only say what would happen")] = False
    pace: Annotated[int, Meta(ge=0, le=1000, description="Units a second at most; 0: as fast as it goes")] = 0


class JobJson(msgspec.Struct, frozen=True):
    """A job as it stands."""

    id: str
    kind: str
    parameters: dict[str, Any]
    selection: Selection
    pace: int
    state: JobState
    cancelling: bool
    reason: str
    items: Annotated[int, Meta(description="Units it was made for; chosen when it was made")]
    counts: Annotated[dict[str, int], Meta(description="How many of them stand where")]
    progress: Annotated[float, Meta(description="0 to 1, of what it is at: doing, or undoing")]
    undoable: Annotated[bool, Meta(description="Whether undo would be taken now")]
    created_at: str
    created_by: str | None
    started_at: str | None
    finished_at: str | None


class JobItemJson(msgspec.Struct, frozen=True):
    """What became of one unit."""

    number: int
    unit: str
    state: ItemState
    reason: str
    before: Annotated[dict[str, Any] | None, Meta(description="What stood there before, of what was changed")]
    at: str | None


class LookedJson(msgspec.Struct, frozen=True):
    """What would happen to one unit."""

    unit: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    refusal: Annotated[str, Meta(description="Why it would be refused; empty: it would not")]


class PreviewJson(msgspec.Struct, frozen=True):
    """What a job would do. `changed`, `unchanged` and `refused` are of the `looked_at` first units of the selection."""

    selected: int
    looked_at: int
    changed: int
    unchanged: int
    refused: int
    undoable: bool
    sample: Annotated[list[LookedJson], Meta(description="Refusals first, then changes")]


def job_to_json(job: Job, kind: JobKind | None) -> JobJson:
    """As the API shows it."""
    counts = {state.value: count for state, count in job.counts.items()}
    undoable = kind is not None and kind.undoable and not job.open and bool(job.counts.get(ItemState.DONE))
    return JobJson(
        id=format_id(job.id),
        kind=job.kind,
        parameters=msgspec.json.decode(job.parameters),
        selection=msgspec.json.decode(job.selection, type=Selection),
        pace=job.pace,
        state=job.state,
        cancelling=job.cancelling,
        reason=job.reason,
        items=job.items,
        counts=counts,
        progress=_progress(job),
        undoable=undoable,
        created_at=format_instant(job.created_at),
        created_by=format_id(job.caller.actor_id) if job.caller.actor_id else None,
        started_at=None if job.started_at is None else format_instant(job.started_at),
        finished_at=None if job.finished_at is None else format_instant(job.finished_at),
    )


def _progress(job: Job) -> float:
    counts = job.counts
    if job.state in {JobState.UNDOING, JobState.UNDONE}:
        left = counts.get(ItemState.DONE, 0) + counts.get(ItemState.UNDOING, 0)
        all_of = left + counts.get(ItemState.UNDONE, 0) + counts.get(ItemState.KEPT, 0)
    else:
        left, all_of = counts.get(ItemState.WAITING, 0) + counts.get(ItemState.BEGUN, 0), job.items
    return round(1 - left / all_of, 4) if all_of else 1.0


def item_to_json(item: Item) -> JobItemJson:
    """As the API shows it."""
    return JobItemJson(
        number=item.number,
        unit=format_id(item.target.unit_id),
        state=item.state,
        reason=item.reason,
        before=None if item.before is None else msgspec.json.decode(item.before),
        at=None if item.at is None else format_instant(item.at),
    )


def preview_to_json(preview: Preview) -> PreviewJson:
    """As the API shows it."""
    return PreviewJson(
        selected=preview.selected,
        looked_at=preview.looked_at,
        changed=preview.changed,
        unchanged=preview.unchanged,
        refused=preview.refused,
        undoable=preview.undoable,
        sample=[_looked_to_json(one) for one in preview.sample],
    )


def _looked_to_json(looked: Looked) -> LookedJson:
    plan = looked.plan
    return LookedJson(
        unit=format_id(looked.target.unit_id),
        before=None if plan.before is None else dict(plan.before),
        after=dict(plan.after) if plan.changes else None,
        refusal=looked.refusal,
    )


class JobsController(Controller):
    """`/api/v1/jobs`."""

    path = "/api/v1/jobs"
    tags = ("Jobs",)

    @get("/kinds", operation_id="listJobKinds", responses=problem_responses(), summary="What can be done to many units")
    async def job_kinds(self, caller: NamedDependency[Caller], jobs: NamedDependency[Jobs]) -> list[JobKindJson]:
        """Those the caller may use, with the parameters they take."""
        return [
            JobKindJson(kind.name, kind.title, kind.scope, kind.undoable, msgspec.json.schema(kind.parameters))
            for kind in jobs.kinds.values()
            if caller.may(kind.scope)
        ]

    @post(
        "",
        operation_id="createJob",
        responses=problem_responses(404, 413, 429)
        | {200: ResponseSpec(PreviewJson, description="With `preview`: what would happen", generate_examples=False)},
        summary="Do something to many units",
    )
    async def create(
        self, caller: NamedDependency[Caller], jobs: NamedDependency[Jobs], data: JSONBody[JobRequest]
    ) -> Response[JobJson]:
        """Needs the scope of its kind. With `preview` nothing is done, and the answer (200) says what would be."""
        if data.preview:
            found = await jobs.preview(caller, data.kind, data.selection, data.parameters)
            answer: Response[Any] = Response(preview_to_json(found), status_code=200)
            return answer
        job = await asyncio.to_thread(jobs.create, caller, data.kind, data.selection, data.parameters, pace=data.pace)
        shown = job_to_json(job, jobs.kinds.get(job.kind))
        return Response(shown, status_code=201, headers={"Location": f"/api/v1/jobs/{shown.id}"})

    @get("", operation_id="listJobs", guards=_READ, responses=problem_responses(), summary="List jobs")
    async def list_jobs(
        self,
        caller: NamedDependency[Caller],
        jobs: NamedDependency[Jobs],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[JobJson]:
        """The newest first."""
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(jobs.list, caller.organisation_id, before=before, limit=limit + 1)
        return page_of(found, limit, lambda job: job.id, lambda job: job_to_json(job, jobs.kinds.get(job.kind)))

    @get("/{job:str}", operation_id="getJob", guards=_READ, responses=problem_responses(404), summary="Look at a job")
    async def job(self, caller: NamedDependency[Caller], jobs: NamedDependency[Jobs], job: FromPath[str]) -> JobJson:
        """With how many units stand where."""
        found = await asyncio.to_thread(jobs.get, caller.organisation_id, parse_id(job, what="job id"))
        return job_to_json(found, jobs.kinds.get(found.kind))

    @get(
        "/{job:str}/items",
        operation_id="listJobItems",
        guards=_READ,
        responses=problem_responses(404),
        summary="What became of each unit",
    )
    async def items(
        self,
        caller: NamedDependency[Caller],
        jobs: NamedDependency[Jobs],
        job: FromPath[str],
        states: Annotated[
            list[ItemState] | None, QueryParameter(name="state", description="Only these, such as `failed`")
        ] = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[JobItemJson]:
        """In the order they are worked on."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(
            jobs.items, caller.organisation_id, parse_id(job, what="job id"),
            states=states or (), after=after, limit=limit + 1,
        )  # fmt: skip
        return page_of(found, limit, lambda item: item.number, item_to_json)

    @post(
        "/{job:str}/cancel",
        operation_id="cancelJob",
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Cancel a job",
    )
    async def cancel(self, caller: NamedDependency[Caller], jobs: NamedDependency[Jobs], job: FromPath[str]) -> JobJson:
        """It ends after the units it is at; what is done stays done. Needs the scope of its kind."""
        job_id = await self._allowed(caller, jobs, job)
        found = await asyncio.to_thread(jobs.cancel, caller.organisation_id, job_id)
        return job_to_json(found, jobs.kinds.get(found.kind))

    @post(
        "/{job:str}/undo",
        operation_id="undoJob",
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Undo a job",
    )
    async def undo(self, caller: NamedDependency[Caller], jobs: NamedDependency[Jobs], job: FromPath[str]) -> JobJson:
        """Puts back what stood there before, the last change first; what somebody changed since is kept. Needs the scope
        of its kind."""
        job_id = await self._allowed(caller, jobs, job)
        found = await asyncio.to_thread(jobs.undo, caller.organisation_id, job_id)
        return job_to_json(found, jobs.kinds.get(found.kind))

    @staticmethod
    async def _allowed(caller: Caller, jobs: Jobs, job: str) -> int:
        found = await asyncio.to_thread(jobs.get, caller.organisation_id, parse_id(job, what="job id"))
        if (kind := jobs.kinds.get(found.kind)) is not None:
            jobs.may(caller, kind)
        return found.id

    @get(
        "/{job:str}/stream",
        operation_id="streamJob",
        guards=_READ,
        responses=problem_responses(404, 429)
        | {
            200: ResponseSpec(
                str,
                description="Server-sent events `job`, each the whole job; ends with the job",
                media_type="text/event-stream",
                generate_examples=False,
            )
        },
        summary="A job's progress, live",
    )
    async def stream(self, caller: NamedDependency[Caller], jobs: NamedDependency[Jobs], job: FromPath[str]) -> Stream:
        """An event at once, one for each progress, a last one at its end."""
        job_id = parse_id(job, what="job id")
        await asyncio.to_thread(jobs.get, caller.organisation_id, job_id)
        if jobs.streams >= JOB_STREAMS_MAX:
            raise TooMany("Too many watch jobs at the moment.", remedy="Ask for the job by period.")
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        chunks = _progress_events(jobs, caller.organisation_id, job_id)
        return Stream(chunks, media_type="text/event-stream", headers=headers)


async def _progress_events(jobs: Jobs, organisation_id: int, job_id: int) -> AsyncIterator[bytes]:
    last = b""
    quiet = 0
    jobs.streams += 1
    try:
        while not jobs.ending:
            job = await asyncio.to_thread(jobs.get, organisation_id, job_id)
            shown = msgspec.json.encode(job_to_json(job, jobs.kinds.get(job.kind)))
            if shown != last:
                last, quiet = shown, 0
                yield b"event: job\ndata: %b\n\n" % shown
            if not job.open:
                return
            quiet += 1
            if quiet % _HEARTBEAT_LOOKS == 0:
                yield b": still here\n\n"
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        jobs.streams -= 1

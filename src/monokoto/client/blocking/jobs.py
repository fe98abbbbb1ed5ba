# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.jobs`: Work on many units at once: previewed, paced, resumed, undone where that is possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from monokoto.client.types import ItemState, Job, JobItem, JobItemPage, JobKind, JobPage, Preview, Selection
from monokoto.client.wire import Api, Call, Events, Pages, given, segment


class JobsApi:
    """Work on many units at once: previewed, paced, resumed, undone where that is possible."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[JobPage, Job]:
        """List jobs.

        The newest first. Needs `units:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/jobs", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, JobPage, Job)

    def create(
        self,
        *,
        kind: str,
        selection: Selection,
        parameters: Mapping[str, Any] | UnsetType = UNSET,
        preview: bool | UnsetType = UNSET,
        pace: int | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Preview | Job:
        """Do something to many units.

        Needs the scope of its kind. With `preview` nothing is done, and the answer (200) says what would be. Raises
        NotFound, Conflict, TooLarge.

        Args:
            kind: At most 64 characters.
            preview: Only say what would happen (default: false).
            pace: Units a second at most; 0: as fast as it goes (0 to 1000; default: 0).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/jobs",
            body=given(kind=kind, selection=selection, parameters=parameters, preview=preview, pace=pace),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask_one_of(call, Preview, Job)

    def list_kinds(self) -> Sequence[JobKind]:
        """What can be done to many units.

        Those the caller may use, with the parameters they take.
        """
        call = Call(method="GET", path="/api/v1/jobs/kinds", repeatable=True)
        return self._api.ask(call, list[JobKind])

    def get(self, job: str) -> Job:
        """Look at a job.

        With how many units stand where. Needs `units:read`. Raises NotFound.

        Args:
            job: Id of the job.
        """
        call = Call(method="GET", path=f"/api/v1/jobs/{segment(job)}", repeatable=True)
        return self._api.ask(call, Job)

    def cancel(self, job: str, *, idempotency_key: str | None = None) -> Job:
        """Cancel a job.

        It ends after the units it is at; what is done stays done. Needs the scope of its kind. Raises NotFound,
        Conflict, TooLarge.

        Args:
            job: Id of the job.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/jobs/{segment(job)}/cancel", key=idempotency_key, keyed=True)
        return self._api.ask(call, Job)

    def list_items(
        self, job: str, *, state: Sequence[ItemState] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pages[JobItemPage, JobItem]:
        """What became of each unit.

        In the order they are worked on. Needs `units:read`. Raises NotFound.

        Args:
            job: Id of the job.
            state: Only these, such as `failed`.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/jobs/{segment(job)}/items",
            query=given(state=state, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, JobItemPage, JobItem)

    def stream(self, job: str) -> Events:
        """A job's progress, live.

        An event at once, one for each progress, a last one at its end. Needs `units:read`. Raises NotFound.

        Args:
            job: Id of the job.
        """
        call = Call(
            method="GET", path=f"/api/v1/jobs/{segment(job)}/stream", repeatable=True, accept="text/event-stream"
        )
        return self._api.events(call, ends=True)

    def undo(self, job: str, *, idempotency_key: str | None = None) -> Job:
        """Undo a job.

        Puts back what stood there before, the last change first; what somebody changed since is kept. Needs the
        scope of its kind. Raises NotFound, Conflict, TooLarge.

        Args:
            job: Id of the job.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/jobs/{segment(job)}/undo", key=idempotency_key, keyed=True)
        return self._api.ask(call, Job)

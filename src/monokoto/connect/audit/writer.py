"""Requests written to the audit log, many in one transaction.

A request that succeeded is answered when its entry is on disk. While one transaction is under way the next ones' entries
gather, so that a busy API pays one fsync for many requests and a quiet one waits for one. A refused request is not held
up: its entry follows within `REFUSED_SECONDS_MAX`, and of somebody who is refused again and again only the first of a
minute are written one by one; the others are counted, and the count is written.

Refused: appending to the log first and moving entries to the records later. It costs an fsync as well, holds an entry in
two places, and a question right after a change would not find it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from monokoto.connect.audit.entry import SYSTEM, Actor, ActorKind, Draft, Outcome, Subject
from monokoto.connect.audit.service import AuditLog
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import MonokotoError, Unavailable
from monokoto.kernel.limits import AUDIT_REFUSED_PER_ACTOR_MINUTE_MAX, AUDIT_WAITING_MAX
from monokoto.web import Caller, RecordedRequest

REFUSED_SECONDS_MAX: Final = 0.1
PATIENCE_SECONDS: Final = 10.0
"""How long an answer waits for its entry before it is a 503."""
_AT_ONCE: Final = 500
_PAUSE_SECONDS: Final = 0.5
_MINUTE_SECONDS: Final = 60.0
_NAMES_KEPT: Final = 10_000
_NAME_SECONDS: Final = 60.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Waiting:
    request: RecordedRequest
    at: Instant
    written: asyncio.Future[None] | None = None


class AuditWriter:
    """As `web.Recorder`. `name_of` says what a person or key is called now (blocking)."""

    def __init__(self, log: AuditLog, *, name_of: Callable[[Caller], str] = lambda _caller: "") -> None:
        self._log = log
        self._name_of = name_of
        self._names: dict[int, tuple[float, str]] = {}
        self._waiting: deque[_Waiting] = deque()
        self._signal = asyncio.Event()
        self._urgent = asyncio.Event()
        self._refused: Counter[tuple[int, int, str]] = Counter()
        self._refused_since = 0.0
        self._task: asyncio.Task[None] | None = None
        self.unwritten = 0
        """Refused requests that were counted instead of written, since the start; for metrics."""

    async def record(self, request: RecordedRequest) -> None:
        """As `Recorder.record`."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="audit")
        if request.succeeded:
            if len(self._waiting) >= AUDIT_WAITING_MAX:
                raise _not_recorded()
            written = asyncio.get_running_loop().create_future()
            self._waiting.append(_Waiting(request, self._log.now(), written))
            self._signal.set()
            self._urgent.set()
            # A timer, not `wait_for`: that costs as much as the entry itself.
            patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, _give_up, written)
            try:
                await written
            finally:
                patience.cancel()
        elif self._worth_an_entry(request):
            self._waiting.append(_Waiting(request, self._log.now()))
            self._signal.set()

    def _worth_an_entry(self, request: RecordedRequest) -> bool:
        key = (request.caller.organisation_id, request.caller.actor_id, request.action)
        if len(self._refused) >= AUDIT_WAITING_MAX and key not in self._refused:
            key = (request.caller.organisation_id, 0, "")
        self._refused[key] += 1
        if self._refused[key] <= AUDIT_REFUSED_PER_ACTOR_MINUTE_MAX and len(self._waiting) < AUDIT_WAITING_MAX:
            return True
        self.unwritten += 1
        return False

    async def stop(self) -> None:
        """Write what waits, then end. Raises Unavailable when it cannot be written."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self._refused_since = float("-inf")
        await self._tell_counts()
        while self._waiting:
            await self._flush()

    async def _run(self) -> None:
        self._refused_since = asyncio.get_running_loop().time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_MINUTE_SECONDS):
                    await self._signal.wait()
            try:
                await self._tell_counts()
                if not self._waiting:
                    self._signal.clear()
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REFUSED_SECONDS_MAX):
                        await self._urgent.wait()
                await self._flush()
            except MonokotoError as error:
                _log.warning("audit_waits", waiting=len(self._waiting), reason=error.message)
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:
                _log.exception("audit_failed", waiting=len(self._waiting))
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _flush(self) -> None:
        """Write some of what waits; on failure it goes on waiting, in its order."""
        self._signal.clear()
        self._urgent.clear()
        some: list[_Waiting] = []
        entries = 0
        while self._waiting and entries < _AT_ONCE:
            some.append(self._waiting.popleft())
            entries += 1 + len(some[-1].request.subjects)
        work = asyncio.ensure_future(asyncio.to_thread(self._write, some))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            # Told to stop in the middle: the thread goes on, and what it says still counts.
            if (await asyncio.gather(work, return_exceptions=True))[0] is not None:
                self._waiting.extendleft(reversed(some))
            else:
                _let_go(some)
            raise
        except BaseException:
            self._waiting.extendleft(reversed(some))
            self._signal.set()
            self._urgent.set()
            raise
        _let_go(some)
        if self._waiting:
            self._signal.set()

    def _write(self, some: list[_Waiting]) -> None:
        drafts = [draft for one in some for draft in self._drafts(one)]
        try:
            self._log.write(drafts)
        except MonokotoError:
            raise
        except Exception:
            # One of them is the reason; the others must not wait for it for ever.
            _log.exception("audit_entries_written_singly", entries=len(drafts))
            for draft in drafts:
                try:
                    self._log.write([draft])
                except MonokotoError:
                    raise
                except Exception:
                    _log.exception("audit_entry_lost", action=draft.action)

    def _drafts(self, waiting: _Waiting) -> Iterator[Draft]:
        """The request's entry, then one of each unit it was about."""
        request = waiting.request
        yield self._draft(waiting, Subject(request.subject_kind, request.subject_id), request.detail)
        for unit, detail in request.subjects:
            yield self._draft(waiting, Subject("unit", unit), detail)

    def _draft(self, waiting: _Waiting, subject: Subject, detail: Mapping[str, Any]) -> Draft:
        request = waiting.request
        caller = request.caller
        kind = ActorKind.PERSON if caller.person_id else ActorKind.KEY if caller.key_id else ActorKind.SYSTEM
        outcome = Outcome.DONE if request.succeeded else Outcome.FAILED if request.status >= 500 else Outcome.REFUSED
        return self._log.draft(
            caller.organisation_id,
            actor=Actor(kind, caller.actor_id, self._name(caller)),
            at=waiting.at,
            action=request.action,
            subject=subject,
            outcome=outcome,
            status=request.status,
            address=request.address,
            agent=request.agent,
            detail=detail,
        )

    def _name(self, caller: Caller) -> str:
        now = time.monotonic()
        known = self._names.get(caller.actor_id)
        if known is None or now - known[0] > _NAME_SECONDS:
            if len(self._names) >= _NAMES_KEPT:
                self._names.clear()
            known = self._names[caller.actor_id] = (now, self._name_of(caller)[:200])
        return known[1]

    async def _tell_counts(self) -> None:
        """Once a minute: how many refusals were only counted."""
        now = asyncio.get_running_loop().time()
        if now - self._refused_since < _MINUTE_SECONDS:
            return
        over = {key: count for key, count in self._refused.items() if count > AUDIT_REFUSED_PER_ACTOR_MINUTE_MAX}
        self._refused.clear()
        self._refused_since = now
        if not over:
            return
        drafts = [
            self._log.draft(
                organisation_id,
                actor=SYSTEM,
                action="audit.refusals_counted",
                outcome=Outcome.REFUSED,
                detail={
                    "action": action,
                    "actor": actor_id,
                    "requests": count - AUDIT_REFUSED_PER_ACTOR_MINUTE_MAX,
                },
            )
            for (organisation_id, actor_id, action), count in over.items()
        ]
        await asyncio.to_thread(self._log.write, drafts)


def _let_go(some: list[_Waiting]) -> None:
    for one in some:
        if one.written is not None and not one.written.done():
            one.written.set_result(None)


def _give_up(written: asyncio.Future[None]) -> None:
    if not written.done():
        written.set_exception(_not_recorded())


def _not_recorded() -> Unavailable:
    return Unavailable(
        "What you asked may have been done, but it could not be written to the audit log in time.",
        remedy="Look whether it was done before you ask again.",
    )

"""The line's observer that hears what units say about their commands.

The line must not wait for the records: answers are noted, and taken in by a task of ours; `kept` follows once they are
on disk, and after a crash the line shows them again. Taking an answer twice changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from monokoto.connect.gateway import Route
from monokoto.connect.line import Batch, DeadLetter, RequestRecord
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.limits import REQUESTS_WAITING_MAX
from monokoto.operate.commands.answers import Said, Unreadable, about_commands, listening, read_answer
from monokoto.operate.commands.service import Commands

REFUSED = "bad-answer"
Refuse = Callable[[Sequence[DeadLetter]], Awaitable[None]]
"""Keeps dead letters."""
_RETRY_SECONDS_MAX = 5.0
_log = structlog.get_logger(__name__)
_Waiting = tuple[int, int, Sequence[RequestRecord]]


class AnswersObserver:
    """Give it to the line; `start` before the line starts, `stop` after it stopped."""

    name = "commands"

    def __init__(self, commands: Commands, refuse: Refuse) -> None:
        self._commands = commands
        self._refuse = refuse
        self._kept: dict[int, int] = {}
        self._waiting: deque[_Waiting] = deque()
        self._records = 0
        self._signal = asyncio.Event()
        self._taking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._waits_for: Unavailable | None = None

    async def observe(self, batch: Batch) -> None:
        """Note the batch's answers. Raises Unavailable when too many wait already."""
        for record in batch.requests:
            if (heard := listening(record)) is not None:
                self._commands.listens(record.unit_id, heard)
        found = [record for record in batch.requests if about_commands(record)]
        if not found and not self._waiting:
            self._kept[batch.partition] = batch.last_sequence
            return
        if self._records > REQUESTS_WAITING_MAX:
            await self.flush()
        self._waiting.append((batch.partition, batch.last_sequence, found))
        self._records += len(found)
        self._signal.set()

    def kept(self, partition: int) -> int:
        """The last sequence whose answers are on disk; 0 before the first batch."""
        return self._kept.get(partition, 0)

    @property
    def waits_for(self) -> Unavailable | None:
        """Why answers cannot be stored right now; None when they can."""
        return self._waits_for

    async def start(self) -> None:
        """Begin to take in what is noted."""
        self._task = asyncio.create_task(self._run(), name="commands-answers")

    async def stop(self) -> None:
        """Take in what is left, and end. Raises Unavailable; the line shows it again then."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.flush()

    async def flush(self) -> None:
        """Take in everything noted. Raises Unavailable; what was not taken stays."""
        async with self._taking:
            while self._waiting:
                batches = list(self._waiting)
                try:
                    await self._take([record for _, _, records in batches for record in records])
                except Unavailable:
                    raise
                except Exception:
                    # A bug of ours with some answer: those behind it must not wait for ever; the log has the raw entries.
                    _log.exception("answers_failed", answers=self._records)
                for partition, last_sequence, records in batches:
                    self._waiting.popleft()
                    self._records -= len(records)
                    self._kept[partition] = max(last_sequence, self._kept.get(partition, 0))

    async def _take(self, records: Sequence[RequestRecord]) -> None:
        said: dict[int, RequestRecord] = {}
        readable: list[Said] = []
        for record in records:
            try:
                one = read_answer(record)
            except Unreadable as error:
                await self._refuse([_letter(record, str(error))])
            else:
                readable.append(one)
                said[id(one)] = record

        async def refuse(one: Said, reason: str) -> None:
            await self._refuse([_letter(said[id(one)], reason)])

        if readable:
            await self._commands.take(readable, refuse)

    async def _run(self) -> None:
        pause = 0.0
        while True:
            if not pause:
                await self._signal.wait()
            await asyncio.sleep(pause)
            self._signal.clear()
            try:
                await self.flush()
            except Unavailable as error:
                if self._waits_for is None:  # one line while it lasts
                    _log.warning("answers_wait", reason=error.message)
                self._waits_for = error
                pause = min(max(2 * pause, 0.2), _RETRY_SECONDS_MAX)
            else:
                self._waits_for, pause = None, 0.0


def _letter(record: RequestRecord, reason: str) -> DeadLetter:
    return DeadLetter(
        organisation_id=record.organisation_id,
        unit_id=record.unit_id,
        arrived=record.arrived,
        route=Route(record.route).name.lower(),
        subject=record.subject,
        reason=REFUSED,
        detail=reason,
        payload=record.payload,
    )

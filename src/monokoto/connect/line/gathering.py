"""Observers whose effect is an insert: batches gather, and go in together.

An insert costs some 20 ms of CPU whatever its size, while other observers of the line want their batches at once.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

import numpy as np
import structlog

from monokoto.connect.line.batch import Batch, Block, Column
from monokoto.kernel.errors import Unavailable

_RETRY_SECONDS_MIN = 0.2
_RETRY_SECONDS_MAX = 5.0
_log = structlog.get_logger(__name__)


class GatheringObserver(ABC):
    """As `Observer` and `Waiting`: says how batches are stored, and has the rest.

    With `linger_ms` batches gather for so long, or until they hold `rows_max` readings and events. A batch is kept when
    `store` has returned, so `kept` trails `observe`; what was gathered when the process dies is still in the log.
    """

    name: ClassVar[str]
    rows_max: ClassVar[int]

    def __init__(self, *, linger_ms: int, set_aside: Callable[[Batch], Awaitable[None]] | None = None) -> None:
        """`set_aside` takes a batch `store` fails on for a reason that does not pass; without it such a batch is tried on."""
        self._set_aside = set_aside
        self._linger_seconds = linger_ms / 1000
        self._kept: dict[int, int] = {}
        self._gathered: list[Batch] = []
        self._rows = 0
        self._storing = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None
        self._waits_for: Unavailable | None = None

    @abstractmethod
    def store(self, batches: Sequence[Batch]) -> None:
        """Make them durable, in a thread, one call at a time; the same again changes nothing. Raises Unavailable."""

    def wants(self, batch: Batch) -> bool:
        """Whether there may be anything to store of it."""
        del batch
        return True

    async def observe(self, batch: Batch) -> None:
        """Take a batch in.

        Raises:
            Unavailable: the store is away or full; nothing was lost, the batch may be offered again.
        """
        if self._rows >= self.rows_max or not self._linger_seconds:
            # First what waits already: raising here leaves this batch with the line, which offers it again.
            await self.flush()
        if not self._gathered and not self.wants(batch):
            self._keep(batch)
            return
        self._gathered.append(batch)
        self._rows += _size(batch)
        if not self._linger_seconds:
            try:
                await self.flush()
            except BaseException:
                self._take_back(batch)
                raise
        elif self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._flush_later(), name=self.name)

    def kept(self, partition: int) -> int:
        """The last sequence whose effect is durable; 0 before the first batch."""
        return self._kept.get(partition, 0)

    @property
    def waits_for(self) -> Unavailable | None:
        """Why what was gathered cannot be stored right now; None when it can."""
        return self._waits_for

    async def flush(self) -> None:
        """Store what was gathered. Raises Unavailable; what was gathered stays then."""
        async with self._storing:
            batches, rows = list(self._gathered), self._rows
            if not batches:
                return
            if rows:
                await asyncio.to_thread(self.store, batches)
            del self._gathered[: len(batches)]
            self._rows -= rows
            self._waits_for = None
            for batch in batches:
                self._keep(batch)

    def _keep(self, batch: Batch) -> None:
        self._kept[batch.partition] = max(batch.last_sequence, self._kept.get(batch.partition, 0))

    def _take_back(self, batch: Batch) -> None:
        self._gathered = [one for one in self._gathered if one is not batch]
        self._rows = sum(map(_size, self._gathered))

    async def _flush_later(self) -> None:
        wait, pause = self._linger_seconds, _RETRY_SECONDS_MIN
        while self._gathered:
            await asyncio.sleep(wait)
            try:
                await self.flush()
                # What came in while this insert ran has its turn after another linger: nobody else would wake us for it.
                wait, pause = self._linger_seconds, _RETRY_SECONDS_MIN
                continue
            except Unavailable as error:
                if self._waits_for is None or self._waits_for.message != error.message:  # One line while it lasts.
                    _log.warning("storing_waits", observer=self.name, reason=error.message, remedy=error.remedy)
                self._waits_for = error
            except Exception:
                _log.exception("storing_failed", observer=self.name)
                await self._one_by_one()
            wait, pause = pause, min(2 * pause, _RETRY_SECONDS_MAX)

    async def _one_by_one(self) -> None:
        """A bug of ours with some batch must not hold up the others: the raw entries of that one are set aside."""
        if self._set_aside is None:
            return
        async with self._storing:
            for batch in list(self._gathered):
                try:
                    await asyncio.to_thread(self.store, [batch])
                except Unavailable:
                    return
                except Exception:
                    await self._set_aside(batch)
                self._take_back(batch)
                self._keep(batch)


def _size(batch: Batch) -> int:
    return sum(block.readings for block in batch.blocks) + len(batch.events)


def joined(blocks: Sequence[Block]) -> list[Block]:
    """Blocks of one model and the same columns made one, in log order: one pass then serves them all."""
    groups: dict[tuple[object, ...], list[Block]] = {}
    for block in blocks:
        names = tuple(column.property.name for column in block.columns)
        groups.setdefault((block.model.key, names), []).append(block)
    return [_join(group) if len(group) > 1 else group[0] for group in groups.values()]


def _join(blocks: Sequence[Block]) -> Block:
    first = blocks[0]
    columns = tuple(
        _join_columns([block.columns[position] for block in blocks], [len(block.unit) for block in blocks])
        for position in range(len(first.columns))
    )
    return Block(
        first.model,
        np.concatenate([block.unit for block in blocks]),
        np.concatenate([block.at for block in blocks]),
        np.concatenate([block.arrived for block in blocks]),
        columns,
    )


def _join_columns(columns: Sequence[Column], lengths: Sequence[int]) -> Column:
    present = None
    if any(column.present is not None for column in columns):
        present = np.concatenate(
            [
                np.ones(length, np.bool_) if column.present is None else column.present
                for column, length in zip(columns, lengths, strict=True)
            ]
        )
    if columns[0].property.kind.numeric:
        return Column(
            columns[0].property, np.concatenate([np.asarray(one.values, np.float64) for one in columns]), present
        )
    return Column(columns[0].property, [value for one in columns for value in one.values], present)

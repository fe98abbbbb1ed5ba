"""Snapshots in the object store: written by period, read at start. Newest first, the one before it kept beside it."""

from __future__ import annotations

import asyncio
import time

import structlog

from monokoto.engines.objects import Objects
from monokoto.operate.twins.reported.snapshot import encode_snapshot, merge_snapshot
from monokoto.operate.twins.reported.state import ReportedState

FOLDER = "twins/"
_KEPT = 2
_WORK_SHARE_MAX = 0.1
"""Of the time that may go into snapshots: a large fleet is written less often."""
_log = structlog.get_logger(__name__)


class Snapshots:
    """What of the reported state survives a crash, partition by partition."""

    def __init__(self, state: ReportedState, objects: Objects, *, period_seconds: float) -> None:
        self._state = state
        self._objects = objects
        self._period_seconds = period_seconds
        self._took_seconds = 0.0
        self._observed: dict[int, int] = {}
        self._kept: dict[int, int] = {}
        self._generation: dict[int, int] = {}
        self.loaded: dict[int, int] = {}
        """By partition, the sequence that what was found at start covers. The line remembers it by itself; it is not claimed
        as `kept`, because the log may be another one by now (restored, or begun anew) and count from 1 again."""
        self._writing = asyncio.Lock()
        self.incomplete = False
        """The state lacks something that only the series store has; no snapshot may claim to cover it."""

    def observed(self, partition: int, sequence: int) -> None:
        """The state has taken in the partition's log up to here."""
        self._observed[partition] = max(sequence, self._observed.get(partition, 0))

    def observed_up_to(self) -> dict[int, int]:
        """By partition, the sequence the state has taken in."""
        return dict(self._observed)

    def kept(self, partition: int) -> int:
        """The sequence up to which what was observed in this process survives a crash."""
        return self._kept.get(partition, 0)

    def period_seconds(self) -> float:
        """How long to wait before the next round."""
        return max(self._period_seconds, self._took_seconds / _WORK_SHARE_MAX)

    async def load(self) -> bool:
        """Take in the newest whole snapshot of every partition; False when one was missing or damaged.

        What is missing then is in the series store: nothing is saved until a rebuild has set `incomplete` to False.
        """
        whole = True
        found = await self._paths()
        for partition, paths in sorted(found.items()):
            self._generation[partition] = max(paths)
            whole &= await self._load_partition(partition, paths)
        self.incomplete = not (whole and found)
        return not self.incomplete

    async def _load_partition(self, partition: int, paths: dict[int, str]) -> bool:
        for generation in sorted(paths, reverse=True):
            body = await self._objects.get(paths[generation])
            try:
                head = await asyncio.to_thread(merge_snapshot, self._state, body or b"")
            except (ValueError, KeyError, OSError) as error:
                _log.error("snapshot_damaged", path=paths[generation], reason=str(error))
                continue
            self.loaded[partition] = head.sequence
            _log.info("snapshot_loaded", partition=partition, sequence=head.sequence, bytes=len(body or b""))
            return generation == max(paths)
        return False

    async def save(self, *, anyway: bool = False) -> None:
        """Write a snapshot of each partition that moved on (`anyway`: of each); durable when this returns."""
        if self.incomplete:
            return
        async with self._writing:
            started = time.monotonic()
            for partition, sequence in list(self._observed.items()):
                if anyway or sequence > self.kept(partition):
                    await self._save_partition(partition, sequence)
            self._took_seconds = time.monotonic() - started

    async def _save_partition(self, partition: int, sequence: int) -> None:
        generation = self._generation.get(partition, 0) + 1
        body = await asyncio.to_thread(encode_snapshot, self._state, partition, sequence)
        await self._objects.put(_path(partition, generation), body)
        self._generation[partition] = generation
        self._kept[partition] = sequence
        for old, path in (await self._paths()).get(partition, {}).items():
            if old <= generation - _KEPT:
                await self._objects.delete(path)

    async def _paths(self) -> dict[int, dict[int, str]]:
        """By partition, the stored generations and where they are."""
        found: dict[int, dict[int, str]] = {}
        for info in await self._objects.list(FOLDER):
            partition, _, generation = info.path.removeprefix(FOLDER).removesuffix(".snapshot").partition("/")
            if partition.isdigit() and generation.isdigit():
                found.setdefault(int(partition), {})[int(generation)] = info.path
        return found


def _path(partition: int, generation: int) -> str:
    return f"{FOLDER}{partition}/{generation:012d}.snapshot"

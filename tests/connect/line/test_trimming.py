"""How much of the log may go, and how little of it is looked at to know."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

from hypothesis import example, given
from hypothesis import strategies as st

from monokoto.connect.line.trimming import trim_partition

HOUR = 3600 * 1_000_000


@dataclass
class RememberedLog:
    """Entries of one subject by sequence with their instants; remembers which were asked for."""

    stored: dict[int, float]
    asked: list[int] = field(default_factory=list)
    before: int = 0

    async def state(self, _stream: str) -> SimpleNamespace:
        return SimpleNamespace(first_sequence=min(self.stored, default=1), bytes=1)

    async def next_after(self, _stream: str, _subject: str, sequence: int) -> SimpleNamespace | None:
        found = min((one for one in self.stored if one > sequence), default=0)
        if not found:
            return None
        self.asked.append(found)
        return SimpleNamespace(sequence=found, stored_at=self.stored[found])

    async def trim(self, _stream: str, *, before_sequence: int, subject: str) -> None:
        assert subject == "line.0"
        self.before = before_sequence


def _trim(log: RememberedLog, kept: int) -> int:
    return asyncio.run(trim_partition(log, "LINE", "line.0", kept=kept, keep_hours=6, bytes_max=1 << 30))  # type: ignore[arg-type]


@given(old=st.integers(0, 60), young=st.integers(0, 60), gaps=st.sets(st.integers(1, 120)), kept=st.integers(0, 130))
@example(old=1, young=0, gaps=set(), kept=1)
def test_what_goes_is_old_and_kept_by_every_observer(old: int, young: int, gaps: set[int], kept: int) -> None:
    now = time.time() * 1_000_000
    stored = {one: now - 7 * HOUR if one <= old else now for one in range(1, old + young + 1) if one not in gaps}
    log = RememberedLog(stored)
    before = _trim(log, kept)
    gone = {one for one in stored if one < before}
    assert gone == {one for one in stored if one <= min(old, kept)}


def test_only_the_beginning_of_a_long_log_is_looked_at() -> None:
    now = time.time() * 1_000_000
    log = RememberedLog({one: now - 7 * HOUR if one <= 100 else now for one in range(1, 5_001)})
    assert _trim(log, 5_000) == 101
    assert max(log.asked) <= 128

"""Which entries the log may forget."""

from __future__ import annotations

import time

from monokoto.engines.log import Log

NEARLY_FULL = 0.75
"""Past this share of the disk limit entries go as soon as every observer has them, whatever their age."""


async def nearly_full(log: Log, stream: str, *, bytes_max: int) -> bool:
    """Whether the stream is so near its disk limit that it must give room now."""
    return (await log.state(stream)).bytes > NEARLY_FULL * bytes_max


async def trim_partition(log: Log, stream: str, subject: str, *, kept: int, keep_hours: float, bytes_max: int) -> int:
    """Forget what every observer has (up to sequence `kept`) and is older than `keep_hours`.

    Returns the first sequence that stays, 0 when nothing was trimmed.
    """
    state = await log.state(stream)
    if kept < state.first_sequence:
        return 0
    if state.bytes > NEARLY_FULL * bytes_max:
        before = kept + 1
    else:
        oldest = (time.time() - keep_hours * 3600) * 1_000_000
        before = await _first_younger(log, stream, subject, state.first_sequence, kept, oldest)
    if before <= state.first_sequence:
        return 0
    await log.trim(stream, before_sequence=before, subject=subject)
    return before


async def _first_younger(log: Log, stream: str, subject: str, first: int, kept: int, oldest: float) -> int:
    """The first sequence in first..kept+1 whose entry was stored after `oldest`.

    In strides that double from the oldest entry on, then by bisection within the last one: what is to go is little and near
    the beginning, and each entry asked for makes the log hold the 8 MB around it in memory for a while. Refused: bisection of
    the whole log, which visited a block more each time the log doubled.
    """

    async def old(sequence: int) -> bool:
        entry = await log.next_after(stream, subject, sequence - 1)
        return entry is not None and entry.stored_at <= oldest

    low, stride = first, 1
    while low <= kept and await old(low):
        low, stride = low + stride, stride * 2
    low, high = max(first, low - stride // 2), min(low, kept + 1)
    while low < high:
        middle = (low + high) // 2
        if await old(middle):
            low = middle + 1
        else:
            high = middle
    return high

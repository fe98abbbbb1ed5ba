"""Which partition of the line a unit belongs to: the same for ever, in every process."""

from __future__ import annotations

_ODD = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio: spreads ids that differ in their low bits only
_MASK = (1 << 64) - 1


def partition_of(unit_id: int, partitions: int) -> int:
    """A stable hash of the id (Fibonacci hashing: the upper half of a product modulo 2^64)."""
    return (((unit_id * _ODD) & _MASK) >> 32) % partitions

"""Ids and instants as texts, thousands at a time; equal to `kernel.ids` and `kernel.clock` one by one (a test says so)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.ids import ALPHABET, TEXT_LENGTH
from monokoto.operate.twins.reported.winners import Int64s

_CHARACTERS = np.frombuffer(ALPHABET.encode(), np.uint8)
_SHIFTS = np.arange(TEXT_LENGTH - 1, -1, -1, dtype=np.int64) * 5


def format_ids(ids: Sequence[int] | Int64s) -> list[str]:
    """The 13 characters of each."""
    digits = (np.asarray(ids, np.int64)[:, None] >> _SHIFTS) & 31
    joined = _CHARACTERS[digits].tobytes().decode()
    return [joined[start : start + TEXT_LENGTH] for start in range(0, len(joined), TEXT_LENGTH)]


def format_instants(instants: Int64s) -> list[str]:
    """RFC 3339 in UTC, with as many fraction digits as each needs (0, 3 or 6)."""
    seconds, fractions = np.divmod(instants, MICROSECONDS_PER_SECOND)
    distinct, which = np.unique(seconds, return_inverse=True)
    texts = np.datetime_as_string(distinct.astype("datetime64[s]")).tolist()
    return [
        texts[index] + (f".{fraction:06d}Z" if fraction % 1000 else f".{fraction // 1000:03d}Z" if fraction else "Z")
        for index, fraction in zip(which.tolist(), fractions.tolist(), strict=True)
    ]

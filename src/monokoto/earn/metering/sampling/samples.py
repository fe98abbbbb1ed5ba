"""Samples: what meters took of what was said, in columns as long as each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monokoto.kernel.limits import USAGE_GROUP_LENGTH_MAX

Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]
NAMES = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Of one meter. A sample is named by (meter, unit, at, name); of two with one name the first to arrive holds."""

    organisation_id: int
    product: str
    meter: str
    unit: Int64s
    at: Int64s
    """µs UTC, of the usage itself."""
    arrived: Int64s
    value: pa.Array
    """`decimals.VALUE`"""
    name: UInt64s | None = None
    """Tells apart what was used at one instant; None: there is one sample of an instant at most (a reading)."""
    key: pa.Array | None = None
    """`NAMES`: a text it carries: whom to count once, which state began, which counter."""
    groups: pa.Array | None = None
    """`NAMES`: the values usage is grouped by, as a JSON object."""
    source: pa.Array | None = None
    """`NAMES`, of usage told from outside."""
    id: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.unit)


def coded(texts: Sequence[str | None]) -> pa.Array:
    """Texts of which few differ."""
    return pa.array(texts, pa.string()).fill_null("").dictionary_encode()


def said(value: Any) -> str | None:
    """A value as a sample's key or group has it; None for what is none."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:USAGE_GROUP_LENGTH_MAX]

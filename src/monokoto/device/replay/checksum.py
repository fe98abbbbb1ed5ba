"""A checksum over readings that does not depend on their order: the sum of a hash of each, modulo 2^64.

It is compared with the same sum over what the platform answers, so it is defined on what a reading is, not on how it is
written: `serial TAB property TAB microseconds TAB value`, where a number or boolean is the shortest text of its float64
(`repr`), and any other value its JSON with sorted keys (a text: the text). The hash is BLAKE2b of 8 bytes, big endian.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

MODULUS = 1 << 64
_JSON = msgspec.json.Encoder(order="deterministic")


def reading_hash(serial: str, name: str, at: int, value: Any) -> int:
    """The hash of one reading; `at` in microseconds."""
    if isinstance(value, bool | int | float):
        text = repr(float(value))
    else:
        text = value if isinstance(value, str) else _JSON.encode(value).decode()
    return int.from_bytes(blake2b(f"{serial}\t{name}\t{at}\t{text}".encode(), digest_size=8).digest(), "big")

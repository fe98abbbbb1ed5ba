"""Reading and writing protocol buffers, as far as a checked expression needs it.

The reference hands out its checked expressions as `cel.expr.CheckedExpr` only. Its few messages are read here by field
number (https://github.com/google/cel-spec, `proto/cel/expr/checked.proto` and `syntax.proto`); the encoding itself is
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Every field of a message: its number, and its value (integers as they are on the wire, unsigned)."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        value: int | bytes
        if kind == VARINT:
            value, at = _varint(message, at)
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(kind)
            if size is None:
                size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
        yield number, value


def groups(message: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a message by number, repeated ones in order."""
    found: dict[int, list[int | bytes]] = {}
    for number, value in fields(message):
        found.setdefault(number, []).append(value)
    return found


def embedded(number: int, message: bytes) -> bytes:
    """A field that holds a message, a text or bytes."""
    return _as_varint(number << 3 | BYTES) + _as_varint(len(message)) + message


def signed(value: int) -> int:
    """An int64 as it was before it was written."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

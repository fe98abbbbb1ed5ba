"""Bound parameters in the text form ClickHouse reads: escaped like tab-separated values, arrays as literals.

Refused: values in the statement's text, even quoted: a bound value cannot change what the statement does.
"""

from __future__ import annotations

from monokoto.engines.series.port import Parameters

_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
)


def encode_parameters(parameters: Parameters | None) -> dict[str, str]:
    """Every value as text; the type that stands in the SQL says how the engine reads it."""
    return {name: _encode(value) for name, value in (parameters or {}).items()}


def _encode(value: str | int | float | bool | list[int] | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ",".join(_literal(item) for item in value) + "]"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, bool):
        return str(int(value))
    return repr(value)


def _literal(item: int | str) -> str:
    return f"'{item.translate(_ESCAPES)}'" if isinstance(item, str) else repr(item)

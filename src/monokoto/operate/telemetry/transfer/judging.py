"""What the cells of a file mean, and whether they fit: whole columns at once where nothing is in doubt, else one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monokoto.connect.line import Check, Refused, instant_of
from monokoto.kernel.limits import FUTURE_SECONDS_MAX, PAST_YEARS_MAX
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry.tables import INSTANT

_PAST = PAST_YEARS_MAX * 366 * 86_400_000_000
_FUTURE = FUTURE_SECONDS_MAX * 1_000_000
_TRUTH = {"true": True, "false": False}
_READ: dict[Kind, tuple[Callable[[str], Any], ...]] = {
    Kind.NUMBER: (float,),
    Kind.INTEGER: (int, float),
    Kind.OBJECT: (msgspec.json.decode,),
    Kind.ARRAY: (msgspec.json.decode,),
}
_SHORT_BYTES = 1024
"""Texts up to here need no second look at their length."""

NO_TIME = -1
Int64s = npt.NDArray[np.int64]


def times(values: pa.Array | Sequence[Any], now: int) -> tuple[Int64s, dict[int, str]]:
    """Microseconds of each row, NO_TIME where there is none to be had, and the reason why by row.

    A time is a timestamp (UTC when it names no zone), RFC 3339, or a number as units write it.
    """
    if not isinstance(values, pa.Array):
        return _each_time(values, now)
    if pa.types.is_string(values.type) and not values.null_count:
        try:
            values = values.cast(INSTANT)
        except pa.ArrowException:
            return _each_time(values.to_pylist(), now)
    if not pa.types.is_timestamp(values.type):
        return _each_time(values.to_pylist(), now)
    micros = values.cast(pa.timestamp("us", values.type.tz), safe=False).cast(pa.int64())
    at = np.array(micros.fill_null(NO_TIME))
    fine = (at >= max(now - _PAST, 0)) & (at <= now + _FUTURE)
    reason = (
        f"the time is missing, or more than {PAST_YEARS_MAX} years back or {FUTURE_SECONDS_MAX // 3600} hours ahead"
    )
    return np.where(fine, at, NO_TIME), dict.fromkeys(np.flatnonzero(~fine).tolist(), reason)


def _each_time(values: Sequence[Any], now: int) -> tuple[Int64s, dict[int, str]]:
    at = np.full(len(values), NO_TIME, np.int64)
    faults: dict[int, str] = {}
    for row, value in enumerate(values):
        if value is None:
            faults[row] = "the row has no time"
            continue
        try:
            at[row] = instant_of(_number_in(value), now)
        except Refused as refusal:
            faults[row] = refusal.detail
    return at, faults


def _number_in(value: Any) -> Any:
    """The number a text holds, as CSV has them; anything else as it is."""
    if isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdecimal():
        return float(value) if "." in value else int(value)
    return value


def all_at_once(check: Check, values: pa.Array | Sequence[Any]) -> npt.NDArray[np.float64] | pa.Array | None:
    """A whole column as it is stored, when all of it is beyond doubt; None: look at the values one by one."""
    if not isinstance(values, pa.Array) or values.null_count or not check.exact:
        return None
    if check.kind.numeric:
        numbers = _numbers(check.kind, values)
        return numbers if numbers is not None and check.fits(numbers).all() else None
    if check.kind is not Kind.STRING or check.model.enum or not pa.types.is_string(values.type):
        return None
    return values if len(values) == 0 or pc.max(pc.binary_length(values)).as_py() <= _SHORT_BYTES else None


def _numbers(kind: Kind, values: pa.Array) -> npt.NDArray[np.float64] | None:
    truth = kind is Kind.BOOLEAN
    try:
        if pa.types.is_string(values.type) and kind is not Kind.NUMBER:
            # Integers through int64: read as floats, 2^53 + 1 would quietly become 2^53.
            values = values.cast(pa.bool_() if truth else pa.int64())
        if pa.types.is_boolean(values.type) and not truth:
            return None
        if pa.types.is_integer(values.type) and truth:
            return None
        numbers = np.array(values.cast(pa.float64()))
    except pa.ArrowException:
        return None
    return numbers if not truth or ((numbers == 0) | (numbers == 1)).all() else None


def one_by_one(kind: Kind, values: pa.Array | Sequence[Any]) -> Iterator[Any]:
    """Values as JSON would have had them; a table's texts are taken for what the kind says they are."""
    if not isinstance(values, pa.Array):
        yield from values
        return
    for value in values.to_pylist():
        if isinstance(value, str):
            yield _meant(kind, value)
        elif kind is Kind.BOOLEAN and isinstance(value, float) and value in {0.0, 1.0}:
            yield bool(value)
        else:
            yield value


def _meant(kind: Kind, text: str) -> Any:
    if kind is Kind.STRING:
        return text
    if kind is Kind.BOOLEAN:
        return _TRUTH.get(text.lower(), text)
    if kind.numeric and "_" in text:  # Python reads 1_000; nobody else does
        return text
    for read in _READ[kind]:
        try:
            return read(text)
        except (ValueError, msgspec.DecodeError):
            continue
    return text

"""Numbers as samples hold them: exact decimals with twelve digits after the point.

What a unit measured comes as a binary double, of which 15 decimal digits can be trusted (IEEE 754: every decimal of up to 15
digits comes back from a double as it was written). A sample is the double to 15 digits: 0.1 is a tenth, and 0.1 * 3 is 0.3.
From there on no binary fraction is met again.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monokoto.earn.metering.aggregation import QUANTITY_PLACES
from monokoto.kernel.money import EXACT, rounded

VALUE = pa.decimal128(38, QUANTITY_PLACES)
MAGNITUDE_MAX = 10**18
"""Larger numbers are no usage: they are not counted."""
_DIGITS = 15
_POWERS = np.array([10**power for power in range(QUANTITY_PLACES + 1)], np.int64)
_NARROW = 9.2e6
"""Below it a decimal with twelve digits after the point fits 64 bits."""
_PLACES_TRIED = (0, 3, 6)
_FEW_DIGITS = 1e6
"""Below it a decimal with six digits after the point has fifteen at most, with room for the last of them."""
_TEXT_LENGTH_MAX = 40


def of_doubles(values: npt.NDArray[np.float64]) -> pa.Array:
    """Decimals of finite doubles below MAGNITUDE_MAX, each to 15 digits."""
    highest = float(np.abs(values).max(initial=0.0))
    if highest < _NARROW:
        for places in _PLACES_TRIED if highest < _FEW_DIGITS else ():
            digits = np.rint(values * 10.0**places)
            if bool((digits / 10.0**places == values).all()):
                # Each is the double nearest to a decimal of so few digits, which thus is its 15 digits.
                return _narrow(digits.astype(np.int64) * _POWERS[QUANTITY_PLACES - places])
        digits64, places64 = _digits(values)
        return _narrow(digits64 * _POWERS[QUANTITY_PLACES - places64])
    whole = np.rint(values)
    if highest < 2**53 and bool((whole == values).all()):
        return pa.array(whole.astype(np.int64)).cast(pa.decimal128(19, 0)).cast(VALUE)
    return _wide(values)


def _narrow(scaled: npt.NDArray[np.int64]) -> pa.Array:
    """Decimals that fit 64 bits: 128 of them, the sign in the upper half."""
    limbs = np.empty((len(scaled), 2), np.int64)
    limbs[:, 0] = scaled
    np.right_shift(scaled, 63, out=limbs[:, 1])
    return pa.Array.from_buffers(VALUE, len(scaled), [None, pa.py_buffer(limbs)])


def _digits(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Up to 15 digits of each, and how many of them lie after the point (at most QUANTITY_PLACES)."""
    magnitude = np.zeros(len(values), np.int64)
    np.floor(np.log10(np.abs(values), where=values != 0, out=np.zeros(len(values))), out=magnitude, casting="unsafe")
    places = np.clip(_DIGITS - 1 - magnitude, 0, QUANTITY_PLACES)
    return np.rint(values * _POWERS[places]).astype(np.int64), places


def _wide(values: npt.NDArray[np.float64]) -> pa.Array:
    digits, places = _digits(values)
    power = _POWERS[places]
    units = digits // power
    rest = (digits - units * power) * _POWERS[QUANTITY_PLACES - places]
    limbs = np.zeros((len(values), 2), np.int64)
    limbs[:, 0] = rest
    part = pa.Array.from_buffers(pa.decimal128(37, QUANTITY_PLACES), len(values), [None, pa.py_buffer(limbs)])
    return pc.add(pa.array(units).cast(pa.decimal128(19, 0)).cast(pa.decimal128(37, QUANTITY_PLACES)), part).cast(VALUE)


def countable(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which doubles can be counted: finite ones below MAGNITUDE_MAX."""
    with np.errstate(invalid="ignore"):
        found: npt.NDArray[np.bool_] = np.abs(values) < MAGNITUDE_MAX
    return found


def of_json(value: Any) -> Decimal | None:
    """The decimal a number of a JSON document says, or a text that is one; None when it says none."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    if isinstance(value, str) and len(value) > _TEXT_LENGTH_MAX:
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found) >= MAGNITUDE_MAX:
        return None
    exponent = found.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -QUANTITY_PLACES:
        return rounded(found, QUANTITY_PLACES)
    return EXACT.plus(found)


def of_decimals(values: Sequence[Decimal]) -> pa.Array:
    """As samples hold them; each has at most twelve digits after the point."""
    scaled = [int(value.scaleb(QUANTITY_PLACES, EXACT)) for value in values]
    if all(-(2**63) <= one < 2**63 for one in scaled):
        return _narrow(np.array(scaled, np.int64))
    return pa.array(values, VALUE)

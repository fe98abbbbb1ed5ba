"""The currencies there are, and the digits ISO 4217 gives them."""

from __future__ import annotations

from functools import cache

from babel.core import get_global
from babel.numbers import is_currency

from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import Currency

_ISO_DIGITS = {
    **dict.fromkeys(("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "PKR", "RSD", "SOS", "SYP", "YER"), 2),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    "SLL": 2,
    "UYW": 4,
}
"""Where the digits people write (CLDR, which `babel` carries) are not those accounts are kept in (ISO 4217): CLDR writes
no fils of a dinar."""


@cache
def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code, with the digits accounts are kept in. Raises Invalid for an unknown one."""
    if not is_currency(code):
        raise Invalid(f"There is no currency {code!r}.", remedy="Use a code of ISO 4217, such as EUR.")
    digits = get_global("currency_fractions")
    return Currency(code, _ISO_DIGITS.get(code, digits.get(code, digits["DEFAULT"])[0]))

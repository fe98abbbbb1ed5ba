"""VAT ids and bank accounts: their formats and check digits, country by country (python-stdnum). Whether somebody has such a
number is another question, which only its register answers."""

from __future__ import annotations

import re

from babel import Locale
from stdnum import get_cc_module, iban
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

from monokoto.kernel.errors import Fault

_SEPARATORS = re.compile(r"[\s.\-/]")
_PLAIN = re.compile(r"[A-Z0-9]{2,20}")
_PREFIXES = {"GR": "EL"}
"""Where VAT ids do not begin with the country's code of ISO 3166."""
_EUROPEAN = frozenset(one.upper() for one in eu_vat.MEMBER_STATES)
_COUNTRIES = frozenset(code for code in map(str, Locale("en").territories) if re.fullmatch(r"[A-Z]{2}", code)) - {
    "EU", "EZ", "UN", "QO", "XA", "XB", "ZZ",
}  # fmt: skip


def is_country(code: str) -> bool:
    """Whether it is a code of ISO 3166, such as DE."""
    return code in _COUNTRIES


def vat_id_of(text: str, country: str) -> str | Fault:
    """The VAT id without separators, in the European Union with its country in front; or what is wrong with it.

    Of a country whose rules nobody wrote down it may be any letters and digits.
    """
    plain = _SEPARATORS.sub("", text).upper()
    prefix = _PREFIXES.get(country, country)
    if country in _EUROPEAN and not plain.startswith(prefix):
        other = plain[:2] in {_PREFIXES.get(one, one) for one in _EUROPEAN}
        if other:
            return Fault(place="vat_id", reason=f"begins with {plain[:2]}, and the customer's country is {country}")
        plain = prefix + plain
    try:
        # Northern Ireland is in the Union for goods, and has numbers there of its own.
        if country in _EUROPEAN or (country == "GB" and plain.startswith("XI")):
            return str(eu_vat.validate(plain))
        module = get_cc_module(country.lower(), "vat")
        if module is not None:
            return str(module.validate(plain))
    except ValidationError as error:
        return Fault(place="vat_id", reason=f"is no VAT id of {country}: {_lower(str(error))}")
    if not _PLAIN.fullmatch(plain):
        return Fault(place="vat_id", reason="is 2 to 20 letters and digits")
    return plain


def iban_of(text: str) -> str | Fault:
    """The IBAN without separators; or what is wrong with it."""
    try:
        return str(iban.validate(text))
    except ValidationError as error:
        return Fault(place="iban", reason=f"is no IBAN: {_lower(str(error))}")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")

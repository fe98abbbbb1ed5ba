"""Claim codes: what is printed in the box or handed from owner to owner.

Sixteen characters of Crockford base 32 in four groups, `7H2K-9QXM-3D4T-P8WA`: 75 random bits and a check character
(Luhn modulo 32: every single mistyped character is noticed, and nearly every pair swapped), so that a slip of the finger
is told from a code that opens nothing. Typed in any case, with or without hyphens, O for 0 and I or L for 1.
Refused: words (they need a list for each language), digits alone (23 of them).
"""

from __future__ import annotations

import hashlib
import secrets

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import ALPHABET

_RANDOM_CHARACTERS = 15
_GROUP = 4
_BASE = len(ALPHABET)
_ALIKE = str.maketrans({"o": "0", "i": "1", "l": "1", "-": "", " ": ""})


def new_code() -> str:
    """A fresh code, as people see it."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    whole = (body + _check(body)).upper()
    return "-".join(whole[start : start + _GROUP] for start in range(0, len(whole), _GROUP))


def normalised(text: str) -> str:
    """A typed code in the one form that is compared.

    Raises:
        Invalid: it is no code; a character is mistyped or missing.
    """
    code = text.strip().lower().translate(_ALIKE)
    if len(code) != _RANDOM_CHARACTERS + 1 or not set(code) <= set(ALPHABET) or _check(code[:-1]) != code[-1]:
        reason = (
            f"a code has {_RANDOM_CHARACTERS + 1} letters and digits, as in 7H2K-9QXM-3D4T-P8WA; look again at each"
        )
        raise Invalid("This is not a claim code.", faults=[Fault(place="code", reason=reason)])
    return code


def digest(code: str) -> bytes:
    """What is stored of a normalised code. Its 75 random bits need no slow hash."""
    return hashlib.sha256(f"claim:{code}".encode()).digest()


def _check(body: str) -> str:
    """Luhn's check character modulo 32."""
    total = 0
    for place, character in enumerate(reversed(body)):
        value = ALPHABET.index(character)
        if place % 2 == 0:
            value *= 2
            value = value // _BASE + value % _BASE
        total += value
    return ALPHABET[-total % _BASE]

"""A person: who signs in. What they may do is said by their role in each organisation they are a member of."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from dataclasses import dataclass
from functools import cache

from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault
from monokoto.kernel.ids import OrganisationId, PersonId
from monokoto.kernel.limits import EMAIL_LENGTH_MAX, PERSON_NAME_LENGTH_MAX

LOCALES = ("en", "ko")
"""The languages the platform speaks; the first where nothing else is known."""
TIME_ZONE = "UTC"
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[^\s@<>\"(),:;\[\]\\]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who signs in."""

    id: PersonId
    organisation_id: OrganisationId
    """The organisation they acted in last: where their next session begins."""
    email: str
    """As they write it; two that differ only in case are the same."""
    name: str
    locale: str = LOCALES[0]
    """The language they chose, or else the one they were seen with last: mails to them are in it."""
    locale_chosen: bool = False
    time_zone: str = TIME_ZONE
    """An IANA name, such as `Asia/Seoul`."""
    has_password: bool = False
    created_at: Instant


def email_key(email: str) -> str:
    """By which an address is found: without spaces around it, its letters small."""
    return unicodedata.normalize("NFC", email).strip().casefold()


def faults_of(
    *, email: str | None = None, name: str | None = None, locale: str | None = None, time_zone: str | None = None
) -> list[Fault]:
    """What keeps these from being a person's; None is not looked at."""
    faults = []
    if email is not None and (len(email_key(email)) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(email.strip())):
        faults.append(Fault(place="email", reason=f"{email[:80]!r} is not an e-mail address"))
    if name is not None and not (_printable(name) and 0 < len(name.strip()) <= PERSON_NAME_LENGTH_MAX):
        faults.append(Fault(place="name", reason=f"a name has 1 to {PERSON_NAME_LENGTH_MAX} printable characters"))
    if locale is not None and locale not in LOCALES:
        faults.append(Fault(place="locale", reason=f"{locale[:20]!r} is none of {', '.join(LOCALES)}"))
    if time_zone is not None and time_zone not in _time_zones():
        faults.append(
            Fault(place="time_zone", reason=f"{time_zone[:64]!r} is not a time zone's IANA name such as Asia/Seoul")
        )
    return faults


def _printable(text: str) -> bool:
    """Control characters in a name would end up in the heads of mails."""
    return not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) | {TIME_ZONE}

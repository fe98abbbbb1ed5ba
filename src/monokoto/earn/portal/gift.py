"""A present: something that is offered, bought by one and taken by another, who has its code."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

from monokoto.kernel.ids import ALPHABET, OrganisationId

_CHARACTERS = 16
"""80 random bits: nobody finds one by trying."""
_GROUP = 4
_ALIKE = str.maketrans({"o": "0", "i": "1", "l": "1", "-": "", " ": ""})


class GiftState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """One."""

    id: int
    organisation_id: OrganisationId
    """The maker's, who sells what is given."""
    giver_organisation_id: int
    giver_id: int
    """The customer who pays."""
    product: str
    plan: str
    version: int
    message: str = ""
    created_at: int
    expires_at: int
    ended_at: int | None = None
    """When it was taken or withdrawn."""
    subscription_id: int | None = None
    """What it became."""

    def state(self, now: int) -> GiftState:
        """At an instant."""
        if self.subscription_id is not None:
            return GiftState.TAKEN
        if self.ended_at is not None:
            return GiftState.WITHDRAWN
        return GiftState.EXPIRED if self.expires_at <= now else GiftState.OPEN


def new_code() -> str:
    """A fresh one, as people see it."""
    whole = "".join(secrets.choice(ALPHABET) for _ in range(_CHARACTERS)).upper()
    return "-".join(whole[start : start + _GROUP] for start in range(0, len(whole), _GROUP))


def digest(code: str) -> bytes:
    """What is kept of a code, however it was typed. Its 80 random bits need no slow hash."""
    return hashlib.sha256(f"gift:{code.strip().lower().translate(_ALIKE)}".encode()).digest()

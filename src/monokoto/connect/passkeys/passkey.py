"""A passkey: what is known of a key pair whose private half is on somebody's device."""

from __future__ import annotations

from dataclasses import dataclass

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import PasskeyId, PersonId

NAME = "Passkey"
"""What one is called by whose person named none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One of a person's passkeys."""

    id: PasskeyId
    person_id: PersonId
    credential: bytes
    """What the device calls it."""
    public_key: bytes
    """As COSE has it (RFC 9052)."""
    sign_count: int
    """How often it has signed, if the device counts; 0: it does not."""
    transports: tuple[str, ...]
    """How a browser reaches it: `internal`, `usb`, `hybrid`, ..."""
    name: str
    synced: bool
    """Whether its holder has it on other devices too."""
    created_at: Instant
    last_used_at: Instant | None
    doubted_at: Instant | None
    """When its counter did not rise: somebody may have a copy of it."""

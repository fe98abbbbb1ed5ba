"""An API key: `koto_<id>_<secret>`. The platform keeps a SHA-256 of it and shows the text once.

SHA-256 and not a slow password hash: the secret is 256 random bits, there is nothing to guess, and every request pays for
the hash. The id in the text makes the look-up one read by primary key; the prefix lets secret scanners find leaked keys.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import ApiKeyId, OrganisationId, format_id, parse_id
from monokoto.web import Scope

PREFIX = "koto"
SECRET_BYTES = 32
_SECRET_LENGTH_MAX = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key; its secret is not."""

    id: ApiKeyId
    organisation_id: OrganisationId
    name: str
    scopes: frozenset[Scope]
    created_at: Instant
    expires_at: Instant | None = None
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None
    """Coarse: written at most once a minute."""

    def live(self, now: int) -> bool:
        """Whether it opens anything at this instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def new_secret(key_id: int, *, prefix: str = PREFIX) -> str:
    """The text its holder presents."""
    return f"{prefix}_{format_id(key_id)}_{secrets.token_urlsafe(SECRET_BYTES)}"


def digest(secret: str) -> bytes:
    """What is kept of the text."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def key_id_in(secret: str) -> ApiKeyId | None:
    """The id a presented text claims; None when it has not the shape of a key."""
    found = id_in(secret, prefix=PREFIX)
    return None if found is None else ApiKeyId(found)


def id_in(secret: str, *, prefix: str) -> int | None:
    """The id in a text of the shape `<prefix>_<id>_<secret>`; None when it has another shape."""
    found, _, rest = secret.partition("_")
    id_text, _, tail = rest.partition("_")
    if found != prefix or not tail or len(tail) > _SECRET_LENGTH_MAX:
        return None
    try:
        return parse_id(id_text)
    except Invalid:
        return None

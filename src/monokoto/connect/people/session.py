"""A session: one person, signed in on one device, acting in one organisation at a time."""

from __future__ import annotations

from dataclasses import dataclass

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.ids import OrganisationId, PersonId, SessionId
from monokoto.kernel.limits import SIGNED_IN_IDLE_SECONDS_MAX

PREFIX = "kotos"
"""What the cookie's text begins with: `kotos_<id>_<secret>`."""
NOWHERE = OrganisationId(0)
"""Where the session of somebody acts who is a member of no organisation: it owns nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What is known of a session; its cookie's text is not."""

    id: SessionId
    person_id: PersonId
    organisation_id: OrganisationId
    """The organisation it acts in; `NOWHERE` when its person is in none."""
    method: str
    """How it began: `password`, `passkey`, `openid`, `invitation`, `first-run`, `reset`."""
    address: str
    agent: str
    """What the browser says it is."""
    created_at: Instant
    last_seen_at: Instant
    """Coarse: written at most once a minute."""
    expires_at: Instant
    """It ends then, used or not."""

    def live(self, now: int) -> bool:
        """Whether it opens anything at this instant: not too old, not left alone for too long."""
        idle = now - self.last_seen_at >= SIGNED_IN_IDLE_SECONDS_MAX * MICROSECONDS_PER_SECOND
        return now < self.expires_at and not idle

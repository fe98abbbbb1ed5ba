"""An invitation: a mailed link by which somebody becomes a member."""

from __future__ import annotations

from dataclasses import dataclass

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import InvitationId, OrganisationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What is known of an invitation; the secret in its link is not."""

    id: InvitationId
    organisation_id: OrganisationId
    """Who invites."""
    email: str
    role: str
    new_organisation: str | None
    """Set: accepting makes an owner organisation of this name (empty: named by who accepts) instead of joining the
    inviting one."""
    created_at: Instant
    expires_at: Instant
    accepted_at: Instant | None = None
    revoked_at: Instant | None = None

    def open(self, now: int) -> bool:
        """Whether it can still be accepted."""
        return self.accepted_at is None and self.revoked_at is None and now < self.expires_at

"""A receiver, and what is delivered to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, WebhookId

FAILING_SECONDS_MAX = 5 * 24 * 3600
"""A receiver that took nothing for so long is switched off."""


class WebhookState(StrEnum):
    """Whether anything is sent."""

    ENABLED = "enabled"
    PAUSED = "paused"
    """By its owner: what happens waits."""
    DISABLED = "disabled"
    """It could not be reached for days, or said it is gone: what happens is kept to be replayed."""


class DeliveryState(StrEnum):
    """What became of one event for one receiver."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver."""

    id: WebhookId
    organisation_id: OrganisationId
    name: str
    url: str
    events: tuple[str, ...]
    """Types, `noun.*` or `*`."""
    secret: str
    old_secret: str = ""
    old_secret_until: int = 0
    state: WebhookState = WebhookState.ENABLED
    reason: str = ""
    """Why it is disabled."""
    created_at: Instant
    updated_at: Instant
    succeeded_at: Instant | None = None
    failing_since: Instant | None = None
    failures: int = 0
    """In a row."""
    rest_until: int = 0

    def keys(self, now: int) -> list[str]:
        """What signs now: the secret, and the one before it for as long as it was given."""
        return [self.secret, *([self.old_secret] if self.old_secret and now < self.old_secret_until else [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one receiver."""

    id: int
    webhook_id: WebhookId
    event_id: int
    type: str
    state: DeliveryState
    attempts: int
    begun_at: Instant
    next_at: Instant
    settled_at: Instant | None = None
    status: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One time it was sent, and what the receiver answered."""

    at: Instant
    milliseconds: int
    status: int = 0
    """0: there was no answer."""
    reason: str = ""
    """Why it failed; empty when it was taken."""
    snippet: str = ""
    """The beginning of the answer's body."""
    retry_after: float = 0.0

    @property
    def taken(self) -> bool:
        """Whether the receiver said it has it."""
        return not self.reason

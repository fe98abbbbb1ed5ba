"""A command: an action asked of a unit, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import CommandId, OrganisationId, UnitId


class Status(StrEnum):
    """How far a command has come. Only the unit's own word makes it more than `sent`."""

    QUEUED = "queued"
    SENT = "sent"
    """Handed to the way down: on disk, and delivered when the unit is connected. Not yet heard of again."""
    RECEIVED = "received"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    """Its time was over before the unit gave a last word."""
    CANCELLED = "cancelled"


_RANK = {
    Status.QUEUED: 0,
    Status.SENT: 1,
    Status.RECEIVED: 2,
    Status.RUNNING: 3,
    Status.EXPIRED: 4,
    Status.CANCELLED: 4,
    Status.SUCCEEDED: 5,
    Status.FAILED: 5,
}
OPEN = frozenset({Status.QUEUED, Status.SENT, Status.RECEIVED, Status.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a unit says about one command."""

    status: Status
    """received, running, succeeded or failed."""
    output: Any = None
    error: str = ""
    progress: float | None = None
    """From 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One action asked of one unit."""

    id: CommandId
    organisation_id: OrganisationId
    """The maker's, as with everything about a unit."""
    unit_id: UnitId
    action: str
    product: str
    version: str
    """The unit's product version when it was asked: its model judges input and output."""
    input: Any = None
    status: Status = Status.QUEUED
    output: Any = None
    error: str = ""
    """Why it failed, for a person."""
    progress: float | None = None
    request: str = ""
    """What the client calls it: asked twice with one name, it is one command."""
    created_at: Instant
    created_by: int = 0
    """The person or key that asked."""
    expires_at: Instant
    sent_at: Instant | None = None
    answered_at: Instant | None = None
    """When the unit's last word of it arrived."""
    ended_at: Instant | None = None

    @property
    def open(self) -> bool:
        """Whether more may come of it."""
        return self.status in OPEN

    @property
    def number(self) -> int:
        """Its id as 31 bits, for firmware that numbers its calls with small integers (ThingsBoard)."""
        return self.id & 0x7FFF_FFFF

    def answered(self, answer: Answer, arrived: int) -> Command:
        """The command after the unit's word; itself when that says nothing new.

        Words may come twice (a replay of the log) and out of order: only a later stage counts, and of two last words the
        first. A unit's last word also holds against `expired` and `cancelled`: those were our guess, this is what happened.
        """
        further = _RANK[answer.status] > _RANK[self.status]
        moving = answer.status == self.status == Status.RUNNING and (answer.progress or 0) > (self.progress or 0)
        if not further and not moving:
            return self
        ended = answer.status not in OPEN
        return replace(
            self,
            status=answer.status,
            output=answer.output,
            error=answer.error,
            progress=1.0 if answer.status is Status.SUCCEEDED else answer.progress or self.progress,
            answered_at=Instant(arrived),
            ended_at=Instant(arrived) if ended else None,
        )

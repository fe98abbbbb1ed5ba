"""A command: an action asked of a unit, and how far it has come. docs/commands.md draws its life."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.ids import CommandId, OrganisationId, UnitId
from monokoto.kernel.limits import COMMAND_RETRY_SECONDS_MAX


class Status(StrEnum):
    """How far a command has come. Only the unit's own word makes it more than `sent`."""

    UNCONFIRMED = "unconfirmed"
    """Its product wants somebody to say yes to it, and nobody has yet."""
    QUEUED = "queued"
    """On disk. It goes down when the unit is connected, and when it is its turn."""
    SENT = "sent"
    """Handed to the way down, and not heard of again. It goes down anew until the unit says that it has it."""
    RECEIVED = "received"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    """Its time was over before the unit gave a last word, or before anybody said yes to it."""
    CANCELLED = "cancelled"
    """It never went down, or the unit agreed to leave it off."""


_RANK = {
    Status.UNCONFIRMED: 0,
    Status.QUEUED: 0,
    Status.SENT: 1,
    Status.RECEIVED: 2,
    Status.RUNNING: 3,
    Status.EXPIRED: 4,
    Status.CANCELLED: 5,
    Status.SUCCEEDED: 5,
    Status.FAILED: 5,
}
OPEN = frozenset({Status.UNCONFIRMED, Status.QUEUED, Status.SENT, Status.RECEIVED, Status.RUNNING})
_RETRY_SECONDS = 2


def _further(before: float | None, said: float | None) -> float | None:
    return max((one for one in (before, said) if one is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a unit says about one command."""

    status: Status
    """received, running, succeeded, failed or cancelled."""
    output: Any = None
    error: str = ""
    progress: float | None = None
    """From 0 to 1."""
    note: str = ""
    """Beside the progress, for a person."""


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
    """Why it failed, or was not done, for a person."""
    progress: float | None = None
    note: str = ""
    """What the unit said last beside its progress."""
    request: str = ""
    """What the client calls it: asked twice with one name, it is one command."""
    batch: int = 0
    """What it was asked as a part of: a job, a run of a scene; 0: it was asked alone."""
    created_at: Instant
    created_by: int = 0
    """The person or key that asked."""
    lasting: int = 0
    """Microseconds the unit has, from when it was asked, or said yes to."""
    expires_at: Instant
    confirmed_at: Instant | None = None
    confirmed_by: int = 0
    cancelling_at: Instant | None = None
    """When the unit was asked to leave off; it may still say what became of it."""
    tries: int = 0
    """How often it went down."""
    due_at: Instant | None = None
    """When somebody is to look whether it must go down (again); None: there is nothing more to send."""
    sent_at: Instant | None = None
    """When it first went down."""
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
        first. A unit's last word also holds against `expired`: that was our guess, this is what happened. The same goes for
        what was cancelled before it went down, should it have gone down after all.
        """
        rank = _RANK[Status.EXPIRED] if self.status is Status.CANCELLED and not self.answered_at else _RANK[self.status]
        further = _RANK[answer.status] > rank
        moving = answer.status == self.status == Status.RUNNING and (
            (answer.progress or 0) > (self.progress or 0)
            or (arrived > (self.answered_at or 0) and answer.note != self.note)
        )
        if not further and not moving:
            return self
        ended = answer.status not in OPEN
        return replace(
            self,
            status=answer.status,
            output=answer.output,
            error=answer.error,
            progress=1.0 if answer.status is Status.SUCCEEDED else _further(self.progress, answer.progress),
            note=answer.note or self.note,
            # A unit that has it needs it no more; one that was asked to leave off may not have heard that.
            due_at=self.due_at if self.cancelling_at and not ended else None,
            answered_at=Instant(arrived),
            ended_at=Instant(arrived) if ended else None,
        )

    def ended(self, status: Status, now: int, error: str = "") -> Command:
        """The command after an end that is not the unit's word."""
        return replace(self, status=status, error=error or self.error, due_at=None, ended_at=Instant(now))

    def went_down(self, now: int) -> Command:
        """The command after it was handed to the way down; the unit may have been faster than this note."""
        if not self.open:
            return self if self.sent_at else replace(self, sent_at=Instant(min(now, self.ended_at or now)), tries=1)
        again = None
        if self.status in (Status.QUEUED, Status.SENT) or self.cancelling_at:
            seconds = min(_RETRY_SECONDS << min(self.tries, 8), COMMAND_RETRY_SECONDS_MAX)
            again = Instant(now + seconds * MICROSECONDS_PER_SECOND)
        return replace(
            self,
            status=Status.SENT if self.status is Status.QUEUED else self.status,
            sent_at=self.sent_at or Instant(now),
            tries=self.tries + 1,
            due_at=again,
        )

    def postponed(self, until: int) -> Command:
        """The command, to be looked at again then; itself when there is nothing more to send."""
        return self if self.due_at is None else replace(self, due_at=Instant(until))

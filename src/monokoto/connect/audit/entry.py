"""An entry: who did what on what, from where, and what came of it; chained to the entry before it.

An entry's digest is SHA-256 over the digest of the entry before it in its organisation and the entry's own fields. Whoever
changes, removes or inserts an entry changes every digest after it, up to the head. What a chain cannot show by itself is
its end cut off: whoever keeps a head (`koto audit verify` prints it) elsewhere can show that too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgspec

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import AuditId, OrganisationId

DIGEST_BYTES: Final = 32
NO_MAKER: Final = OrganisationId(0)
NO_DIGEST: Final = bytes(DIGEST_BYTES)
"""What the first entry of an organisation is chained to."""


class ActorKind(StrEnum):
    """What acted."""

    PERSON = "person"
    KEY = "key"
    UNIT = "unit"
    SYSTEM = "system"
    """The platform itself: a job, a period."""


class Outcome(StrEnum):
    """What came of it."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted; the name is that of the time."""

    kind: ActorKind
    id: int = 0
    name: str = ""


SYSTEM: Final = Actor(ActorKind.SYSTEM, 0, "Monokoto")


@dataclass(frozen=True, slots=True)
class Subject:
    """On what; both empty: on nothing in particular."""

    kind: str = ""
    id: str = ""
    """As people see it: the 13 characters of an id, a product's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be written; number and digest come with the writing."""

    id: AuditId
    organisation_id: OrganisationId
    at: Instant
    actor: Actor
    action: str
    """The operation id of a request, `slice.verb` of anything else."""
    subject: Subject = Subject()
    maker_id: OrganisationId = NO_MAKER
    """The organisation that made the unit it is about; 0: it is about no unit."""
    outcome: Outcome = Outcome.DONE
    status: int = 0
    """The HTTP status; 0 when it was no request."""
    address: str = ""
    agent: str = ""
    detail: str = "{}"
    """JSON as it was written: the digest is over this text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A draft in its place in the chain."""

    draft: Draft
    number: int
    """Counted from 1 in each organisation, without a gap."""
    digest: bytes

    @property
    def detail(self) -> Mapping[str, Any]:
        """The details as values."""
        found: dict[str, Any] = msgspec.json.decode(self.draft.detail)
        return found


@dataclass(frozen=True, slots=True)
class Head:
    """The end of an organisation's chain."""

    number: int = 0
    digest: bytes = NO_DIGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What reading a whole chain has shown."""

    entries: int
    head: Head
    faults: tuple[str, ...] = field(default=())

    @property
    def sound(self) -> bool:
        """Whether nothing was changed, removed or inserted."""
        return not self.faults


def digest_of(before: bytes, number: int, draft: Draft) -> bytes:
    """The digest of the entry that follows one with the digest `before`."""
    fields = (
        draft.id, draft.organisation_id, number, draft.at,
        draft.actor.kind.value, draft.actor.id, draft.actor.name,
        draft.action, draft.subject.kind, draft.subject.id, draft.maker_id,
        draft.outcome.value, draft.status, draft.address, draft.agent, draft.detail,
    )  # fmt: skip
    return hashlib.sha256(before + msgspec.msgpack.encode(fields)).digest()


def chained(head: Head, draft: Draft) -> Entry:
    """The draft as the entry after this head."""
    number = head.number + 1
    return Entry(draft=draft, number=number, digest=digest_of(head.digest, number, draft))

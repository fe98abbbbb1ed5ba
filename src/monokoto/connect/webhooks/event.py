"""The public events: what a receiver may ask for, and how one is written.

An event is named by what happened: the same happening has the same id in every process and after every crash, so that
telling it again tells nothing new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id

EVENT_TYPES: Final[Mapping[str, str]] = {
    "unit.registered": "A unit was registered.",
    "unit.claimed": "A unit became an owner's: by claim, transfer or sale.",
    "unit.online": "A unit connected. Of several changes within a second the last is told.",
    "unit.offline": "A unit is no longer connected.",
    "twin.desired_changed": "Something else is desired of a unit; the data has the whole desired state.",
    "dead_letter.stored": "Something a unit sent could not be taken; of each unit the first of a minute.",
    "product.version_applied": "A version of a product became there.",
    "member.joined": "Somebody became a member of the organisation.",
    "job.finished": "A job ended: done, cancelled, undone or failed.",
    "alert.raised": "A rule raised an alert on a unit; `quiet` says why nobody is told of it otherwise.",
    "alert.cleared": "An alert is over.",
    "alert.acknowledged": "Somebody took notice of an alert.",
    "entitlement.threshold": "So much of a quota is used: 50, 80, 100 % of it, or what its feature says.",
    "invoice.finalised": "An invoice became a document.",
    "invoice.paid": "Nothing of an invoice is owed any more.",
    "payment.failed": "A payment was refused, or taken back after it came.",
    "webhook.disabled": "A receiver was switched off because it could not be reached for days.",
}
"""Adding one: a line here, a `Source` in assembly (or a call of `Webhooks.tell`), a row in docs/webhooks.md."""
PING: Final = "webhook.ping"
"""Sent by hand to one receiver, whatever it asks for."""
EVERY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened, as a source tells it."""

    key: str
    """Names it among all of its type: a unit's id, a unit and a revision."""
    at: int
    position: int = 0
    """Its place in its source."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON, ids and instants as the API shows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A happening, to be delivered."""

    id: int
    organisation_id: int
    type: str
    at: int
    body: bytes
    """What is posted, the same at every attempt."""

    @property
    def name(self) -> str:
        """The `webhook-id`."""
        return event_name(self.id)


def event_name(event_id: int) -> str:
    """An event's id as receivers see it."""
    return f"evt_{format_id(event_id)}"


def event_of(organisation_id: int, event_type: str, happening: Happening) -> Event:
    """The event of a happening; equal for equal happenings."""
    name = f"{organisation_id}:{event_type}:{happening.key}".encode()
    body = {
        "type": event_type,
        "timestamp": format_instant(happening.at),
        "organisation": format_id(organisation_id),
        "data": dict(happening.data),
    }
    return Event(
        id=int.from_bytes(hashlib.sha256(name).digest()[:8]) >> 1,
        organisation_id=organisation_id,
        type=event_type,
        at=happening.at,
        body=msgspec.json.encode(body),
    )


def matches(patterns: Iterable[str], event_type: str) -> bool:
    """Whether a receiver that asked for these (`unit.claimed`, `unit.*`, `*`) gets events of a type."""
    noun = event_type.partition(".")[0]
    return any(pattern in (EVERY, event_type, f"{noun}.*") for pattern in patterns)


def unknown_patterns(patterns: Iterable[str]) -> list[str]:
    """Those that match no type there is."""
    return [one for one in patterns if not any(matches([one], event_type) for event_type in EVENT_TYPES)]

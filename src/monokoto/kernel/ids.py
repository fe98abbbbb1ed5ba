"""Every kind of id, in one list.

An id is a 63-bit positive integer: 42 bits of milliseconds since 2020 and 21 bits that separate the ids of one
millisecond. It sorts by age, is made without asking anybody, and travels the hot path as an int64 column. People and
JSON see it as 13 characters of Crockford base 32 (no i, l, o, u), in lower case: `0dz3x8k2p5q7r`. The two forms convert
without a lookup. Refused: UUIDs (16 bytes a reading, no integer column), database sequences (a round trip for each of
100,000 units, and they tell outsiders how many there are).
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import NewType

from monokoto.kernel.errors import Fault, Invalid

OrganisationId = NewType("OrganisationId", int)
ApiKeyId = NewType("ApiKeyId", int)
PersonId = NewType("PersonId", int)
InvitationId = NewType("InvitationId", int)
SessionId = NewType("SessionId", int)
PasskeyId = NewType("PasskeyId", int)
ProviderAccountId = NewType("ProviderAccountId", int)
OwnershipId = NewType("OwnershipId", int)
AccessId = NewType("AccessId", int)
TransferId = NewType("TransferId", int)
AuditId = NewType("AuditId", int)
JobId = NewType("JobId", int)
WebhookId = NewType("WebhookId", int)
CommandId = NewType("CommandId", int)
GroupId = NewType("GroupId", int)
SceneId = NewType("SceneId", int)
SceneRunId = NewType("SceneRunId", int)
ScheduleId = NewType("ScheduleId", int)
ViewId = NewType("ViewId", int)
AlertId = NewType("AlertId", int)
AlertEventId = NewType("AlertEventId", int)
MaintenanceWindowId = NewType("MaintenanceWindowId", int)
RuleId = NewType("RuleId", int)
CustomerId = NewType("CustomerId", int)
SubscriptionId = NewType("SubscriptionId", int)
SubscriptionEventId = NewType("SubscriptionEventId", int)
UnitId = NewType("UnitId", int)
EntitlementId = NewType("EntitlementId", int)
SuspensionId = NewType("SuspensionId", int)
CredentialId = NewType("CredentialId", int)
ReceiverId = NewType("ReceiverId", int)
NotificationRouteId = NewType("NotificationRouteId", int)
NotificationId = NewType("NotificationId", int)
PushSubscriptionId = NewType("PushSubscriptionId", int)
DeadLetterId = NewType("DeadLetterId", int)
LedgerEntryId = NewType("LedgerEntryId", int)
InvoiceId = NewType("InvoiceId", int)
CreditNoteId = NewType("CreditNoteId", int)
DocumentId = NewType("DocumentId", int)
PaymentId = NewType("PaymentId", int)
PaymentFileId = NewType("PaymentFileId", int)
ProductSaleId = NewType("ProductSaleId", int)
# A product is named by its maker, as in `rice-cooker`; the name is unique within the organisation.
ProductName = NewType("ProductName", str)

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
TEXT_LENGTH = 13
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_EPOCH_MS = 1_577_836_800_000  # 2020-01-01T00:00:00Z
_RANDOM_BITS = 21
_ID_MAX = (1 << 63) - 1


class IdSource:
    """Makes ids that rise strictly within one process; two processes share a millisecond at odds of 1 in 2 million."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        """A new id."""
        milliseconds = time.time_ns() // 1_000_000 - _EPOCH_MS
        fresh = (milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            # Within a millisecond, and when the clock steps back, count on from the last one.
            self._last = fresh if fresh > self._last else self._last + 1
            return self._last


_source = IdSource()


def new_id() -> int:
    """A new id; wrap it in its kind: `UnitId(new_id())`."""
    return _source.next()


def first_id_at(instant: int) -> int:
    """The lowest id made at this instant (microseconds) or later, by the clock of the machine that makes it."""
    return max(instant // 1_000 - _EPOCH_MS, 0) << _RANDOM_BITS


def format_id(value: int) -> str:
    """The 13 characters people see."""
    if not 0 <= value <= _ID_MAX:
        raise ValueError(f"an id lies between 0 and 2^63-1, this is {value}")
    characters = []
    for _ in range(TEXT_LENGTH):
        characters.append(ALPHABET[value & 31])
        value >>= 5
    return "".join(reversed(characters))


def parse_id(text: str, *, what: str = "id") -> int:
    """The integer behind the 13 characters.

    Raises:
        Invalid: the text is not an id; `what` says in the message which one was expected.
    """
    value = 0
    lowered = text.lower()
    if len(text) == TEXT_LENGTH and all(character in _VALUES for character in lowered):
        for character in lowered:
            value = (value << 5) | _VALUES[character]
        if value <= _ID_MAX:
            return value
    raise Invalid(
        f"{text[:40]!r} is not a valid {what}",
        faults=[Fault(place=what, reason=f"an id has {TEXT_LENGTH} characters of 0-9 and a-z without i, l, o, u")],
    )

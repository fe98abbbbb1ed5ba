"""Sessions that outlive their connection, kept in the bucket `sessions` under their owner and client id.

The owner is a unit, or the API key of an application. A client id is a name within its owner: two units may use the same
one, and neither can take the other's session.
A session is stored when a connection begins (if it persists or has a will), before SUBACK and PUBREC are sent, within a
second of any other change, and when the connection ends. What the bucket says of a connection that was open when its
gateway died is enough to publish the will and to resume: at worst a message is delivered twice, never none at all.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field

import msgspec

from monokoto.connect.fleet import UnitIdentity
from monokoto.engines.log import Bucket, Log
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.mqtt import Message, Session, SessionLimits, Subscription, matches
from monokoto.web import Caller

BUCKET = "sessions"
Owner = UnitIdentity | Caller
"""Who speaks: a unit, or an application with an API key."""
_APPLICATION = "application"


class StoredSession(msgspec.Struct, frozen=True, array_like=True):
    """A session as the bucket holds it."""

    gateway: str
    """Where it is, or was last, connected."""
    connected: bool
    position: int
    """The entry of the stream DOWN up to which messages are in the session."""
    session: bytes


_DECODER = msgspec.msgpack.Decoder(StoredSession)
_ENCODER = msgspec.msgpack.Encoder()


@dataclass(slots=True, eq=False)
class KeptSession:
    """A session in memory, connected or about to be forgotten."""

    owner: Owner
    session: Session
    position: int = 0
    connected: bool = True
    stored: bool = False
    """Whether the bucket knows it."""
    dirty: bool = False
    """Changed since it was stored; the sweep stores it."""
    waiting: list[tuple[int, tuple[Message, ...]]] | None = None
    """Live messages that wait until older ones were caught up with; None: caught up."""
    saving: asyncio.Task[None] | None = None
    moved: bool = False
    """Another process has it now: what is stored of it is not ours to write."""

    @property
    def owner_id(self) -> int:
        """Whose session it is: the unit's id, or the API key's."""
        return owner_id(self.owner)

    @property
    def key(self) -> tuple[int, str]:
        """Owner and client id."""
        return self.owner_id, self.session.client_id

    @property
    def storage_key(self) -> str:
        """Where the bucket has it."""
        return session_key(self.owner, self.session.client_id)

    @property
    def persistent(self) -> bool:
        """Whether it outlives its connection."""
        return self.session.expiry_seconds > 0

    @property
    def worth_storing(self) -> bool:
        """Whether anything would be missed if this process died."""
        return self.persistent or self.session.will is not None

    def covers(self, subscription: Subscription, message: Message) -> bool:
        """Whether a message is what a subscription asks for."""
        return matches(subscription.filter, message.topic)


@dataclass(slots=True)
class Keeper:
    """Stores sessions, one write of each at a time."""

    log: Log
    gateway: str
    limits: SessionLimits
    """Of a unit's session."""
    application_limits: SessionLimits = field(default_factory=SessionLimits)
    bucket: Bucket | None = None
    saving: dict[str, KeptSession] = field(default_factory=dict)
    """Those whose write is under way: newer than what the bucket says."""

    def limits_of(self, owner: Owner) -> SessionLimits:
        """The bounds of this owner's sessions."""
        return self.limits if isinstance(owner, UnitIdentity) else self.application_limits

    async def load(self, owner: Owner, client_id: str) -> KeptSession | None:
        """The stored session, or the one just being stored. Raises Unavailable."""
        key = session_key(owner, client_id)
        if (kept := self.saving.get(key)) is not None and not kept.moved:
            return kept
        found = await self.load_key(key)
        if found is None:
            return None
        stored, _, session = found
        return KeptSession(owner, session, stored.position, connected=stored.connected, stored=True)

    async def save(self, kept: KeptSession) -> None:
        """Store it as it is now; returns when that is durable. Raises Unavailable."""
        if kept.moved:
            return
        kept.dirty = True
        while kept.saving is not None:
            # One is under way, with what was then: wait for it, then write what is now, once for all who wait.
            await asyncio.wait([kept.saving])
            if not kept.dirty and kept.stored:
                return
        kept.dirty = False
        task = asyncio.get_running_loop().create_task(self._put(kept))
        task.add_done_callback(_look_at)
        kept.saving = task
        await asyncio.shield(task)

    async def forget(self, kept: KeptSession) -> None:
        """Delete what is stored of it. Raises Unavailable."""
        if kept.saving is not None:
            await asyncio.wait([kept.saving])
        if kept.stored:
            kept.stored = False
            await self.delete(kept.storage_key)

    async def delete(self, key: str) -> None:
        """Delete one stored session. Raises Unavailable."""
        await (await self._bucket()).delete(key)

    async def stored(self) -> list[str]:
        """The keys of all stored sessions. Raises Unavailable."""
        return await (await self._bucket()).keys()

    async def load_key(self, key: str) -> tuple[StoredSession, int, Session] | None:
        """What is stored under a key: the record, its owner's id, its session (not connected). Raises Unavailable."""
        found = await (await self._bucket()).get(key)
        if found is None:
            return None
        try:
            stored = _DECODER.decode(found[0])
            of_application = is_application(key)
            limits = self.application_limits if of_application else self.limits
            return stored, parse_id(key.split(".")[of_application]), Session.from_bytes(stored.session, limits)
        except (ValueError, Invalid):  # of a format before this one: the client starts anew
            return None

    async def rest(self, key: str, stored: StoredSession, session: Session) -> None:
        """Store that nobody is connected any more, of a session whose gateway died. Raises Unavailable."""
        resting = StoredSession(stored.gateway, False, stored.position, session.to_bytes())
        await (await self._bucket()).put(key, _ENCODER.encode(resting))

    async def _put(self, kept: KeptSession) -> None:
        key = kept.storage_key
        self.saving[key] = kept
        try:
            stored = StoredSession(self.gateway, kept.connected, kept.position, kept.session.to_bytes())
            await (await self._bucket()).put(key, _ENCODER.encode(stored))
            kept.stored = True
        except BaseException:
            kept.dirty = True
            raise
        finally:
            kept.saving = None
            if self.saving.get(key) is kept:
                del self.saving[key]

    async def _bucket(self) -> Bucket:
        if self.bucket is None:
            self.bucket = await self.log.bucket(BUCKET)
        return self.bucket


def _look_at(task: asyncio.Task[None]) -> None:
    """Who waited for it may have been cancelled meanwhile: its failure is then nobody's, and no news at a stop."""
    if not task.cancelled():
        task.exception()


def owner_id(owner: Owner) -> int:
    """The unit's id, or that of the application's API key; they are of one series and never the same."""
    return owner.unit_id if isinstance(owner, UnitIdentity) else owner.key_id or 0


def session_key(owner: Owner, client_id: str) -> str:
    """The bucket's key: the client id may hold any character, the key may not."""
    key = f"{format_id(owner_id(owner))}.{base64.urlsafe_b64encode(client_id.encode()).decode()}"
    return key if isinstance(owner, UnitIdentity) else f"{_APPLICATION}.{key}"


def is_application(key: str) -> bool:
    """Whether a stored session is an application's."""
    return key.startswith(f"{_APPLICATION}.")

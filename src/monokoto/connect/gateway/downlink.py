"""Messages to units, from the platform's side: queued on the log, and retained.

What is sent stands in the stream DOWN under the unit's id: every gateway reads it in order, the one that holds the unit's
connection delivers it, and a session that was away finds it there when it comes back (DOWNLINK_QUEUE_MAX of them, the
oldest go first). What goes to many connected units at once stands there in one entry, because the log flushes its disk
for each entry. What is retained stands in the bucket `retained`, all topics of a unit in one value, and is sent to
whoever subscribes; a change of it also goes down the stream, to those who have subscribed already.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from monokoto.engines.log import Bucket, Log, StreamSpec
from monokoto.kernel.errors import Conflict, Invalid, Unavailable
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import DOWN_BYTES_MAX, DOWNLINK_QUEUE_MAX, PAYLOAD_BYTES_MAX, SESSION_EXPIRY_SECONDS_MAX
from monokoto.mqtt import Message, valid_name

RETAINED = "retained"
DOWN = StreamSpec(
    name="DOWN",
    subjects=("down.>",),
    bytes_max=DOWN_BYTES_MAX,
    age_seconds_max=SESSION_EXPIRY_SECONDS_MAX,
    per_subject_max=DOWNLINK_QUEUE_MAX,
    discard_old=True,
)
_ATTEMPTS = 8
SENT_AT_ONCE_MAX = 15
"""A short array in msgpack; a message in as many dialects as there are."""
TOGETHER = "down.together."
"""Before the number of a subject for entries to many units; no unit's id looks like that."""
_TOGETHER_SUBJECTS = 32
"""A subject keeps DOWNLINK_QUEUE_MAX entries, and a gateway may be so far behind: each of them in turn."""
_TOGETHER_BYTES_MAX = 256 * 1024
_TO_UNIT_BYTES = 40
"""Beside topic and payload, at most."""


class _Sent(msgspec.Struct, frozen=True, array_like=True):
    """One message on the stream."""

    topic: str
    payload: bytes
    qos: int
    expires_at: int
    retain: bool


@dataclass(frozen=True, slots=True)
class ToUnit:
    """One message to one of many units."""

    unit_id: int
    topic: str
    payload: bytes
    expires_at: int = 0


class _SentTo(msgspec.Struct, frozen=True, array_like=True):
    """The same on the stream."""

    unit_id: int
    topic: str
    payload: bytes
    expires_at: int


_SENT = msgspec.msgpack.Decoder(_Sent)
_SENT_TO = msgspec.msgpack.Decoder(list[_SentTo])
_ALL_SENT = msgspec.msgpack.Decoder(list[_Sent])
_TOPICS = msgspec.msgpack.Decoder(dict[str, bytes])
_encode = msgspec.msgpack.encode


def down_subject(unit_id: int) -> str:
    """Where a unit's messages stand on the log."""
    return f"down.{format_id(unit_id)}"


def decode_sent(body: bytes) -> tuple[Message, ...]:
    """The messages in one entry of DOWN: one, or a list of them. Raises ValueError."""
    several = len(body) > 1 and 0x90 <= body[1] <= 0x9F  # an array in the array: the topic, a text, begins otherwise
    return tuple(
        Message(topic=sent.topic, payload=sent.payload, qos=sent.qos, expires_at=sent.expires_at, retain=sent.retain)
        for sent in (_ALL_SENT.decode(body) if several else [_SENT.decode(body)])
    )


def decode_together(body: bytes) -> Iterator[tuple[int, Message]]:
    """The unit and its message, of each in an entry to many. Raises ValueError."""
    for sent in _SENT_TO.decode(body):
        yield sent.unit_id, Message(topic=sent.topic, payload=sent.payload, qos=1, expires_at=sent.expires_at)


def decode_retained(value: bytes) -> list[Message]:
    """The messages in one value of the bucket `retained`. Raises ValueError."""
    return [
        Message(topic=topic, payload=payload, qos=1, retain=True) for topic, payload in _TOPICS.decode(value).items()
    ]


class Downlink:
    """Sends to units, connected or not."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._bucket: Bucket | None = None
        self._ready = False
        self._turns = itertools.cycle(f"{TOGETHER}{number}" for number in range(_TOGETHER_SUBJECTS))

    async def send(
        self,
        unit_id: int,
        *,
        topic: str,
        payload: bytes,
        qos: int = 1,
        expires_at: int = 0,
        message_id: str = "",
    ) -> None:
        """Queue one message; it is on disk when this returns. Sent twice with the same `message_id`, it is queued once.

        `expires_at` is an instant (microseconds; 0: never) past which it is not delivered any more.

        Raises:
            Invalid: the topic or the payload cannot be sent.
            Unavailable: the log is away.
        """
        _check(topic, payload)
        await self._put(unit_id, _Sent(topic, payload, qos, expires_at, False), message_id)

    async def send_all(
        self, unit_id: int, given: Sequence[tuple[str, bytes]], *, expires_at: int = 0, message_id: str = ""
    ) -> None:
        """The same for some messages at once (topic, payload), at most `SENT_AT_ONCE_MAX`: one entry, all of them or none.

        Raises: as `send`.
        """
        for topic, payload in given:
            _check(topic, payload)
        if not 0 < len(given) <= SENT_AT_ONCE_MAX:
            raise Invalid(f"At once go 1 to {SENT_AT_ONCE_MAX} messages, and not {len(given)}.")
        await self._put(unit_id, [_Sent(topic, payload, 1, expires_at, False) for topic, payload in given], message_id)

    async def send_together(self, given: Sequence[ToUnit]) -> None:
        """Send to many units that are connected now, in few entries; on disk when this returns.

        A unit that goes away at this moment may miss its message, and after a crash half-way one may go down twice: only for
        what is sent again until it is heard of, and what a unit can tell from another.

        Raises: as `send`; some may have been sent then.
        """
        for one in given:
            _check(one.topic, one.payload)
        for some in _cut(given):
            sent = [_SentTo(one.unit_id, one.topic, one.payload, one.expires_at) for one in some]
            await self._append(next(self._turns), _encode(sent), "")

    async def retain(self, unit_id: int, *, topic: str, payload: bytes | None) -> None:
        """Make this what the unit finds on the topic whenever it subscribes; None: nothing. Durable, and idempotent.

        Raises: as `send`.
        """
        _check(topic, payload or b"")
        bucket = await self._retained()
        for _ in range(_ATTEMPTS):
            found = await bucket.get(format_id(unit_id))
            topics = dict(_TOPICS.decode(found[0])) if found else {}
            if payload is None:
                if topics.pop(topic, None) is None:
                    return
            else:
                topics[topic] = payload
            try:
                await bucket.put(format_id(unit_id), _encode(topics), revision=found[1] if found else 0)
                break
            except Conflict:
                continue
        else:
            raise Unavailable("What is retained for the unit changes all the time.", remedy="Try again.")
        if payload is not None:
            await self._put(unit_id, _Sent(topic, payload, 1, 0, True), "")

    async def _put(self, unit_id: int, sent: _Sent | list[_Sent], message_id: str) -> None:
        await self._append(down_subject(unit_id), _encode(sent), message_id)

    async def _append(self, subject: str, body: bytes, message_id: str) -> None:
        if not self._ready:
            await self._log.ensure_stream(DOWN)
            self._ready = True
        await self._log.append(subject, body, message_id=message_id)

    async def _retained(self) -> Bucket:
        if self._bucket is None:
            self._bucket = await self._log.bucket(RETAINED)
        return self._bucket


def _cut(given: Sequence[ToUnit]) -> Iterator[list[ToUnit]]:
    """In pieces that are each one entry."""
    some: list[ToUnit] = []
    size = 0
    for one in given:
        bytes_more = len(one.payload) + len(one.topic.encode()) + _TO_UNIT_BYTES
        if some and size + bytes_more > _TOGETHER_BYTES_MAX:
            yield some
            some, size = [], 0
        some.append(one)
        size += bytes_more
    if some:
        yield some


def _check(topic: str, payload: bytes) -> None:
    if not valid_name(topic) or len(payload) > PAYLOAD_BYTES_MAX:
        raise Invalid(f"A message to a unit has a topic without wildcards and at most {PAYLOAD_BYTES_MAX} bytes.")

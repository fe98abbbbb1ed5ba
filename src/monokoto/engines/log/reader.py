"""Reading one subject in order: a pull consumer that may be lost at any time and is made again where we were.

The consumer lives in the server's memory and is never acknowledged: the position is ours (`_next`). Every message carries the
consumer's own count; a hole in it means that something was dropped on the way, and the consumer is made again from the last
entry that came in order. So neither a broken connection, a restarted server nor a full buffer leaves an entry out.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import deque
from collections.abc import Sequence

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error

from monokoto.engines.log.api import call, status_of
from monokoto.engines.log.connection import Connection
from monokoto.engines.log.port import Entry
from monokoto.kernel.errors import MonokotoError

AHEAD_BYTES_MAX = 16 << 20
AHEAD_ENTRIES_MAX = 4096
_PULL_SECONDS = 30
_HEARTBEAT_SECONDS = 3
_SILENCE_SECONDS_MAX = 3 * _HEARTBEAT_SECONDS
_IDLE_SECONDS = 60  # the server forgets a consumer nobody has pulled from for so long
_NANOSECONDS = 1_000_000_000
_PULL_OVER = frozenset({"404", "408"})
_TOO_MUCH = "Message Size Exceeds MaxBytes"  # of a pull: the next entry is for the next pull
_HEARTBEAT = "100"
_PAUSE_SECONDS = 0.02


class NatsReader:
    """One subject of one stream, from a sequence on."""

    def __init__(self, connection: Connection, stream: str, subject: str, from_sequence: int) -> None:
        self._connection = connection
        self._stream = stream
        self._subject = subject
        self._next = max(from_sequence, 1)
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._client: Client | None = None
        self._subscription: Subscription | None = None
        self._consumer = ""
        self._delivered = 0
        self._asked = 0
        """Entries the running pull may still bring; 0: none runs."""
        self._broken = True
        self._last_heard = 0.0
        self._arrived = asyncio.Event()

    async def read(self, *, entries_max: int, wait_seconds: float) -> Sequence[Entry]:
        """As `Reader.read`."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait_seconds
        while not self._entries:
            left = deadline - clock()
            if left <= 0:
                if self._connection.client is None:
                    await self._connection.wait(0)
                return ()
            self._arrived.clear()
            try:
                await self._pull(left)
            except (Error, OSError):
                self._broken = True  # The connection broke under it; the next turn waits for another.
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(deadline - clock(), 0), _HEARTBEAT_SECONDS)):
                    await self._arrived.wait()
            self._notice_silence(clock())
        taken = self._take(entries_max)
        if not self._broken:
            # Ask ahead: the server fills the next read while this one is worked on.
            try:
                await self._ask_for_more()
            except (Error, OSError):
                self._broken = True
        return taken

    async def close(self) -> None:
        """As `Reader.close`."""
        await self._leave()

    def _take(self, entries_max: int) -> list[Entry]:
        taken = [self._entries.popleft() for _ in range(min(entries_max, len(self._entries)))]
        self._bytes -= sum(len(entry.body) for entry in taken)
        return taken

    async def _pull(self, seconds: float) -> None:
        """Have a consumer and a running pull.

        Raises:
            Unavailable: neither is to be had within `seconds`.
        """
        client = await self._connection.wait(seconds)
        if self._broken or client is not self._client:
            await self._start(client, seconds)
        await self._ask_for_more()

    async def _start(self, client: Client, seconds: float) -> None:
        await self._leave()
        inbox = client.new_inbox()
        self._client, self._delivered, self._asked = client, 0, 0
        self._subscription = await client.subscribe(
            inbox, cb=functools.partial(self._on_message, inbox), pending_bytes_limit=0
        )
        config = {
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._next,
            "ack_policy": "none",
            "filter_subject": self._subject,
            "inactive_threshold": _IDLE_SECONDS * _NANOSECONDS,
            "mem_storage": True,
            "num_replicas": 1,
            "max_waiting": 8,
        }
        created = await call(
            self._connection,
            f"CONSUMER.CREATE.{self._stream}",
            {"stream_name": self._stream, "config": config},
            seconds=seconds,
        )
        self._consumer = created["name"]
        self._broken = False

    async def _ask_for_more(self) -> None:
        if self._asked or self._bytes > AHEAD_BYTES_MAX // 2 or len(self._entries) > AHEAD_ENTRIES_MAX // 2:
            return
        if self._client is None or self._subscription is None:
            return
        self._asked = AHEAD_ENTRIES_MAX
        self._last_heard = asyncio.get_running_loop().time()
        request = {
            "batch": AHEAD_ENTRIES_MAX,
            "max_bytes": max(AHEAD_BYTES_MAX, 2 * self._client.max_payload),
            "expires": _PULL_SECONDS * _NANOSECONDS,
            "idle_heartbeat": _HEARTBEAT_SECONDS * _NANOSECONDS,
        }
        await self._client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}",
            msgspec.json.encode(request),
            reply=self._subscription.subject,
        )

    async def _on_message(self, inbox: str, message: Msg) -> None:
        if self._subscription is None or self._subscription.subject != inbox or self._broken:
            return  # from a consumer we have left
        self._last_heard = asyncio.get_running_loop().time()
        if not message.reply:
            self._on_status(message)
            return
        sequence, count, stored_at = read_address(message.reply)
        if count != self._delivered + 1:
            self._broken = True
        else:
            self._delivered = count
            self._next = sequence + 1
            self._asked = max(self._asked - 1, 0)
            self._bytes += len(message.data)
            self._entries.append(Entry(message.subject, sequence, stored_at, message.data))
        self._arrived.set()

    def _on_status(self, message: Msg) -> None:
        status = status_of(message)
        if status == _HEARTBEAT:
            return
        description = (message.headers or {}).get("Description", "")
        if status in _PULL_OVER or description.startswith(_TOO_MUCH):
            self._asked = 0
        else:
            self._broken = (
                True  # The consumer is gone: the server restarted, its leader moved, or we were away too long.
            )
        self._arrived.set()

    def _notice_silence(self, now: float) -> None:
        if self._asked and now - self._last_heard > _SILENCE_SECONDS_MAX:
            self._broken = True

    async def _leave(self) -> None:
        """Give the consumer and the subscription back, as far as they are still there."""
        subscription, self._subscription = self._subscription, None
        consumer, self._consumer = self._consumer, ""
        client, self._client = self._client, None
        self._broken = True
        if subscription is None or client is None or client is not self._connection.client:
            return
        with contextlib.suppress(Error, OSError):
            await subscription.unsubscribe()
        with contextlib.suppress(MonokotoError):
            if consumer:
                await call(self._connection, f"CONSUMER.DELETE.{self._stream}.{consumer}", seconds=1)


def read_address(reply: str) -> tuple[int, int, int]:
    """Stream sequence, consumer count and storing time (microseconds) out of a delivered message's reply subject.

    `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<ns>.<pending>`, or with a domain and an account
    after `ACK` (source: ADR-15 of nats-architecture-and-design).
    """
    tokens = reply.split(".")
    at = 5 if len(tokens) == 9 else 7
    return int(tokens[at]), int(tokens[at + 1]), int(tokens[at + 2]) // 1000

"""Messages to units, from the gateway's side: one reader of the stream DOWN for all connections of the process."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from monokoto.connect.gateway.connections.connection import ENDING, Connection
from monokoto.connect.gateway.connections.host import Process
from monokoto.connect.gateway.connections.keeper import KeptSession
from monokoto.connect.gateway.downlink import (
    DOWN,
    RETAINED,
    TOGETHER,
    decode_retained,
    decode_sent,
    decode_together,
    down_subject,
)
from monokoto.engines.log import Bucket, Entry, Log, Reader
from monokoto.kernel.errors import Invalid, Unavailable
from monokoto.kernel.ids import format_id, parse_id
from monokoto.mqtt import Message

_ENTRIES_MAX = 256
_WAIT_SECONDS = 5.0
_RETRY_SECONDS = 0.2
_log = structlog.get_logger(__name__)


class Deliveries:
    """Hands what stands on DOWN to the connections it concerns, each entry once and in order."""

    def __init__(self, gateway: Process, log: Log) -> None:
        self._gateway = gateway
        self._log = log
        self._bucket: Bucket | None = None
        self._task: asyncio.Task[None] | None = None
        self.position = 0
        """The last entry of DOWN that was handed out."""

    async def start(self) -> None:
        """Begin with what is sent from now on. Raises Unavailable."""
        await self._log.ensure_stream(DOWN)
        self.position = (await self._log.state(DOWN.name)).last_sequence
        self._bucket = await self._log.bucket(RETAINED)
        self._task = asyncio.create_task(self._run(), name="deliveries")

    async def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def retained(self, unit_id: int) -> list[Message]:
        """What is retained for a unit. Raises Unavailable."""
        if self._bucket is None:
            self._bucket = await self._log.bucket(RETAINED)
        found = await self._bucket.get(format_id(unit_id))
        return decode_retained(found[0]) if found else []

    async def catch_up(self, connection: Connection, kept: KeptSession) -> None:
        """Deliver what was sent while the session was away; what comes live meanwhile waits its turn.

        Raises: Unavailable.
        """
        kept.waiting = []
        until = self.position
        while kept.position < until:
            entry = await self._log.next_after(DOWN.name, down_subject(kept.owner_id), kept.position)
            if connection.kept is not kept or connection.state == ENDING:
                return
            if entry is None or entry.sequence > until:
                break
            if messages := _messages(entry):
                self._hand(connection, kept, entry.sequence, messages)
        self.release(connection, kept)

    def release(self, connection: Connection, kept: KeptSession) -> None:
        """Deliver what came live while the session was busy with something older."""
        waiting, kept.waiting = kept.waiting, None
        for sequence, messages in waiting or ():
            self._hand(connection, kept, sequence, messages)

    async def _run(self) -> None:
        while True:
            try:
                reader = await self._log.reader(DOWN.name, "down.>", from_sequence=self.position + 1)
                break
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
        try:
            while True:
                await self._read(reader)
        finally:
            with contextlib.suppress(Unavailable):
                await reader.close()

    async def _read(self, reader: Reader) -> None:
        try:
            entries = await reader.read(entries_max=_ENTRIES_MAX, wait_seconds=_WAIT_SECONDS)
        except Unavailable:
            await asyncio.sleep(_RETRY_SECONDS)
            return
        for entry in entries:
            self._dispatch(entry)
            self.position = entry.sequence

    def _dispatch(self, entry: Entry) -> None:
        if entry.subject.startswith(TOGETHER):
            self._dispatch_together(entry)
            return
        try:
            unit_id = parse_id(entry.subject.removeprefix("down."))
        except Invalid:
            return
        connections = self._gateway.of_owner.get(unit_id)
        messages = _messages(entry) if connections else ()
        if connections and messages:
            self._hand_to(list(connections), entry.sequence, messages)

    def _dispatch_together(self, entry: Entry) -> None:
        of_units: dict[int, list[Message]] = {}
        try:
            for unit_id, message in decode_together(entry.body):
                of_units.setdefault(unit_id, []).append(message)
        except ValueError:
            _unreadable(entry)
            return
        for unit_id, messages in of_units.items():
            if connections := self._gateway.of_owner.get(unit_id):
                self._hand_to(list(connections), entry.sequence, tuple(messages))

    def _hand_to(self, connections: list[Connection], sequence: int, messages: tuple[Message, ...]) -> None:
        for connection in connections:
            kept = connection.kept
            if kept is None:
                continue
            if kept.waiting is not None:
                kept.waiting.append((sequence, messages))
            else:
                self._hand(connection, kept, sequence, messages)

    def _hand(self, connection: Connection, kept: KeptSession, sequence: int, messages: tuple[Message, ...]) -> None:
        if sequence > kept.position:
            kept.position = sequence
            for message in messages:
                self._gateway.dialogue.deliver(connection, message)


def _messages(entry: Entry) -> tuple[Message, ...]:
    try:
        return decode_sent(entry.body)
    except ValueError:
        _unreadable(entry)
        return ()


def _unreadable(entry: Entry) -> None:
    _log.error("down_entry_unreadable", subject=entry.subject, sequence=entry.sequence)

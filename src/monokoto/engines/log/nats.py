"""The log on NATS JetStream: one server of our own, or a cluster."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error

from monokoto.engines.log.api import NO_MESSAGE, Refused, call, status_of
from monokoto.engines.log.appends import Appends
from monokoto.engines.log.bucket import NatsBucket, bucket_config
from monokoto.engines.log.connection import Connection
from monokoto.engines.log.port import Bucket, Entry, Log, Reader, StreamSpec, StreamState
from monokoto.engines.log.reader import NatsReader
from monokoto.engines.log.streams import ensure, stream_config
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import MonokotoError, Unavailable

OPEN_SECONDS = 10.0
VERSION_MIN = (2, 10)
ANSWERS_AT_ONCE_MAX = 64
_FLUSH_SECONDS = 2
_ERROR_HEADER = "Monokoto-Error"

_log = structlog.get_logger(__name__)


class _Listening:
    """One subscription that is made again on every connection."""

    def __init__(self, subject: str, queue: str, heard: Callable[[Msg], Awaitable[None]]) -> None:
        self._subject = subject
        self._queue = queue
        self._heard = heard
        self._subscription: Subscription | None = None
        self._stopped = False

    async def start(self, client: Client) -> None:
        if not self._stopped:
            self._subscription = await client.subscribe(self._subject, queue=self._queue, cb=self._heard)

    async def stop(self) -> None:
        self._stopped = True
        if self._subscription is not None:
            with contextlib.suppress(Error, OSError):
                await self._subscription.unsubscribe()


class NatsLog:
    """As `Log`."""

    def __init__(self, connection: Connection, replicas: int) -> None:
        self._connection = connection
        self._replicas = replicas
        self._appends = Appends(connection)
        self._listening: list[_Listening] = []
        self._answering: set[asyncio.Task[None]] = set()
        connection.on_open(self._resubscribe)

    @property
    def body_bytes_max(self) -> int:
        """As `Log.body_bytes_max`."""
        return self._connection.body_bytes_max

    @property
    def connected(self) -> bool:
        """As `Log.connected`."""
        return self._connection.client is not None

    async def ensure_stream(self, spec: StreamSpec) -> None:
        """As `Log.ensure_stream`."""
        await ensure(self._connection, stream_config(spec, self._replicas))

    async def append(self, subject: str, body: bytes, *, message_id: str = "") -> int:
        """As `Log.append`."""
        return await self._appends.append(subject, body, message_id=message_id)

    async def reader(self, stream: str, subject: str, *, from_sequence: int = 1) -> Reader:
        """As `Log.reader`."""
        return NatsReader(self._connection, stream, subject, from_sequence)

    async def last(self, stream: str, subject: str) -> Entry | None:
        """As `Log.last`."""
        return await self._message(stream, {"last_by_subj": subject})

    async def next_after(self, stream: str, subject: str, sequence: int) -> Entry | None:
        """As `Log.next_after`."""
        return await self._message(stream, {"seq": sequence + 1, "next_by_subj": subject})

    async def state(self, stream: str) -> StreamState:
        """As `Log.state`."""
        state = (await call(self._connection, f"STREAM.INFO.{stream}"))["state"]
        first = state["first_seq"] if state["messages"] else state["last_seq"] + 1
        return StreamState(first, state["last_seq"], state["messages"], state["bytes"])

    async def trim(self, stream: str, *, before_sequence: int, subject: str = "") -> None:
        """As `Log.trim`."""
        if before_sequence <= 1:
            return  # JetStream reads a sequence of 0 as "everything".
        request: dict[str, Any] = {"seq": before_sequence}
        if subject:
            request["filter"] = subject
        await call(self._connection, f"STREAM.PURGE.{stream}", request)

    async def bucket(self, name: str) -> Bucket:
        """As `Log.bucket`."""
        await ensure(self._connection, bucket_config(name, self._replicas))
        return NatsBucket(self._connection, self._appends, name)

    async def tell(self, subject: str, body: bytes) -> None:
        """As `Log.tell`. While the log is away the signal is lost."""
        if (client := self._connection.client) is not None:
            with contextlib.suppress(Error, OSError):
                await client.publish(subject, body)

    async def listen(
        self, subject: str, heard: Callable[[str, bytes], Awaitable[None]]
    ) -> Callable[[], Awaitable[None]]:
        """As `Log.listen`; one call at a time, in the order of arrival."""

        async def on_message(message: Msg) -> None:
            try:
                await heard(message.subject, message.data)
            except Exception:
                # One message that cannot be worked on must not end the subscription.
                _log.exception("log.listener_failed", subject=message.subject)

        return await self._subscribe(subject, "", on_message)

    async def request(self, subject: str, body: bytes, *, timeout_seconds: float) -> bytes:
        """As `Log.request`."""
        try:
            message = await self._connection.ask(subject, body, seconds=timeout_seconds)
        except TimeoutError:
            raise Unavailable(f"nobody answered on {subject} within {timeout_seconds:g} s") from None
        if message is None:
            raise Unavailable(f"the connection broke before {subject} was answered")
        if status_of(message):
            raise Unavailable(f"nobody answers on {subject}")
        if reason := (message.headers or {}).get(_ERROR_HEADER):
            raise Unavailable(f"{subject} failed: {reason}")
        return message.data

    async def answer(self, subject: str, reply: Callable[[bytes], Awaitable[bytes]]) -> Callable[[], Awaitable[None]]:
        """As `Log.answer`; requests are answered side by side, and one of several answerers takes each."""
        free = asyncio.Semaphore(ANSWERS_AT_ONCE_MAX)

        async def respond(message: Msg) -> None:
            headers: dict[str, str] = {}
            body = b""
            try:
                body = await reply(message.data)
            except MonokotoError as error:
                headers[_ERROR_HEADER] = error.message
            finally:
                free.release()
            if message.reply and (client := self._connection.client) is not None:
                with contextlib.suppress(Error, OSError):
                    await client.publish(message.reply, body, headers=headers or None)

        async def on_message(message: Msg) -> None:
            await free.acquire()
            task = asyncio.create_task(respond(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

        return await self._subscribe(subject, "answers", on_message)

    async def close(self) -> None:
        """As `Log.close`."""
        for task in list(self._answering):
            task.cancel()
        self._appends.close()
        await self._connection.close()

    async def _subscribe(
        self, subject: str, queue: str, heard: Callable[[Msg], Awaitable[None]]
    ) -> Callable[[], Awaitable[None]]:
        listening = _Listening(subject, queue, heard)
        self._listening.append(listening)
        if (client := self._connection.client) is not None:
            with contextlib.suppress(Error, OSError, TimeoutError):
                await listening.start(client)
                await client.flush(timeout=_FLUSH_SECONDS)  # Returning means: what is told from now on is heard.

        async def stop() -> None:
            if listening in self._listening:
                self._listening.remove(listening)
            await listening.stop()

        return stop

    async def _resubscribe(self, client: Client) -> None:
        for listening in list(self._listening):
            await listening.start(client)

    async def _message(self, stream: str, request: dict[str, Any]) -> Entry | None:
        """One stored message. Asked of the stream's leader: a replica (direct get) may not have the newest yet."""
        try:
            message = (await call(self._connection, f"STREAM.MSG.GET.{stream}", request))["message"]
        except Refused as refused:
            if refused.number == NO_MESSAGE:
                return None
            raise
        body = base64.b64decode(message.get("data", ""))
        return Entry(message["subject"], message["seq"], parse_instant(message["time"]), body)


async def open_log(url: str, *, credentials_file: str = "", token: str = "", replicas: int = 1) -> Log:
    """Connect to the log at `url` (`nats://user:password@host:port`, several separated by commas; `tls://` with TLS).

    Raises:
        Unavailable: it cannot be reached, refuses us, is older than 2.10 or runs without JetStream.
    """
    connection = Connection(url, credentials_file=credentials_file, token=token)
    log = NatsLog(connection, replicas)
    await connection.open(seconds=OPEN_SECONDS)
    try:
        client = await connection.wait(OPEN_SECONDS)
        version = client.connected_server_version
        if (version.major, version.minor) < VERSION_MIN:
            raise Unavailable(f"{version} is too old", remedy="Monokoto needs nats-server 2.10 or newer.")
        await _require_jetstream(connection)
    except BaseException:
        await log.close()
        raise
    return log


async def _require_jetstream(connection: Connection) -> None:
    try:
        await call(connection, "INFO", seconds=OPEN_SECONDS)
    except Unavailable as error:
        raise Unavailable(
            f"the log's server keeps nothing: {error.message}", remedy="Start nats-server with JetStream (-js)."
        ) from error

"""The connection to the log's servers, made again for ever, and the answers expected on it.

Each connection is a new client of its own; the library's own reconnecting is switched off. It would send, first thing after
a reconnect, whatever lay in its buffer when the connection broke, and so before what was on its way at that moment: appends
of one subject would change places. Here nothing is sent on a new connection but what the
`on_open` and `on_live` hooks send.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import (
    AuthorizationError,
    ConnectionClosedError,
    ConnectionDrainingError,
    Error,
    OutboundBufferLimitError,
)

from monokoto.kernel.errors import Unavailable

Heard = Callable[[Msg | None], None]
"""What to do with an answer; None: the connection broke before there was one."""

CONNECT_SECONDS = 3
PING_SECONDS = 5
PINGS_OUTSTANDING_MAX = 3
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
_WATCH_SECONDS = 0.1
_HEADER_BYTES_MAX = 4096
_WRITE_BUFFER_BYTES = 1 << 30  # never reached: `Appends` bounds what is outstanding. At it, the library would wait

_log = structlog.get_logger(__name__)


class _OneConnection(Client):
    """The library's client for one connection and no other."""

    async def _process_op_err(self, e: Exception) -> None:
        # Closing, the library would first send what is pending into the broken connection, fail at that, and leave its
        # tasks behind unfinished. Who still waits for an answer sends again on the next connection.
        self._pending.clear()
        self._pending_data_size = 0
        await super()._process_op_err(e)


class Connection:
    """At most one live client; who waits for an answer on it learns when it breaks."""

    def __init__(self, url: str, *, credentials_file: str = "", token: str = "") -> None:
        self._servers = [server.strip() for server in url.split(",") if server.strip()]
        self._credentials_file = credentials_file
        self._token = token
        self._client: Client | None = None
        self._inbox = ""
        self._tokens = itertools.count(1)
        self._answers: dict[str, Heard] = {}
        self._up = asyncio.Event()
        self._noticed = asyncio.Event()
        self._on_open: list[Callable[[Client], Awaitable[None]]] = []
        self._on_live: list[Callable[[], None]] = []
        self._live = False
        self._keeper: asyncio.Task[None] | None = None
        self._reason: Exception | None = None
        self._closed = False
        self.body_bytes_max = 0
        """What the server takes, less the room for headers."""

    @property
    def client(self) -> Client | None:
        """The live client, or None while there is none."""
        return self._client if self._client is not None and self._live and self._client.is_connected else None

    def on_open(self, hook: Callable[[Client], Awaitable[None]]) -> None:
        """Await `hook` on every new connection, before anything is sent on it: subscriptions belong here."""
        self._on_open.append(hook)

    def on_live(self, hook: Callable[[], None]) -> None:
        """Call `hook` as soon as a new connection can be used: what must be sent again belongs here."""
        self._on_live.append(hook)

    async def open(self, *, seconds: float) -> None:
        """Connect, and stay connected until `close`.

        Raises:
            Unavailable: no server answered in time, or it refused us.
        """
        self._keeper = asyncio.create_task(self._keep(), name="log connection")
        try:
            await self.wait(seconds)
        except BaseException:
            await self.close()
            raise

    async def wait(self, seconds: float) -> Client:
        """The live client, as soon as there is one.

        Raises:
            Unavailable: there was none within `seconds`, or the server refused our credentials.
        """
        if (client := self.client) is not None:
            return client
        deadline = asyncio.get_running_loop().time() + seconds
        while not self._closed and asyncio.get_running_loop().time() < deadline:
            if self._refused:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_SECONDS):
                    await self._up.wait()
            if (client := self.client) is not None:
                return client
            await asyncio.sleep(0.01)
        raise self._unavailable()

    async def send(self, subject: str, body: bytes, headers: dict[str, str] | None, heard: Heard) -> str:
        """Send a message whose answer goes to `heard`. Returns its token for `forget`; empty when there is no connection.

        It is written in the order of the calls: nothing here waits before the message stands in the client's buffer.
        """
        client = self.client
        if client is None:
            return ""
        token = str(next(self._tokens))
        self._answers[token] = heard
        try:
            await client.publish(subject, body, reply=f"{self._inbox}.{token}", headers=headers)
        except (ConnectionClosedError, ConnectionDrainingError, OutboundBufferLimitError):
            self._noticed.set()  # `heard` is told by the keeper
        except BaseException:
            self._answers.pop(token, None)
            raise
        return token

    def forget(self, token: str) -> None:
        """Expect no answer to this message any more."""
        self._answers.pop(token, None)

    async def ask(self, subject: str, body: bytes, *, seconds: float) -> Msg | None:
        """The answer to one message; None when the connection broke first.

        Raises:
            Unavailable: there is no connection.
            TimeoutError: nobody answered.
        """
        await self.wait(seconds)
        answer: asyncio.Future[Msg | None] = asyncio.get_running_loop().create_future()

        def heard(message: Msg | None) -> None:
            if not answer.done():
                answer.set_result(message)

        token = await self.send(subject, body, None, heard)
        if not token:
            return None
        try:
            async with asyncio.timeout(seconds):
                return await answer
        finally:
            self.forget(token)

    async def close(self) -> None:
        """Close for good."""
        self._closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    async def _keep(self) -> None:
        attempt = 0
        try:
            while True:
                try:
                    await self._connect()
                except (OSError, Error, TimeoutError, ValueError) as error:
                    self._reason = error
                    await self._drop()
                    await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
                    attempt += 1
                    continue
                attempt = 0
                self._live = True
                self._up.set()
                for hook in self._on_live:
                    hook()
                await self._until_lost()
                _log.warning("log.connection_lost", reason=str(self._reason or "closed by the server"))
                await self._drop()
        finally:
            await self._drop()

    async def _connect(self) -> None:
        self._noticed.clear()
        self._reason = None
        client = self._client = _OneConnection()
        async with asyncio.timeout(CONNECT_SECONDS * len(self._servers) + 1):
            await client.connect(
                list(self._servers),
                error_cb=self._on_error,
                closed_cb=self._on_closed,
                allow_reconnect=False,
                connect_timeout=CONNECT_SECONDS,
                reconnect_time_wait=0,
                max_reconnect_attempts=1,
                ping_interval=PING_SECONDS,
                max_outstanding_pings=PINGS_OUTSTANDING_MAX,
                pending_size=_WRITE_BUFFER_BYTES,
                token=self._token or None,
                user_credentials=self._credentials_file or None,
            )
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._on_answer, pending_bytes_limit=0)
        self.body_bytes_max = client.max_payload - _HEADER_BYTES_MAX
        for hook in self._on_open:
            await hook(client)

    async def _until_lost(self) -> None:
        """Return once the client is no longer connected; its callbacks only hasten what is looked up anyway, since the
        library does not call them when closing fails half-way."""
        client = self._client
        while client is not None and client.is_connected:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_SECONDS):
                    await self._noticed.wait()
            if self._noticed.is_set():
                self._noticed.clear()
                await asyncio.sleep(0.001)

    async def _drop(self) -> None:
        """Forget the client and tell everybody who waits on it."""
        client, self._client = self._client, None
        self._live = False
        self._up.clear()
        answers, self._answers = self._answers, {}
        for heard in answers.values():
            heard(None)
        if client is not None:
            with contextlib.suppress(OSError, Error, AssertionError, TimeoutError):
                await client.close()

    async def _on_answer(self, message: Msg) -> None:
        heard = self._answers.pop(message.subject[len(self._inbox) + 1 :], None)
        if heard is not None:
            heard(message)

    async def _on_error(self, error: Exception) -> None:
        self._reason = self._reason or error  # what comes after the first is the noise of closing
        self._noticed.set()

    async def _on_closed(self) -> None:
        self._noticed.set()

    @property
    def _refused(self) -> bool:
        """Whether a server did not let us in; the library has a type for it and, while connecting, only the text."""
        return isinstance(self._reason, AuthorizationError) or "authorization violation" in str(self._reason).lower()

    def _unavailable(self) -> Unavailable:
        addresses = ", ".join(server.rpartition("@")[2] for server in self._servers)
        reason = str(self._reason or "no answer")
        if self._refused:
            return Unavailable(
                f"the log at {addresses} refused our credentials", remedy="Check log.url and log.credentials_file."
            )
        return Unavailable(
            f"the log at {addresses} cannot be reached: {reason}", remedy="Is nats-server running there?"
        )

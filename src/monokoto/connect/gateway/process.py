"""A gateway process: opens what it stands on, listens, and stops in order."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import structlog

from monokoto.connect.fleet import CREDENTIAL_ENDED, UNITS_CHANGED, Credentials, Directory
from monokoto.connect.gateway.applications import ApplicationKeys, ApplicationService
from monokoto.connect.gateway.authentication import Authentication, UnitCredentials
from monokoto.connect.gateway.committer import Committer
from monokoto.connect.gateway.connections import Gateway, Keeper, Listeners, Units
from monokoto.connect.gateway.counters import Counters
from monokoto.connect.tenancy import ApiKeys
from monokoto.engines.log import Log, StreamSpec, log_facts, open_log
from monokoto.engines.records import open_records
from monokoto.kernel.clock import Clock, SystemClock
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import APPLICATION_SUBSCRIPTIONS_MAX
from monokoto.mqtt import SessionLimits
from monokoto.settings import GatewaySettings, LogSettings, Settings

POLL_SECONDS = 5.0
DIRECTORY_SECONDS = 2.0
APPLICATION_LIMITS = SessionLimits(retain=True, subscriptions_max=APPLICATION_SUBSCRIPTIONS_MAX, window=256)
OTHER_FILES = 256  # what a process opens beside its connections
_log = structlog.get_logger(__name__)


def line_stream(settings: LogSettings) -> StreamSpec:
    """The stream the commits go to. It refuses when it is full; the line trims it."""
    return StreamSpec(name="LINE", subjects=("line.>",), bytes_max=settings.bytes_max)


def raise_open_files(settings: GatewaySettings) -> GatewaySettings:
    """Let the process open as many files as it may; with fewer than its connections need, it takes fewer connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, settings.connections_max + OTHER_FILES)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    room = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OTHER_FILES
    if room >= settings.connections_max:
        return settings
    _log.warning("connections_limited", wanted=settings.connections_max, taken=room, remedy="Raise `ulimit -n`.")
    return msgspec.structs.replace(settings, connections_max=max(1, room))


class GatewayProcess:
    """Everything of one gateway but the engines it stands on, which are handed in."""

    def __init__(
        self,
        settings: Settings,
        *,
        log: Log,
        credentials: UnitCredentials,
        directory: Units,
        keys: ApplicationKeys | None = None,
        refresh_directory: Callable[[], object] | None = None,
        facts: Facts | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._facts = facts
        self._refresh = refresh_directory
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        clock = clock or SystemClock()
        name = format_id(new_id())
        self.counters = Counters()
        self.committer = Committer(
            log,
            clock,
            partitions=settings.log.partitions,
            linger_ms=settings.gateway.commit_linger_ms,
            bytes_max=settings.gateway.commit_bytes_max,
            counters=self.counters,
        )
        self.authentication = Authentication(credentials)
        # A unit's retained publish is taken for what it says: the twin is what is retained of it.
        limits = SessionLimits(retain=True)
        self.gateway = Gateway(
            name=name,
            settings=settings.gateway,
            log=log,
            committer=self.committer,
            keeper=Keeper(log, name, limits, APPLICATION_LIMITS),
            authentication=self.authentication,
            directory=directory,
            clock=clock,
        )
        self.applications: ApplicationService | None = None
        if keys is not None:
            self.gateway.applications = self.applications = ApplicationService(self.gateway, log, keys)
        self.listeners = Listeners(self.gateway, settings.gateway)

    @property
    def ports(self) -> dict[str, int]:
        """`mqtt`, `websocket`, and `mqtts` when there is a certificate."""
        return self.listeners.ports

    async def start(self) -> None:
        """Open for units. Raises Unavailable (the log), BadSettings (a port is taken, a certificate is wrong)."""
        await self._log.ensure_stream(line_stream(self._settings.log))
        await self._load_directory()
        await self.authentication.poll()
        await self.gateway.downlinks.start()
        await self.gateway.neighbours.start()
        if self._facts is not None:
            await self._facts.listen(CREDENTIAL_ENDED, self._credential_ended)
            await self._facts.listen(UNITS_CHANGED, self._units_changed)
        if self.applications is not None:
            await self.applications.start()
        await self.listeners.start()
        self._tasks = [
            asyncio.create_task(self._repeat(POLL_SECONDS, self._poll), name="ended credentials"),
            asyncio.create_task(self._repeat(DIRECTORY_SECONDS, self._load_directory), name="directory"),
        ]

    async def stop(self) -> None:
        """Close in order: no new connections, what is pending committed and acknowledged, version 5 told. Once."""
        if self.gateway.stopping:
            return
        await self.listeners.stop()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self.applications is not None:
            await self.applications.stop()
        await self.gateway.stop()
        await self.gateway.downlinks.stop()
        await self.gateway.neighbours.stop()
        self.authentication.close()

    async def _repeat(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                if work == self._load_directory:
                    async with asyncio.timeout(seconds):
                        await self._changed.wait()
                else:
                    await asyncio.sleep(seconds)
            try:
                await work()
            except Unavailable as error:
                _log.warning("records_unavailable", detail=error.message)

    async def _poll(self) -> None:
        ended = await self.authentication.poll()
        if ended:
            self.gateway.end_credentials(ended)

    async def _load_directory(self) -> None:
        self._changed.clear()
        if self._refresh is None:
            return
        try:
            await asyncio.to_thread(self._refresh)
        except Exception as error:  # whatever the records raise: the directory stays as it was
            raise Unavailable(f"The directory of units cannot be refreshed: {error}") from error

    async def _credential_ended(self, fact: Fact) -> None:
        self.gateway.end_credentials([int(fact.data["credential_id"])])

    async def _units_changed(self, _fact: Fact) -> None:
        self._changed.set()


async def run_gateway(
    settings: Settings,
    *,
    log_url: str,
    ready: Callable[[dict[str, object]], None],
    stop: asyncio.Event | None = None,
) -> None:
    """The gateway process, until SIGTERM or SIGINT (or `stop`). `ready` is told the real ports once.

    Raises:
        Unavailable: the log or the records cannot be reached.
        BadSettings: a port is taken, a certificate is wrong.
    """
    settings = msgspec.structs.replace(settings, gateway=raise_open_files(settings.gateway))
    ended = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    log = await open_log(log_url, credentials_file=settings.log.credentials_file, replicas=settings.log.replicas)
    records = open_records(settings.records.url, data_dir=Path(settings.data_dir), keys_file=settings.records.keys_file)
    try:
        directory = Directory(records)
        process = GatewayProcess(
            settings,
            log=log,
            credentials=Credentials(records, SystemClock()),
            directory=directory,
            keys=ApiKeys(records, SystemClock()),
            refresh_directory=directory.refresh,
            facts=log_facts(log),
        )
        await process.start()
        try:
            ready({"ready": "gateway", "gateway": process.gateway.name, "ports": process.ports})
            await ended.wait()
        finally:
            await process.stop()
    finally:
        await log.close()
        records.close()

"""The processes of one machine as one: started in order, watched, started again, stopped in the opposite order.

`koto up` runs the supervisor. Its children are nats-server (unless `log.url` names another), the platform process, and the
gateway processes; each dies with the supervisor, even when that is killed. A child says that it is ready by printing one
line of JSON on its standard output, `{"ready": {...}}`. Names of settings inside, as in `{"gateway.mqtt_port": 41883}`, are
pinned: children started from then on, and this one started again, get that value. So a port that was free at the first start
stays the same.

A child that ends unasked is started again after 0.1 s, then after twice as long each time up to 5 s; half a minute of
health begins anew. The first start is different: a child that does not get ready ends everything, for then a setting is wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

import structlog

from monokoto.cli.child import Child, ChildSpec, Ready, describe_exit
from monokoto.cli.ports import require_ports
from monokoto.engines.host import FolderLock
from monokoto.engines.log import NatsServer
from monokoto.kernel.errors import MonokotoError
from monokoto.settings import OTHER_VARIABLES, VARIABLE_PREFIX, Settings, describe, environment_of, variable_of

RESTART_SECONDS_MIN = 0.1
RESTART_SECONDS_MAX = 5.0
HEALTHY_SECONDS = 30.0
LOCK_SECONDS = 5.0
LOG_NAME = "log"

_log = structlog.get_logger(__name__)


class Supervised(Protocol):
    """What can be started, watched and ended: a `Child`, or our nats-server."""

    @property
    def name(self) -> str: ...

    @property
    def pid(self) -> int: ...

    async def start(self, pinned: Mapping[str, str]) -> Ready: ...

    async def wait(self) -> int: ...

    async def stop(self) -> bool: ...

    async def kill(self) -> None: ...


class _LogServer:
    """Our nats-server as a supervised child."""

    name = LOG_NAME

    def __init__(self, server: NatsServer) -> None:
        self._server = server

    @property
    def pid(self) -> int:
        return self._server.pid

    async def start(self, pinned: Mapping[str, str]) -> Ready:
        return {"log.url": await self._server.start()}

    async def wait(self) -> int:
        return await self._server.wait()

    async def stop(self) -> bool:
        await self._server.stop()
        return True

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if pid := self.pid:
                os.kill(pid, signal.SIGKILL)
        await self._server.stop()


class Supervisor:
    """Everything `koto up` runs."""

    def __init__(self, settings: Settings, *, children: Sequence[ChildSpec] | None = None) -> None:
        self._settings = settings
        self._data_dir = Path(settings.data_dir)
        self._lock = FolderLock(self._data_dir)
        self._specs = default_children(settings) if children is None else children
        self._require_ports = children is None
        self._server = None if settings.log.url else NatsServer(self._data_dir / "log", port=settings.log.port)
        self._stages: list[list[Supervised]] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._pinned: dict[str, str] = {}
        self._variables = {one.name: variable_of(one.name) for one in describe(Settings())}
        self._stop_asked = asyncio.Event()
        self._kill_asked = asyncio.Event()
        self.ready: dict[str, Ready] = {}
        """What each child told at its last start, by name."""
        self.restarts = 0

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each child; 0 while it does not run."""
        return {child.name: child.pid for stage in self._stages for child in stage}

    async def start(self) -> Mapping[str, Ready]:
        """Start everything in order; what each child told, by name.

        Raises:
            MonokotoError: something did not start; everything was ended again.
        """
        await asyncio.to_thread(self._lock.acquire, wait_seconds=LOCK_SECONDS)
        try:
            if self._require_ports:
                await asyncio.to_thread(require_ports, self._settings)
            for stage in self._plan():
                self._stages.append(stage)
                for child in stage:
                    await self._start(child)
        except BaseException:
            await self.stop()
            raise
        self._keepers = [
            asyncio.create_task(self._keep(child), name=f"keeper of {child.name}")
            for stage in self._stages
            for child in stage
        ]
        if self._server is not None:
            self._keepers.append(asyncio.create_task(self._server.watch_disk(), name="disk"))
        return self.ready

    async def run(self, on_ready: Callable[[Mapping[str, Ready]], None]) -> None:
        """Start, tell `on_ready` what the children told, and wait for SIGTERM or SIGINT: the first stops everything in
        order (also while it starts), a second one kills.

        Raises:
            MonokotoError: something did not start; everything was ended again.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.on_signal, number)
        starting = asyncio.create_task(self.start())
        asked = asyncio.create_task(self._stop_asked.wait())
        try:
            await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                on_ready(await starting)
                await asked
            starting.cancel()
            await self._stop_or_kill(starting)
        except BaseException:
            await self.stop()
            raise
        finally:
            asked.cancel()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def on_signal(self, number: int) -> None:
        """Note a signal to stop."""
        _log.info("supervisor.stopping", signal=signal.Signals(number).name)
        (self._kill_asked if self._stop_asked.is_set() else self._stop_asked).set()

    async def stop(self) -> None:
        """End everything, the last started first, and give the data folder back."""
        keepers, self._keepers = self._keepers, []
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        for stage in reversed(self._stages):
            await asyncio.gather(*(self._stop(child) for child in stage))
        self._stages = []
        self._lock.release()

    async def _stop_or_kill(self, starting: asyncio.Task[Mapping[str, Ready]]) -> None:
        async def stop() -> None:
            await asyncio.wait({starting})  # Cut short, it stops what it had started.
            await self.stop()

        stopping = asyncio.create_task(stop())
        killing = asyncio.create_task(self._kill_asked.wait())
        await asyncio.wait({stopping, killing}, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            _log.warning("supervisor.killing", reason="a second signal")
            await asyncio.gather(*(child.kill() for stage in self._stages for child in stage))
        killing.cancel()
        await stopping

    def _plan(self) -> list[list[Supervised]]:
        """The children by stage, our nats-server before all others."""
        environment = _inherited_environment()
        environment.update(environment_of(self._settings))
        stages: list[list[Supervised]] = [] if self._server is None else [[_LogServer(self._server)]]
        for _, specs in groupby(sorted(self._specs, key=lambda spec: spec.stage), key=lambda spec: spec.stage):
            stages.append(
                [Child(spec, base_environment=environment, keep_open=(self._lock.descriptor,)) for spec in specs]
            )
        return stages

    async def _start(self, child: Supervised) -> None:
        ready = await child.start(self._pinned)
        self.ready[child.name] = ready
        self._pinned.update({self._variables[name]: str(ready[name]) for name in ready if name in self._variables})
        _log.info("supervisor.ready", child=child.name, pid=child.pid)

    async def _keep(self, child: Supervised) -> None:
        """Start the child again whenever it ends."""
        clock = asyncio.get_running_loop().time
        pause = RESTART_SECONDS_MIN
        while True:
            since = clock()
            reason = describe_exit(await child.wait())
            if clock() - since > HEALTHY_SECONDS:
                pause = RESTART_SECONDS_MIN
            while True:
                _log.warning("supervisor.ended", child=child.name, reason=reason, again_in_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, RESTART_SECONDS_MAX)
                self.restarts += 1
                try:
                    await self._start(child)
                    break
                except (MonokotoError, OSError) as error:
                    reason = str(error)

    async def _stop(self, child: Supervised) -> None:
        was = child.pid
        polite = await child.stop()
        if was:
            _log.log(20 if polite else 30, "supervisor.stopped", child=child.name, pid=was, killed=not polite)


def default_children(settings: Settings) -> list[ChildSpec]:
    """The platform, and after it the gateways, which read what it has migrated."""

    def argv(kind: str) -> list[str]:
        return [sys.executable, "-m", "monokoto.cli.process", kind]

    gateways = [
        ChildSpec(name=f"gateway-{number}", argv=argv("gateway"), stage=2)
        for number in range(1, settings.gateway.processes + 1)
    ]
    return [ChildSpec(name="platform", argv=argv("platform"), stage=1), *gateways]


def _inherited_environment() -> dict[str, str]:
    """Our variables without settings: the children get exactly the ones we have, wherever we have them from."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(VARIABLE_PREFIX) or name in OTHER_VARIABLES - {"MONOKOTO_SETTINGS"}
    }

"""The logs the conformance suite runs on: our own server, and servers of somebody else reached by their address."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from monokoto.engines.host import tethered
from monokoto.engines.log import Log, NatsServer, StreamSpec, open_log
from monokoto.engines.log.server import find_binary

LINE = StreamSpec(name="LINE", subjects=("line.*",), bytes_max=1 << 30)


class Service(Protocol):
    """Something that runs a log and can be killed."""

    replicas: int

    async def start(self) -> str: ...

    async def kill(self) -> None: ...

    async def stop(self) -> None: ...


class Own:
    """Our own child."""

    replicas = 1

    def __init__(self, folder: Path) -> None:
        self.server = NatsServer(folder)

    async def start(self) -> str:
        return await self.server.start()

    async def kill(self) -> None:
        os.kill(self.server.pid, signal.SIGKILL)
        await self.server.wait()

    async def stop(self) -> None:
        await self.server.stop()


class Foreign:
    """Plain nats-servers started by hand: one, or a cluster of three."""

    def __init__(self, folder: Path, size: int) -> None:
        self.replicas = size
        self._folder = folder
        self._ports = free_ports(2 * size)
        self._processes: dict[int, asyncio.subprocess.Process] = {}

    async def start(self) -> str:
        binary = await find_binary()
        for node in range(self.replicas):
            if node not in self._processes:
                self._processes[node] = await asyncio.create_subprocess_exec(
                    *tethered([binary, "-c", str(self._configuration(node))]), stderr=asyncio.subprocess.DEVNULL
                )
        for port in self._ports[: self.replicas]:
            await until_listening(port)
        return ",".join(f"nats://127.0.0.1:{port}" for port in self._ports[: self.replicas])

    async def kill(self) -> None:
        """Kill one node, a different one each time; of a single one that is all."""
        node, process = next(iter(self._processes.items()))
        del self._processes[node]
        process.kill()
        await process.wait()

    async def stop(self) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _configuration(self, node: int) -> Path:
        clients, routes = self._ports[: self.replicas], self._ports[self.replicas :]
        lines = [
            f"server_name: n{node}",
            f"listen: 127.0.0.1:{clients[node]}",
            f"jetstream {{ store_dir: {json.dumps(str(self._folder / str(node)))}, sync_interval: always }}",
        ]
        if self.replicas > 1:
            others = ", ".join(f"nats://127.0.0.1:{port}" for port in routes)
            lines.append(f"cluster {{ name: c, listen: 127.0.0.1:{routes[node]}, routes: [{others}] }}")
        path = self._folder / f"n{node}.conf"
        path.write_text("\n".join(lines))
        return path


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on right now."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


async def until_listening(port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"nobody listens on {port}")


@asynccontextmanager
async def run_log(service: Service) -> AsyncIterator[Log]:
    """An open log on a started service, both ended afterwards."""
    url = await service.start()
    try:
        log = await open_when_ready(url, service.replicas)
        try:
            yield log
        finally:
            await log.close()
    finally:
        await service.stop()


async def open_when_ready(url: str, replicas: int) -> Log:
    log = await open_log(url, replicas=replicas)
    # A cluster elects its leaders first; streams cannot be made before.
    for _ in range(20):
        try:
            await log.ensure_stream(LINE)
        except Exception:
            await asyncio.sleep(0.5)
        else:
            return log
    await log.ensure_stream(LINE)
    return log


@pytest.fixture(
    params=["own", "foreign", pytest.param("cluster", marks=[pytest.mark.long, pytest.mark.timeout(300)])],
)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Service:
    """A log of each kind, not yet started."""
    kinds: dict[str, Callable[[], Service]] = {
        "own": lambda: Own(tmp_path),
        "foreign": lambda: Foreign(tmp_path, 1),
        "cluster": lambda: Foreign(tmp_path, 3),
    }
    return kinds[request.param]()


@pytest.fixture
def with_log(service: Service) -> Callable[[Callable[[Log], Awaitable[None]]], None]:
    """Run a coroutine function on an open log with the stream LINE."""

    def run(story: Callable[[Log], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with run_log(service) as log:
                await story(log)

        asyncio.run(whole())

    return run


@pytest.fixture
def own_log(tmp_path: Path) -> Callable[[Callable[[Log], Awaitable[None]]], None]:
    """Run a coroutine function on our own server; several times in one test on the same data."""

    def run(story: Callable[[Log], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with run_log(Own(tmp_path)) as log:
                await story(log)

        asyncio.run(whole())

    return run


@pytest.fixture
def running() -> Callable[[Service], AbstractAsyncContextManager[Log]]:
    """Start a service and open its log: `async with running(service) as log`."""
    return run_log


@pytest.fixture
def own(tmp_path: Path) -> Own:
    """Our own server, not yet started."""
    return Own(tmp_path)


@pytest.fixture
def own_in() -> type[Own]:
    """Our own server in a folder given."""
    return Own


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 MB that can really be full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)

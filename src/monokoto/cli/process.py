"""`python -m monokoto.cli.process gateway|platform`: what the supervisor starts. Says on standard output when it is ready."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NoReturn

import msgspec
import uvicorn

from monokoto.cli.client import exit_code_of, tell
from monokoto.cli.logging import configure_logging
from monokoto.kernel.errors import BadSettings, MonokotoError
from monokoto.settings import ApiSettings, Settings, load_settings

_COLLECT_AFTER = (20_000, 10, 20)
"""Python's own 700 is for small programs: looking for cycles took a fifth of the platform's time under load."""


def say_ready(ports: dict[str, object]) -> None:
    """One line for the supervisor; settings' names are pinned for the next start.

    The search for cycles begins here. What stands now stays until the end: walking through it again and again while it
    grows would be a tenth of the start, and later a pause of a tenth of a second for everybody each time.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    gc.enable()
    sys.stdout.write(msgspec.json.encode({"ready": ports}).decode() + "\n")
    sys.stdout.flush()


async def gateway(settings: Settings) -> None:
    """A gateway until it is told to stop."""
    from monokoto.connect.gateway import run_gateway  # noqa: PLC0415 - each process imports what it runs

    def ready(told: dict[str, Any]) -> None:
        say_ready({f"gateway.{name}_port": port for name, port in told["ports"].items()})

    await run_gateway(settings, log_url=settings.log.url, ready=ready)


async def platform(settings: Settings) -> None:
    """The platform until it is told to stop."""
    from monokoto.assembly import Platform, open_engines  # noqa: PLC0415

    listener = listen(settings.api.host, settings.api.port)
    engines = await open_engines(settings)
    running = Platform(settings, engines)
    await running.start()
    server = _Server(_serving(settings.api, running.app))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.leave)
    server.before_leaving = running.end_streams
    running.doors.port = listener.getsockname()[1]
    server.when_started = lambda: say_ready(
        {"api.port": running.doors.port, "first_run": running.doors.first_run_secret or ""}
    )
    try:
        await server.serve(sockets=[listener])
    finally:
        await running.stop()


def _serving(settings: ApiSettings, app: Any) -> uvicorn.Config:
    """How it is served.

    Raises:
        BadSettings: the certificate or its key cannot be used.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=5,
        ssl_certfile=settings.certificate_file or None,
        ssl_keyfile=settings.key_file or None,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise BadSettings(
            f"The API cannot use the certificate {settings.certificate_file} with the key {settings.key_file}: {error}",
            remedy="api.certificate_file and api.key_file are PEM files of one certificate (its chain below it) and its key.",
        ) from None
    if isinstance(config.ssl, ssl.SSLContext):
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handlers, because we stop in our own order; it tells when it serves."""

    when_started: Callable[[], None]
    before_leaving: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        if self.started:
            self.when_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    def leave(self) -> None:
        """Stop serving: live streams first, because a server waits for its answers to end."""
        self.before_leaving()
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        BadSettings: the port is taken or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise BadSettings(
            f"The API cannot listen on {host}:{port}: {error.strerror}.",
            remedy="Set api.port (or api.host) to one that is free.",
        ) from None
    listener.listen(1024)
    return listener


PROCESSES = {"gateway": gateway, "platform": platform}


def main() -> int:
    """Run the process named on the command line."""
    kind = sys.argv[1] if len(sys.argv) == 2 else ""
    if kind not in PROCESSES:
        sys.stderr.write(f"usage: python -m monokoto.cli.process {'|'.join(PROCESSES)}\n")
        return 2
    gc.disable()  # until it is ready
    os.umask(0o077)  # what we write is ours alone to read: readings, mails, the records
    try:
        settings = load_settings(None, os.environ)
        configure_logging(settings.log_level, process=kind)
        run(PROCESSES[kind](settings))
    except MonokotoError as error:
        tell(error)
        return exit_code_of(error)
    return 0


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run it on uvloop, or on asyncio's own loop where there is none."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


def leave(code: int) -> NoReturn:
    """End this process at once: everything is closed, and what is said is on its way.

    Threads of the embedded store go on until the process ends, and now and then one trips over what an orderly exit takes
    down under it: the process then ends by SIGSEGV instead (chdb 26.9).
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())

"""Background work: by signal and by period, never in parallel with itself, never ended by an error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from monokoto.kernel.errors import MonokotoError

_log = structlog.get_logger(__name__)


async def keep_doing(
    name: str, work: Callable[[], Awaitable[object]], *, period_seconds: Callable[[], float], signal: asyncio.Event
) -> None:
    """Do the work when signalled, and again after each period, until cancelled."""
    while True:
        try:
            async with asyncio.timeout(period_seconds()):
                await signal.wait()
        except TimeoutError:
            pass
        signal.clear()
        try:
            await work()
        except MonokotoError as error:
            _log.warning("job_waits", job=name, reason=error.message)
        except Exception:
            _log.exception("job_failed", job=name)

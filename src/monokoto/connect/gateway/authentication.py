"""Who is connecting: the fleet is asked in a thread, recent answers are remembered for a few seconds.

A fleet that comes back after an outage presents the same tokens again and again; a small cache spares the records. What
ends meanwhile is taken out at once by the fact, and by the question asked every five seconds; an answer that was on its
way when its credential ended is refused by the memory of recent ends. Who asks after the end gets what the records say: a
suspended unit that is active again comes in at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.kernel.errors import MonokotoError, TooMany, Unauthenticated, Unavailable
from monokoto.kernel.limits import AUTHENTICATIONS_WAITING_MAX

CACHE_SECONDS = 10.0
CACHE_MAX = 10_000
ENDED_SECONDS = 120.0
THREADS = 4
Secret = TypeVar("Secret", str, bytes)
_log = structlog.get_logger(__name__)


class UnitCredentials(Protocol):
    """What is asked of the fleet's `Credentials`. Blocking."""

    def authenticate_token(self, token: str) -> UnitIdentity:
        """Raises Unauthenticated."""
        ...

    def authenticate_certificate(self, der: bytes) -> UnitIdentity:
        """Raises Unauthenticated."""
        ...

    def ended_since(self, cursor: int) -> tuple[list[int], int]:
        """Credentials that ended after the cursor, and the next cursor."""
        ...


class Authentication:
    """Asks the fleet, off the event loop."""

    def __init__(self, credentials: UnitCredentials, *, now: Callable[[], float] = time.monotonic) -> None:
        self._credentials = credentials
        self._now = now
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="authentication")
        self._cache: OrderedDict[bytes, tuple[float, UnitIdentity]] = OrderedDict()
        self._ended: dict[int, float] = {}
        self._cursor = 0
        self._waiting = 0

    async def token(self, *candidates: str) -> UnitIdentity:
        """The unit of the first of these tokens that is one.

        Raises:
            Unauthenticated: none is.
            TooMany: too many are asking at once.
            Unavailable: the records cannot be asked.
        """
        for candidate in candidates:
            if not candidate:
                continue
            try:
                key = hashlib.sha256(candidate.encode()).digest()
                return await self._ask(key, self._credentials.authenticate_token, candidate)
            except Unauthenticated:
                continue
        raise Unauthenticated(
            "No live credential of an active unit came with this connection.",
            remedy="Send the unit's token as user name or as password.",
        )

    async def certificate(self, der: bytes) -> UnitIdentity:
        """The unit whose certificate this is. Raises as `token`."""
        return await self._ask(hashlib.sha256(der).digest(), self._credentials.authenticate_certificate, der)

    def ended(self, credential_ids: Iterable[int]) -> None:
        """These credentials ended: forget them, and refuse an older answer that still comes."""
        now = self._now()
        gone = set(credential_ids)
        self._ended.update(dict.fromkeys(gone, now))
        for key in [key for key, (_, unit) in self._cache.items() if unit.credential_id in gone]:
            del self._cache[key]

    async def poll(self) -> list[int]:
        """Credentials that ended since the last call; the first call starts the count. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        try:
            ended, self._cursor = await loop.run_in_executor(self._threads, self._credentials.ended_since, self._cursor)
        except Exception as error:
            raise Unavailable(f"The records cannot be asked for ended credentials: {error}") from error
        horizon = self._now() - ENDED_SECONDS
        self._ended = {credential: at for credential, at in self._ended.items() if at > horizon}
        return ended

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, key: bytes, ask: Callable[[Secret], UnitIdentity], secret: Secret) -> UnitIdentity:
        cached = self._cache.get(key)
        if cached is not None and cached[0] > self._now():
            return cached[1]
        if self._waiting >= AUTHENTICATIONS_WAITING_MAX:
            raise TooMany("Too many units are connecting at once.", remedy="Try again in a few seconds.")
        self._waiting += 1
        asked = self._now()
        try:
            unit = await asyncio.get_running_loop().run_in_executor(self._threads, ask, secret)
        except MonokotoError:
            raise
        except Exception as error:  # the records are another engine: whatever it raises, nobody was authenticated
            _log.error("authentication_failed", exc_info=error)
            raise Unavailable("The records cannot be asked who this is.") from error
        finally:
            self._waiting -= 1
        if self._ended.get(unit.credential_id, -math.inf) >= asked:
            raise Unauthenticated("The credential ended.")
        self._cache[key] = (self._now() + CACHE_SECONDS, unit)
        if len(self._cache) > CACHE_MAX:
            self._cache.popitem(last=False)
        return unit

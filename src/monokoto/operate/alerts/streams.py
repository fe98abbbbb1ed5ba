"""Who watches the list of alerts live. A listener holds no alerts: woken, it reads what changed since it was last served."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Collection

from monokoto.kernel.errors import TooMany
from monokoto.kernel.limits import ALERT_STREAMS_MAX, ALERT_STREAMS_PER_ORGANISATION_MAX


class Listener:
    """One who watches."""

    def __init__(self, organisation_id: int) -> None:
        self.organisation_id = organisation_id
        self.interest: Collection[int] = (organisation_id,)
        """Organisations whose alerts it may see; replaced as that changes."""
        self.awake = asyncio.Event()
        self.ended = False

    async def wait(self, seconds: float) -> None:
        """Until something may be new, or that time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self.awake.wait()
        except TimeoutError:
            return
        self.awake.clear()


class Streams:
    """All of them, within the limits. On the event loop only."""

    def __init__(self) -> None:
        # Weak: a client that went before its answer began leaves nothing behind.
        self._listeners: weakref.WeakSet[Listener] = weakref.WeakSet()

    def open(self, organisation_id: int) -> Listener:
        """A new listener; close it when done. Raises TooMany."""
        own = sum(one.organisation_id == organisation_id for one in self._listeners)
        if len(self._listeners) >= ALERT_STREAMS_MAX or own >= ALERT_STREAMS_PER_ORGANISATION_MAX:
            raise TooMany("Too many watch alerts at the moment.", remedy="Ask /api/v1/alerts by period.")
        listener = Listener(organisation_id)
        self._listeners.add(listener)
        return listener

    def close(self, listener: Listener) -> None:
        """It is served no more."""
        self._listeners.discard(listener)

    def wake(self, organisation_id: int) -> None:
        """Something happened to an organisation's alerts."""
        for listener in list(self._listeners):
            if organisation_id in listener.interest:
                listener.awake.set()

    def end(self) -> None:
        """Let all streams come to their end."""
        for listener in list(self._listeners):
            listener.ended = True
            listener.awake.set()

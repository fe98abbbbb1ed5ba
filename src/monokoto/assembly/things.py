"""The units as Things: joined out of fleet, products and the gate, with the secret all API processes share."""

from __future__ import annotations

import secrets

from monokoto.assembly.engines import Engines
from monokoto.connect.fleet import Fleet
from monokoto.connect.products import Products
from monokoto.engines.log import Log
from monokoto.kernel.errors import Conflict
from monokoto.operate.things import DirectoryEvents, EventFeed, Polls, Things, Whereabouts
from monokoto.settings import Settings
from monokoto.web import AccessTokens, Gate

_BUCKET = "secrets"
_NAME = "access-tokens"
_BYTES = 32


class JoinedThings:
    """What the routes of Things need. `start` before the API serves, `end` before it stops."""

    def __init__(self, settings: Settings, engines: Engines, *, fleet: Fleet, products: Products, gate: Gate) -> None:
        self.things = Things(fleet, products, gate, Whereabouts.from_settings(settings))
        self.event_feed = EventFeed(engines.clock)
        self.directory_events = DirectoryEvents(self.things, gate, engines.clock)
        self.polls = Polls()
        self.access_tokens = AccessTokens(engines.clock)
        self._log = engines.log

    async def start(self) -> None:
        """Get the secret that signs access tokens, or make it. Raises Unavailable."""
        self.access_tokens.secret = await _shared_secret(self._log)

    def end(self) -> None:
        """Let the streams come to their end."""
        self.event_feed.end()
        self.directory_events.end()


async def _shared_secret(log: Log) -> bytes:
    bucket = await log.bucket(_BUCKET)
    found = await bucket.get(_NAME)
    if found is None:
        fresh = secrets.token_bytes(_BYTES)
        try:
            await bucket.put(_NAME, fresh, revision=0)
        except Conflict:  # another process was faster
            found = await bucket.get(_NAME)
            assert found is not None
        else:
            return fresh
    return found[0]

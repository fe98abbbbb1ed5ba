"""Readings by HTTP: who sends them, how fast, and where they go. The same records as by MQTT, with the same promise."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway.authentication import Authentication
from monokoto.connect.gateway.commit import Route, with_subject
from monokoto.connect.gateway.committer import Committer
from monokoto.connect.gateway.pace import Pace
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import TooMany
from monokoto.settings import GatewaySettings

PACES_MAX = 100_000


class Ingest:
    """Takes records in over HTTP. One per process, made on its event loop."""

    def __init__(
        self, committer: Committer, authentication: Authentication, settings: GatewaySettings, clock: Clock
    ) -> None:
        self._committer = committer
        self._authentication = authentication
        self._settings = settings
        self._paces: OrderedDict[int, Pace] = OrderedDict()
        self.clock = clock

    async def unit(self, *tokens: str) -> UnitIdentity:
        """The unit behind the first token that is one. Raises Unauthenticated, TooMany, Unavailable."""
        return await self._authentication.token(*tokens)

    async def ended(self) -> None:
        """Take credentials that ended out of the cache; called by period. Raises Unavailable."""
        self._authentication.ended(await self._authentication.poll())

    async def take(
        self, unit: UnitIdentity, route: Route, payloads: Sequence[bytes], *, subject: str = "", messages: int = 1
    ) -> None:
        """Keep the payloads; they are on disk when this returns.

        Raises:
            TooMany: the unit is past its pace; nothing was taken.
            Unavailable: the log is away or full; what was taken may be sent again.
        """
        self._spend(unit, messages)
        bodies = [with_subject(subject, payload) for payload in payloads] if subject else payloads
        waiting = [self._committer.submit(unit.unit_id, route, body) for body in bodies]
        # Each future is looked at, also when an earlier one failed.
        for outcome in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    def _spend(self, unit: UnitIdentity, messages: int) -> None:
        """A request that is too fast is refused: HTTP has no way to slow a sender but to tell it."""
        now = asyncio.get_running_loop().time()
        for key, rate in (
            (unit.unit_id, self._settings.unit_messages_per_second),
            (-unit.organisation_id, self._settings.organisation_messages_per_second),
        ):
            pace = self._paces.get(key)
            if pace is None:
                pace = self._paces[key] = Pace(rate)
                pace.at = now
                if len(self._paces) > PACES_MAX:
                    self._paces.popitem(last=False)
            if pace.credit < 0 and pace.overdraft(now) > 0:
                raise TooMany(
                    f"More than {rate} messages a second.", remedy="Send the same again later; nothing was taken."
                )
            pace.credit -= messages

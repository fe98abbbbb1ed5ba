"""Readings by HTTP: who sends them, how fast, and where they go. The same records as by MQTT, with the same promise."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Sequence

import structlog

from monokoto.connect.fleet import CREDENTIAL_ENDED, UnitIdentity
from monokoto.connect.gateway.authentication import Authentication
from monokoto.connect.gateway.commit import Route, with_subject
from monokoto.connect.gateway.committer import Committer
from monokoto.connect.gateway.pace import Pace
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import TooMany, Unavailable
from monokoto.kernel.facts import Fact, Facts
from monokoto.settings import GatewaySettings

PACES_MAX = 100_000
POLL_SECONDS = 5.0
_log = structlog.get_logger(__name__)


class Ingest:
    """Takes records in over HTTP. One per process, made on its event loop."""

    def __init__(
        self, committer: Committer, authentication: Authentication, settings: GatewaySettings, clock: Clock
    ) -> None:
        self._committer = committer
        self._authentication = authentication
        self._settings = settings
        self._task: asyncio.Task[None] | None = None
        self._paces: OrderedDict[int, Pace] = OrderedDict()
        self.clock = clock

    async def unit(self, *tokens: str) -> UnitIdentity:
        """The unit behind the first token that is one. Raises Unauthenticated, TooMany, Unavailable."""
        return await self._authentication.token(*tokens)

    async def start(self, facts: Facts | None = None) -> None:
        """Hear of credentials that end: by the fact at once, and by asking every few seconds."""

        async def heard(fact: Fact) -> None:
            self._authentication.ended([int(fact.data["credential_id"])])

        if facts is not None:
            await facts.listen(CREDENTIAL_ENDED, heard)
        self._task = asyncio.create_task(self._poll(), name="ended credentials")

    async def stop(self) -> None:
        """Return when everything taken is kept, or was refused."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._committer.drain()
        self._authentication.close()

    async def _poll(self) -> None:
        while True:
            try:
                self._authentication.ended(await self._authentication.poll())
            except Unavailable as error:
                _log.warning("records_unavailable", detail=error.message)
            await asyncio.sleep(POLL_SECONDS)

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

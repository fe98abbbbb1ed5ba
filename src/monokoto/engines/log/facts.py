"""Facts on the log: the stream FACTS keeps the last days for people to look at; listeners hear them live."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from monokoto.engines.log.port import Log, StreamSpec
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import OrganisationId

FACTS = StreamSpec(
    name="FACTS", subjects=("fact.>",), bytes_max=256 << 20, age_seconds_max=7 * 24 * 3600, discard_old=True
)
TELL_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class _Body(msgspec.Struct):
    """A fact's form on the log (msgpack); its name is the subject."""

    organisation: int
    at: int
    data: dict[str, Any]


class LogFacts:
    """As `Facts`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._kept = False

    async def tell(self, fact: Fact) -> None:
        """As `Facts.tell`."""
        body = msgspec.msgpack.encode(_Body(fact.organisation_id, fact.at, dict(fact.data)))
        try:
            async with asyncio.timeout(TELL_SECONDS):
                if not self._kept:
                    await self._log.ensure_stream(FACTS)
                    self._kept = True
                await self._log.append(f"fact.{fact.name}", body)
        except (MonokotoError, TimeoutError) as error:
            _log.warning("facts.lost", fact=fact.name, reason=str(error) or "no answer in time")

    async def listen(self, name: str, heard: Callable[[Fact], Awaitable[None]]) -> None:
        """As `Facts.listen`."""

        async def on_body(subject: str, body: bytes) -> None:
            try:
                read = msgspec.msgpack.decode(body, type=_Body)
            except msgspec.DecodeError as error:
                _log.warning("facts.unreadable", subject=subject, reason=str(error))
                return
            await heard(
                Fact(
                    name=subject.removeprefix("fact."),
                    organisation_id=OrganisationId(read.organisation),
                    at=Instant(read.at),
                    data=read.data,
                )
            )

        await self._log.listen(f"fact.{name}", on_body)


def log_facts(log: Log) -> Facts:
    """Facts carried by the log, between all processes that share it."""
    return LogFacts(log)

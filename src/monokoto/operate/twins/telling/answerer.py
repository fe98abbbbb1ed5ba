"""Answers units' questions in the background, so that the line never waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from monokoto.connect.gateway import Route
from monokoto.connect.line import RequestRecord
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.limits import REQUEST_AGE_SECONDS_MAX, REQUESTS_WAITING_MAX
from monokoto.operate.twins.desired.states import DesiredStates
from monokoto.operate.twins.reported.state import ReportedState
from monokoto.operate.twins.telling.answers import Question, answers, is_question
from monokoto.operate.twins.telling.dialects import Message
from monokoto.operate.twins.telling.teller import Down, Units, deliver
from monokoto.operate.twins.twin import Twin

_AGE_MAX = REQUEST_AGE_SECONDS_MAX * MICROSECONDS_PER_SECOND
_AT_ONCE = 200
_log = structlog.get_logger(__name__)


class Answerer:
    """Takes questions in and answers them in order; old ones, seen again after a restart, are let go."""

    def __init__(
        self, state: ReportedState, desired: DesiredStates, units: Units, downlink: Down, clock: Clock
    ) -> None:
        self._state = state
        self._desired = desired
        self._units = units
        self._downlink = downlink
        self._clock = clock
        self._waiting: deque[RequestRecord] = deque(maxlen=REQUESTS_WAITING_MAX)
        self.signal = asyncio.Event()

    def take(self, requests: Sequence[RequestRecord]) -> None:
        """Note questions; called on the event loop by the line, cheap."""
        oldest = self._clock.now() - _AGE_MAX
        fresh = [
            one for one in requests if one.route == Route.REQUEST and one.arrived >= oldest and is_question(one.subject)
        ]
        if fresh:
            self._waiting.extend(fresh)
            self.signal.set()

    async def run(self) -> int:
        """Answer all that waits; returns how many messages were sent."""
        sent = 0
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            for message in await asyncio.to_thread(self._answer, some):
                try:
                    await deliver(self._downlink, message, expires_at=self._clock.now() + _AGE_MAX)
                    sent += 1
                except MonokotoError as error:
                    # Questions are asked again by who still wants to know: no retry, no queue that grows.
                    _log.warning("answer_lost", unit_id=message.unit_id, topic=message.topic, reason=error.message)
        return sent

    def _answer(self, requests: Sequence[RequestRecord]) -> list[Message]:
        oldest = self._clock.now() - _AGE_MAX
        return [message for one in requests if one.arrived >= oldest for message in self._answer_one(one)]

    def _answer_one(self, request: RequestRecord) -> list[Message]:
        unit = self._units.get(request.unit_id)
        if unit is None:
            return []

        def twin_of(name: str | None) -> Twin | None:
            who = unit if name is None else self._units.child(request.unit_id, name)
            if who is None:
                return None
            return Twin(
                unit_id=who.unit_id,
                product=who.product,
                reported=self._state.reported(who.organisation_id, who.product, [who.unit_id])[who.unit_id],
                desired=self._desired.get(who.organisation_id, who.unit_id),
            )

        return answers(Question(unit=unit, topic=request.subject, document=_document(request.payload), twin_of=twin_of))


def _document(payload: bytes) -> Any:
    """What was sent along; a unit that sends none, or none that can be read, asks for everything."""
    try:
        return msgspec.json.decode(payload) if payload else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None

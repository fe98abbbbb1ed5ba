"""Telling a unit again what is desired of it, whenever it has come back and does not report it.

A unit that subscribes anew finds the whole desired state retained on our own topic. One that comes back to a session the
gateway kept does not (it had the message, whatever became of it there), and ThingsBoard's and AWS's topics retain nothing: so
each time a unit begins to listen, or listens again, it is told what it drifts in, in the dialects it listens to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import structlog

from monokoto.connect.gateway import LISTENS, Route, overlap
from monokoto.connect.line import RequestRecord
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.limits import REQUESTS_WAITING_MAX
from monokoto.operate.twins.desired.states import DesiredStates
from monokoto.operate.twins.reported.state import ReportedState
from monokoto.operate.twins.telling.dialects import DESIRED_TOPIC, Message, News, messages
from monokoto.operate.twins.telling.teller import Down, Units
from monokoto.operate.twins.twin import Desired, drift

_AT_ONCE = 200
_BELOW = ["v1", "gateway", "attributes"]
"""Who listens to this hears of the units under it."""
_log = structlog.get_logger(__name__)


class _Listens(msgspec.Struct, frozen=True):
    filters: tuple[str, ...]
    resumed: bool


class Reminder:
    """Takes in who listens, and tells them."""

    def __init__(self, state: ReportedState, desired: DesiredStates, units: Units, downlink: Down) -> None:
        self._state = state
        self._desired = desired
        self._units = units
        self._downlink = downlink
        self._waiting: dict[int, _Listens] = {}
        self.signal = asyncio.Event()

    def take(self, requests: Sequence[RequestRecord]) -> None:
        """Note who listens; called on the event loop by the line, cheap."""
        for one in requests:
            if one.route == Route.REQUEST and one.subject == LISTENS:
                said = msgspec.json.decode(one.payload, type=_Listens)
                before = self._waiting.pop(one.unit_id, None)
                if before is not None:
                    said = _Listens((*before.filters, *said.filters), before.resumed or said.resumed)
                elif len(self._waiting) >= REQUESTS_WAITING_MAX:
                    self._waiting.pop(next(iter(self._waiting)))  # it is told when it comes back once more
                self._waiting[one.unit_id] = said
        if self._waiting:
            self.signal.set()

    async def run(self) -> int:
        """Tell all who wait; how many messages went."""
        sent = 0
        while self._waiting:
            some = {unit_id: self._waiting.pop(unit_id) for unit_id in list(self._waiting)[:_AT_ONCE]}
            for message in await asyncio.to_thread(self._messages, some):
                try:
                    # Not retained anew: it is there already, and may have changed since this was read.
                    await self._downlink.send(message.unit_id, topic=message.topic, payload=message.payload)
                    sent += 1
                except MonokotoError as error:
                    _log.warning("unit_not_reminded", unit_id=message.unit_id, reason=error.message)
        return sent

    def _messages(self, some: Mapping[int, _Listens]) -> list[Message]:
        of_organisation: dict[int, dict[int, int]] = {}
        for unit_id, listens in some.items():
            if (unit := self._units.get(unit_id)) is not None:
                hears = of_organisation.setdefault(unit.organisation_id, {})
                hears[unit_id] = unit_id
                if any(overlap(one.split("/"), _BELOW) for one in listens.filters):
                    hears |= dict.fromkeys(self._below(unit.organisation_id, unit_id), unit_id)
        return [
            message
            for organisation_id, hears in of_organisation.items()
            for unit_id, desired in self._desired.get_many(organisation_id, list(hears)).items()
            for message in self._of_unit(unit_id, hears[unit_id], desired, some[hears[unit_id]])
        ]

    def _below(self, organisation_id: int, unit_id: int) -> list[int]:
        """The units right under one that speaks for them, of which something is desired."""
        wanted = self._desired.units_with(organisation_id)
        return [one for one in wanted if (unit := self._units.get(one)) is not None and unit.parent_id == unit_id]

    def _of_unit(self, unit_id: int, listener_id: int, desired: Desired, listens: _Listens) -> list[Message]:
        unit = self._units.get(unit_id)
        if unit is None:
            return []
        reported = self._state.reported(unit.organisation_id, unit.product, [unit_id])[unit_id]
        drifting = drift(desired.properties, reported)
        if not drifting:
            return []
        agreed = {name: value for name, value in desired.properties.items() if name not in drifting}
        filters = [one.split("/") for one in listens.filters]

        def wanted(message: Message) -> bool:
            if message.unit_id != listener_id or (message.topic == DESIRED_TOPIC and not listens.resumed):
                return False
            levels = message.topic.split("/")
            return any(overlap(asked, levels) for asked in filters)

        news = News(unit=unit, desired=desired, before=agreed, reported=reported)
        return [message for message in messages(news) if wanted(message)]

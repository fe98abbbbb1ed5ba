"""News drafted from the stores: what a unit reports, wants to be, is up to. Blocking; called in a thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import live
from monokoto.connect.presence import Presence
from monokoto.kernel.clock import format_instant
from monokoto.operate.live.sights import Sights
from monokoto.operate.twins import Reported, Twins

_PIECE_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Draft:
    """News before it is known who gets them."""

    unit: UnitIdentity
    aspect: live.Aspect
    at: int
    payload: bytes
    name: str = ""


class Drafts:
    """Looks things up and writes them down as applications read them."""

    def __init__(self, sights: Sights, twins: Twins, presence: Presence) -> None:
        self._sights = sights
        self._twins = twins
        self._presence = presence

    def values(self, since: Mapping[int, int]) -> Iterator[Draft]:
        """What arrived of each unit at or after its instant, by the readings' own time."""
        for organisation_id, units in self._by_maker(since).items():
            reported = self._twins.reported_many(organisation_id, list(units))
            for unit_id, unit in units.items():
                yield from self._values(unit, reported[unit_id], since[unit_id])

    def _values(self, unit: UnitIdentity, reported: Reported, since: int) -> Iterator[Draft]:
        hidden = self._sights.hidden(unit)
        by_time: dict[int, dict[str, Any]] = {}
        for name, value in reported.properties.items():
            if value.arrived >= since and name not in hidden:
                by_time.setdefault(value.at, {})[name] = value.value
        for at, values in sorted(by_time.items()):
            for some in _in_pieces(values):
                yield Draft(unit, live.Aspect.VALUES, at, b"{%b}" % b",".join(some))

    def desired(self, unit: UnitIdentity) -> Iterator[Draft]:
        """What is desired of a unit; nothing while nothing ever was."""
        desired = self._twins.desired.get(unit.organisation_id, unit.unit_id)
        if desired.revision:
            payload = {"revision": desired.revision, "desired": desired.properties}
            yield Draft(unit, live.Aspect.DESIRED, desired.at or 0, msgspec.json.encode(payload))

    def presence(self, unit: UnitIdentity) -> Iterator[Draft]:
        """Whether it is connected; nothing while it never was."""
        presence = self._presence.of(unit.organisation_id, unit.unit_id)
        if presence.since:
            payload = {"online": presence.online, "since": format_instant(presence.since)}
            if presence.reason:
                payload["reason"] = presence.reason
            yield Draft(unit, live.Aspect.PRESENCE, presence.since, msgspec.json.encode(payload))

    def present(self, unit: UnitIdentity, aspects: live.Aspect) -> Iterator[Draft]:
        """How things stand with a unit, as far as these aspects have a standing."""
        if live.Aspect.VALUES in aspects:
            yield from self.values({unit.unit_id: 0})
        if live.Aspect.DESIRED in aspects:
            yield from self.desired(unit)
        if live.Aspect.PRESENCE in aspects:
            yield from self.presence(unit)

    def online(self, unit: UnitIdentity) -> bool:
        """Whether it is connected."""
        return self._presence.of(unit.organisation_id, unit.unit_id).online

    def _by_maker(self, unit_ids: Mapping[int, int]) -> dict[int, dict[int, UnitIdentity]]:
        found: dict[int, dict[int, UnitIdentity]] = {}
        for unit_id in unit_ids:
            unit = self._sights.unit(unit_id)
            if unit is not None:
                found.setdefault(unit.organisation_id, {})[unit_id] = unit
        return found


def _in_pieces(values: Mapping[str, Any]) -> Iterator[list[bytes]]:
    """The members of a JSON object, so many at a time as travel in one piece."""
    gathered: list[bytes] = []
    size = 0
    for name, value in values.items():
        member = b"%b:%b" % (msgspec.json.encode(name), msgspec.json.encode(value))
        gathered.append(member)
        size += len(member)
        if size > _PIECE_BYTES:
            yield gathered
            gathered, size = [], 0
    if gathered:
        yield gathered

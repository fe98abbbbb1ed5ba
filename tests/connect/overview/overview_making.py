"""What the tests of the overview share: a house of makers and owners, and presence and letters as a test says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "ownership"))

from ownership_making import House, make_house

from monokoto.connect.fleet import LocationChange, UnitChange
from monokoto.connect.overview import Arrivals, Overview
from monokoto.connect.presence import FleetPresence

__all__ = ["FixedLetters", "FixedPresence", "Scene", "Sets", "make_house"]


@dataclass
class FixedPresence:
    """Who is connected: what a test says."""

    house: House
    online: set[int] = field(default_factory=set)

    def _units(self, organisation_id: int, units: Any) -> list[int]:
        return list(self.house.directory.units(organisation_id) if units is None else units)

    def count(self, organisation_id: int, units: Any = None) -> FleetPresence:
        asked = self._units(organisation_id, units)
        online = len(self.online & set(asked))
        return FleetPresence(online=online, offline=len(asked) - online, never_seen=len(asked) - online)

    def connected(self, organisation_id: int, unit_ids: Sequence[int] | None = None) -> list[int]:
        return sorted(self.online & set(self._units(organisation_id, unit_ids)))


@dataclass
class FixedLetters:
    """Dead letters, and how often they were asked for."""

    count: int = 3
    asked: list[tuple[int, int]] = field(default_factory=list)

    def count_since(self, organisation_id: int, since: int, *, windows: Any) -> int:
        self.asked.append((organisation_id, since))
        return self.count


@dataclass
class Sets:
    """As assembly joins them."""

    house: House

    def online(self, organisation_id: int, unit_ids: Sequence[int] | None) -> Sequence[int]:
        raise NotImplementedError

    def owned(self, organisation_id: int) -> Sequence[int]:
        return self.house.ledger.owned(organisation_id)


@dataclass
class Scene:
    """The overview and what it stands on."""

    house: House
    presence: FixedPresence
    letters: FixedLetters
    arrivals: Arrivals
    overview: Overview

    def place(self, unit_id: int, latitude: float | None, longitude: float | None, maker: str = "maker") -> None:
        change = UnitChange(location=LocationChange(latitude=latitude, longitude=longitude))
        self.house.fleet.update(self.house.ids[maker], unit_id, change)

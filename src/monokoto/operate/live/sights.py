"""What lies open of a unit to whom: the gate's answers, remembered for a second, and what the models let be observed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Protocol

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import ProductModel
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId
from monokoto.operate.live.interest import Viewer
from monokoto.web import Caller, Gate, Reach, Scope

REMEMBERED_SECONDS = 1.0
"""So long news may still flow after an access has ended."""
_MODELS_MAX = 10_000


class Units(Protocol):
    """Who the units are (fleet's `Directory`)."""

    def get(self, unit_id: int) -> UnitIdentity | None: ...


class Models(Protocol):
    """What the units' products look like (`Products`)."""

    def model(self, organisation_id: OrganisationId, product: str, version: str) -> ProductModel: ...


class Sights:
    """Blocking only where a model or a unit is met for the first time."""

    def __init__(self, gate: Gate, units: Units, models: Models, *, now: Callable[[], float] = time.monotonic) -> None:
        self.gate = gate
        self._units = units
        self._models = models
        self._now = now
        self._asked: dict[tuple[Viewer, int], bool | Reach] = {}
        self._until = 0.0
        self._hidden: dict[tuple[int, str, str], frozenset[str]] = {}

    def open(self, viewer: Viewer, unit_id: int, at: int) -> bool:
        """Whether somebody watching may see what is of this instant, now."""
        now = self._now()
        if now >= self._until:
            self._asked, self._until = {}, now + REMEMBERED_SECONDS
        remembered = self._asked
        asked = remembered.get((viewer, unit_id))
        if asked is None:
            asked = remembered[viewer, unit_id] = self._ask(viewer, unit_id)
        return asked if isinstance(asked, bool) else asked.holds(at)

    def ask_again(self) -> None:
        """Remember nothing of before: an access has just begun, and whoever is asking in a thread now may still answer no."""
        self._asked = {}

    def _ask(self, viewer: Viewer, unit_id: int) -> bool | Reach:
        try:
            reach = self.gate.unit(caller_of(viewer), unit_id)
        except NotFound:
            return False
        if not reach.now:
            return False
        return True if reach.always else reach

    def unit(self, unit_id: int) -> UnitIdentity | None:
        """The unit, whosever it is."""
        return self._units.get(unit_id)

    def model(self, unit: UnitIdentity) -> ProductModel:
        """What it is by its product. Raises NotFound."""
        return self._models.model(OrganisationId(unit.organisation_id), unit.product, unit.version)

    def hidden(self, unit: UnitIdentity) -> Collection[str]:
        """The properties its model does not let be observed."""
        key = (unit.organisation_id, unit.product, unit.version)
        found = self._hidden.get(key)
        if found is None:
            if len(self._hidden) >= _MODELS_MAX:
                self._hidden.clear()
            properties = self.model(unit).properties.values()
            found = self._hidden[key] = frozenset(one.name for one in properties if not one.observable)
        return found


def caller_of(viewer: Viewer) -> Caller:
    """Who is asked about: an organisation that may read."""
    return Caller(
        organisation_id=OrganisationId(viewer.organisation_id),
        organisation_kind=viewer.kind,
        scopes=frozenset({Scope.TELEMETRY_READ}),
    )

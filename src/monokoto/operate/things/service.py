"""The Thing Descriptions of the units within somebody's reach: one, a page of them, a search in them. Blocking."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from monokoto.connect.fleet import Fleet, Held, Sort, Status, Unit, UnitFilter
from monokoto.connect.products import ProductModel, VersionContent
from monokoto.kernel.errors import NotFound, TooLarge
from monokoto.kernel.limits import THINGS_PAGE_MAX, THINGS_SEARCHED_MAX
from monokoto.operate.things.addresses import Addresses, Whereabouts
from monokoto.operate.things.description import thing_description
from monokoto.operate.things.search import search
from monokoto.web import Caller, Gate, Reach, Side

_MODELS_MAX = 1000
_EVERY_STATUS = tuple(Status)


class Models(Protocol):
    """What the units' products look like (`Products`)."""

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel: ...

    def content(self, organisation_id: int, product: str, version: str) -> VersionContent: ...


@dataclass(frozen=True, slots=True)
class Described:
    """A page of descriptions and the way to the next one."""

    things: list[dict[str, Any]]
    next_cursor: str | None = None


class Things:
    """Everything about Things but their forms' work."""

    def __init__(self, fleet: Fleet, products: Models, gate: Gate, whereabouts: Whereabouts) -> None:
        self.whereabouts = whereabouts
        self._fleet = fleet
        self._products = products
        self._gate = gate
        # A version never changes; the most used ones stay at hand.
        self._models: OrderedDict[tuple[int, str, str], Mapping[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def unit(self, reach: Reach) -> Unit:
        """The unit within reach; raises NotFound."""
        return self._fleet.get(reach.organisation_id, reach.unit_id)

    def compiled(self, reach: Reach) -> ProductModel:
        """The compiled model of a unit."""
        unit = self.unit(reach)
        return self._products.model(unit.organisation_id, unit.product, unit.version)

    def thing_model(self, unit: Unit) -> Mapping[str, Any]:
        """The Thing Model of a unit's product version."""
        key = (unit.organisation_id, unit.product, unit.version)
        with self._lock:
            if key in self._models:
                self._models.move_to_end(key)
                return self._models[key]
        model = self._products.content(*key).thing_model
        with self._lock:
            self._models[key] = model
            while len(self._models) > _MODELS_MAX:
                self._models.popitem(last=False)
        return model

    def describe(self, reach: Reach, addresses: Addresses, *, access_token: str = "") -> dict[str, Any]:
        """The description of one unit; raises NotFound."""
        return self._described(self.unit(reach), reach, addresses, access_token)

    def _described(self, unit: Unit, reach: Reach, addresses: Addresses, access_token: str = "") -> dict[str, Any]:
        # What the maker calls a unit is not for others.
        label = reach.label or (unit.name if reach.side is Side.MAKER else f"{self.title(unit)} {unit.serial}")
        return thing_description(self.thing_model(unit), unit, addresses, label=label, access_token=access_token)

    def title(self, unit: Unit) -> str:
        """What the unit's product is called."""
        return str(self.thing_model(unit).get("title", unit.product))

    def page(
        self, caller: Caller, addresses: Addresses, *, product: str = "", limit: int, cursor: str | None = None
    ) -> Described:
        """Descriptions of the units within reach at present, the oldest first."""
        wanted = UnitFilter(product=product)
        found = self._fleet.list(
            caller.organisation_id, wanted, limit=limit, cursor=cursor, held=held_by(self._gate, caller)
        )
        things = []
        for unit in found.items:
            try:
                reach = self._gate.unit(caller, unit.id)
            except NotFound:
                continue  # the access ended since it was looked for
            if reach.now:
                things.append(self._described(unit, reach, addresses))
        return Described(things, found.next_cursor)

    def search(self, caller: Caller, addresses: Addresses, query: str, *, product: str = "") -> list[Any]:
        """What a JSONPath (RFC 9535) finds in the array of descriptions.

        Raises:
            Invalid: it is no JSONPath.
            TooLarge: there are too many descriptions to look through at once.
        """
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.page(caller, addresses, product=product, limit=THINGS_PAGE_MAX, cursor=cursor)
            found += page.things
            cursor = page.next_cursor
            if len(found) > THINGS_SEARCHED_MAX or (cursor and len(found) >= THINGS_SEARCHED_MAX):
                raise TooLarge(
                    f"A search looks through {THINGS_SEARCHED_MAX} descriptions at most.",
                    remedy="Narrow it by `product`, or list units by their own filters (/api/v1/units).",
                )
            if cursor is None:
                return search(query, found)

    def changed(self, caller: Caller, *, limit: int) -> list[Unit]:
        """The units within reach that changed last, retired ones too, the last one first."""
        wanted = UnitFilter(status=_EVERY_STATUS)
        held = held_by(self._gate, caller)
        return self._fleet.list(caller.organisation_id, wanted, sort=Sort.LAST_CHANGED, limit=limit, held=held).items


def held_by(gate: Gate, caller: Caller) -> Held | None:
    """The units a list is about: None: those the organisation made."""
    reaches = gate.units(caller)
    if reaches is None:
        return None
    present = [reach for reach in reaches if reach.now]
    return Held(
        units={reach.unit_id: reach.organisation_id for reach in present},
        labels={reach.unit_id: reach.label for reach in present if reach.label},
    )

"""Two makers with lamps and pumps, an owner who holds some of them, and a gate that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monokoto.connect.fleet import Fleet, NewUnit
from monokoto.connect.products import ProductModel, compile_model
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.web import Caller, Gate, Reach, Scope, Side

MAKER, OTHER, OWNER = 11, 22, 33
CONTEXT = ["https://www.w3.org/2019/wot/td/v1", "https://www.w3.org/2022/wot/td/v1.1"]
THING_MODELS: dict[str, dict[str, Any]] = {
    "lamp": {
        "properties": {
            "brightness": {"type": "integer", "minimum": 0, "maximum": 100},
            "on": {"type": "boolean"},
        },
        "actions": {"blink": {"input": {"type": "object", "properties": {"times": {"type": "integer"}}}}},
    },
    "pump": {
        "properties": {"speed": {"type": "number"}},
        "actions": {"stop": {}, "flush": {"monokoto:confirm": True}},
    },
}


def model_of(organisation_id: int, product: str, version: str) -> ProductModel:
    if product not in THING_MODELS:
        raise NotFound(f"There is no product {product!r}.")
    model = {"@context": CONTEXT, "@type": "tm:ThingModel", "title": product, "version": {"model": version or "1.0.0"}}
    return compile_model(OrganisationId(organisation_id), product, model | THING_MODELS[product])


class SomeProducts:
    """Every organisation has lamps and pumps, 1.0.0."""

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel:
        return model_of(organisation_id, product, version)

    def current(self, organisation_id: int, product: str) -> ProductModel:
        return model_of(organisation_id, product, "1.0.0")


class SomeGate(Gate):
    """Makers reach what they made, but for what is closed to them; OWNER reaches what it holds."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.holdings: dict[int, Reach] = {}
        self.closed: dict[int, Reach] = {}
        self.moves = 0

    def give(self, unit_id: int, maker_id: int, *, now: bool = True, control: bool = True) -> None:
        """Let OWNER hold a unit."""
        self.holdings[unit_id] = Reach(
            unit_id=UnitId(unit_id), organisation_id=OrganisationId(maker_id), side=Side.OWNER, now=now, control=control
        )
        self.moves += 1

    def take(self, unit_id: int) -> None:
        """And no more."""
        del self.holdings[unit_id]
        self.moves += 1

    def close(self, unit_id: int, maker_id: int) -> None:
        """What it is like now is its maker's to see no more."""
        self.closed[unit_id] = Reach(
            unit_id=UnitId(unit_id), organisation_id=OrganisationId(maker_id), side=Side.MAKER, periods=(), now=False
        )

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        if caller.organisation_id == OWNER:
            if unit_id not in self.holdings:
                raise NotFound("There is no such unit.")
            return self.holdings[unit_id]
        if unit_id in self.closed:
            return self.closed[unit_id]
        unit = self.fleet.get(caller.organisation_id, unit_id)
        return Reach(unit_id=unit.id, organisation_id=unit.organisation_id, side=Side.MAKER)

    def units(self, caller: Caller) -> Sequence[Reach] | None:
        return [self.holdings[one] for one in sorted(self.holdings)] if caller.organisation_id == OWNER else None

    def held(self, caller: Caller) -> Sequence[Reach]:
        return self.units(caller) or ()

    def clipped(self, _caller: Caller) -> Mapping[int, Reach]:
        return self.closed


def caller_of(organisation_id: int = MAKER, *scopes: Scope) -> Caller:
    return Caller(
        organisation_id=OrganisationId(organisation_id),
        organisation_kind="owner" if organisation_id == OWNER else "maker",
        scopes=frozenset(scopes or {Scope.ADMIN}),
        key_id=organisation_id,
    )


def register(
    fleet: Fleet, count: int, *, organisation_id: int = MAKER, product: str = "lamp", prefix: str = "l", **more: Any
) -> list[int]:
    return [
        fleet.register(
            organisation_id, NewUnit(serial=f"{prefix}{number}", product=product, **more), make_token=False
        ).unit.id
        for number in range(count)
    ]

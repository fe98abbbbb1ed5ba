"""What of the readings a caller may see: a question's units and their times, as the gate has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from monokoto.engines.series import Times
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import OrganisationId, UnitId, format_id
from monokoto.operate.telemetry.history import Windows
from monokoto.web import Caller, Gate, Reach


class ProductOf(Protocol):
    """What product a unit is of (`Telemetry`)."""

    def product_of(self, unit_id: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Open:
    """Where a question may look."""

    organisation_id: OrganisationId
    """The maker's: readings are stored in its name."""
    units: tuple[UnitId, ...]
    """Empty: all of the product."""
    windows: Windows | None = None


def within_reach(gate: Gate, caller: Caller, units: Sequence[UnitId], product: str, products: ProductOf) -> Open:
    """What lies open to the caller of these units, or of all of a product.

    Raises:
        NotFound: one of the units is not the caller's to see, as with every question about a unit.
        Invalid: the units were made by several makers.
    """
    if units:
        return _of_units(gate, caller, units)
    held = gate.units(caller)
    if held is None:
        clipped = {
            unit_id: reach.times
            for unit_id, reach in gate.clipped(caller).items()
            if products.product_of(unit_id) == product
        }
        return Open(caller.organisation_id, (), Windows(clipped) if clipped else None)
    mine = [reach for reach in held if not product or products.product_of(reach.unit_id) == product]
    if not mine or not product:
        # A product nobody has, or a question that names nothing: the selection says so itself.
        return Open(caller.organisation_id, (), None if not product else Windows({}, others=False))
    return _joined(caller, [reach.unit_id for reach in mine], mine)


def _of_units(gate: Gate, caller: Caller, units: Sequence[UnitId]) -> Open:
    return _joined(caller, units, [gate.unit(caller, unit_id) for unit_id in units])


def _joined(caller: Caller, units: Sequence[UnitId], reaches: Sequence[Reach]) -> Open:
    """The units asked for, each within its times."""
    makers = {reach.organisation_id for reach in reaches} or {caller.organisation_id}
    if len(makers) > 1:
        some = {reach.organisation_id: reach.unit_id for reach in reaches}
        raise Invalid(
            "These units were made by several makers.",
            faults=[
                Fault(place=format_id(unit_id), reason="is another maker's") for unit_id in list(some.values())[1:]
            ],
            remedy="Ask for each maker's units by themselves.",
        )
    times: dict[int, Times] = {reach.unit_id: reach.times for reach in reaches if not reach.always}
    return Open(makers.pop(), tuple(units), Windows(times) if times else None)

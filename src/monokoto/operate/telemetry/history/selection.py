"""Which readings a question is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monokoto.engines.series import Parameters, Times, within_times
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.kernel.limits import HISTORY_PROPERTIES_MAX, HISTORY_UNITS_MAX

INSTANT_MAX = 7_258_118_400_000_000
"""2200-01-01, past which the store cannot count; a reading lies at most a day ahead of its arrival anyway."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Of which units only some times lie open to whoever asks."""

    times: Mapping[int, Times]
    """None for a unit that is closed."""
    others: bool = True
    """Whether units not in it lie open altogether."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Readings of some units, or of all of a product, in the half-open time [start, end).

    Raises:
        Invalid: it selects nothing or too much; every fault at once.
    """

    organisation_id: OrganisationId
    start: int
    """Microseconds."""
    end: int
    units: tuple[UnitId, ...] = ()
    """Empty: every unit of `product`."""
    product: str = ""
    properties: tuple[str, ...] = ()
    """Empty: all of them."""
    windows: Windows | None = None
    """None: every reading of the selection lies open."""

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise Invalid("The selection of readings is not valid.", faults=faults)

    def _faults(self) -> Iterator[Fault]:
        if not self.units and not self.product:
            yield Fault(place="unit", reason="name the units, or the product whose units are meant")
        if len(self.units) > HISTORY_UNITS_MAX:
            yield Fault(place="unit", reason=f"{len(self.units)} units; at most {HISTORY_UNITS_MAX} at once")
        if len(self.properties) > HISTORY_PROPERTIES_MAX:
            reason = f"{len(self.properties)} properties; at most {HISTORY_PROPERTIES_MAX} at once"
            yield Fault(place="property", reason=reason)
        if not 0 <= self.start <= INSTANT_MAX or not 0 <= self.end <= INSTANT_MAX:
            yield Fault(place="from", reason="the time range lies between 1970 and 2200")
        if self.start >= self.end:
            yield Fault(place="to", reason="`to` must lie after `from`")


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and the values bound to it; a plan that can be shown before it is run."""

    sql: str
    parameters: Parameters


def conditions(
    selection: Selection, *, table_time: str = "at"
) -> tuple[list[str], dict[str, int | list[int] | str | list[str]]]:
    """The WHERE clauses of a selection, values as parameters, the organisation always among them."""
    clauses = ["organisation = {organisation:Int64}"]
    parameters: dict[str, int | list[int] | str | list[str]] = {"organisation": selection.organisation_id}
    if selection.product:
        clauses.append("product = {product:String}")
        parameters["product"] = selection.product
    if selection.properties:
        clauses.append("property IN {properties:Array(String)}")
        parameters["properties"] = list(selection.properties)
    if selection.units:
        clauses.append("unit IN {units:Array(Int64)}")
        parameters["units"] = [int(unit) for unit in selection.units]
    clauses.append(f"{table_time} >= fromUnixTimestamp64Micro({{start:Int64}}, 'UTC')")
    clauses.append(f"{table_time} < fromUnixTimestamp64Micro({{end:Int64}}, 'UTC')")
    parameters |= {"start": selection.start, "end": selection.end}
    if selection.windows is not None:
        condition, bound = within_times(
            selection.windows.times, others=selection.windows.others, instant=f"toUnixTimestamp64Micro({table_time})"
        )
        clauses.append(condition)
        parameters |= bound
    return clauses, parameters

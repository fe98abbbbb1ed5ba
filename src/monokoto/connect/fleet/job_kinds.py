"""What can be done to many units of the fleet at once: tag, move, update, retire; and which units a selection means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, Meta, UnsetType

from monokoto.connect.fleet.json import LocationPatch, UpdateRequest, change_from_json
from monokoto.connect.fleet.listing import PRESENT, Held, UnitFilter, UnitSets, conditions, parse_box
from monokoto.connect.fleet.service import Fleet
from monokoto.connect.fleet.store import units
from monokoto.connect.fleet.unit import NOWHERE, LocationChange, Status, Unit, UnitChange, descriptive_faults
from monokoto.connect.jobs import UNCHANGED, Plan, Selection, Target
from monokoto.engines.records import Records
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed
from monokoto.kernel.ids import OrganisationId, UnitId, format_id, parse_id
from monokoto.kernel.limits import TAGS_PER_UNIT_MAX
from monokoto.web import Caller, Gate, Scope, format_etag

_TRIES = 5
_TOP = "none"


class UnitSelector:
    """As `jobs.Selector`: by ids or by the conditions of a list, always within the caller's reach."""

    def __init__(self, records: Records, gate: Gate, unit_sets: UnitSets) -> None:
        self._records = records
        self._gate = gate
        self._unit_sets = unit_sets

    def targets(self, caller: Caller, selection: Selection, *, limit: int) -> Sequence[Target]:
        """As `Selector.targets`."""
        if selection.ids is not None:
            return self._named(caller, selection, limit)
        wanted = filter_of(selection)
        reaches = self._gate.units(caller)
        if selection.online is not None:
            among = None if reaches is None else [reach.unit_id for reach in reaches if reach.now]
            connected = self._unit_sets.online(caller.organisation_id, among)
            wanted = wanted.within(connected, selection.online)
        if selection.claimed is not None:
            wanted = wanted.within(self._unit_sets.owned(caller.organisation_id), selection.claimed)
        held = None
        if reaches is not None:
            now = [reach for reach in reaches if reach.now]
            held = Held(
                units={reach.unit_id: reach.organisation_id for reach in now},
                labels={reach.unit_id: reach.label for reach in now if reach.label},
            )
        with self._records.read() as connection:
            condition = conditions(connection, caller.organisation_id, wanted, held)
            query = sa.select(units.c.unit_id, units.c.organisation_id).where(condition)
            rows = connection.execute(query.order_by(units.c.unit_id).limit(limit)).all()
        return [Target(UnitId(row.unit_id), OrganisationId(row.organisation_id)) for row in rows]

    def _named(self, caller: Caller, selection: Selection, limit: int) -> list[Target]:
        if msgspec.structs.replace(selection, ids=None) != Selection():
            fault = Fault(place="selection/ids", reason="ids and conditions exclude each other")
            raise Invalid("This selects nothing.", faults=[fault])
        found: dict[int, Target] = {}
        faults: list[Fault] = []
        for text in (selection.ids or [])[:limit]:
            unit_id = parse_id(text, what="unit id")
            try:
                reach = self._gate.unit(caller, unit_id)
            except NotFound:
                faults.append(Fault(place=text, reason="no such unit"))
            else:
                found[unit_id] = Target(UnitId(unit_id), reach.organisation_id)
        if faults:
            raise NotFound(f"{len(faults)} of these units are not there.", faults=faults[:100])
        return list(found.values())


def filter_of(selection: Selection) -> UnitFilter:
    """The conditions of a selection. Raises Invalid."""
    try:
        status = tuple(Status(one) for one in selection.status) or PRESENT
    except ValueError:
        fault = Fault(place="selection/status", reason=f"a status is one of {', '.join(Status)}")
        raise Invalid("This selects nothing.", faults=[fault]) from None
    parent, below = selection.parent, selection.below
    return UnitFilter(
        product=selection.product,
        version=selection.version,
        serial=selection.serial,
        serial_prefix=selection.serial_prefix,
        tags=tuple(selection.tags),
        parent_id=(NOWHERE if parent == _TOP else parse_id(parent, what="parent")) if parent else None,
        below=parse_id(below, what="below") if below else None,
        status=status,
        text=selection.text,
        box=parse_box(selection.box) if selection.box else None,
    )


class TagParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tags to add and to take away."""

    add: Annotated[list[str], Meta(max_length=TAGS_PER_UNIT_MAX)] = []
    remove: Annotated[list[str], Meta(max_length=TAGS_PER_UNIT_MAX)] = []

    def __post_init__(self) -> None:
        if not self.add and not self.remove:
            raise ValueError("name tags to add or to remove")
        if set(self.add) & set(self.remove):
            raise ValueError("a tag is both added and removed")


class MoveParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the units go."""

    parent: Annotated[str | None, Meta(description="Id of the unit they become parts of; null: of none")]


class UpdateParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of each unit; what is left out stays."""

    name: str | UnsetType | None = UNSET
    location: LocationPatch | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        if self.name is UNSET and self.location is UNSET:
            raise ValueError("name what to change")


class RetireParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to retire."""

    parts: Annotated[bool, Meta(description="Their parts too; without, a unit with parts is refused")] = False


class _UnitKind:
    """What the kinds of the fleet share."""

    scope = Scope.UNITS_WRITE
    undoable = True
    makers_only = True

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def _unit(self, target: Target) -> Unit:
        return await asyncio.to_thread(self._fleet.get, target.maker_id, target.unit_id)

    async def _change(self, target: Target, change: Callable[[Unit], UnitChange | None]) -> None:
        """Make a change that depends on what the unit is; looked at again when somebody else changed it meanwhile."""
        for attempt in range(_TRIES):
            unit = await self._unit(target)
            wanted = change(unit)
            if wanted is None:
                return
            match = format_etag(unit.revision)
            try:
                changed = await asyncio.to_thread(
                    self._fleet.update, target.maker_id, target.unit_id, wanted, match=match
                )
            except PreconditionFailed:
                if attempt == _TRIES - 1:
                    raise
                continue
            await self._fleet.tell(changed.facts)
            return


class TagUnits(_UnitKind):
    """Add and remove tags."""

    name = "units.tag"
    title = "Add and remove tags"
    parameters = TagParameters

    async def plan(self, _caller: Caller, target: Target, parameters: TagParameters) -> Plan:
        unit = await self._unit(target)
        after = _tagged(unit.tags, parameters.add, parameters.remove)
        if after == unit.tags:
            return UNCHANGED
        if faults := descriptive_faults(unit.name, after, unit.location):
            raise Invalid("The unit cannot be tagged so.", faults=faults)
        return Plan({"tags": list(unit.tags)}, {"tags": list(after)})

    async def apply(self, _caller: Caller, target: Target, parameters: TagParameters) -> None:
        await self._change(target, lambda unit: _retagged(unit, parameters.add, parameters.remove))

    async def undo(self, _caller: Caller, target: Target, parameters: TagParameters, before: Mapping[str, Any]) -> None:
        """Tags others have put there or taken away since stay as they are."""
        had = set(before["tags"])
        added = [tag for tag in parameters.add if tag not in had]
        removed = [tag for tag in parameters.remove if tag in had]
        await self._change(target, lambda unit: _retagged(unit, removed, added))


def _tagged(tags: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(tag for tag in tags if tag not in remove), *add]))


def _retagged(unit: Unit, add: Sequence[str], remove: Sequence[str]) -> UnitChange | None:
    tags = _tagged(unit.tags, add, remove)
    return None if tags == unit.tags else UnitChange(tags=tags)


class MoveUnits(_UnitKind):
    """Make units parts of another."""

    name = "units.move"
    title = "Move to another place in a product system"
    parameters = MoveParameters

    async def plan(self, _caller: Caller, target: Target, parameters: MoveParameters) -> Plan:
        unit = await self._unit(target)
        parent_id = _parent_id(parameters.parent)
        if unit.parent_id == parent_id:
            return UNCHANGED
        if parent_id != NOWHERE:
            parent = await asyncio.to_thread(self._fleet.get, target.maker_id, parent_id)
            if parent.path.startswith(unit.path):
                raise Conflict("A unit cannot be a part of itself or of its own parts.")
        return Plan({"parent": _parent_text(unit.parent_id)}, {"parent": parameters.parent})

    async def apply(self, _caller: Caller, target: Target, parameters: MoveParameters) -> None:
        parent_id = _parent_id(parameters.parent)
        await self._change(
            target, lambda unit: None if unit.parent_id == parent_id else UnitChange(parent_id=parent_id)
        )

    async def undo(
        self, _caller: Caller, target: Target, parameters: MoveParameters, before: Mapping[str, Any]
    ) -> None:
        moved_to, home = _parent_id(parameters.parent), _parent_id(before["parent"])

        def back(unit: Unit) -> UnitChange | None:
            if unit.parent_id == home:
                return None
            if unit.parent_id != moved_to:
                raise Conflict("It was moved elsewhere since.")
            return UnitChange(parent_id=home)

        await self._change(target, back)


def _parent_id(text: str | None) -> UnitId:
    return UnitId(parse_id(text, what="parent")) if text else NOWHERE


def _parent_text(unit_id: int) -> str | None:
    return None if unit_id == NOWHERE else format_id(unit_id)


class UpdateUnits(_UnitKind):
    """Name and place."""

    name = "units.update"
    title = "Change name or location"
    parameters = UpdateParameters

    async def plan(self, _caller: Caller, target: Target, parameters: UpdateParameters) -> Plan:
        unit = await self._unit(target)
        change = _described(parameters)
        name, location = _after(unit, change)
        if (name, location) == (unit.name, unit.location):
            return UNCHANGED
        if faults := descriptive_faults(name, unit.tags, location):
            raise Invalid("The unit cannot be changed so.", faults=faults)
        before, after = _shown(unit.name, unit.location), _shown(name, location)
        touched = [key for key in before if before[key] != after[key]]
        return Plan({key: before[key] for key in touched}, {key: after[key] for key in touched})

    async def apply(self, _caller: Caller, target: Target, parameters: UpdateParameters) -> None:
        change = _described(parameters)
        await self._change(target, lambda unit: None if _after(unit, change) == (unit.name, unit.location) else change)

    async def undo(
        self, _caller: Caller, target: Target, parameters: UpdateParameters, before: Mapping[str, Any]
    ) -> None:
        change = _described(parameters)
        home = UnitChange(
            name=before.get("name"),
            location=LocationChange(**before["location"]) if "location" in before else None,
        )

        def back(unit: Unit) -> UnitChange | None:
            if _after(unit, home) == (unit.name, unit.location):
                return None
            if _after(unit, change) != (unit.name, unit.location):
                raise Conflict("Its name or location was changed since.")
            return home

        await self._change(target, back)


def _described(parameters: UpdateParameters) -> UnitChange:
    return change_from_json(UpdateRequest(name=parameters.name, location=parameters.location))


def _after(unit: Unit, change: UnitChange) -> tuple[str, Any]:
    return (
        unit.name if change.name is None else change.name,
        unit.location if change.location is None else change.location.applied(unit.location),
    )


def _shown(name: str, location: Any) -> dict[str, Any]:
    return {"name": name, "location": msgspec.to_builtins(location)}


class RetireUnits(_UnitKind):
    """Take units out of use."""

    name = "units.retire"
    title = "Retire: their credentials end for good"
    parameters = RetireParameters
    undoable = False

    async def plan(self, _caller: Caller, target: Target, parameters: RetireParameters) -> Plan:
        unit = await self._unit(target)
        if unit.status is Status.RETIRED:
            return UNCHANGED
        if not parameters.parts:
            parts = await asyncio.to_thread(self._fleet.list, target.maker_id, UnitFilter(parent_id=unit.id), limit=1)
            if parts.items:
                raise Conflict("The unit has parts that are not retired.", remedy="Move them, or retire them too.")
        return Plan({"status": unit.status.value}, {"status": Status.RETIRED.value})

    async def apply(self, _caller: Caller, target: Target, parameters: RetireParameters) -> None:
        changed = await asyncio.to_thread(
            self._fleet.retire, target.maker_id, target.unit_id, with_parts=parameters.parts
        )
        await self._fleet.tell(changed.facts)

    async def undo(
        self, _caller: Caller, _target: Target, _parameters: RetireParameters, _before: Mapping[str, Any]
    ) -> None:
        raise Conflict("Retiring cannot be undone: the credentials have ended.")


def fleet_job_kinds(fleet: Fleet) -> tuple[TagUnits, MoveUnits, UpdateUnits, RetireUnits]:
    """What assembly registers."""
    return TagUnits(fleet), MoveUnits(fleet), UpdateUnits(fleet), RetireUnits(fleet)

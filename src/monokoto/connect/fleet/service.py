"""What is done with units. Blocking: called from threads. What it changes it also returns as facts, for `tell`."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import IO

import sqlalchemy as sa

from monokoto.connect.fleet import facts as told
from monokoto.connect.fleet.credentials import UnitIds, end_credentials, live_credentials
from monokoto.connect.fleet.imports import ImportMode, ImportReport, checked, register_all
from monokoto.connect.fleet.listing import Held, UnitFilter, conditions, list_tree, list_units
from monokoto.connect.fleet.registration import Check, Models, Refused, Registered, Registration
from monokoto.connect.fleet.rows import RowFormat, read_rows
from monokoto.connect.fleet.store import (
    load_unit,
    next_change,
    tags_to_rows,
    unit_from_row,
    unit_tags,
    unit_to_row,
    units,
)
from monokoto.connect.fleet.tree import PATH_LENGTH_MAX, ancestors_of, check_place, depth_of, path_of, subtree_range
from monokoto.connect.fleet.unit import NOWHERE, NewUnit, Status, Unit, UnitChange, descriptive_faults
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import UnitId
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT
from monokoto.web import Page, if_match

_EVERY_UNIT = UnitFilter()
_FACTS_MAX = 1000
"""Told of one change; the gateways' periodic look finds the rest."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A unit after a change, and what is to be told of it."""

    unit: Unit
    facts: tuple[Fact, ...] = ()


class Fleet:
    """The units of all organisations; every use names the organisation it is for."""

    def __init__(self, records: Records, products: Models, clock: Clock, facts: Facts | None = None) -> None:
        self._records = records
        self._products = products
        self._clock = clock
        self._facts = facts

    async def tell(self, facts: Iterable[Fact]) -> None:
        """Tell what has been committed. Losing one costs seconds: whoever listens also asks by period."""
        if self._facts is not None:
            for fact in facts:
                await self._facts.tell(fact)

    def units_changed(self, organisation_id: int) -> Fact:
        """The fact that this organisation's fleet changed."""
        return told.units_changed(organisation_id, at=self._clock.now())

    def credential_ended(self, organisation_id: int, credential_id: int, unit_id: int) -> Fact:
        """The fact that a credential opens nothing any more."""
        at = self._clock.now()
        return told.credential_ended(organisation_id, credential_id=credential_id, unit_id=unit_id, at=at)

    def register(self, organisation_id: int, new: NewUnit, *, make_token: bool = True) -> Registered:
        """Register one unit, with a token unless it brings a token or certificate along.

        Raises:
            Invalid: the description has faults; all of them are told.
            Conflict: the serial, token or certificate is taken.
        """
        completed = Check(self._products, organisation_id).completed(new)
        if not isinstance(completed, Refused):
            with self._records.write() as connection:
                changed = next_change(connection, organisation_id)
                registration = Registration(
                    connection, organisation_id, changed=changed, now=self._clock.now(), make_tokens=make_token
                )
                (result,) = registration.take([completed])
                if isinstance(result, Registered):
                    return result
                completed = result
        raise _refusal(completed)

    def import_units(
        self,
        organisation_id: int,
        stream: IO[bytes],
        rows: RowFormat,
        *,
        mode: ImportMode = ImportMode.ALL_OR_NOTHING,
        product: str = "",
        make_tokens: bool = True,
    ) -> ImportReport:
        """Register the units of a file; the report has a result for every row and must be closed.

        Raises:
            Invalid: the file cannot be read, or (all or nothing) some rows are faulty: each is told with its line.
            TooLarge: there are more rows than one import may have.
        """
        drafts = checked(read_rows(stream, rows, product=product), Check(self._products, organisation_id))
        report = ImportReport()
        try:
            with self._records.write() as connection:
                changed = next_change(connection, organisation_id)
                registration = Registration(
                    connection, organisation_id, changed=changed, now=self._clock.now(), make_tokens=make_tokens
                )
                register_all(drafts, registration, report)
                if mode is ImportMode.ALL_OR_NOTHING:
                    report.refuse()
        except BaseException:
            report.close()
            raise
        finally:
            drafts.close()
        return report

    def get(self, organisation_id: int, unit_id: int) -> Unit:
        """One unit; raises NotFound."""
        with self._records.read() as connection:
            return load_unit(connection, organisation_id, unit_id)

    def list(
        self,
        organisation_id: int,
        wanted: UnitFilter = _EVERY_UNIT,
        *,
        sort: str = "",
        limit: int = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
        held: Held | None = None,
    ) -> Page[Unit]:
        """A page of the units a filter lets through: of those the organisation made, or of those it holds.

        Raises:
            NotFound: the filter names a unit the organisation has not.
            Invalid: a condition or the cursor is not one.
        """
        with self._records.read() as connection:
            return list_units(connection, organisation_id, wanted, sort=sort, limit=limit, cursor=cursor, held=held)

    def tree(
        self, organisation_id: int, unit_id: int, *, limit: int = PAGE_SIZE_DEFAULT, cursor: str | None = None
    ) -> tuple[builtins.list[Unit], Page[Unit]]:
        """The units above one, from the top down; and a page of the subtree it heads, each unit before its parts.

        Raises:
            NotFound: the organisation has no such unit.
            Invalid: the cursor is not one.
        """
        with self._records.read() as connection:
            unit = load_unit(connection, organisation_id, unit_id)
            above = ancestors_of(unit.path)
            query = sa.select(units).where(units.c.organisation_id == organisation_id, units.c.unit_id.in_(above))
            found = [unit_from_row(row) for row in connection.execute(query.order_by(units.c.path))]
            return found, list_tree(connection, unit, limit=limit, cursor=cursor)

    def update(self, organisation_id: int, unit_id: int, change: UnitChange, *, match: str | None = None) -> Changed:
        """Change a unit: its description, place, version or status. What changes nothing makes no revision.

        `match` is an If-Match header.

        Raises:
            NotFound: the organisation has no such unit, or no such parent.
            Invalid: the change has faults; all of them are told.
            Conflict: the place would close a circle or be too deep, or parts or a parent stand against the status.
            PreconditionFailed: the unit is at another revision than `match` names.
        """
        version = self._version_of(organisation_id, unit_id, change)
        now = self._clock.now()
        with self._records.write() as connection:
            changed = next_change(connection, organisation_id)
            before = load_unit(connection, organisation_id, unit_id)
            if_match(match, before.revision)
            after = _described(before, change, version)
            if change.parent_id is not None and change.parent_id != before.parent_id:
                after = _moved(connection, after, change.parent_id)
            if after == before:
                return Changed(before)
            after = replace(after, revision=before.revision + 1, updated_at=now)
            ended = _enter_status(connection, before, after)
            _store(connection, before, after, changed)
        return Changed(after, (told.units_changed(organisation_id, at=now), *ended))

    def move(self, organisation_id: int, unit_id: int, parent_id: int) -> Changed:
        """Make a unit, with all its parts, a part of another (0: of none). Raises: as `update`."""
        return self.update(organisation_id, unit_id, UnitChange(parent_id=parent_id))

    def upgrade(self, organisation_id: int, wanted: UnitFilter, version: str) -> int:
        """Give every unit of a product that a filter lets through another version; returns how many changed.

        Raises:
            Invalid: the filter names no product, or the product has no such version.
            NotFound: the filter names a unit the organisation has not.
        """
        found = Check(self._products, organisation_id).version(wanted.product, version)
        if isinstance(found, Fault) or not wanted.product or not version:
            fault = found if isinstance(found, Fault) else Fault(place="product", reason="name product and version")
            raise Invalid("These units cannot be upgraded so.", faults=[fault])
        with self._records.write() as connection:
            changed = next_change(connection, organisation_id)
            condition = conditions(connection, organisation_id, wanted) & (units.c.version != found)
            result = connection.execute(
                units.update()
                .where(condition)
                .values(version=found, changed=changed, revision=units.c.revision + 1, updated_at=self._clock.now())
            )
            return result.rowcount

    def retire(
        self, organisation_id: int, unit_id: int, *, with_parts: bool = False, match: str | None = None
    ) -> Changed:
        """Take a unit out of use: its credentials end, its history and serial stay.

        Raises:
            NotFound: the organisation has no such unit.
            Conflict: it has parts that are not retired, and `with_parts` does not say to retire them too.
            PreconditionFailed: the unit is at another revision than `match` names.
        """
        if not with_parts:
            return self.update(organisation_id, unit_id, UnitChange(status=Status.RETIRED), match=match)
        now = self._clock.now()
        with self._records.write() as connection:
            changed = next_change(connection, organisation_id)
            top = load_unit(connection, organisation_id, unit_id)
            if_match(match, top.revision)
            first, after = subtree_range(top.path)
            below = sa.and_(
                units.c.organisation_id == organisation_id,
                units.c.path >= first,
                units.c.path < after,
                units.c.status != Status.RETIRED.value,
            )
            ended = _end(connection, organisation_id, sa.select(units.c.unit_id).where(below), now, for_good=True)
            connection.execute(
                units.update()
                .where(below)
                .values(
                    status=Status.RETIRED.value,
                    stopped_at=now,
                    changed=changed,
                    revision=units.c.revision + 1,
                    updated_at=now,
                )
            )
            unit = load_unit(connection, organisation_id, unit_id)
        return Changed(unit, (told.units_changed(organisation_id, at=now), *ended))

    def _version_of(self, organisation_id: int, unit_id: int, change: UnitChange) -> str | Fault | None:
        """The version a change asks for, looked up before the transaction; a unit never changes its product."""
        if change.version is None:
            return None
        product = self.get(organisation_id, unit_id).product
        return Check(self._products, organisation_id).version(product, change.version)


def _refusal(refused: Refused) -> Invalid | Conflict:
    message = f"The unit {refused.new.serial[:40]!r} cannot be registered."
    return (Conflict if refused.taken else Invalid)(message, faults=refused.faults)


def _described(before: Unit, change: UnitChange, version: str | Fault | None) -> Unit:
    """The unit with its description changed; raises Invalid with every fault."""
    after = replace(
        before,
        name=before.name if change.name is None else change.name,
        tags=before.tags if change.tags is None else change.tags,
        location=before.location if change.location is None else change.location.applied(before.location),
        version=version if isinstance(version, str) else before.version,
        status=change.status or before.status,
    )
    faults = descriptive_faults(after.name, after.tags, after.location)
    if isinstance(version, Fault):
        faults.append(version)
    if faults:
        raise Invalid("The unit cannot be changed so.", faults=faults)
    return after


def _moved(connection: sa.Connection, unit: Unit, parent_id: int) -> Unit:
    """The unit at its new place; its parts have moved along in the records."""
    parent_path = ""
    if parent_id != NOWHERE:
        parent = load_unit(connection, unit.organisation_id, parent_id)
        if parent.status is Status.RETIRED:
            raise Conflict(f"The unit {parent.serial!r} is retired.", remedy="Make it active again first.")
        parent_path = parent.path
    first, after = subtree_range(unit.path)
    subtree = sa.and_(units.c.organisation_id == unit.organisation_id, units.c.path >= first, units.c.path < after)
    longest = connection.execute(sa.select(sa.func.max(sa.func.length(units.c.path))).where(subtree)).scalar_one()
    height = depth_of(" " * int(longest)) - unit.depth + 1
    check_place(parent_path, own_path=unit.path, height=height)
    path = path_of(parent_path, unit.id)
    rest = sa.func.substr(units.c.path, len(unit.path) + 1)
    moved = sa.literal(path, sa.String(PATH_LENGTH_MAX)) + rest
    connection.execute(units.update().where(subtree).values(path=moved))
    return replace(unit, parent_id=UnitId(parent_id), path=path)


def _enter_status(connection: sa.Connection, before: Unit, after: Unit) -> builtins.list[Fact]:
    """What a change of status brings about; the facts of the credentials that open nothing any more."""
    if after.status is before.status:
        return []
    if after.status is Status.RETIRED:
        parts = sa.select(sa.func.count()).where(
            units.c.organisation_id == before.organisation_id,
            units.c.parent_id == before.id,
            units.c.status != Status.RETIRED.value,
        )
        count = connection.execute(parts).scalar_one()
        if count:
            raise Conflict(
                f"The unit has {count} parts that are not retired.", remedy="Move them elsewhere, or retire them too."
            )
    elif before.status is Status.RETIRED and _parent_retired(connection, after):
        raise Conflict("The unit it is a part of is retired.", remedy="Move it elsewhere in the same change.")
    if after.status is Status.ACTIVE:
        return []
    for_good = after.status is Status.RETIRED
    return _end(connection, after.organisation_id, [after.id], after.updated_at, for_good=for_good)


def _parent_retired(connection: sa.Connection, unit: Unit) -> bool:
    if unit.parent_id == NOWHERE:
        return False
    return load_unit(connection, unit.organisation_id, unit.parent_id).status is Status.RETIRED


def _end(
    connection: sa.Connection, organisation_id: int, of_units: UnitIds, now: int, *, for_good: bool
) -> builtins.list[Fact]:
    live = live_credentials(connection, organisation_id, of_units, now, limit=_FACTS_MAX)
    if for_good:
        end_credentials(connection, organisation_id, of_units, now)
    return [
        told.credential_ended(organisation_id, credential_id=credential_id, unit_id=unit_id, at=now)
        for credential_id, unit_id in live
    ]


def _store(connection: sa.Connection, before: Unit, after: Unit, changed: int) -> None:
    row = unit_to_row(after, changed=changed)
    if after.status is before.status:
        del row["stopped_at"]  # it stopped when its status changed, not now
    mine = (units.c.organisation_id == after.organisation_id) & (units.c.unit_id == after.id)
    connection.execute(units.update().where(mine).values(row))
    if after.tags != before.tags:
        of_unit = (unit_tags.c.unit_id == after.id) & (unit_tags.c.organisation_id == after.organisation_id)
        connection.execute(unit_tags.delete().where(of_unit))
        if after.tags:
            connection.execute(unit_tags.insert(), tags_to_rows(after))

"""What changes of ownership have in common: they happen inside one transaction that holds the maker's change number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from monokoto.connect.ownership.ownership import AccessKind, Ending, Ownership
from monokoto.connect.ownership.store import (
    access_from_row,
    claim_codes,
    load_accesses,
    load_ownerships,
    of_units,
    ownership_to_row,
    ownerships,
    transfer_offers,
    unit_accesses,
)
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.ids import OrganisationId, OwnershipId, UnitId, format_id, new_id


@dataclass(frozen=True, slots=True)
class Change:
    """A change being made to units of one maker."""

    connection: sa.Connection
    organisation_id: int
    """The maker's."""
    number: int
    at: int
    by: int

    def current(self, unit_ids: Collection[int]) -> dict[int, Ownership]:
        """Whose these units are now; those that are nobody's are left out."""
        found = load_ownerships(self.connection, self.organisation_id, unit_ids)
        return {one.unit_id: one for one in found if one.end is None}

    def owned_by(self, owner_id: int, unit_id: int, parts: Collection[int]) -> list[Ownership]:
        """The owner's ownership of a unit, then those of its parts.

        Raises:
            NotFound: the unit is not this owner's now.
        """
        current = self.current({unit_id, *parts})
        mine = current.pop(unit_id, None)
        if mine is None or mine.owner_id != owner_id:
            raise NotFound(f"The unit {format_id(unit_id)} is not yours.")
        return [mine, *(one for one in current.values() if one.owner_id == owner_id)]

    def begin(self, owner_id: int, units: Iterable[tuple[int, bool]], *, label: str = "") -> list[Ownership]:
        """Units, with whether their maker sees them, become somebody's from now on; the label is the first one's."""
        made = [
            Ownership(
                id=OwnershipId(new_id()),
                organisation_id=OrganisationId(self.organisation_id),
                unit_id=UnitId(unit_id),
                owner_id=OrganisationId(owner_id),
                begin=self.at,
                maker_sees=maker_sees,
                label="" if place else label,
                by=self.by,
            )
            for place, (unit_id, maker_sees) in enumerate(units)
        ]
        self.connection.execute(ownerships.insert(), [ownership_to_row(one, self.number) for one in made])
        return made

    def end(self, ended: Sequence[Ownership], ending: Ending) -> None:
        """Ownerships end now, with the shares given under them and the codes and offers made for them.

        Raises:
            Conflict: one of the units is rented out now or later.
        """
        units = [one.unit_id for one in ended]
        self._refuse_rented(units)
        for condition in of_units(ownerships, self.organisation_id, units):
            self.connection.execute(
                ownerships.update()
                .where(condition, ownerships.c.ends_at.is_(None))
                .values(ends_at=self.at, ending=ending.value, changed=self.number)
            )
        for condition in of_units(unit_accesses, self.organisation_id, units):
            self.connection.execute(
                unit_accesses.update()
                .where(
                    condition,
                    unit_accesses.c.kind == AccessKind.SHARE.value,
                    sa.or_(unit_accesses.c.ends_at.is_(None), unit_accesses.c.ends_at > self.at),
                )
                .values(ends_at=self.at, changed=self.number)
            )
        self.forget_codes(units)

    def forget_codes(self, units: Collection[int]) -> None:
        """Codes and offers made for units until now open nothing any more."""
        for table in (claim_codes, transfer_offers):
            for condition in of_units(table, self.organisation_id, units):
                self.connection.execute(table.delete().where(condition))

    def _refuse_rented(self, units: Collection[int]) -> None:
        for one in load_accesses(self.connection, self.organisation_id, units):
            if one.kind is AccessKind.RENTAL and self.at < one.bounds[1]:
                raise Conflict(
                    f"The unit {format_id(one.unit_id)} is rented out until {format_instant(one.bounds[1])}.",
                    remedy="End the rental first.",
                )

    def end_access(self, giver_or_guest_id: int, unit_id: int, access_id: int, kind: AccessKind) -> list[int]:
        """A share or rental ends now, with those given together with it; the units it was for.

        Raises:
            NotFound: the unit has no such share or rental, or the asker is neither its giver nor its guest.
        """
        mine = unit_accesses.c.organisation_id == self.organisation_id
        query = sa.select(unit_accesses).where(
            mine,
            unit_accesses.c.access_id == access_id,
            unit_accesses.c.unit_id == unit_id,
            unit_accesses.c.kind == kind.value,
        )
        row = self.connection.execute(query).one_or_none()
        if row is None or giver_or_guest_id not in (row.giver_id, row.guest_id):
            raise NotFound(f"There is no {kind.value} {format_id(access_id)!r} of this unit.")
        together = mine & (unit_accesses.c.top_id == access_from_row(row).top_id)
        lasting = sa.or_(unit_accesses.c.ends_at.is_(None), unit_accesses.c.ends_at > self.at)
        # What has not begun never will: it ends where it begins.
        ending = sa.case((unit_accesses.c.begins_at > self.at, unit_accesses.c.begins_at), else_=self.at)
        self.connection.execute(
            unit_accesses.update().where(together, lasting).values(ends_at=ending, changed=self.number)
        )
        return list(self.connection.execute(sa.select(unit_accesses.c.unit_id).where(together)).scalars())

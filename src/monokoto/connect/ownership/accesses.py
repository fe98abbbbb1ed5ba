"""Sharing and renting out. Blocking: called from threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monokoto.connect.ownership.changes import Change
from monokoto.connect.ownership.ownership import Access, AccessKind, Ownership
from monokoto.connect.ownership.service import Ownerships
from monokoto.connect.ownership.store import access_to_row, load_accesses, unit_accesses
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.ids import AccessId, OrganisationId, format_id, new_id
from monokoto.kernel.limits import ACCESSES_PER_UNIT_MAX

Times = Callable[[Ownership, int], tuple[int, int | None]]
"""The begin and end of what is given, out of the owner's ownership and the present; raises Invalid."""
_CLOCKS_APART = 60 * MICROSECONDS_PER_SECOND
"""A beginning so little before now is now: clocks differ, and requests take their time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShare:
    """A share to be given."""

    guest_id: int
    begin: int | None = None
    """The first instant whose readings it shows, not before the owner's own first; None: now."""
    end: int | None = None
    control: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRental:
    """A rental to be given."""

    guest_id: int
    begin: int | None = None
    """None: now."""
    end: int
    owner_sees: bool = False
    label: str = ""


class Accesses:
    """The shares and rentals of all units."""

    def __init__(self, ownerships: Ownerships) -> None:
        self._ownerships = ownerships

    def share(self, owner_id: int, unit_id: int, new: NewShare, *, by: int) -> list[Access]:
        """Let another organisation look in beside the owner, and control if told so; the unit's share, then its parts'.

        Raises:
            NotFound: the unit is not the asker's.
            Invalid: the times are not in order, or lie outside the owner's own.
            Conflict: the unit has as many shares and rentals as it may, or is shared with its owner.
        """

        def times(mine: Ownership, now: int) -> tuple[int, int | None]:
            begin = now if new.begin is None else new.begin
            _check_times(begin, new.end, earliest=mine.begin, latest=now + _CLOCKS_APART, now=now)
            return min(begin, now), new.end

        return self._give(owner_id, unit_id, AccessKind.SHARE, new.guest_id, times, by=by, new=new)

    def rent(self, owner_id: int, unit_id: int, new: NewRental, *, by: int) -> list[Access]:
        """Let another organisation have the unit alone for a time; the unit's rental, then its parts'.

        Raises:
            NotFound: the unit is not the asker's.
            Invalid: the times are not in order, or lie in the past.
            Conflict: it is rented out for some of that time, has too many rentals, or would be rented to its owner.
        """

        def times(mine: Ownership, now: int) -> tuple[int, int | None]:
            begin = now if new.begin is None else new.begin
            _check_times(begin, new.end, earliest=now - _CLOCKS_APART, latest=None, now=now)
            return max(begin, now, mine.begin), new.end

        return self._give(owner_id, unit_id, AccessKind.RENTAL, new.guest_id, times, by=by, new=new)

    def _give(
        self,
        owner_id: int,
        unit_id: int,
        kind: AccessKind,
        guest_id: int,
        times: Times,
        *,
        by: int,
        new: NewShare | NewRental,
    ) -> list[Access]:
        if guest_id == owner_id:
            raise Conflict("The unit is yours already.")
        maker_id = self._ownerships.maker_of(unit_id)
        units = self._ownerships.with_parts(maker_id, unit_id)
        with self._ownerships.change(maker_id, units, by=by) as change:
            mine = change.owned_by(owner_id, unit_id, units)
            begin, end = times(mine[0], change.at)
            top_id = AccessId(new_id())
            made = [
                Access(
                    id=top_id if place == 0 else AccessId(new_id()),
                    organisation_id=OrganisationId(maker_id),
                    unit_id=one.unit_id,
                    ownership_id=one.id,
                    giver_id=OrganisationId(owner_id),
                    guest_id=OrganisationId(guest_id),
                    kind=kind,
                    top_id=top_id,
                    begin=max(begin, one.begin),
                    end=end,
                    control=new.control if isinstance(new, NewShare) else True,
                    owner_sees=new.owner_sees if isinstance(new, NewRental) else True,
                    label=new.label,
                    by=by,
                )
                for place, one in enumerate(mine)
            ]
            _check_room(change, made)
            change.connection.execute(unit_accesses.insert(), [access_to_row(one, change.number) for one in made])
        return made

    def end(self, organisation_id: int, unit_id: int, access_id: int, kind: AccessKind, *, by: int) -> list[int]:
        """Its giver or its guest ends a share or a rental now; the units it was for. Repeating it changes nothing.

        Raises: NotFound: the asker has no part in such a one.
        """
        maker_id = self._ownerships.maker_of(unit_id)
        with self._ownerships.change(maker_id, [unit_id], by=by) as change:
            return change.end_access(organisation_id, unit_id, access_id, kind)

    def of_unit(self, organisation_id: int, unit_id: int, kind: AccessKind) -> Sequence[Access]:
        """The shares or rentals of a unit in which the asker has a part, in order of time."""
        ledger = self._ownerships.ledger.unit(unit_id)
        accesses = () if ledger is None else ledger.accesses
        return [one for one in accesses if one.kind is kind and organisation_id in (one.giver_id, one.guest_id)]


def _check_times(begin: int, end: int | None, *, earliest: int, latest: int | None, now: int) -> None:
    faults: list[Fault] = []
    if begin < earliest:
        faults.append(Fault(place="begin", reason=f"lies before {format_instant(earliest)}"))
    if latest is not None and begin > latest:
        faults.append(Fault(place="begin", reason="lies in the future"))
    if end is not None and end <= max(begin, now):
        faults.append(Fault(place="end", reason="must lie after the beginning, and in the future"))
    if faults:
        raise Invalid("This is not a time for it.", faults=faults)


def _check_room(change: Change, made: Sequence[Access]) -> None:
    """No rental overlaps another one, and nothing grows without a limit."""
    by_unit: dict[int, list[Access]] = {}
    for one in load_accesses(change.connection, change.organisation_id, [one.unit_id for one in made]):
        if change.at < one.bounds[1] and one.bounds[0] < one.bounds[1]:
            by_unit.setdefault(one.unit_id, []).append(one)
    for one in made:
        lasting = by_unit.get(one.unit_id, [])
        if len(lasting) >= ACCESSES_PER_UNIT_MAX:
            raise Conflict(f"The unit {format_id(one.unit_id)} has {len(lasting)} shares and rentals, the most it may.")
        for other in lasting:
            if (
                one.kind is other.kind is AccessKind.RENTAL
                and one.begin < other.bounds[1]
                and other.begin < one.bounds[1]
            ):
                raise Conflict(
                    f"The unit {format_id(one.unit_id)} is rented out from {format_instant(other.begin)} to "
                    f"{format_instant(other.bounds[1])}."
                )

"""Whose a unit is and was, who may use it beside its owner, and what of it follows from that for an organisation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from monokoto.connect.ownership.periods import FIRST, LAST, Bounds, bounds, periods_of, within, without
from monokoto.kernel.ids import AccessId, OrganisationId, OwnershipId, UnitId
from monokoto.web import Reach, Side


class Ending(StrEnum):
    """How an ownership ended."""

    TRANSFERRED = "transferred"
    RETURNED = "returned"
    """Given up: nobody's but the maker's until it is claimed again."""


class AccessKind(StrEnum):
    """As what somebody other than the owner uses a unit."""

    SHARE = "share"
    """Looks in beside the owner while it lasts, and sees nothing afterwards."""
    RENTAL = "rental"
    """Has the unit alone for a time; that time's data stay theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """A unit's time with one owner: from `begin` up to, not including, `end`."""

    id: OwnershipId
    organisation_id: OrganisationId
    """The maker's."""
    unit_id: UnitId
    owner_id: OrganisationId
    begin: int
    end: int | None = None
    """None: it goes on."""
    ending: Ending | None = None
    maker_sees: bool = True
    """What the maker's contract said when it began; a later version of the product changes nothing of it."""
    label: str = ""
    """What the owner calls the unit."""
    place: str = ""
    """Where the owner says it is."""
    by: int = 0
    """Who claimed it: a person or an API key."""

    @property
    def bounds(self) -> Bounds:
        """Its time."""
        return bounds(self.begin, self.end)

    def holds(self, now: int) -> bool:
        """Whether it lasts at an instant."""
        return self.begin <= now < self.bounds[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A share or a rental of a unit."""

    id: AccessId
    organisation_id: OrganisationId
    """The maker's."""
    unit_id: UnitId
    ownership_id: OwnershipId
    giver_id: OrganisationId
    """The owner who shares or rents it out."""
    guest_id: OrganisationId
    kind: AccessKind
    top_id: AccessId
    """Of the access it was given with: to a unit and its parts at once."""
    begin: int
    """Of a share: the first instant whose readings it shows."""
    end: int | None = None
    """None: until it is taken back; a rental has an end."""
    control: bool = False
    """Whether the guest may tell the unit what to do; a renter always may."""
    owner_sees: bool = False
    """Of a rental: whether the owner sees the renter's time too."""
    label: str = ""
    by: int = 0

    @property
    def bounds(self) -> Bounds:
        """Its time."""
        return bounds(self.begin, self.end)

    def holds(self, now: int) -> bool:
        """Whether it lasts at an instant."""
        return self.begin <= now < self.bounds[1]


@dataclass(frozen=True, slots=True)
class UnitLedger:
    """All that is known of who had and has one unit."""

    unit_id: int
    organisation_id: int
    """The maker's."""
    ownerships: tuple[Ownership, ...] = ()
    accesses: tuple[Access, ...] = ()

    def owner(self, now: int) -> Ownership | None:
        """Whose it is at an instant; None: nobody's but the maker's."""
        return next((one for one in self.ownerships if one.holds(now)), None)

    def renter(self, now: int) -> Access | None:
        """Who rents it at an instant."""
        return next((one for one in self.rentals() if one.holds(now)), None)

    def rentals(self) -> Iterator[Access]:
        """All rentals, past and to come."""
        return (one for one in self.accesses if one.kind is AccessKind.RENTAL)

    def parties(self) -> set[int]:
        """Every organisation that had anything to do with it, the maker too."""
        return {
            self.organisation_id,
            *(one.owner_id for one in self.ownerships),
            *(one.guest_id for one in self.accesses),
        }

    def next_turn(self, now: int) -> int | None:
        """The next instant at which the answer to anything may change by itself."""
        times = [*(one.bounds for one in self.ownerships), *(one.bounds for one in self.accesses)]
        return min((edge for time in times for edge in time if now < edge < LAST), default=None)


@dataclass(slots=True)
class _Found:
    """What speaks for an organisation, being gathered."""

    side: Side | None = None
    open: list[Bounds] = field(default_factory=list)
    now: bool = False
    control: bool = False
    label: str = ""

    def add(
        self, side: Side, some: Iterable[Bounds], *, now: bool = False, control: bool = False, label: str = ""
    ) -> None:
        # As what stands to it now counts for more than as what it once did; the first of two is kept.
        if self.side is None or (now and not self.now):
            self.side = self.side if self.side is Side.MAKER else side
        self.open += some
        self.now |= now
        self.control |= control
        self.label = self.label or label


def reach_of(ledger: UnitLedger, organisation_id: int, now: int) -> Reach | None:
    """What of the unit lies open to an organisation at an instant; None: it has nothing to do with it.

    An owner sees the periods it owned the unit, less those it was rented out in (unless the rental's terms say
    otherwise). A renter sees the rental, also afterwards. A share opens its window while it lasts. The maker sees all but
    the periods of owners whose contract hides them.
    """
    found = _Found()
    if organisation_id == ledger.organisation_id:
        _as_maker(found, ledger, now)
    for ownership in ledger.ownerships:
        if ownership.owner_id == organisation_id:
            _as_owner(found, ledger, ownership, now)
    for access in ledger.accesses:
        if access.guest_id == organisation_id:
            _as_guest(found, ledger, access, now)
    if found.side is None:
        return None
    return Reach(
        unit_id=UnitId(ledger.unit_id),
        organisation_id=OrganisationId(ledger.organisation_id),
        side=found.side,
        periods=periods_of(found.open),
        now=found.now,
        control=found.control,
        owned=ledger.owner(now) is not None,
        label=found.label,
    )


def _as_maker(found: _Found, ledger: UnitLedger, now: int) -> None:
    me = ledger.organisation_id
    hidden = [one.bounds for one in ledger.ownerships if one.owner_id != me and not one.maker_sees]
    # A maker that claimed its own unit rents it out on the terms every owner does.
    rented = [one for one in ledger.rentals() if one.giver_id == me]
    hidden += _closed(rented)
    is_open = not any(begin <= now < end for begin, end in hidden)
    control = is_open and not any(one.holds(now) for one in rented)
    found.add(Side.MAKER, without([(FIRST, LAST)], hidden), now=is_open, control=control)


def _as_owner(found: _Found, ledger: UnitLedger, ownership: Ownership, now: int) -> None:
    rented = [one for one in ledger.rentals() if one.ownership_id == ownership.id]
    open_ = without([ownership.bounds], _closed(rented))
    mine = ownership.holds(now)
    found.add(
        Side.OWNER,
        open_,
        now=any(begin <= now < end for begin, end in open_) and mine,
        control=mine and not any(one.holds(now) for one in rented),
        label=ownership.label if mine else "",
    )


def _as_guest(found: _Found, ledger: UnitLedger, access: Access, now: int) -> None:
    if access.kind is AccessKind.RENTAL:
        if access.begin <= now and access.begin < access.bounds[1]:
            here = access.holds(now)
            found.add(Side.GUEST, [access.bounds], now=here, control=here, label=access.label)
        return
    if not access.holds(now):
        return
    rented = [one for one in ledger.rentals() if one.ownership_id == access.ownership_id]
    ownership = next(one for one in ledger.ownerships if one.id == access.ownership_id)
    open_ = without(within([access.bounds], ownership.bounds), _closed(rented))
    found.add(
        Side.GUEST,
        open_,
        now=any(begin <= now < end for begin, end in open_),
        control=access.control and not any(one.holds(now) for one in rented),
        label=access.label,
    )


def _closed(rentals: Iterable[Access]) -> list[Bounds]:
    return [one.bounds for one in rentals if not one.owner_sees]

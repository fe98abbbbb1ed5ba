"""What is done with ownership: claim, hand on, give back. Blocking: called from threads.

A unit's parts change hands with it: those that nobody, or the same owner, has. Every change takes the maker's change
number first, so that two who want the same unit come one after the other, and the second one is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from monokoto.connect.fleet import Directory, Fleet, Status
from monokoto.connect.ownership.changes import Change
from monokoto.connect.ownership.code import normalised
from monokoto.connect.ownership.codes import FROM_THE_BOX, ClaimCodes, Guesses, opens_nothing
from monokoto.connect.ownership.facts import ownership_changed
from monokoto.connect.ownership.ledger import Ledger
from monokoto.connect.ownership.ownership import Ending, Ownership
from monokoto.connect.ownership.store import load_ownerships, next_change, ownerships, transfer_offers
from monokoto.connect.tenancy import Organisations
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import TransferId, format_id, new_id
from monokoto.kernel.limits import PAGE_SIZE_MAX, PARTS_OWNED_MAX, PLACE_LENGTH_MAX, TRANSFER_DAYS, UNIT_NAME_LENGTH_MAX

_TRANSFER_MICROSECONDS = TRANSFER_DAYS * 24 * 3600 * MICROSECONDS_PER_SECOND


class Contract(Protocol):
    """What maker and owner agreed on. Today the product says it; a grant may say more later."""

    def maker_sees(self, organisation_id: int, product: str, version: str) -> bool:
        """Whether the maker sees the data of its product's owners."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A unit offered to another organisation."""

    id: TransferId
    organisation_id: int
    """The maker's."""
    unit_id: int
    ownership_id: int
    from_id: int
    to_id: int
    made_at: int
    expires_at: int


class Ownerships:
    """The ownership of all units; every use names the organisation that acts."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        ledger: Ledger,
        directory: Directory,
        fleet: Fleet,
        organisations: Organisations,
        contract: Contract,
        codes: ClaimCodes,
        facts: Facts | None = None,
        public_url: str = "",
    ) -> None:
        self.ledger = ledger
        self.organisations = organisations
        self.codes = codes
        self.public_url = public_url
        """By which address the outside calls us, for links in codes; empty: the one a request came by."""
        self._records = records
        self._clock = clock
        self._directory = directory
        self._fleet = fleet
        self._contract = contract
        self._facts = facts
        self._names = Guesses(clock, "organisations were named that are not there")

    async def tell(self, organisation_id: int, unit_ids: Sequence[int]) -> None:
        """Tell other processes what was committed; losing it costs them seconds."""
        if self._facts is not None:
            fact: Fact = ownership_changed(organisation_id, unit_ids, at=self._clock.now())
            await self._facts.tell(fact)

    def owned(self, unit_id: int) -> bool:
        """Whether a unit belongs to somebody now."""
        known = self.ledger.unit(unit_id)
        return known is not None and known.owner(self._clock.now()) is not None

    def now(self) -> int:
        """The present."""
        return self._clock.now()

    def named(self, owner_id: int, unit_id: int, slug: str) -> int:
        """The organisation with this slug, for whoever owns the unit and would hand it on.

        Raises:
            NotFound: the unit is not the asker's, whatever the slug; or there is no such organisation.
            TooMany: the asker named too many that are not there.
        """
        known = self.ledger.unit(unit_id)
        mine = None if known is None else known.owner(self._clock.now())
        if mine is None or mine.owner_id != owner_id:
            raise NotFound(f"The unit {format_id(unit_id)} is not yours.")
        self._names.check(owner_id)
        try:
            return self.organisations.by_slug(slug).id
        except NotFound:
            self._names.failed(owner_id)
            raise

    # Beginning

    def claim(self, organisation_id: int, text: str, *, by: int, label: str = "") -> list[Ownership]:
        """A unit, and its parts, become an organisation's by the code from its box or from its owner; the unit's first.

        Raises:
            Invalid: the code is mistyped, or the label is none.
            NotFound: the code opens nothing.
            Conflict: the unit is somebody's already, the asker's own, retired, or rented out.
            TooMany: too many codes were tried in vain.
        """
        _check_texts(label=label)
        opened = self.codes.open(organisation_id, text)
        units = self.with_parts(opened.organisation_id, opened.unit_id)
        with self.change(opened.organisation_id, units, by=by) as change:
            if self.codes.find(change.connection, normalised(text)) != opened:
                raise opens_nothing()
            if opened.ownership_id == FROM_THE_BOX:
                return self._take_from_the_box(change, organisation_id, opened.unit_id, units, label)
            current = change.current([opened.unit_id]).get(opened.unit_id)
            if current is None or current.id != opened.ownership_id:
                raise opens_nothing()
            return self._hand_over(change, current, organisation_id, units, label)

    def _take_from_the_box(
        self, change: Change, organisation_id: int, unit_id: int, units: Sequence[int], label: str
    ) -> list[Ownership]:
        current = change.current(units)
        if unit_id in current:
            mine = current[unit_id].owner_id == organisation_id
            raise Conflict(
                "This unit is yours already." if mine else "This unit belongs to somebody.",
                remedy="" if mine else "Its owner can hand it on with a transfer code.",
            )
        free = [one for one in units if one not in current]
        change.forget_codes(free)
        return change.begin(organisation_id, self._terms(free), label=label)

    def _hand_over(
        self, change: Change, current: Ownership, to_id: int, units: Sequence[int], label: str = ""
    ) -> list[Ownership]:
        if current.owner_id == to_id:
            raise Conflict("This unit is yours already.")
        ended = change.owned_by(current.owner_id, current.unit_id, units)
        change.end(ended, Ending.TRANSFERRED)
        return change.begin(to_id, self._terms([one.unit_id for one in ended]), label=label)

    def _terms(self, unit_ids: Sequence[int]) -> Iterator[tuple[int, bool]]:
        for unit_id in unit_ids:
            unit = self._directory.find(unit_id)
            if unit is None:
                raise NotFound(f"There is no unit {format_id(unit_id)!r}.")
            yield unit_id, self._contract.maker_sees(unit.organisation_id, unit.product, unit.version)

    # Handing on

    def transfer_code(self, owner_id: int, unit_id: int, *, by: int) -> tuple[str, int]:
        """A code for whoever shall have the unit, good once, and when it expires. One made before opens nothing any more.

        Raises: NotFound: the unit is not the asker's.
        """
        maker_id = self.maker_of(unit_id)
        with self.change(maker_id, [unit_id], by=by) as change:
            (mine,) = change.owned_by(owner_id, unit_id, [])
            change.forget_codes([unit_id])
            expires_at = self._clock.now() + _TRANSFER_MICROSECONDS
            codes = self.codes.add(change.connection, maker_id, {unit_id: mine.id}, by=by, expires_at=expires_at)
        return codes[unit_id], expires_at

    def offer(self, owner_id: int, unit_id: int, to_id: int, *, by: int) -> Offer:
        """Offer a unit to an organisation, which must accept it. An offer made before is withdrawn.

        Raises: NotFound: the unit is not the asker's; Conflict: it is offered to its owner.
        """
        maker_id = self.maker_of(unit_id)
        with self.change(maker_id, [unit_id], by=by) as change:
            (mine,) = change.owned_by(owner_id, unit_id, [])
            if to_id == owner_id:
                raise Conflict("This unit is yours already.")
            change.forget_codes([unit_id])
            offer = Offer(
                id=TransferId(new_id()),
                organisation_id=maker_id,
                unit_id=unit_id,
                ownership_id=mine.id,
                from_id=owner_id,
                to_id=to_id,
                made_at=change.at,
                expires_at=self._clock.now() + _TRANSFER_MICROSECONDS,
            )
            change.connection.execute(transfer_offers.insert().values(_offer_to_row(offer, by)))
        return offer

    def offers(self, organisation_id: int) -> list[Offer]:
        """Offers to and from an organisation that wait to be accepted, the oldest first (at most 10,000)."""
        offered = sa.or_(transfer_offers.c.to_id == organisation_id, transfer_offers.c.from_id == organisation_id)
        query = (
            sa.select(transfer_offers)
            .where(offered, transfer_offers.c.expires_at > self._clock.now())
            .order_by(transfer_offers.c.transfer_id)
            .limit(PAGE_SIZE_MAX)
        )
        with self._records.read() as connection:
            return [_offer_from_row(row) for row in connection.execute(query)]

    def accept(self, organisation_id: int, transfer_id: int, *, by: int) -> list[Ownership]:
        """Take a unit that was offered, with its parts; the unit's ownership first.

        Raises:
            NotFound: nothing of this id is offered to the asker, or no longer.
            Conflict: the unit is rented out.
        """
        offer = next((one for one in self.offers(organisation_id) if one.id == transfer_id), None)
        if offer is None or offer.to_id != organisation_id:
            raise _not_offered(transfer_id)
        units = self.with_parts(offer.organisation_id, offer.unit_id)
        with self.change(offer.organisation_id, units, by=by) as change:
            still = sa.select(transfer_offers.c.transfer_id).where(
                transfer_offers.c.transfer_id == transfer_id,
                transfer_offers.c.organisation_id == offer.organisation_id,
            )
            current = change.current([offer.unit_id]).get(offer.unit_id)
            withdrawn = change.connection.execute(still).one_or_none() is None
            if withdrawn or current is None or current.id != offer.ownership_id:
                raise _not_offered(transfer_id)
            return self._hand_over(change, current, organisation_id, units)

    def withdraw(self, owner_id: int, unit_id: int, *, by: int) -> None:
        """Codes and offers that would hand the unit on open nothing any more. Raises NotFound: it is not the asker's."""
        with self.change(self.maker_of(unit_id), [unit_id], by=by) as change:
            change.owned_by(owner_id, unit_id, [])
            change.forget_codes([unit_id])

    def give_back(self, owner_id: int, unit_id: int, *, by: int) -> list[Ownership]:
        """An owner gives a unit up, with its parts: nobody's but the maker's until it is claimed with a new code.

        Raises: NotFound: the unit is not the asker's; Conflict: it is rented out.
        """
        maker_id = self.maker_of(unit_id)
        units = self.with_parts(maker_id, unit_id, retired_too=True)
        with self.change(maker_id, units, by=by) as change:
            ended = change.owned_by(owner_id, unit_id, units)
            change.end(ended, Ending.RETURNED)
            gone = load_ownerships(change.connection, maker_id, [one.unit_id for one in ended])
        ids = {one.id for one in ended}
        return sorted((one for one in gone if one.id in ids), key=lambda one: one.unit_id != unit_id)

    def describe(
        self, owner_id: int, unit_id: int, *, label: str | None = None, place: str | None = None, by: int
    ) -> Ownership:
        """What the owner calls the unit and where it is; None leaves it.

        Raises: NotFound: the unit is not the asker's; Invalid: the text is too long or cannot be printed.
        """
        _check_texts(label=label or "", place=place or "")
        maker_id = self.maker_of(unit_id)
        with self.change(maker_id, [unit_id], by=by) as change:
            (mine,) = change.owned_by(owner_id, unit_id, [])
            wanted = {"label": mine.label if label is None else label, "place": mine.place if place is None else place}
            change.connection.execute(
                ownerships.update()
                .where(ownerships.c.organisation_id == maker_id, ownerships.c.ownership_id == mine.id)
                .values(**wanted, changed=change.number)
            )
            return change.current([unit_id])[unit_id]

    # What all changes share

    @contextmanager
    def change(self, maker_id: int, unit_ids: Collection[int], *, by: int) -> Iterator[Change]:
        """A change to some units of a maker; committed and in memory once it is left without an error.

        It is dated now, or when the last change of these units was dated, should the clock have been put back: periods
        stay in order and never overlap.
        """
        with self._records.write() as connection:
            number = next_change(connection, maker_id)
            before = load_ownerships(connection, maker_id, unit_ids)
            at = max([self._clock.now(), *(edge for one in before for edge in (one.begin, one.end or one.begin))])
            yield Change(connection, maker_id, number, at, by)
        self.ledger.refresh()

    def maker_of(self, unit_id: int) -> int:
        """The maker of a unit that somebody owned; raises NotFound for any other."""
        known = self.ledger.unit(unit_id)
        if known is None:
            self.ledger.refresh()
            known = self.ledger.unit(unit_id)
        if known is None:
            raise NotFound(f"The unit {format_id(unit_id)} is not yours.")
        return known.organisation_id

    def with_parts(self, maker_id: int, unit_id: int, *, retired_too: bool = False) -> list[int]:
        """The unit and its parts at every depth, the unit first, without those that are retired."""
        top = self._fleet.get(maker_id, unit_id)
        if top.status is Status.RETIRED and not retired_too:
            raise Conflict("This unit is retired.", remedy="Ask its maker.")
        found: list[int] = []
        cursor: str | None = None
        while True:
            _, page = self._fleet.tree(maker_id, unit_id, limit=PAGE_SIZE_MAX, cursor=cursor)
            found += [one.id for one in page.items if retired_too or one.status is not Status.RETIRED]
            if len(found) > PARTS_OWNED_MAX:
                raise Conflict(f"The unit has more than {PARTS_OWNED_MAX} parts, too many to change hands at once.")
            if page.next_cursor is None:
                return found
            cursor = page.next_cursor


def _check_texts(**texts: str) -> None:
    limits = {"label": UNIT_NAME_LENGTH_MAX, "place": PLACE_LENGTH_MAX}
    faults = [
        Fault(place=name, reason=f"has at most {limits[name]} printable characters")
        for name, text in texts.items()
        if len(text) > limits[name] or not text.isprintable() or text != text.strip()
    ]
    if faults:
        raise Invalid("The unit cannot be described so.", faults=faults)


def _not_offered(transfer_id: int) -> NotFound:
    return NotFound(
        f"No unit is offered to you as {format_id(transfer_id)}.", remedy="Ask its owner to offer it again."
    )


def _offer_to_row(offer: Offer, by: int) -> dict[str, int]:
    return {
        "transfer_id": offer.id,
        "organisation_id": offer.organisation_id,
        "unit_id": offer.unit_id,
        "ownership_id": offer.ownership_id,
        "from_id": offer.from_id,
        "to_id": offer.to_id,
        "made_at": offer.made_at,
        "made_by": by,
        "expires_at": offer.expires_at,
    }


def _offer_from_row(row: sa.Row[tuple[int, ...]]) -> Offer:
    return Offer(
        id=TransferId(row.transfer_id),
        organisation_id=row.organisation_id,
        unit_id=row.unit_id,
        ownership_id=row.ownership_id,
        from_id=row.from_id,
        to_id=row.to_id,
        made_at=row.made_at,
        expires_at=row.expires_at,
    )

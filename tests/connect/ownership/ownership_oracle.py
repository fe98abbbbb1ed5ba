"""An independent judge of who may see which reading, and a chance-driven life of one unit to judge.

The judge keeps no periods. It holds a calendar with one page a second, on which stands whose the unit was in that second, who
rented it and on what terms; an operation writes on the pages from its own second on. It shares no code with what it judges.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from ownership_making import BY, HOUSEHOLDS, House

from monokoto.connect.ownership import AccessKind, NewRental, NewShare
from monokoto.kernel.errors import MonokotoError

SECONDS = 60
EVERYBODY = ("maker", *HOUSEHOLDS, "maker-2")


@dataclass
class Page:
    """One second."""

    owner: str = ""
    era: int = 0
    renter: str = ""
    owner_sees: bool = False


@dataclass
class Share:
    giver_era: int
    guest: str
    since: int
    until: int
    control: bool
    id: int = 0


@dataclass
class Rental:
    guest: str
    begin: int
    end: int
    id: int = 0


@dataclass
class Judge:
    """What is true, told second by second."""

    discreet: bool
    pages: list[Page] = field(default_factory=lambda: [Page() for _ in range(SECONDS * 2)])
    shares: list[Share] = field(default_factory=list)
    rentals: list[Rental] = field(default_factory=list)
    eras: int = 0

    def owner(self, now: int) -> str:
        return self.pages[now].owner

    def change_owner(self, now: int, owner: str) -> None:
        self.eras += 1
        for page in self.pages[now:]:
            page.owner, page.era = owner, self.eras if owner else 0

    def rent(self, begin: int, end: int, renter: str, *, owner_sees: bool) -> None:
        for page in self.pages[begin:end]:
            page.renter, page.owner_sees = renter, owner_sees

    def end_rental(self, now: int, rental: Rental) -> None:
        for page in self.pages[max(now, rental.begin) : rental.end]:
            page.renter = ""
        rental.end = max(rental.begin, min(rental.end, now))

    def rented_from(self, now: int) -> bool:
        return any(page.renter for page in self.pages[now:])

    def sees(self, who: str, second: int, now: int) -> bool:
        """Whether a reading of that second may be seen at this moment."""
        page = self.pages[second]
        closed = bool(page.renter) and not page.owner_sees
        if who == "maker" and not self._hidden_from_maker(page, closed=closed):
            return True
        if page.owner == who and not closed:
            return True
        if page.renter == who and self._begun(who, second, now):
            return True
        return not closed and any(
            share.guest == who
            and share.giver_era == page.era == self.pages[now].era != 0
            and share.since <= second < share.until
            and share.since <= now < share.until
            for share in self.shares
        )

    def _hidden_from_maker(self, page: Page, *, closed: bool) -> bool:
        if page.owner == "maker":
            return closed
        return bool(page.owner) and self.discreet

    def _begun(self, who: str, second: int, now: int) -> bool:
        return any(one.guest == who and one.begin <= second < one.end and one.begin <= now for one in self.rentals)

    def may_control(self, who: str, now: int) -> bool:
        page = self.pages[now]
        if page.renter == who:
            return True
        if who == "maker" and page.owner != "maker":
            return not (page.owner and self.discreet) or self._shared_control(who, now)
        return (page.owner == who and not page.renter) or self._shared_control(who, now)

    def _shared_control(self, who: str, now: int) -> bool:
        page = self.pages[now]
        return not page.renter and any(
            one.guest == who and one.control and one.giver_era == page.era != 0 and one.since <= now < one.until
            for one in self.shares
        )


class Life:
    """One unit's life by chance: each second something is tried, told to the services and to the judge alike."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.chance = random.Random(seed)
        self.judge = Judge(discreet=self.chance.random() < 0.5)
        self.unit = house.unit(f"U-{seed}", product="discreet" if self.judge.discreet else "open")
        self.done = 0

    def live(self, second: int) -> None:
        """What happens in this second: nothing, or a few things."""
        self.house.go_to(second)
        for _ in range(self.chance.choice((0, 0, 1, 1, 2))):
            name = self.chance.choice(
                ("claim", "hand_on", "give_back", "share", "unshare", "rent", "rent", "end_rental")
            )
            try:
                getattr(self, f"_{name}")(second)
                self.done += 1
            except MonokotoError:
                continue

    def _somebody(self) -> str:
        return self.chance.choice(("maker", *HOUSEHOLDS))

    def _claim(self, now: int) -> None:
        who = self._somebody()
        self.house.claim(who, self.unit)
        assert self.judge.owner(now) == "", "a unit was claimed that belongs to somebody"
        self.judge.change_owner(now, who)

    def _hand_on(self, now: int) -> None:
        giver, taker = self.judge.owner(now) or self._somebody(), self._somebody()
        ids = self.house.ids
        if self.chance.random() < 0.5:
            code, _ = self.house.ownerships.transfer_code(ids[giver], self.unit, by=BY)
            self.house.ownerships.claim(ids[taker], code, by=BY)
        else:
            offer = self.house.ownerships.offer(ids[giver], self.unit, ids[taker], by=BY)
            self.house.ownerships.accept(ids[taker], offer.id, by=BY)
        assert self.judge.owner(now) == giver, "somebody handed on what is not theirs"
        assert not self.judge.rented_from(now), "a rented unit changed hands"
        self.judge.change_owner(now, taker)

    def _give_back(self, now: int) -> None:
        who = self.judge.owner(now) or self._somebody()
        self.house.ownerships.give_back(self.house.ids[who], self.unit, by=BY)
        assert self.judge.owner(now) == who
        assert not self.judge.rented_from(now), "a rented unit changed hands"
        self.judge.change_owner(now, "")

    def _share(self, now: int) -> None:
        giver, guest = self.judge.owner(now) or self._somebody(), self._somebody()
        since = self.chance.choice((now, max(0, now - self.chance.randint(0, 20))))
        until = self.chance.choice((SECONDS * 2, now + self.chance.randint(1, 20)))
        control = self.chance.random() < 0.5
        new = NewShare(
            guest_id=self.house.ids[guest], begin=self.house.at(since), control=control,
            end=None if until == SECONDS * 2 else self.house.at(until),
        )  # fmt: skip
        made = self.house.accesses.share(self.house.ids[giver], self.unit, new, by=BY)
        assert self.judge.owner(now) == giver
        self.judge.shares.append(Share(self.judge.pages[now].era, guest, since, until, control, made[0].id))

    def _unshare(self, now: int) -> None:
        share = self.chance.choice(self.judge.shares or [Share(0, "kim", 0, 0, False)])
        asker = self.house.ids[self.chance.choice((share.guest, self.judge.owner(now) or "lee"))]
        self.house.accesses.end(asker, self.unit, share.id, AccessKind.SHARE, by=BY)
        share.until = min(share.until, now)

    def _rent(self, now: int) -> None:
        giver, guest = self.judge.owner(now) or self._somebody(), self._somebody()
        begin = now + self.chance.choice((0, 0, self.chance.randint(1, 10)))
        end = begin + self.chance.randint(1, 12)
        owner_sees = self.chance.random() < 0.3
        new = NewRental(
            guest_id=self.house.ids[guest], begin=self.house.at(begin), end=self.house.at(end), owner_sees=owner_sees
        )
        made = self.house.accesses.rent(self.house.ids[giver], self.unit, new, by=BY)
        assert self.judge.owner(now) == giver
        assert not any(page.renter for page in self.judge.pages[begin:end]), "two rent it at once"
        self.judge.rent(begin, end, guest, owner_sees=owner_sees)
        self.judge.rentals.append(Rental(guest, begin, end, made[0].id))

    def _end_rental(self, now: int) -> None:
        rental = self.chance.choice(self.judge.rentals or [Rental("kim", 0, 0)])
        asker = self.house.ids[self.chance.choice((rental.guest, self.judge.owner(now) or "lee"))]
        self.house.accesses.end(asker, self.unit, rental.id, AccessKind.RENTAL, by=BY)
        self.judge.end_rental(now, rental)


def expected(judge: Judge, who: str, now: int, seconds: Any) -> list[int]:
    """What the judge lets somebody see."""
    return [second for second in seconds if judge.sees(who, second, now)]

"""Units change hands: claims, transfers, shares and rentals, and what of them each party sees."""

from __future__ import annotations

import threading

import pytest
from ownership_making import BY, SECOND, House

from monokoto.connect.fleet import Held, UnitChange, UnitFilter
from monokoto.connect.ownership import AccessKind, NewRental, NewShare
from monokoto.kernel.errors import Conflict, Forbidden, Invalid, MonokotoError, NotFound, TooMany
from monokoto.kernel.limits import CLAIM_FAILURES_MAX, CLAIM_FAILURES_SECONDS
from monokoto.web import Side

TICKS = range(0, 100, 5)


def test_before_anybody_owns_it_a_unit_is_its_makers_alone(house: House) -> None:
    unit = house.unit()
    reach = house.reach("maker", unit)
    assert reach is not None
    assert (reach.side, reach.always, reach.now, reach.control, reach.owned) == (Side.MAKER, True, True, True, False)
    assert house.reach("kim", unit) is None
    assert house.reach("maker-2", unit) is None
    assert house.gate.units(house.caller("maker")) is None
    assert house.gate.units(house.caller("kim")) == ()


def test_each_owner_sees_its_own_period_for_ever(house: House) -> None:
    unit = house.unit()
    house.go_to(10)
    assert house.claim("kim", unit, label="Kitchen") == [unit]
    house.go_to(40)
    code, _ = house.ownerships.transfer_code(house.ids["kim"], unit, by=BY)
    house.go_to(50)
    house.ownerships.claim(house.ids["lee"], code, by=BY)
    house.go_to(70)
    house.ownerships.give_back(house.ids["lee"], unit, by=BY)
    house.go_to(80)
    house.claim("kim", unit)
    assert house.sees("kim", unit, TICKS) == [*range(10, 50, 5), *range(80, 100, 5)]
    assert house.sees("lee", unit, TICKS) == [*range(50, 70, 5)]
    assert house.sees("maker", unit, TICKS) == list(TICKS)
    kim, lee = house.reach("kim", unit), house.reach("lee", unit)
    assert kim is not None
    assert lee is not None
    assert (kim.now, kim.control, kim.owned, kim.label) == (True, True, True, "")
    assert (lee.side, lee.now, lee.control) == (Side.OWNER, False, False)
    with pytest.raises(Forbidden):
        lee.must_be_present()
    with pytest.raises(Forbidden):
        lee.must_control()
    with pytest.raises(Forbidden):
        kim.must_be_maker()


def test_the_contract_of_the_beginning_holds(house: House) -> None:
    unit = house.unit(product="discreet")
    house.go_to(10)
    house.claim("kim", unit)
    house.go_to(30)
    reach = house.reach("maker", unit)
    assert reach is not None
    assert (reach.side, reach.now, reach.control, reach.owned) == (Side.MAKER, False, False, True)
    assert house.sees("maker", unit, TICKS) == [0, 5]
    assert set(house.gate.clipped(house.caller("maker"))) == {unit}
    house.ownerships.give_back(house.ids["kim"], unit, by=BY)
    assert house.sees("maker", unit, TICKS) == [0, 5, *range(30, 100, 5)]
    assert house.gate.clipped(house.caller("kim")) == {}


def test_a_code_is_good_once_for_the_unit_it_was_made_for(house: House) -> None:
    unit = house.unit()
    replaced, code = house.code(unit), house.code(unit)
    with pytest.raises(NotFound):
        house.ownerships.claim(house.ids["kim"], replaced, by=BY)
    house.ownerships.claim(house.ids["kim"], code, by=BY)
    for who in ("kim", "lee"):
        with pytest.raises(NotFound):
            house.ownerships.claim(house.ids[who], code, by=BY)
    late = house.code(unit)
    with pytest.raises(Conflict, match="belongs to somebody"):
        house.ownerships.claim(house.ids["lee"], late, by=BY)
    with pytest.raises(Conflict, match="yours already"):
        house.ownerships.claim(house.ids["kim"], late, by=BY)


def test_a_transfer_code_expires_and_is_replaced_and_withdrawn(house: House) -> None:
    unit, kim, lee = house.unit(), house.ids["kim"], house.ids["lee"]
    house.claim("kim", unit)
    with pytest.raises(NotFound):
        house.ownerships.transfer_code(lee, unit, by=BY)
    old, _ = house.ownerships.transfer_code(kim, unit, by=BY)
    code, expires_at = house.ownerships.transfer_code(kim, unit, by=BY)
    with pytest.raises(NotFound):
        house.ownerships.claim(lee, old, by=BY)
    with pytest.raises(Conflict, match="yours already"):
        house.ownerships.claim(kim, code, by=BY)
    house.clock.advance((expires_at - house.clock.now()) / SECOND)
    with pytest.raises(NotFound):
        house.ownerships.claim(lee, code, by=BY)
    code, _ = house.ownerships.transfer_code(kim, unit, by=BY)
    house.ownerships.withdraw(kim, unit, by=BY)
    with pytest.raises(NotFound):
        house.ownerships.claim(lee, code, by=BY)


def test_guessing_is_slowed_and_time_forgives(house: House) -> None:
    unit, kim = house.unit(), house.ids["kim"]
    wrong, right = house.code(unit), house.code(unit)
    for _ in range(10):
        with pytest.raises(NotFound):
            house.ownerships.claim(kim, wrong, by=BY)
    with pytest.raises(TooMany):
        house.ownerships.claim(kim, right, by=BY)
    house.clock.advance(601)
    house.ownerships.claim(kim, right, by=BY)


def test_two_who_claim_at_once_are_not_both_owners(house: House) -> None:
    unit, code = house.unit(), ""
    code = house.code(unit)
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def claim(who: str) -> None:
        gate.wait(10)
        try:
            house.ownerships.claim(house.ids[who], code, by=BY)
            outcomes.append(who)
        except MonokotoError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=claim, args=(who,)) for who in ("kim", "lee")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == 2
    winners = [one for one in outcomes if one in {"kim", "lee"}]
    assert len(winners) == 1
    ledger = house.ledger.unit(unit)
    assert ledger is not None
    assert [one.owner_id for one in ledger.ownerships] == [house.ids[winners[0]]]


def test_parts_change_hands_with_their_unit(house: House) -> None:
    top = house.unit("TOP")
    near, sold, gone = (house.unit(serial, parent="TOP") for serial in ("NEAR", "SOLD", "GONE"))
    deep = house.unit("DEEP", parent="NEAR")
    house.fleet.retire(house.ids["maker"], gone)
    house.claim("lee", sold)
    assert set(house.claim("kim", top)) == {top, near, deep}
    assert house.reach("kim", sold) is None
    code, _ = house.ownerships.transfer_code(house.ids["kim"], top, by=BY)
    assert {one.unit_id for one in house.ownerships.claim(house.ids["park"], code, by=BY)} == {top, near, deep}
    assert {reach.unit_id for reach in house.gate.held(house.caller("park"))} == {top, near, deep}
    assert {one.unit_id for one in house.ownerships.give_back(house.ids["park"], near, by=BY)} == {near, deep}
    with pytest.raises(Conflict, match="retired"):
        house.claim("kim", gone)


def test_a_rental_is_the_renters_alone_and_ends_by_itself(house: House) -> None:
    unit, kim = house.unit(), house.ids["kim"]
    house.claim("kim", unit)
    house.go_to(20)
    new = NewRental(guest_id=house.ids["lee"], begin=house.at(30), end=house.at(50))
    house.accesses.rent(kim, unit, new, by=BY)
    assert house.reach("lee", unit) is None, "it has not begun"
    house.go_to(30)
    kims, lees = house.reach("kim", unit), house.reach("lee", unit)
    assert kims is not None
    assert lees is not None
    assert (kims.now, kims.control) == (False, False)
    assert (lees.side, lees.now, lees.control) == (Side.GUEST, True, True)
    with pytest.raises(Conflict, match="rented out"):
        house.ownerships.give_back(kim, unit, by=BY)
    code, _ = house.ownerships.transfer_code(kim, unit, by=BY)
    with pytest.raises(Conflict, match="rented out"):
        house.ownerships.claim(house.ids["park"], code, by=BY)
    house.clock.advance((house.at(50) - 1 - house.clock.now()) / SECOND)
    assert house.sees("lee", unit, TICKS) == [*range(30, 50, 5)]
    assert house.must_reach("lee", unit).now
    house.go_to(50)
    lees = house.reach("lee", unit)
    assert lees is not None
    assert (lees.now, lees.control) == (False, False)
    assert house.must_reach("kim", unit).now
    assert house.sees("kim", unit, TICKS) == [*range(0, 30, 5), *range(50, 100, 5)]
    assert house.sees("lee", unit, TICKS) == [*range(30, 50, 5)]


def test_rentals_do_not_overlap_and_may_be_cut_short(house: House) -> None:
    unit, kim, lee, park = house.unit(), house.ids["kim"], house.ids["lee"], house.ids["park"]
    house.claim("kim", unit)

    def rent(guest_id: int, begin: int | None, end: int, *, owner_sees: bool = False) -> int:
        times = NewRental(
            guest_id=guest_id,
            begin=None if begin is None else house.at(begin),
            end=house.at(end),
            owner_sees=owner_sees,
        )
        return house.accesses.rent(kim, unit, times, by=BY)[0].id

    first = rent(lee, None, 50, owner_sees=True)
    later = rent(park, 60, 80)
    for begin, end in ((40, 55), (50, 61), (70, 75), (10, 90)):
        with pytest.raises(Conflict, match="rented out"):
            rent(park, begin, end)
    between = rent(park, 50, 60)
    house.accesses.end(kim, unit, between, AccessKind.RENTAL, by=BY)
    with pytest.raises(Invalid):
        rent(park, 55, 55)
    with pytest.raises(Conflict, match="yours already"):
        rent(kim, 90, 95)
    house.go_to(20)
    assert house.sees("kim", unit, range(0, 50, 5)) == [*range(0, 50, 5)], "by the rental's terms"
    assert not house.must_reach("kim", unit).control
    with pytest.raises(NotFound):
        house.accesses.end(park, unit, first, AccessKind.RENTAL, by=BY)
    house.accesses.end(lee, unit, first, AccessKind.RENTAL, by=BY)
    house.accesses.end(lee, unit, first, AccessKind.RENTAL, by=BY)
    house.accesses.end(kim, unit, later, AccessKind.RENTAL, by=BY)
    house.go_to(70)
    assert house.sees("lee", unit, TICKS) == [0, 5, 10, 15]
    assert house.reach("park", unit) is None
    house.ownerships.give_back(kim, unit, by=BY)


def test_a_share_shows_no_more_than_its_giver_sees_and_nothing_after(house: House) -> None:
    unit, kim, lee = house.unit(), house.ids["kim"], house.ids["lee"]
    house.go_to(10)
    house.claim("kim", unit)
    house.go_to(30)
    with pytest.raises(Invalid):
        house.accesses.share(kim, unit, NewShare(guest_id=lee, begin=house.at(5)), by=BY)
    house.accesses.share(kim, unit, NewShare(guest_id=lee, begin=house.at(20), end=house.at(90), control=True), by=BY)
    assert house.sees("lee", unit, TICKS) == [*range(20, 90, 5)]
    assert house.must_reach("lee", unit).control
    house.accesses.rent(kim, unit, NewRental(guest_id=house.ids["park"], end=house.at(40)), by=BY)
    assert house.sees("lee", unit, TICKS) == [20, 25, *range(40, 90, 5)]
    assert not house.must_reach("lee", unit).control
    house.go_to(50)
    (reach,) = house.gate.held(house.caller("lee"))
    assert reach.now
    house.go_to(90)
    assert house.reach("lee", unit) is None
    assert house.gate.held(house.caller("lee")) == ()
    open_ended = house.accesses.share(kim, unit, NewShare(guest_id=lee), by=BY)[0]
    assert house.reach("lee", unit) is not None
    house.ownerships.give_back(kim, unit, by=BY)
    assert house.reach("lee", unit) is None, "shares end with the ownership they were given under"
    ledger = house.ledger.unit(unit)
    assert ledger is not None
    assert next(one for one in ledger.accesses if one.id == open_ended.id).end == house.at(90)


def test_a_maker_that_claims_its_own_unit_rents_it_out_on_every_owners_terms(house: House) -> None:
    unit, maker = house.unit(product="discreet"), house.ids["maker"]
    house.claim("maker", unit)
    house.go_to(10)
    house.accesses.rent(maker, unit, NewRental(guest_id=house.ids["kim"], end=house.at(30)), by=BY)
    reach = house.reach("maker", unit)
    assert reach is not None
    assert (reach.side, reach.now, reach.control) == (Side.MAKER, False, False)
    house.go_to(40)
    assert house.sees("maker", unit, TICKS) == [0, 5, *range(30, 100, 5)]
    assert house.sees("kim", unit, TICKS) == [10, 15, 20, 25]


def test_a_clock_put_back_makes_no_periods_overlap(house: House) -> None:
    unit = house.unit()
    house.go_to(50)
    house.claim("kim", unit)
    house.go_to(20)
    house.ownerships.give_back(house.ids["kim"], unit, by=BY)
    house.claim("lee", unit)
    ledger = house.ledger.unit(unit)
    assert ledger is not None
    assert [(one.begin, one.end) for one in ledger.ownerships] == [
        (house.at(50), house.at(50)),
        (house.at(50), None),
    ]


def test_another_process_sees_it_after_a_refresh(house: House) -> None:
    unit = house.unit()
    other = house.another_process()
    house.claim("kim", unit, label="Kitchen")
    assert other.reach("kim", unit) is None
    assert other.ledger.refresh() == 1
    assert other.must_reach("kim", unit).label == "Kitchen"
    house.ownerships.describe(house.ids["kim"], unit, label="Bath", place="upstairs", by=BY)
    other.ledger.refresh()
    assert other.must_reach("kim", unit).label == "Bath"
    assert other.ledger.refresh() == 0
    with pytest.raises(Invalid):
        house.ownerships.describe(house.ids["kim"], unit, label="x" * 200, by=BY)
    with pytest.raises(NotFound):
        house.ownerships.describe(house.ids["lee"], unit, label="Mine", by=BY)


def test_held_units_are_listed_filtered_and_paged(house: House) -> None:

    units = [house.unit(f"S-{number}") for number in range(5)]
    foreign = house.unit("S-9", maker="maker-2")
    for unit in units[:3]:
        house.claim("kim", unit)
    house.ownerships.claim(house.ids["kim"], house.code(foreign, "maker-2"), by=BY, label="Boiler")
    house.fleet.update(house.ids["maker"], units[0], UnitChange(name="sold to Kim", tags=("vip",)))
    reaches = house.gate.units(house.caller("kim"))
    assert reaches is not None
    held = Held(
        {one.unit_id: one.organisation_id for one in reaches}, {one.unit_id: one.label for one in reaches if one.label}
    )

    kim = house.ids["kim"]
    first = house.fleet.list(kim, limit=3, held=held)
    rest = house.fleet.list(kim, limit=3, held=held, cursor=first.next_cursor)
    assert [one.id for one in [*first.items, *rest.items]] == [*units[:3], foreign]
    for text, expected in (("boil", [foreign]), ("s-1", [units[1]]), ("sold", []), ("nothing", [])):
        assert [one.id for one in house.fleet.list(kim, UnitFilter(text=text), held=held).items] == expected
    assert house.fleet.list(kim, UnitFilter(tags=("vip",)), held=held).items == []
    assert house.fleet.list(kim, held=Held({}, {})).items == []
    with pytest.raises(NotFound):
        house.fleet.list(kim, UnitFilter(below=units[4]), held=held)


def test_who_does_not_own_the_unit_learns_of_no_name_and_who_guesses_waits(house: House) -> None:
    unit = house.unit()
    house.claim("kim", unit)
    named = house.ownerships.named
    assert named(house.ids["kim"], unit, "lee") == house.ids["lee"]
    told = set()
    for slug in ("lee", "nobody-of-this-name"):
        with pytest.raises(NotFound) as caught:
            named(house.ids["park"], unit, slug)
        told.add(str(caught.value))
    assert len(told) == 1, "somebody who is not the owner is told the same, whoever is named"
    for number in range(CLAIM_FAILURES_MAX):
        with pytest.raises(NotFound):
            named(house.ids["kim"], unit, f"guess-{number}")
    with pytest.raises(TooMany):
        named(house.ids["kim"], unit, "lee")
    house.clock.advance(CLAIM_FAILURES_SECONDS)
    assert named(house.ids["kim"], unit, "lee") == house.ids["lee"]

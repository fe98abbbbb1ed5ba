"""What joins plans and subscriptions to the rest: applied products are published, units are found by their product and owner."""

import asyncio
from types import SimpleNamespace

import numpy as np

from monokoto.assembly.plans import KnownOwners, publish_applied
from monokoto.connect.fleet.directory import Described
from monokoto.connect.ownership import Ownership, UnitLedger
from monokoto.connect.products import VERSION_APPLIED
from monokoto.earn.calendar import Span
from monokoto.kernel.facts import Fact
from monokoto.web import Reach, Side


def test_a_product_that_is_applied_has_its_plans_published() -> None:
    taken, listening = [], {}

    async def listen(name, heard):
        listening[name] = heard

    plans = SimpleNamespace(take_over=lambda *asked: taken.append(asked))

    async def story():
        await publish_applied(SimpleNamespace(listen=listen), plans)
        data = {"product": "washer", "version": "1.0.0"}
        await listening[VERSION_APPLIED](Fact(name=VERSION_APPLIED, organisation_id=3, at=1, data=data))

    asyncio.run(story())
    assert taken == [(3, "washer")]


def owners(kinds, units, ledger=None):
    described = Described(np.array(units, np.int32), np.zeros(len(units), np.uint8), kinds)
    directory = SimpleNamespace(
        units=lambda _organisation: np.arange(1, len(units) + 1, dtype=np.int64),
        described=lambda _ids: described,
        find=lambda _unit: SimpleNamespace(organisation_id=1, product="washer"),
    )
    return KnownOwners(directory, ledger)


def test_a_fleet_has_the_units_of_its_product_in_every_version() -> None:
    kinds = [(1, "washer", "1.0.0"), (1, "dryer", "1.0.0"), (1, "washer", "2.0.0")]
    assert owners(kinds, [0, 1, 2, -1, 0]).fleet(1, "washer") == [1, 3, 5]
    assert owners([], []).fleet(1, "washer") == []


def test_a_unit_is_each_owners_for_its_own_time() -> None:
    def owned(owner, begin, end):
        return Ownership(id=begin, organisation_id=1, unit_id=9, owner_id=owner, begin=begin, end=end)

    unit = UnitLedger(9, 1, (owned(7, 10, 20), owned(8, 20, 30), owned(7, 30, None)))
    reach = Reach(unit_id=9, organisation_id=1, side=Side.OWNER)
    ledger = SimpleNamespace(unit=lambda _unit: unit, foreign=lambda _owner: (reach,))
    known = owners([], [], ledger)
    assert known.owned(1, "washer", 7, Span(15, 40)) == {9: (Span(15, 20), Span(30, 40))}
    assert known.owned(1, "washer", 8, Span(15, 20)) == {}
    assert known.owned(2, "washer", 7, Span(15, 40)) == {}, "of another maker"
    assert known.owners(9, Span(25, 31)) == [(8, Span(25, 30)), (7, Span(30, 31))]

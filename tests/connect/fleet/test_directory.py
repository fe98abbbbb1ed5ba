"""The directory: what it knows, how it keeps up, and that reading never waits."""

import contextlib
import random
import threading
import time

import numpy as np
import pytest

from monokoto.connect.fleet import NOWHERE, Directory, Fleet, NewUnit, Registered, Status, UnitChange, UnitFilter
from monokoto.engines.records import Records
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.ids import format_id

ACME, OTHER = 11, 22


def make(fleet: Fleet, serial: str, organisation: int = ACME, **details: str) -> int:
    return fleet.register(organisation, NewUnit(**{"serial": serial, "product": "robot"} | details)).unit.id


def test_it_knows_what_was_there_and_what_came_later(fleet: Fleet, directory: Directory, robot: Registered) -> None:
    assert directory.get(robot.unit.id) is None
    assert directory.refresh() == 1
    unit = directory.get(robot.unit.id)
    assert unit is not None
    assert (unit.unit_id, unit.organisation_id, unit.product, unit.version, unit.serial) == (
        robot.unit.id,
        ACME,
        "robot",
        "1.1.0",
        "R-1",
    )
    assert (unit.parent_id, unit.credential_id) == (0, 0)
    later, foreign = make(fleet, "R-2"), make(fleet, "R-2", OTHER)
    assert directory.get(later) is None
    assert directory.refresh() == 2
    assert directory.refresh() == 0
    assert directory.get(later).serial == "R-2"
    assert directory.get(foreign).organisation_id == OTHER
    assert len(directory) == 3
    fleet.upgrade(ACME, UnitFilter(product="robot"), "1.0.0")
    assert directory.refresh() == 2
    assert directory.get(later).version == "1.0.0"
    assert directory.get(foreign).version == "1.1.0"
    assert directory.get(12345) is None


def test_a_change_below_a_number_already_seen_is_not_missed(
    fleet: Fleet, directory: Directory, records: Records
) -> None:
    """Two registrations that overlap: the one that began first commits last."""
    make(fleet, "first")
    directory.refresh()
    if records.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time: transactions cannot overlap")
    from monokoto.connect.fleet.store import next_change  # noqa: PLC0415

    done = threading.Event()
    with records.write() as connection:
        next_change(connection, ACME)
        overlapping = threading.Thread(target=lambda: (make(fleet, "second"), done.set()))
        overlapping.start()
        assert not done.wait(0.3), "the second change must wait for the first one's number"
        assert directory.refresh() == 0
    overlapping.join(10)
    assert directory.refresh() == 1


def test_a_child_is_found_by_serial_or_id_below_its_parent_alone(fleet: Fleet, directory: Directory) -> None:
    farm = make(fleet, "farm")
    tractor = make(fleet, "tractor", parent="farm")
    engine = make(fleet, "engine", parent="tractor", product="arm")
    stray = make(fleet, "stray")
    make(fleet, "farm", OTHER)
    make(fleet, "engine", OTHER, parent="farm")

    def found(parent: int, name: str) -> int | None:
        unit = directory.child(parent, name)
        return None if unit is None else unit.unit_id

    for again in range(2):  # out of the table, then out of what changed since
        directory.refresh()
        assert found(farm, "engine") == found(tractor, "engine") == engine
        assert found(farm, format_id(engine)) == engine
        assert found(farm, "farm") == farm
        assert found(tractor, "farm") is None
        assert found(farm, "stray") is None
        assert found(farm, format_id(stray)) is None
        assert found(stray, "engine") is None
        assert found(999, "engine") is None
        assert found(farm, "no such part") is None
        if not again:
            for unit_id in (farm, tractor, engine, stray):
                fleet.update(ACME, unit_id, UnitChange(name="changed"))
    fleet.move(ACME, engine, stray)
    directory.refresh()
    assert found(farm, "engine") is None
    assert found(stray, "engine") == engine


def test_of_equal_serials_the_nearest_is_meant(fleet: Fleet, directory: Directory) -> None:
    top = make(fleet, "top")
    near = make(fleet, "pump", parent="top")
    far = make(fleet, "pump", parent="pump", product="arm")
    directory.refresh()
    assert directory.child(top, "pump").unit_id == near
    assert directory.child(far, "pump").unit_id == far


@pytest.mark.parametrize("seed", range(3))
def test_whom_a_name_means_is_not_remembered_too_long(
    fleet: Fleet, directory: Directory, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """After every change each name below each unit means whom it means to a directory that remembers nothing."""
    monkeypatch.setattr("monokoto.connect.fleet.directory._CHANGES_MIN", 6)
    chance = random.Random(seed)
    ids = [make(fleet, f"S-{number}") for number in range(3)]
    ids += [make(fleet, f"S-{number}", product="arm", parent=f"S-{number + 1}") for number in range(2)]
    ids.append(make(fleet, "S-0", OTHER))

    def change() -> None:
        unit = chance.choice(ids)
        whose = ACME if unit != ids[5] else OTHER
        what = chance.randrange(4)
        with contextlib.suppress(MonokotoError):
            if what == 0:
                fleet.move(whose, unit, chance.choice([NOWHERE, *ids]))
            elif what == 1:
                fleet.update(whose, unit, UnitChange(status=chance.choice([Status.ACTIVE, Status.SUSPENDED])))
            elif what == 2:
                fleet.update(whose, unit, UnitChange(version=chance.choice(["1.0.0", "1.1.0"])))
            else:
                product = chance.choice(["robot", "arm"])
                ids.append(make(fleet, f"S-{chance.randrange(6)}", product=product, parent=format_id(unit)))

    for _ in range(25):
        change()
        directory.refresh()
        fresh = Directory(fleet._records)
        fresh.refresh()
        names = (
            [f"S-{number}" for number in range(6)] + [format_id(one) for one in ids[:8]] + [format_id(ids[1]).upper()]
        )
        for parent in ids:
            for name in names:
                assert directory.child(parent, name) == fresh.child(parent, name), (parent, name)


def test_so_many_names_are_remembered_and_no_more(
    fleet: Fleet, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.connect.fleet.directory._CACHE_MAX", 3)
    top = make(fleet, "top")
    names = [f"part-{number}" for number in range(8)]
    ids = [make(fleet, name, parent="top") for name in names]
    directory.refresh()
    for _ in range(2):
        assert [directory.child(top, name).unit_id for name in names] == ids
        assert len(directory._state.children) <= 3
    assert directory.child(top, "nobody") is None
    assert (top, "nobody") not in directory._state.children


def test_retired_units_are_known_and_nobodys_child(fleet: Fleet, directory: Directory) -> None:
    top = make(fleet, "top")
    part, other = make(fleet, "part", parent="top"), make(fleet, "other", parent="top")
    directory.refresh()
    fleet.retire(ACME, part)
    fleet.update(ACME, other, UnitChange(status=Status.SUSPENDED))
    directory.refresh()
    assert directory.get(part).serial == "part"
    assert directory.child(top, "part") is None
    assert directory.child(top, "other") is None
    assert directory.units(ACME).tolist() == [top, other]
    assert Directory(fleet._records).refresh() == 3
    fleet.update(ACME, other, UnitChange(status=Status.ACTIVE))
    directory.refresh()
    assert directory.child(top, "other").unit_id == other


def test_many_changes_are_merged_into_the_table(
    fleet: Fleet, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.connect.fleet.directory._CHANGES_MIN", 3)
    directory.refresh()
    top = make(fleet, "top")
    ids = [top, *(make(fleet, f"Ünit {number}", parent="top") for number in range(12))]
    directory.refresh()
    for number, unit_id in enumerate(ids[1:]):
        if number % 3 == 0:
            fleet.move(ACME, unit_id, NOWHERE)
        directory.refresh()
    fresh = Directory(fleet._records)
    fresh.refresh()
    assert directory.units(ACME).tolist() == fresh.units(ACME).tolist() == ids
    for number, unit_id in enumerate(ids[1:]):
        assert directory.get(unit_id) == fresh.get(unit_id)
        for one in (directory, fresh):
            assert (one.child(top, f"Ünit {number}") is None) == (number % 3 == 0)
    assert len(directory) == len(fresh) == 13


def test_records_put_back_to_an_earlier_state_are_loaded_anew(
    fleet: Fleet, directory: Directory, records: Records
) -> None:
    from monokoto.connect.fleet.store import fleet_changes, units  # noqa: PLC0415

    kept, lost = make(fleet, "kept"), make(fleet, "lost")
    directory.refresh()
    with records.write() as connection:
        connection.execute(units.delete().where(units.c.unit_id == lost))
        connection.execute(fleet_changes.update().values(number=1))
    assert directory.refresh() == 1
    assert directory.get(lost) is None
    assert directory.units(ACME).tolist() == [kept]


def test_readers_see_whole_units_while_it_refreshes(fleet: Fleet, directory: Directory) -> None:
    ids = [make(fleet, f"S-{number}") for number in range(20)]
    directory.refresh()
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            for number, unit_id in enumerate(ids):
                unit = directory.get(unit_id)
                if unit is None or unit.serial != f"S-{number}":
                    wrong.append(unit)
            time.sleep(0.001)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(30):
        fleet.update(ACME, ids[number % 20], UnitChange(version="1.0.0" if number % 2 else "1.1.0"))
        directory.refresh()
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert directory.get(ids[9]).version == "1.0.0"


def test_an_organisation_without_units_has_none(directory: Directory) -> None:
    directory.refresh()
    assert directory.units(ACME).dtype == np.int64
    assert directory.units(ACME).tolist() == []
    assert directory.child(1, "x") is None


def test_many_units_are_described_as_one_by_one(fleet: Fleet, directory: Directory) -> None:
    empty = directory.described(np.array([1, 2], np.int64))
    assert empty.kind.tolist() == [-1, -1]
    first, arm = make(fleet, "R-1"), make(fleet, "A-1", product="arm")
    foreign = make(fleet, "R-1", OTHER)
    directory.refresh()
    later = make(fleet, "R-2")
    fleet.update(ACME, first, UnitChange(version="1.0.0", status=Status.SUSPENDED))
    directory.refresh()
    asked = np.array([first, arm, foreign, later, 12345], np.int64)
    found = directory.described(asked)
    for unit_id, kind in zip(asked.tolist()[:4], found.kind.tolist(), strict=False):
        unit = directory.get(unit_id)
        assert found.kinds[kind] == (unit.organisation_id, unit.product, unit.version)
    assert found.kind[4] == -1
    assert [list(Status)[one] for one in found.status[:4]] == [Status.SUSPENDED, *[Status.ACTIVE] * 3]

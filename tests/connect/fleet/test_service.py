"""Registering, finding, changing and retiring units; and that nobody sees another's."""

import threading
from collections.abc import Callable

import pytest

from monokoto.connect.fleet import (
    CREDENTIAL_ENDED,
    NOWHERE,
    UNITS_CHANGED,
    Credentials,
    Fleet,
    Location,
    LocationChange,
    NewUnit,
    Registered,
    Sort,
    Status,
    UnitChange,
    UnitFilter,
)
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed, Unauthenticated
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import TREE_DEPTH_MAX

ACME, OTHER = 11, 22


def make(fleet: Fleet, serial: str, **details: object) -> int:
    return fleet.register(ACME, NewUnit(**{"serial": serial, "product": "robot"} | details)).unit.id


def serials(fleet: Fleet, wanted: UnitFilter, **how: object) -> list[str]:
    return [unit.serial for unit in fleet.list(ACME, wanted, **how).items]


def test_a_unit_is_what_was_registered(fleet: Fleet, clock: ManualClock) -> None:
    where = Location(latitude=47.4, longitude=8.5, altitude=410.0, place="Zürich")
    made = fleet.register(
        ACME, NewUnit(serial="R-7", product="robot", name="Seven", tags=("blue", "test"), location=where)
    )
    unit = fleet.get(ACME, made.unit.id)
    assert unit == made.unit
    assert (unit.serial, unit.product, unit.version, unit.name) == ("R-7", "robot", "1.1.0", "Seven")
    assert (unit.tags, unit.location, unit.status) == (("blue", "test"), where, Status.ACTIVE)
    assert (unit.revision, unit.created_at, unit.parent_id) == (1, clock.now(), NOWHERE)
    assert len(made.token) == 32
    assert fleet.register(ACME, NewUnit(serial="R-8", product="robot", version="1.0.0")).unit.version == "1.0.0"


def test_every_fault_is_told_at_once(fleet: Fleet) -> None:
    with pytest.raises(Invalid) as caught:
        fleet.register(
            ACME,
            NewUnit(
                serial=" R\x00",
                product="robot",
                tags=("a,b", "c", "c"),
                location=Location(latitude=91.0, altitude=float("nan")),
                token="short",
            ),
        )
    assert [fault.place for fault in caught.value.faults] == [
        "serial",
        "tags",
        "tags",
        "location",
        "location/latitude",
        "location/altitude",
        "token",
    ]


@pytest.mark.parametrize(
    ("new", "place"),
    [
        (NewUnit(serial="R", product="toaster"), "product"),
        (NewUnit(serial="R", product="robot", version="9.9.9"), "version"),
        (NewUnit(serial="R", product="robot", parent="nobody"), "parent"),
        (NewUnit(serial="", product="robot"), "serial"),
        (NewUnit(serial="R", product="robot", certificate="-----BEGIN PRIVATE KEY-----"), "certificate"),
    ],
)
def test_what_is_not_there_is_a_fault_with_its_place(fleet: Fleet, new: NewUnit, place: str) -> None:
    with pytest.raises(Invalid) as caught:
        fleet.register(ACME, new)
    assert [fault.place for fault in caught.value.faults] == [place]


def test_a_serial_is_taken_within_product_and_organisation_alone(fleet: Fleet, robot: Registered) -> None:
    with pytest.raises(Conflict) as caught:
        fleet.register(ACME, NewUnit(serial="R-1", product="robot"))
    assert caught.value.faults[0].place == "serial"
    fleet.register(ACME, NewUnit(serial="R-1", product="arm"))
    fleet.register(OTHER, NewUnit(serial="R-1", product="robot"))
    fleet.retire(ACME, robot.unit.id)
    with pytest.raises(Conflict):
        fleet.register(ACME, NewUnit(serial="R-1", product="robot"))


def test_changes_raise_the_revision_and_nothing_else_does(fleet: Fleet, robot: Registered, clock: ManualClock) -> None:
    clock.advance(5)
    change = UnitChange(name="Robbie", tags=("x",), location=LocationChange(place="hall 3"), version="1.0.0")
    changed = fleet.update(ACME, robot.unit.id, change)
    assert (changed.unit.revision, changed.unit.updated_at) == (2, clock.now())
    assert [fact.name for fact in changed.facts] == [UNITS_CHANGED]
    assert fleet.get(ACME, robot.unit.id) == changed.unit
    assert serials(fleet, UnitFilter(tags=("x",))) == ["R-1"]
    again = fleet.update(ACME, robot.unit.id, change)
    assert again.unit.revision == 2
    assert again.facts == ()
    located = fleet.update(
        ACME, robot.unit.id, UnitChange(location=LocationChange(latitude=1.0, longitude=2.0), tags=())
    )
    assert located.unit.location == Location(latitude=1.0, longitude=2.0, place="hall 3")
    assert serials(fleet, UnitFilter(tags=("x",))) == []


def test_a_change_is_refused_whole(fleet: Fleet, robot: Registered) -> None:
    with pytest.raises(Invalid) as caught:
        fleet.update(
            ACME,
            robot.unit.id,
            UnitChange(name="x" * 200, location=LocationChange(latitude=3.0), version="7.0.0", tags=("ok",)),
        )
    assert [fault.place for fault in caught.value.faults] == ["name", "location", "version"]
    with pytest.raises(PreconditionFailed):
        fleet.update(ACME, robot.unit.id, UnitChange(name="y"), match='"7"')
    assert fleet.get(ACME, robot.unit.id) == robot.unit


def test_two_changes_from_the_same_revision_do_not_both_happen(fleet: Fleet, robot: Registered) -> None:
    outcomes: list[str] = []

    def rename(name: str) -> None:
        try:
            fleet.update(ACME, robot.unit.id, UnitChange(name=name), match='"1"')
            outcomes.append("changed")
        except PreconditionFailed:
            outcomes.append("refused")

    run_together([lambda: rename("a"), lambda: rename("b")])
    assert sorted(outcomes) == ["changed", "refused"]


def test_suspended_units_come_back_and_retired_ones_need_new_credentials(
    fleet: Fleet, credentials: Credentials, robot: Registered, clock: ManualClock
) -> None:
    unit_id, credential_id = robot.unit.id, robot.credentials[0].id
    suspended = fleet.update(ACME, unit_id, UnitChange(status=Status.SUSPENDED))
    ended = [fact.data for fact in suspended.facts if fact.name == CREDENTIAL_ENDED]
    assert ended == [{"credential_id": credential_id, "unit_id": unit_id}]
    with pytest.raises(Unauthenticated):
        credentials.authenticate_token(robot.token)
    fleet.update(ACME, unit_id, UnitChange(status=Status.ACTIVE))
    assert credentials.authenticate_token(robot.token).unit_id == unit_id

    clock.advance(1)
    retired = fleet.retire(ACME, unit_id)
    assert CREDENTIAL_ENDED in [fact.name for fact in retired.facts]
    assert serials(fleet, UnitFilter()) == []
    assert serials(fleet, UnitFilter(status=(Status.RETIRED,))) == ["R-1"]
    with pytest.raises(Conflict):
        credentials.issue_token(ACME, unit_id)
    fleet.update(ACME, unit_id, UnitChange(status=Status.ACTIVE))
    with pytest.raises(Unauthenticated):
        credentials.authenticate_token(robot.token)
    _, token = credentials.issue_token(ACME, unit_id)
    assert credentials.authenticate_token(token).unit_id == unit_id


def test_a_unit_with_parts_retires_with_them_or_not_at_all(fleet: Fleet, credentials: Credentials) -> None:
    top = fleet.register(ACME, NewUnit(serial="top", product="robot"))
    part = fleet.register(ACME, NewUnit(serial="part", product="arm", parent="top"))
    with pytest.raises(Conflict, match="1 parts"):
        fleet.retire(ACME, top.unit.id)
    changed = fleet.retire(ACME, top.unit.id, with_parts=True)
    assert changed.unit.status is Status.RETIRED
    assert fleet.get(ACME, part.unit.id).status is Status.RETIRED
    assert {fact.data["unit_id"] for fact in changed.facts if fact.name == CREDENTIAL_ENDED} == {
        top.unit.id,
        part.unit.id,
    }
    with pytest.raises(Unauthenticated):
        credentials.authenticate_token(part.token)
    with pytest.raises(Conflict, match="is retired"):
        fleet.update(ACME, part.unit.id, UnitChange(status=Status.ACTIVE))
    with pytest.raises(Invalid, match="cannot be registered"):
        fleet.register(ACME, NewUnit(serial="late", product="arm", parent="top"))


def test_a_filter_lets_through_what_meets_every_condition(fleet: Fleet) -> None:
    site = make(fleet, "site", tags=("place",), name="Main site")
    make(fleet, "A-1", parent="site", tags=("red", "big"), version="1.0.0")
    make(fleet, "A-2", parent="A-1", tags=("red",))
    make(fleet, "B_1", product="arm", tags=("big",), location=Location(place="Süd 5% off"))
    assert serials(fleet, UnitFilter(product="arm")) == ["B_1"]
    assert serials(fleet, UnitFilter(product="robot", version="1.0.0")) == ["A-1"]
    assert serials(fleet, UnitFilter(serial_prefix="A-")) == ["A-1", "A-2"]
    assert serials(fleet, UnitFilter(serial="A-2")) == ["A-2"]
    assert serials(fleet, UnitFilter(tags=("red",)), sort=Sort.SERIAL_DOWN) == ["A-2", "A-1"]
    assert serials(fleet, UnitFilter(tags=("red", "big"))) == ["A-1"]
    assert serials(fleet, UnitFilter(parent_id=site)) == ["A-1"]
    assert serials(fleet, UnitFilter(parent_id=NOWHERE)) == ["site", "B_1"]
    assert serials(fleet, UnitFilter(below=site)) == ["A-1", "A-2"]
    assert serials(fleet, UnitFilter(text="MAIN")) == ["site"]
    assert serials(fleet, UnitFilter(text="5%")) == ["B_1"]
    assert serials(fleet, UnitFilter(text="_")) == ["B_1"]
    assert serials(fleet, UnitFilter(text="nothing")) == []


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_follow_one_another_without_gap_or_repeat(fleet: Fleet, sort: Sort) -> None:
    for number in (3, 1, 4, 15, 92, 65, 35):
        make(fleet, f"S-{number:02d}")
    whole = serials(fleet, UnitFilter(), sort=sort)
    assert len(whole) == 7
    paged, cursor = [], None
    while True:
        page = fleet.list(ACME, UnitFilter(), sort=sort, limit=3, cursor=cursor)
        paged += [unit.serial for unit in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == whole
    if "serial" in sort:
        assert whole == sorted(whole, reverse=sort.startswith("-"))


def test_a_cursor_of_another_list_is_refused(fleet: Fleet) -> None:
    make(fleet, "a"), make(fleet, "b")
    cursor = fleet.list(ACME, limit=1).next_cursor
    with pytest.raises(Invalid, match="cursor"):
        fleet.list(ACME, sort=Sort.SERIAL, cursor=cursor)
    with pytest.raises(Invalid, match="cursor"):
        fleet.list(ACME, cursor="rubbish")
    with pytest.raises(Invalid):
        fleet.list(ACME, UnitFilter(text="a\x00"))


def test_many_units_are_upgraded_at_once(fleet: Fleet, clock: ManualClock) -> None:
    for number in range(5):
        make(fleet, f"R-{number}", version="1.0.0", tags=("pilot",) if number < 2 else ())
    fleet.register(OTHER, NewUnit(serial="R-0", product="robot", version="1.0.0"))
    assert fleet.upgrade(ACME, UnitFilter(product="robot", tags=("pilot",)), "1.1.0") == 2
    assert serials(fleet, UnitFilter(version="1.1.0")) == ["R-0", "R-1"]
    assert fleet.upgrade(ACME, UnitFilter(product="robot"), "1.1.0") == 3
    assert fleet.upgrade(ACME, UnitFilter(product="robot"), "1.1.0") == 0
    assert fleet.list(OTHER).items[0].version == "1.0.0"
    with pytest.raises(Invalid):
        fleet.upgrade(ACME, UnitFilter(product="robot"), "3.0.0")
    with pytest.raises(Invalid):
        fleet.upgrade(ACME, UnitFilter(), "1.1.0")


def test_a_tree_shows_what_is_above_and_below(fleet: Fleet) -> None:
    make(fleet, "mine")
    make(fleet, "truck", parent="mine")
    make(fleet, "engine", parent="truck")
    pump = make(fleet, "pump", parent="engine")
    make(fleet, "loader", parent="mine")
    engine = fleet.list(ACME, UnitFilter(serial="engine")).items[0]
    above, below = fleet.tree(ACME, engine.id)
    assert [unit.serial for unit in above] == ["mine", "truck"]
    assert [(unit.serial, unit.depth) for unit in below.items] == [("engine", 3), ("pump", 4)]
    top = above[0]
    first = fleet.tree(ACME, top.id, limit=3)[1]
    rest = fleet.tree(ACME, top.id, limit=3, cursor=first.next_cursor)[1]
    assert [unit.serial for unit in first.items + rest.items] == ["mine", "truck", "engine", "pump", "loader"]
    fleet.move(ACME, engine.id, NOWHERE)
    assert fleet.get(ACME, pump).depth == 2
    assert serials(fleet, UnitFilter(below=top.id)) == ["truck", "loader"]
    fleet.move(ACME, engine.id, top.id)
    assert [unit.serial for unit in fleet.tree(ACME, top.id)[1].items] == ["mine", "truck", "engine", "pump", "loader"]


def test_a_tree_has_a_greatest_depth(fleet: Fleet) -> None:
    chain = [make(fleet, "level-1")]
    chain += [make(fleet, f"level-{level}", parent=f"level-{level - 1}") for level in range(2, TREE_DEPTH_MAX + 1)]
    with pytest.raises(Invalid, match="cannot be registered") as caught:
        make(fleet, "too-deep", parent=format_id(chain[-1]))
    assert caught.value.faults[0].place == "parent"
    top = make(fleet, "top")
    with pytest.raises(Conflict, match="17 levels"):
        fleet.move(ACME, chain[0], top)


def test_moves_at_once_never_close_a_circle(fleet: Fleet) -> None:
    for trial in range(8):
        first, second = make(fleet, f"a{trial}"), make(fleet, f"b{trial}")
        outcomes: list[str] = []

        def move(unit: int, parent: int, outcomes: list[str] = outcomes) -> None:
            try:
                fleet.move(ACME, unit, parent)
                outcomes.append("moved")
            except Conflict:
                outcomes.append("refused")

        run_together([lambda a=first, b=second: move(a, b), lambda a=first, b=second: move(b, a)])
        assert sorted(outcomes) == ["moved", "refused"]


def test_a_serial_registered_twice_at_once_is_registered_once(fleet: Fleet) -> None:
    outcomes: list[str] = []

    def register() -> None:
        try:
            make(fleet, "only-one")
            outcomes.append("registered")
        except Conflict:
            outcomes.append("refused")

    run_together([register] * 4)
    assert sorted(outcomes) == ["refused"] * 3 + ["registered"]


WALLS: list[Callable[[Fleet, Credentials, Registered], object]] = [
    lambda fleet, _, robot: fleet.get(OTHER, robot.unit.id),
    lambda fleet, _, robot: fleet.update(OTHER, robot.unit.id, UnitChange(name="mine")),
    lambda fleet, _, robot: fleet.update(OTHER, robot.unit.id, UnitChange(version="1.0.0")),
    lambda fleet, _, robot: fleet.move(OTHER, robot.unit.id, NOWHERE),
    lambda fleet, _, robot: fleet.retire(OTHER, robot.unit.id),
    lambda fleet, _, robot: fleet.retire(OTHER, robot.unit.id, with_parts=True),
    lambda fleet, _, robot: fleet.tree(OTHER, robot.unit.id),
    lambda fleet, _, robot: fleet.list(OTHER, UnitFilter(parent_id=robot.unit.id)),
    lambda fleet, _, robot: fleet.list(OTHER, UnitFilter(below=robot.unit.id)),
    lambda fleet, _, robot: fleet.upgrade(OTHER, UnitFilter(product="robot", below=robot.unit.id), "1.0.0"),
    lambda _, credentials, robot: credentials.list(OTHER, robot.unit.id),
    lambda _, credentials, robot: credentials.issue_token(OTHER, robot.unit.id),
    lambda _, credentials, robot: credentials.revoke(OTHER, robot.unit.id, robot.credentials[0].id),
    lambda _, credentials, robot: credentials.rotate(OTHER, robot.unit.id, robot.credentials[0].id),
]


@pytest.mark.parametrize("reach", WALLS)
def test_another_organisations_unit_is_not_found(
    fleet: Fleet,
    credentials: Credentials,
    robot: Registered,
    reach: Callable[[Fleet, Credentials, Registered], object],
) -> None:
    with pytest.raises(NotFound):
        reach(fleet, credentials, robot)
    assert fleet.get(ACME, robot.unit.id) == robot.unit
    assert credentials.authenticate_token(robot.token).unit_id == robot.unit.id


def test_another_organisations_unit_is_nobodys_parent(fleet: Fleet, robot: Registered) -> None:
    for name in ("R-1", format_id(robot.unit.id)):
        with pytest.raises(Invalid):
            fleet.register(OTHER, NewUnit(serial="x", product="robot", parent=name))
    own = fleet.register(OTHER, NewUnit(serial="x", product="robot"))
    with pytest.raises(NotFound):
        fleet.move(OTHER, own.unit.id, robot.unit.id)
    assert [unit.serial for unit in fleet.list(OTHER).items] == ["x"]


def run_together(calls: list[Callable[[], None]]) -> None:
    """Run them in threads that start at the same moment."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], None]) -> None:
        gate.wait()
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

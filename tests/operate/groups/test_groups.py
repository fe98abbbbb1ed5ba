"""Groups: who belongs to them, for whom, and when."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from groups_making import MAKER, OTHER, OWNER, SomeGate, caller_of, register

from monokoto.connect.fleet import Fleet
from monokoto.engines.records import Records
from monokoto.kernel import limits
from monokoto.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed, TooLarge
from monokoto.kernel.ids import format_id
from monokoto.operate.groups import GroupDraft, GroupFilter, GroupPlace, Groups
from monokoto.operate.groups import service as groups_service
from monokoto.operate.groups.store import unit_group_members, unit_groups


def draft(*units: int, **more: object) -> GroupDraft:
    return GroupDraft(units=tuple(units), **more)


def test_named_and_found_units_belong_together(groups: Groups, fleet: Fleet) -> None:
    hall = register(fleet, 3, tags=("hall",))
    others = register(fleet, 2, prefix="x")
    register(fleet, 1, organisation_id=OTHER, tags=("hall",))
    wanted = GroupFilter(product="lamp", tags=["hall"])
    made = groups.create(caller_of(), "ground-floor", draft(others[0], filter=wanted, title="Ground floor"))
    assert groups.members(MAKER, made.id) == sorted([*hall, others[0]])
    assert groups.members(MAKER, "ground-floor") == groups.members(MAKER, format_id(made.id))
    late = register(fleet, 1, prefix="late", tags=("hall",))
    assert late[0] in groups.members(MAKER, made.id), "a filter is looked up when the group is used"
    assert made.named == 1


def test_units_below_another(groups: Groups, fleet: Fleet) -> None:
    (top,) = register(fleet, 1, product="pump", prefix="top")
    parts = register(fleet, 2, prefix="part", parent="top0")
    register(fleet, 1, prefix="free")
    groups.create(caller_of(), "parts", GroupDraft(filter=GroupFilter(below=format_id(top))))
    assert groups.members(MAKER, "parts") == parts


def test_members_fall_out_when_they_are_within_reach_no_more(groups: Groups, fleet: Fleet, gate: SomeGate) -> None:
    lamps = register(fleet, 3)
    foreign = register(fleet, 1, organisation_id=OTHER, prefix="f")
    for unit_id in lamps[:2]:
        gate.give(unit_id, MAKER)
    gate.give(foreign[0], OTHER)
    owner = caller_of(OWNER)
    groups.create(owner, "mine", draft(lamps[0]))
    groups.create(owner, "all-lamps", GroupDraft(filter=GroupFilter(product="lamp")))
    assert groups.members(OWNER, "mine") == [lamps[0]]
    assert groups.members(OWNER, "all-lamps") == sorted([*lamps[:2], *foreign]), (
        "of every maker, and none it does not hold"
    )
    assert {one.maker_id for one in groups.chosen(OWNER, "all-lamps")} == {MAKER, OTHER}
    before = groups.version(OWNER, "mine")
    gate.take(lamps[0])
    assert groups.members(OWNER, "mine") == []
    assert lamps[0] not in groups.members(OWNER, "all-lamps")
    assert groups.version(OWNER, "mine") > before
    with pytest.raises(NotFound):
        groups.change_members(owner, "mine", add=[lamps[2]], remove=[])
    gate.give(lamps[1], MAKER, now=False)
    assert groups.members(OWNER, "all-lamps") == foreign, "a unit that was let to somebody is theirs for the time"


def test_what_is_closed_to_its_maker_is_in_no_group_of_theirs(groups: Groups, fleet: Fleet, gate: SomeGate) -> None:
    lamps = register(fleet, 2)
    groups.create(caller_of(), "one", draft(lamps[0]))
    groups.create(caller_of(), "every", GroupDraft(filter=GroupFilter(product="lamp")))
    gate.close(lamps[0], MAKER)
    assert groups.members(MAKER, "one") == []
    assert groups.members(MAKER, "every") == [lamps[1]]


def test_tags_are_the_makers_notes(groups: Groups, fleet: Fleet, gate: SomeGate) -> None:
    lamps = register(fleet, 1, tags=("recalled",))
    gate.give(lamps[0], MAKER)
    groups.create(caller_of(OWNER), "recalled", GroupDraft(filter=GroupFilter(tags=["recalled"])))
    assert groups.members(OWNER, "recalled") == []


def test_members_come_and_go_in_bulk(groups: Groups, fleet: Fleet) -> None:
    lamps = register(fleet, 5)
    groups.create(caller_of(), "some", draft(*lamps[:2]))
    changed = groups.change_members(caller_of(), "some", add=lamps[1:4], remove=[lamps[0], lamps[4]])
    assert groups.members(MAKER, "some") == lamps[1:4]
    assert changed.version == 2
    again = groups.change_members(caller_of(), "some", add=lamps[1:4], remove=[lamps[0]])
    assert again.version == 2, "what is so already is no change"
    with pytest.raises(NotFound) as refused:
        groups.change_members(caller_of(), "some", add=[lamps[4], 12345], remove=[])
    assert [fault.place for fault in refused.value.faults] == [format_id(12345)]
    assert groups.members(MAKER, "some") == lamps[1:4]


def test_putting_makes_replaces_and_minds_the_version(groups: Groups, fleet: Fleet) -> None:
    lamps = register(fleet, 3)
    made, new = groups.put(caller_of(), "some", draft(*lamps))
    assert (new, made.version) == (True, 1)
    same, new = groups.put(caller_of(), "some", GroupDraft())
    assert (new, same.version, same.named) == (False, 1, 3), "units left out stay"
    changed, _ = groups.put(caller_of(), "some", draft(lamps[0], title="One"), match='"1"')
    assert (changed.version, changed.title, changed.named) == (2, "One", 1)
    with pytest.raises(PreconditionFailed):
        groups.put(caller_of(), "some", draft(), match='"1"')
    with pytest.raises(PreconditionFailed):
        groups.put(caller_of(), "none-such", draft(), match='"1"')
    with pytest.raises(Conflict):
        groups.create(caller_of(), "some", draft())


def test_other_organisations_groups_are_not_there(groups: Groups, fleet: Fleet) -> None:
    lamps = register(fleet, 1)
    made = groups.create(caller_of(), "mine", draft(*lamps))
    for reference in ("mine", format_id(made.id)):
        for asked in (groups.get, groups.members, groups.delete, groups.version):
            with pytest.raises(NotFound):
                asked(OTHER, reference)
    groups.create(caller_of(OTHER), "mine", draft())
    assert [group.id for group in groups.list(MAKER)] == [made.id]
    groups.delete(MAKER, "mine")
    assert groups.list(MAKER) == []
    assert len(groups.list(OTHER)) == 1


def test_every_fault_is_told(groups: Groups) -> None:
    place = GroupPlace(timezone="Mars/Olympus", latitude=1.0)
    with pytest.raises(Invalid) as refused:
        groups.create(caller_of(), "No Name", GroupDraft(title=" x", filter=GroupFilter(), place=place))
    places = {fault.place for fault in refused.value.faults}
    assert places == {"name", "title", "filter", "place/timezone", "place/latitude"}
    with pytest.raises(Invalid):
        groups.create(caller_of(), "below", GroupDraft(filter=GroupFilter(below=format_id(99))))


def test_groups_are_bounded(groups: Groups, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    lamps = register(fleet, 4)
    monkeypatch.setattr(groups_service, "GROUP_MEMBERS_MAX", 2)
    with pytest.raises(Invalid):
        groups.create(caller_of(), "three", draft(*lamps[:3]))
    monkeypatch.setattr(groups_service, "GROUP_UNITS_MAX", 3)
    groups.create(caller_of(), "every", GroupDraft(filter=GroupFilter(product="lamp")))
    with pytest.raises(TooLarge):
        groups.members(MAKER, "every")
    monkeypatch.setattr(groups_service, "GROUPS_PER_ORGANISATION_MAX", 1)
    with pytest.raises(Conflict):
        groups.create(caller_of(), "another", draft())
    assert limits.GROUP_UNITS_MAX >= limits.GROUP_MEMBERS_MAX


@pytest.mark.parametrize("table", [unit_groups, unit_group_members], ids=lambda table: table.name)
def test_the_migrated_tables_are_those_of_the_code(records: Records, table: sa.Table) -> None:
    found = sa.inspect(records.engine)
    columns = {column["name"]: bool(column["nullable"]) for column in found.get_columns(table.name)}
    assert columns == {column.name: bool(column.nullable) for column in table.columns}
    indexes = {index["name"]: (index["column_names"], bool(index["unique"])) for index in found.get_indexes(table.name)}
    assert indexes == {
        index.name: ([column.name for column in index.columns], bool(index.unique)) for index in table.indexes
    }

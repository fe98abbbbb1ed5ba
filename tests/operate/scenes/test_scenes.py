"""Scenes: saved, judged against the models of their units, and walled."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from groups_making import MAKER, OTHER, OWNER, caller_of, register
from scenes_making import House, every

from monokoto.engines.records import Records
from monokoto.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from monokoto.kernel.ids import format_id
from monokoto.operate.groups import GroupDraft
from monokoto.operate.scenes import Notice, SceneSpec, Step, StepUnits
from monokoto.operate.scenes import service as scenes_service
from monokoto.operate.scenes.run_store import items, runs
from monokoto.operate.scenes.store import scenes


def test_every_fault_of_a_scene_is_told(house: House) -> None:
    spec = SceneSpec(
        steps=[
            Step(units=StepUnits(group="g", product="lamp"), action="blink"),
            Step(units=StepUnits(), desired={}),
            Step(units=StepUnits(ids=["x"]), action="a", desired={"on": True}),
            Step(units=every(), desired={"on": True}, input=1),
        ]
    )
    with pytest.raises(Invalid) as refused:
        house.scenes.create(caller_of(), "Not A Name", "", spec)
    places = [fault.place for fault in refused.value.faults]
    assert places == [
        "name",
        "steps/0/units",
        "steps/1/units",
        "steps/1/desired",
        "steps/2",
        "steps/2/units",
        "steps/3",
    ]


def test_warnings_name_the_units_that_would_refuse(house: House) -> None:
    lamps = house.lamps(3)
    house.gate.give(lamps[0], MAKER, control=False)
    register(house.fleet, 2, product="pump", prefix="p")
    spec = SceneSpec(
        steps=[
            Step(units=every("lamp"), desired={"brightness": 300}),
            Step(units=every("pump"), action="blink"),
            Step(units=every("pump"), action="flush"),
            Step(units=StepUnits(group="nobody"), action="stop"),
        ]
    )
    warned = asyncio.run(house.scenes.warnings(caller_of(), spec))
    assert [one.reason for one in warned] == ["There is no group 'nobody'."]
    house.groups.create(caller_of(), "nobody", GroupDraft())
    warned = asyncio.run(house.scenes.warnings(caller_of(), spec))
    told = [(one.step, one.units, one.product, bool(one.reason), bool(one.confirm)) for one in warned]
    assert told == [
        (0, 3, "lamp", True, False),
        (1, 2, "pump", True, False),
        (2, 2, "pump", False, True),
        (3, 0, "", True, False),
    ]
    mine = asyncio.run(
        house.scenes.warnings(caller_of(OWNER), SceneSpec(steps=[Step(units=every(), desired={"on": True})]))
    )
    assert mine == [Notice(0, 1, reason="it is not yours to control")]


def test_putting_makes_replaces_and_minds_the_revision(house: House) -> None:
    spec = SceneSpec(steps=[Step(units=every(), desired={"on": True})])
    made, new = house.scenes.put(caller_of(), "evening", "Evening", spec)
    assert (new, made.revision) == (True, 1)
    same, new = house.scenes.put(caller_of(), "evening", "Evening", spec)
    assert (new, same.revision) == (False, 1)
    other, _ = house.scenes.put(caller_of(), "evening", "Night", spec, match='"1"')
    assert (other.revision, other.title) == (2, "Night")
    with pytest.raises(PreconditionFailed):
        house.scenes.put(caller_of(), "evening", "", spec, match='"1"')
    with pytest.raises(Conflict):
        house.scenes.create(caller_of(), "evening", "", spec)
    assert house.scenes.get(MAKER, format_id(made.id)) == other
    for reference in ("evening", format_id(made.id)):
        with pytest.raises(NotFound):
            house.scenes.get(OTHER, reference)
        with pytest.raises(NotFound):
            house.scenes.delete(OTHER, reference)
    house.scenes.delete(MAKER, "evening")
    assert house.scenes.list(MAKER) == []


def test_scenes_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes_service, "SCENES_PER_ORGANISATION_MAX", 1)
    house.scene(Step(units=every(), action="blink"))
    with pytest.raises(Conflict):
        house.scene(Step(units=every(), action="blink"))
    large = SceneSpec(steps=[Step(units=every(), action="blink", input="x" * 70_000)])
    with pytest.raises(Invalid):
        house.scenes.create(caller_of(), "large", "", large)


@pytest.mark.parametrize("table", [scenes, runs, items], ids=lambda table: table.name)
def test_the_migrated_tables_are_those_of_the_code(records: Records, table: sa.Table) -> None:
    found = sa.inspect(records.engine)
    columns = {column["name"]: bool(column["nullable"]) for column in found.get_columns(table.name)}
    assert columns == {column.name: bool(column.nullable) for column in table.columns}
    indexes = {index["name"]: (index["column_names"], bool(index["unique"])) for index in found.get_indexes(table.name)}
    assert indexes == {
        index.name: ([column.name for column in index.columns], bool(index.unique)) for index in table.indexes
    }

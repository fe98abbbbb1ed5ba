"""Maintenance windows: alerts raised in one are kept, marked, and told when it is over and they still stand."""

from __future__ import annotations

from typing import Any

import pytest
from alerts_making import ALONE, FIRST, GATEWAY, LONELY, MAKER, OTHER, House, at, cleared, raised

from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import format_id
from monokoto.operate.alerts import Concerned, MaintenanceWindow, Quiet


def window(house: House, begin: int | None, end: int, *units: int, **more: Any) -> MaintenanceWindow:
    given = {"units": [format_id(one) for one in units]} if units else {}
    return house.windows.create(
        MAKER,
        begins_at=None if begin is None else at(begin),
        ends_at=at(end),
        reason="filters",
        concerned=Concerned(**given, **more),
        by=1,
    )


def test_raised_in_one_and_told_at_its_end(house: House) -> None:
    made = window(house, 100, 200, ALONE)
    house.take(raised(99), raised(100), raised(150), raised(150, unit=LONELY), raised(200))
    marked = [(one.unit_id, one.instance) for one in house.all() if one.maintenance_id == made.id]
    assert marked == [(ALONE, at(100)), (ALONE, at(150))]
    inside = next(one for one in house.all() if one.maintenance_id)
    assert inside.quiet(house.clock.now()) is Quiet.MAINTENANCE
    house.take(cleared(100, 160))
    house.clock.advance(199)
    assert house.alerts.reconciler.run() == []
    house.clock.advance(1)
    (event,) = house.alerts.reconciler.run()
    assert (event.what, event.at) == ("maintenance_ended", at(200))
    assert house.alerts.reconciler.run() == []
    told = next(one for one in house.all() if one.id == event.alert_id)
    assert (told.instance, told.quiet(house.clock.now())) == (at(150), None)
    assert told.maintenance_id == made.id


def test_parts_are_meant_too(house: House) -> None:
    window(house, 0, 200, GATEWAY)
    house.take(raised(10, unit=FIRST), raised(10, unit=GATEWAY), raised(10))
    assert {one.unit_id for one in house.all() if one.maintenance_id} == {FIRST, GATEWAY}


def test_units_found_by_conditions(house: House) -> None:
    window(house, 0, 200, product="oven")
    house.take(raised(10))
    assert house.one().maintenance_id


def test_ended_early_and_taken_back(house: House) -> None:
    running, later = window(house, None, 1000, ALONE), window(house, 500, 1000, ALONE)
    house.take(raised(10))
    house.clock.advance(60)
    assert house.windows.end(MAKER, running.id).ends_at == at(60)
    assert [event.what for event in house.alerts.reconciler.run()] == ["maintenance_ended"]
    assert house.windows.end(MAKER, running.id).ends_at == at(60)
    house.windows.end(MAKER, later.id)
    house.take(raised(600))
    assert house.all()[-1].maintenance_id is None
    assert house.windows.list(MAKER, over=False, before=None, limit=10) == []
    assert len(house.windows.list(MAKER, over=True, before=None, limit=10)) == 2


def test_told_late_after_the_window_ended(house: House) -> None:
    window(house, 0, 100, ALONE)
    house.clock.advance(500)
    house.take(raised(50))
    assert house.one().maintenance_id
    assert house.one().quiet(house.clock.now()) is None
    assert [event.what for event in house.alerts.reconciler.run()] == ["maintenance_ended"]


@pytest.mark.parametrize(
    ("begin", "end", "given"),
    [
        (100, 100, {"product": "oven"}),
        (-200, -100, {"product": "oven"}),
        (-100_000, 100, {"product": "oven"}),
        (0, 400 * 86_400, {"product": "oven"}),
        (0, 100, {}),
        (0, 100, {"product": "oven", "units": [format_id(ALONE)]}),
    ],
)
def test_what_is_no_window(house: House, begin: int, end: int, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        window(house, begin, end, **given)


def test_a_window_needs_a_reason_and_units_that_are_there(house: House) -> None:
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(Invalid):
            house.windows.create(
                MAKER, begins_at=None, ends_at=at(10), reason=reason, concerned=Concerned(product="oven"), by=1
            )
    with pytest.raises(NotFound):
        window(house, 0, 10, group="nobody")


def test_windows_are_the_organisations_own(house: House) -> None:
    made = window(house, 0, 100, ALONE)
    house.take(raised(10, organisation_id=OTHER))
    assert house.alerts.standing()[0].organisation_id == OTHER
    assert house.windows.list(OTHER, over=True, before=None, limit=10) == []
    for ask in (house.windows.get, house.windows.end):
        with pytest.raises(NotFound):
            ask(OTHER, made.id)
    assert house.alerts.maintenance_of(MAKER, ALONE, at(50)) == at(100)
    assert house.alerts.maintenance_of(MAKER, ALONE, at(100)) is None
    assert house.alerts.maintenance_of(OTHER, ALONE, at(50)) is None


def test_windows_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.operate.alerts.windows.MAINTENANCE_WINDOWS_MAX", 3)
    for _ in range(3):
        window(house, 0, 100, ALONE)
    with pytest.raises(Conflict):
        window(house, 0, 100, ALONE)

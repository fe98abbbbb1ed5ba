"""Readings go when their product says so, and not a moment earlier."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from monokoto.operate.telemetry import RawQuestion, RetentionJob, RetentionRule, readings_arrow


def rule(kit: Any, name: str, days: int, organisation_id: int | None = None) -> RetentionRule:
    return RetentionRule(organisation_id=organisation_id or kit.MAKER, product="cooker", property=name, days=days)


def kept(store: Any, select: Any) -> dict[str, list[int]]:
    table = readings_arrow(store.telemetry.readings(RawQuestion(selection=select(start=0), limit=10_000)))
    found: dict[str, list[int]] = {}
    for row in table.to_pylist():
        found.setdefault(row["property"], []).append(int(row["number"]))
    return found


def days_ago(store: Any, kit: Any, *names: str, days: range) -> None:
    now = store.clock.now()
    store.say(*(kit.Said(1, name, now - day * kit.DAY - 1, 1, day) for name in names for day in days))


def test_what_is_past_its_days_goes(store: Any, kit: SimpleNamespace, select: Any) -> None:
    days_ago(store, kit, "cycles", "level", "temperature", days=range(0, 100, 5))
    rules = [rule(kit, "cycles", 30), rule(kit, "level", 60)]
    job = RetentionJob(store.series, lambda: rules, store.clock)
    report = job.run()
    found = kept(store, select)
    # The clock stands at midnight: a day-old reading of the 30th day lies a microsecond beyond the cut-off.
    assert found["cycles"] == list(range(25, -1, -5))
    assert found["level"] == list(range(55, -1, -5))
    assert found["temperature"] == list(range(95, -1, -5))
    assert {one.rule.property: one.readings for one in report.deleted} == {"cycles": 14, "level": 8}
    assert report.parts_dropped == 0
    again = job.run()
    assert again.deleted == ()
    assert kept(store, select) == found
    assert job.last is again


def test_parts_in_which_all_is_expired_are_dropped_whole(store: Any, kit: SimpleNamespace, select: Any) -> None:
    days_ago(store, kit, "cycles", days=range(200, 300))
    days_ago(store, kit, "cycles", days=range(3))
    report = RetentionJob(store.series, lambda: [rule(kit, "cycles", 30)], store.clock).run()
    assert report.parts_dropped >= 3
    assert report.deleted[0].readings == 100
    assert kept(store, select)["cycles"] == [2, 1, 0]


def test_a_rule_is_of_one_organisation_and_product(store: Any, kit: SimpleNamespace, select: Any) -> None:
    days_ago(store, kit, "cycles", days=range(50))
    foreign = RetentionRule(organisation_id=kit.MAKER, product="kettle", property="cycles", days=1)
    report = RetentionJob(store.series, lambda: [rule(kit, "cycles", 1, kit.OTHER), foreign], store.clock).run()
    assert report.deleted == ()
    assert len(kept(store, select)["cycles"]) == 50


def test_superseded_readings_do_not_come_back(store: Any, kit: SimpleNamespace, select: Any) -> None:
    old = store.clock.now() - 50 * kit.DAY
    for arrived in (5, 9, 7):
        store.say(kit.Said(1, "cycles", old, arrived, arrived), kit.Said(1, "level", old, arrived, arrived))
    RetentionJob(store.series, lambda: [rule(kit, "cycles", 10)], store.clock).run()
    store.series.command("OPTIMIZE TABLE readings FINAL")
    assert kept(store, select) == {"level": [9]}


def test_no_rules_nothing_to_do(store: Any) -> None:
    report = RetentionJob(store.series, list, store.clock).run()
    assert (report.deleted, report.parts_dropped) == ((), 0)


def test_a_forgotten_unit_leaves_no_row(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(*(kit.Said(unit, "cycles", kit.START + at, at, at) for unit in (1, 2) for at in range(10)))
    store.happen(kit.Happened(1, "boiled", kit.START, 1, b"{}"), kit.Happened(2, "boiled", kit.START, 2, b"{}"))
    assert store.telemetry.forget(kit.OTHER, 1) == 0
    assert store.telemetry.forget(kit.MAKER, 1) == 11
    for table, count in (("readings", 10), ("events", 1)):
        rows = store.series.query(f"SELECT unit, count() AS rows FROM {table} GROUP BY unit").to_pylist()
        assert rows == [{"unit": 2, "rows": count}]
    assert store.telemetry.forget(kit.MAKER, 1) == 0


@pytest.mark.parametrize("count", [1200])
def test_many_rules_at_once(store: Any, kit: SimpleNamespace, select: Any, count: int) -> None:
    days_ago(store, kit, "cycles", days=range(20))
    rules = [rule(kit, f"property_{number}", 1 + number % 3) for number in range(count)] + [rule(kit, "cycles", 10)]
    report = RetentionJob(store.series, lambda: rules, store.clock).run()
    assert [one.readings for one in report.deleted] == [10]

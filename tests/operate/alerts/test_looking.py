"""Lists, groups, counts, news, and what is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alerts_making import (
    ALONE,
    BERT,
    EVERYTHING,
    FIRST,
    GATEWAY,
    HOT,
    LONELY,
    MAKER,
    OFFLINE,
    OTHER,
    OWNER,
    OWNING,
    SECOND,
    House,
    at,
    change,
    cleared,
    held,
    raised,
    viewer,
)

from monokoto.kernel.errors import Invalid
from monokoto.operate.alerts import ALERT_CHANGED, AlertFilter, Mark, State, mark_of
from monokoto.operate.alerts.facts import facts_of
from monokoto.operate.rules import Severity


@pytest.fixture
def full(house: House) -> House:
    house.take(
        raised(10, severity="warning"),
        raised(20, severity="critical", unit=FIRST),
        raised(30, severity="minor", unit=SECOND, rule="oven/door"),
        cleared(30, 40, severity="minor", unit=SECOND, rule="oven/door"),
        raised(50, severity="major", unit=LONELY),
        raised(5, rule=OFFLINE, unit=GATEWAY, severity="major"),
        raised(60, unit=SECOND, suppressed_by=OFFLINE, severity="critical"),
    )
    return house


def names(house: House, **wanted: object) -> list[tuple[int, int]]:
    found = house.all(wanted=AlertFilter(**wanted))  # type: ignore[arg-type]
    return [(one.unit_id, (one.instance - at(0)) // 1_000_000) for one in found]


def test_filters(full: House) -> None:
    every = [(GATEWAY, 5), (ALONE, 10), (FIRST, 20), (SECOND, 30), (LONELY, 50)]
    assert names(full) == every
    assert names(full, suppressed=None) == [*every, (SECOND, 60)]
    assert names(full, suppressed=True) == [(SECOND, 60)]
    assert names(full, severity_min=Severity.MAJOR) == [(GATEWAY, 5), (FIRST, 20), (LONELY, 50)]
    assert names(full, states=(State.CLEARED,)) == [(SECOND, 30)]
    assert names(full, states=(State.CLEARED, State.RAISED)) == every
    assert names(full, states=(State.ACKNOWLEDGED,)) == []
    assert names(full, unit_id=ALONE) == [(ALONE, 10)]
    assert names(full, top_id=GATEWAY) == [(GATEWAY, 5), (FIRST, 20), (SECOND, 30)]
    assert names(full, rule="oven/door") == [(SECOND, 30)]
    assert names(full, product="oven") == every
    assert names(full, product="kettle") == []
    assert names(full, begin=at(20), end=at(50)) == [(FIRST, 20), (SECOND, 30)]
    group = full.all(wanted=AlertFilter(unit_id=ALONE))[0].group_id
    assert names(full, group_id=group) == [(ALONE, 10), (LONELY, 50)]
    full.alerts.acts.assign(full.maker, full.all(wanted=AlertFilter(unit_id=ALONE))[0].id, BERT)
    assert names(full, assignee=BERT) == [(ALONE, 10)]
    assert names(full, assignee=0, unit_id=ALONE) == []


def test_pages_in_every_order(full: House) -> None:
    for sort in ("began_at", "-began_at", "severity,-began_at", "-severity", "changed_at", "-created_at"):
        whole = full.alerts.list(full.maker, EVERYTHING, sort=sort, limit=100, cursor=None).items
        found, cursor = [], None
        while True:
            page = full.alerts.list(full.maker, EVERYTHING, sort=sort if cursor is None else "", limit=2, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == list(whole)
        assert len(found) == 6
    with pytest.raises(Invalid):
        full.alerts.list(full.maker, EVERYTHING, sort="title", limit=10, cursor=None)


def test_pages_of_groups(full: House) -> None:
    whole = full.alerts.groups(full.maker, EVERYTHING, limit=100, cursor=None).items
    found, cursor = [], None
    while True:
        page = full.alerts.groups(full.maker, EVERYTHING, limit=1, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == list(whole)
    worst = next(one for one in whole if one.rule == HOT and one.top_id == GATEWAY)
    assert (worst.alerts, worst.units, worst.standing, worst.severity) == (2, 2, 2, Severity.CRITICAL)


def test_counts(full: House) -> None:
    first = full.all(wanted=AlertFilter(unit_id=ALONE))[0]
    full.alerts.acts.acknowledge(full.maker, first.id)
    shelved = full.all(wanted=AlertFilter(unit_id=LONELY))[0]
    full.alerts.acts.shelve(full.maker, shelved.id, at(1000), rule=False)
    counts = full.alerts.counts(full.maker)
    assert (counts.standing, counts.unacknowledged, counts.cleared) == (3, 2, 1)
    assert (counts.shelved, counts.suppressed) == (1, 1)
    assert counts.severities == {Severity.MAJOR: 1, Severity.WARNING: 1, Severity.CRITICAL: 1}
    owner = full.alerts.counts(viewer(OWNER, OWNING, [held(ALONE, 0), held(LONELY, 0)]))
    assert (owner.standing, owner.shelved) == (2, 0)  # the maker's shelf is the maker's
    assert full.alerts.counts(viewer(OTHER, 1)).standing == 0


def test_news_in_order_and_nothing_before_what_was_read(house: House) -> None:
    house.take(raised(100))
    (first,) = house.alerts.news(MAKER, Mark(), 10)
    house.take(raised(10, unit=LONELY), cleared(10, 20, unit=LONELY))  # earlier in event time, later told
    later = house.alerts.news(MAKER, mark_of(first), 10)
    assert [event.what for event in later] == ["raised", "cleared"]
    assert house.alerts.news(MAKER, mark_of(later[0]), 10) == later[1:]
    assert house.alerts.news(MAKER, mark_of(later[-1]), 10) == []
    assert house.alerts.numbers() == {MAKER: later[-1].number}
    assert house.alerts.news(OTHER, Mark(), 10) == []
    found = house.alerts.by_ids([first.alert_id, 5])
    assert [one.instance for one in found.values()] == [at(100)]
    house.clock.advance(10)
    house.take(raised(200))
    assert [event.at for event in house.alerts.told_since(house.clock.now(), 10)] == [at(200)]


def test_what_changed_since_a_number(house: House) -> None:
    house.take(raised(10))
    number = house.alerts.numbers()[MAKER]
    assert house.alerts.changed(house.maker, {MAKER: number}, 10) == []
    house.alerts.acts.acknowledge(house.maker, house.one().id)
    assert len(house.alerts.changed(house.maker, {MAKER: number}, 10)) == 1
    owner = viewer(OWNER, OWNING, [held(ALONE, 0)])
    assert len(house.alerts.changed(owner, {MAKER: number, OWNER: 0}, 10)) == 1
    assert house.alerts.changed(viewer(OTHER, 1), {}, 10) == []


def test_standing_alerts_for_the_engine(full: House) -> None:
    found = full.alerts.standing()
    assert len(found) == 5
    assert full.alerts.standing(OTHER) == []
    hot = next(one for one in full.alerts.standing(MAKER) if one.unit_id == ALONE)
    assert (hot.rule, hot.rule_version, hot.instance, hot.severity) == (HOT, "1.0.0", at(10), Severity.WARNING)


def test_what_ended_long_ago_is_forgotten(house: House) -> None:
    house.take(raised(0), cleared(0, 10), raised(20))
    house.clock.advance(31 * 86_400)
    house.take(raised(5000, unit=LONELY), cleared(5000, 5001, unit=LONELY))
    assert house.alerts.reconciler.forget() == 1
    assert [(one.unit_id, one.instance) for one in house.all()] == [(ALONE, at(20)), (LONELY, at(5000))]
    assert len(house.alerts.news(MAKER, Mark(), 100)) == 3
    assert house.alerts.reconciler.forget() == 0


def test_facts_of_a_storm_are_few(house: House) -> None:
    one = facts_of(house.alerts.take([raised(1)]))
    assert [(fact.name, fact.data["what"]) for fact in one] == [(ALERT_CHANGED, "raised")]
    assert one[0].data["alert_id"] == house.one().id
    storm = facts_of(house.alerts.take([raised(5, unit=unit) for unit in range(200, 600)]))
    assert [fact.data["what"] for fact in storm] == ["many"]


def test_a_filter_of_everything_is_what_it_says() -> None:
    assert replace(EVERYTHING, shelved=False, suppressed=False) == AlertFilter()
    assert change("raised", 0).at == at(0)

"""What rules tell makes alerts: once, in any order, however often."""

from __future__ import annotations

from alerts_making import (
    ALONE,
    EVERYTHING,
    FIRST,
    GATEWAY,
    HOT,
    LONELY,
    OFFLINE,
    OTHER,
    SECOND,
    House,
    at,
    change,
    cleared,
    raised,
    viewer,
)

from monokoto.kernel.limits import ALERT_EVENTS_MAX, ALERT_EVIDENCE_MAX, ALERT_FLAPS_MAX
from monokoto.operate.alerts import Flapping, Quiet, State, evidence_from_json
from monokoto.operate.rules import Evidence, Severity


def test_an_alert_is_raised_and_cleared(house: House) -> None:
    assert house.take(raised(10)) == ["raised"]
    alert = house.one()
    assert alert.state is State.RAISED
    assert (alert.told.raised_at, alert.product, alert.severity) == (at(10), "oven", Severity.MAJOR)
    assert [(one.name, one.value) for one in evidence_from_json(alert.told.evidence)] == [("temperature", 90.0)]
    assert house.take(cleared(10, 40)) == ["cleared"]
    alert = house.one()
    assert (alert.state, alert.told.cleared_at) == (State.CLEARED, at(40))
    assert house.lines(alert) == ["raised", "cleared"]


def test_told_twice_is_told_once(house: House) -> None:
    first = [raised(10), change("severity", 10, 20, severity="critical"), cleared(10, 40)]
    assert house.take(*first, *first) == ["raised", "severity", "cleared"]
    before = house.one()
    for some in (first, first[:1], first[1:], first[::-1]):
        assert house.take(*some) == []
    assert house.one() == before
    assert house.lines(before) == ["raised", "severity", "cleared"]


def test_cleared_before_raised_ends_the_same(house: House) -> None:
    house.take(cleared(10, 40))
    alert = house.one()
    assert (alert.state, alert.told.raised_at) == (State.CLEARED, None)
    house.take(change("severity", 10, 20, severity="critical"))
    house.take(raised(10, severity="warning"))
    alert = house.one()
    assert (alert.state, alert.told.raised_at, alert.told.cleared_at) == (State.CLEARED, at(10), at(40))
    assert (alert.severity, alert.told.severity_max) == (Severity.CRITICAL, Severity.CRITICAL)
    assert [(one.at, one.value) for one in evidence_from_json(alert.told.evidence)] == [(at(10), 90.0)]
    assert house.lines(alert) == ["raised", "severity", "cleared"]


def test_severity_goes_up_and_down_and_a_late_one_is_history(house: House) -> None:
    house.take(raised(0, severity="minor"), change("severity", 0, 30, severity="critical"))
    house.take(change("severity", 0, 60, severity="warning"))
    house.take(change("severity", 0, 45, severity="major"))
    alert = house.one()
    assert (alert.severity, alert.told.severity_max) == (Severity.WARNING, Severity.CRITICAL)
    timeline = house.alerts.timeline(house.maker, alert)
    assert [event.severity for event in timeline] == ["minor", "critical", "major", "warning"]


def test_after_clear_a_new_instance_is_a_new_alert(house: House) -> None:
    house.take(raised(0), cleared(0, 10), raised(20))
    first, second = house.all()
    assert (first.state, second.state) == (State.CLEARED, State.RAISED)
    assert first.id != second.id


def test_the_same_rule_on_two_units_and_two_rules_on_one_unit(house: House) -> None:
    house.take(raised(0), raised(0, unit=LONELY), raised(0, rule="oven/door"))
    assert len({alert.id for alert in house.all()}) == 3


def test_nothing_told_and_units_nobody_knows(house: House) -> None:
    assert house.take() == []
    house.take(raised(0, unit=5))
    assert house.one().product == ""


def test_organisations_do_not_see_each_others(house: House) -> None:
    house.take(raised(0), raised(0, organisation_id=OTHER))
    (own,) = house.all()
    (others,) = house.all(viewer(OTHER, 1))
    assert own.id != others.id
    assert others.organisation_id == OTHER


def test_a_timeline_is_bounded_and_the_state_goes_on(house: House) -> None:
    ladder = [change("severity", 0, 1 + n, severity=("minor", "major")[n % 2]) for n in range(ALERT_EVENTS_MAX + 50)]
    house.take(raised(0), *ladder)
    house.take(cleared(0, 5000))
    alert = house.one()
    assert len(house.lines(alert)) == ALERT_EVENTS_MAX + 1  # that it ended is always written
    assert alert.severity == ladder[-1].severity


def test_evidence_is_bounded(house: House) -> None:
    many = tuple(Evidence(f"p{n}", at(0), "x" * 10_000) for n in range(ALERT_EVIDENCE_MAX + 5))
    house.take(raised(0, evidence=many))
    kept = evidence_from_json(house.one().told.evidence)
    assert len(kept) == ALERT_EVIDENCE_MAX
    assert len(str(kept[0].value)) == 200


# What hides what


def test_hidden_by_the_gateways_alert_until_that_clears(house: House) -> None:
    house.take(raised(0, rule=OFFLINE, unit=GATEWAY))
    house.take(*(raised(1, unit=unit, suppressed_by=OFFLINE) for unit in (FIRST, SECOND)))
    first, second = (one for one in house.all() if one.unit_id != GATEWAY)
    assert first.quiet(house.clock.now()) is Quiet.SUPPRESSED
    house.take(cleared(1, 5, unit=SECOND))
    assert house.take(cleared(0, 60, rule=OFFLINE, unit=GATEWAY)) == ["cleared", "revealed"]
    by_id = {alert.id: alert for alert in house.all()}
    assert by_id[first.id].revealed_at == at(60)
    assert by_id[first.id].quiet(house.clock.now()) is None
    assert by_id[second.id].hidden  # it was over before
    assert house.lines(first) == ["raised", "revealed"]


def test_hidden_by_a_rule_of_that_name_of_any_product(house: House) -> None:
    house.take(raised(0, rule="router/offline", unit=GATEWAY), raised(1, unit=FIRST, suppressed_by="offline"))
    assert house.take(cleared(0, 60, rule="router/offline", unit=GATEWAY)) == ["cleared", "revealed"]


def test_hidden_by_any_alert_above(house: House) -> None:
    house.take(raised(0, rule=OFFLINE, unit=GATEWAY), raised(5, rule=OFFLINE, unit=FIRST))
    house.take(raised(1, unit=FIRST, suppressed_by=OFFLINE))
    assert house.take(cleared(0, 60, rule=OFFLINE, unit=GATEWAY)) == ["cleared"]
    assert house.take(cleared(5, 90, rule=OFFLINE, unit=FIRST)) == ["cleared", "revealed"]
    (found,) = [alert for alert in house.all() if alert.rule == HOT]
    assert found.revealed_at == at(90)


def test_told_before_what_hides_it(house: House) -> None:
    house.take(raised(1, unit=FIRST, suppressed_by=OFFLINE))
    assert house.alerts.reconciler.run() == []  # another partition is behind, perhaps
    house.take(raised(0, rule=OFFLINE, unit=GATEWAY))
    house.clock.advance(1000)
    assert house.alerts.reconciler.run() == []
    assert house.take(cleared(0, 60, rule=OFFLINE, unit=GATEWAY)) == ["cleared", "revealed"]


def test_what_hides_it_is_never_told(house: House) -> None:
    house.take(raised(1, unit=FIRST, suppressed_by=OFFLINE))
    house.clock.advance(61)
    assert [event.what for event in house.alerts.reconciler.run()] == ["revealed"]
    assert house.alerts.reconciler.run() == []
    assert not house.one().hidden


def test_all_told_when_all_is_over(house: House) -> None:
    house.take(
        raised(0, rule=OFFLINE, unit=GATEWAY),
        cleared(0, 60, rule=OFFLINE, unit=GATEWAY),
        raised(1, unit=FIRST, suppressed_by=OFFLINE),
    )
    (found,) = [alert for alert in house.all() if alert.rule == HOT]
    assert found.revealed_at == at(60)


# Groups


def test_groups_by_rule_time_and_top(house: House) -> None:
    house.take(*(raised(n, unit=unit) for n, unit in enumerate((FIRST, SECOND, ALONE, LONELY))))
    house.take(raised(700, unit=FIRST), raised(3, unit=FIRST, rule="oven/door"))
    group = {(one.unit_id, one.rule, one.instance): one.group_id for one in house.all()}
    of = {unit: group[unit, HOT, at(n)] for n, unit in enumerate((FIRST, SECOND, ALONE, LONELY))}
    assert of[FIRST] == of[SECOND] != of[ALONE] == of[LONELY]
    assert group[FIRST, HOT, at(700)] not in of.values()
    assert group[FIRST, "oven/door", at(3)] not in of.values()
    page = house.alerts.groups(house.maker, EVERYTHING, limit=10, cursor=None)
    assert [one.last_at for one in page.items] == [at(700), at(3), at(3), at(1)]
    assert sorted((one.rule, one.alerts, one.units, one.top_id) for one in page.items) == sorted(
        [(HOT, 1, 1, GATEWAY), ("oven/door", 1, 1, GATEWAY), (HOT, 2, 2, 0), (HOT, 2, 2, GATEWAY)]
    )


# Flapping


def test_flapping_is_told_once_until_calm(house: House) -> None:
    began = [10 * n for n in range(ALERT_FLAPS_MAX + 5)]
    for start in began:
        house.take(raised(start), cleared(start, start + 5))
    flags = [alert.flapping for alert in house.all()]
    assert flags[:ALERT_FLAPS_MAX] == [Flapping.NO] * ALERT_FLAPS_MAX
    assert flags[ALERT_FLAPS_MAX] is Flapping.BEGINS
    assert set(flags[ALERT_FLAPS_MAX + 1 :]) == {Flapping.GOES_ON}
    calm = began[-1] + 700
    house.take(raised(calm))
    last = house.all()[-1]
    assert (last.flapping, last.quiet(house.clock.now())) == (Flapping.NO, None)


def test_flapping_comes_to_the_same_in_one_batch_or_backwards(house: House) -> None:
    began = [10 * n for n in range(ALERT_FLAPS_MAX + 3)] + [2000]
    house.take(*(raised(start) for start in began))
    for start in reversed(began):
        house.take(raised(start, unit=LONELY))
    flags = {unit: [one.flapping for one in house.all() if one.unit_id == unit] for unit in (ALONE, LONELY)}
    assert flags[ALONE] == flags[LONELY]
    assert flags[ALONE][ALERT_FLAPS_MAX] is Flapping.BEGINS

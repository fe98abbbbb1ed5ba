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
    SECOND_US,
    T0,
    House,
    at,
    change,
    cleared,
    raised,
    viewer,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


MINUTE_US = 60 * 1_000_000


def reconciled(house: House) -> list[str]:
    return [event.what.value for event in house.alerts.reconciler.run()]


def test_told_before_what_hides_it(house: House) -> None:
    """Silence of the units is found before the gateway's: still one alert is told of."""
    house.take(*(raised(1, unit=unit, suppressed_by=OFFLINE, suppress_grace=MINUTE_US) for unit in (FIRST, SECOND)))
    house.clock.advance(50)
    assert reconciled(house) == []
    house.take(raised(50, rule=OFFLINE, unit=GATEWAY))
    house.clock.advance(1000)
    assert reconciled(house) == []
    # The gateway is back: its units get as long to speak again.
    assert house.take(cleared(50, 1100, rule=OFFLINE, unit=GATEWAY)) == ["cleared"]
    house.take(cleared(1, 1130, unit=SECOND))
    house.clock.advance(59)
    assert reconciled(house) == []
    house.clock.advance(2)
    assert reconciled(house) == ["revealed"]
    lit = {alert.unit_id: alert.revealed_at for alert in house.all() if alert.rule == HOT}
    assert lit == {FIRST: at(1160), SECOND: None}


def test_what_begins_after_the_grace_hides_nothing(house: House) -> None:
    house.take(raised(1, unit=FIRST, suppressed_by=OFFLINE, suppress_grace=MINUTE_US))
    house.take(raised(62, rule=OFFLINE, unit=GATEWAY))
    house.clock.advance(61)
    assert reconciled(house) == ["revealed"]


def test_what_nothing_hides_is_told_after_the_grace_though_it_be_over(house: House) -> None:
    more = {"suppressed_by": OFFLINE, "suppress_grace": MINUTE_US}
    house.take(raised(1, unit=FIRST, **more), raised(2, unit=SECOND, **more), cleared(2, 5, unit=SECOND, **more))
    house.clock.advance(59)
    assert reconciled(house) == []
    house.clock.advance(2)
    assert reconciled(house) == ["revealed", "revealed"]
    assert reconciled(house) == []
    lit = {alert.unit_id: alert.revealed_at for alert in house.all()}
    assert lit == {FIRST: at(61), SECOND: at(5)}


def test_a_rule_hides_its_own_alerts_from_above(house: House) -> None:
    more = {"rule": OFFLINE, "suppressed_by": "offline", "suppress_grace": MINUTE_US}
    house.take(*(raised(n, unit=unit, **more) for n, unit in enumerate((FIRST, SECOND, GATEWAY))))
    house.clock.advance(100)
    assert reconciled(house) == ["revealed"]
    assert {alert.unit_id for alert in house.all() if alert.hidden} == {FIRST, SECOND}


@settings(max_examples=6, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_hidden_does_not_depend_on_the_order_of_telling(house: House, data: st.DataObject) -> None:
    more = {"suppressed_by": OFFLINE, "suppress_grace": 10 * 1_000_000}
    begins = st.tuples(st.integers(0, 60), st.none() | st.integers(1, 40))
    lives = st.lists(begins, max_size=4, unique_by=lambda one: one[0])
    story = [
        (begin, None if lasted is None else begin + lasted, {"rule": rule, "unit": unit, **extra})
        for rule, unit, extra in ((OFFLINE, GATEWAY, {}), (HOT, FIRST, more), (HOT, SECOND, more))
        for begin, lasted in data.draw(lives)
    ]
    shown = []
    for _ in range(2):  # twice, told in another order and in other pieces
        base = round((house.clock.now() - T0) / SECOND_US) + 1000
        told = [raised(base + begin, **extra) for begin, _, extra in story]
        told += [cleared(base + begin, base + end, **extra) for begin, end, extra in story if end is not None]
        mixed = data.draw(st.permutations(told))
        cut = data.draw(st.integers(0, len(mixed)))
        house.take(*mixed[:cut])
        house.take(*mixed[cut:])
        house.clock.advance(100_000)
        reconciled(house)
        mine = [one for one in house.all() if one.instance >= at(base)]
        since = at(base)
        shown.append(
            {(one.unit_id, one.rule, one.instance - since): one.revealed_at and one.revealed_at - since for one in mine}
        )
        ends = [((one.instance - T0) / SECOND_US, {"rule": one.rule, "unit": one.unit_id}) for one in mine]
        house.take(*(cleared(began, base + 500, **extra) for began, extra in ends))
    assert shown[0] == shown[1]


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

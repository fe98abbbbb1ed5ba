"""What people do about alerts, on either side of the wall."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alerts_making import (
    ALONE,
    ANNA,
    BERT,
    EVERYTHING,
    HOT,
    LONELY,
    MAKER,
    OTHER,
    OWNER,
    OWNING,
    House,
    at,
    change,
    cleared,
    held,
    raised,
    viewer,
)

from monokoto.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import SHELVE_SECONDS_MAX
from monokoto.operate.alerts import Alert, Quiet, State

BERTS = viewer(MAKER, BERT)


def raise_one(house: House) -> Alert:
    house.take(raised(10))
    return house.one()


def test_acknowledged_then_cleared_and_the_other_way_round(house: House) -> None:
    acts = house.alerts.acts
    first = raise_one(house)
    assert acts.acknowledge(house.maker, first.id)[0].state is State.ACKNOWLEDGED
    house.take(cleared(10, 20))
    assert house.one().state is State.CLOSED
    house.take(raised(30), cleared(30, 40))
    second = house.all()[1]
    assert second.state is State.CLEARED
    assert acts.acknowledge(house.maker, second.id)[0].state is State.CLOSED
    assert house.lines(first) == ["acknowledged", "raised", "cleared"]  # our clock stands before the units'


def test_the_first_to_acknowledge_is_kept_and_may_take_it_back(house: House) -> None:
    acts, alert = house.alerts.acts, raise_one(house)
    _, events = acts.acknowledge(house.maker, alert.id)
    assert [event.what for event in events] == ["acknowledged"]
    again, events = acts.acknowledge(BERTS, alert.id)
    assert events == []
    assert again.acknowledged_by == house.maker.by
    back, _ = acts.unacknowledge(BERTS, alert.id)
    assert back.state is State.RAISED
    assert acts.unacknowledge(BERTS, alert.id)[1] == []


def test_what_rules_tell_later_undoes_nothing(house: House) -> None:
    acts, alert = house.alerts.acts, raise_one(house)
    acts.acknowledge(house.maker, alert.id)
    acts.assign(house.maker, alert.id, BERT)
    house.take(raised(10), change("severity", 10, 15, severity="critical"))
    known = house.one()
    assert (known.state, known.assignee, known.severity) == (State.ACKNOWLEDGED, BERT, "critical")


def test_given_to_members_alone(house: House) -> None:
    acts, alert = house.alerts.acts, raise_one(house)
    _, events = acts.assign(house.maker, alert.id, BERT)
    assert [event.text for event in events] == [format_id(BERT)]
    assert acts.assign(house.maker, alert.id, BERT)[1] == []
    assert acts.assign(house.maker, alert.id, 0)[0].assignee == 0
    with pytest.raises(Invalid):
        acts.assign(house.maker, alert.id, OWNING)


def test_comments_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.operate.alerts.acting.ALERT_COMMENTS_MAX", 3)
    acts, alert = house.alerts.acts, raise_one(house)
    for text in ("", "   ", "x" * 4001, "a\0b"):
        with pytest.raises(Invalid):
            acts.comment(house.maker, alert.id, text, shared=False)
    for number in range(3):
        acts.comment(house.maker, alert.id, f"line {number}\nand another", shared=False)
    with pytest.raises(Conflict):
        acts.comment(house.maker, alert.id, "one more", shared=False)


# Shelves


def test_shelved_until_its_time_is_over(house: House) -> None:
    acts, alert = house.alerts.acts, raise_one(house)
    on_shelf, _ = acts.shelve(house.maker, alert.id, at(600), rule=False)
    assert on_shelf.quiet(house.clock.now()) is Quiet.SHELVED
    assert house.all(wanted=replace(EVERYTHING, shelved=False)) == []
    assert len(house.all(wanted=replace(EVERYTHING, shelved=True))) == 1
    house.clock.advance(599)
    assert house.alerts.reconciler.run() == []
    house.clock.advance(1)
    assert [event.what for event in house.alerts.reconciler.run()] == ["unshelved"]
    assert house.alerts.reconciler.run() == []
    assert house.one().quiet(house.clock.now()) is None


def test_a_shelf_that_ends_after_the_alert_tells_nothing(house: House) -> None:
    alert = raise_one(house)
    house.alerts.acts.shelve(house.maker, alert.id, at(600), rule=False)
    house.take(cleared(10, 20))
    house.clock.advance(1000)
    assert house.alerts.reconciler.run() == []
    assert house.one().shelved_until is None


def test_a_shelved_rule_shelves_what_comes(house: House) -> None:
    acts, alert = house.alerts.acts, raise_one(house)
    acts.shelve(house.maker, alert.id, at(600), rule=True)
    house.take(cleared(10, 20), raised(30), raised(30, unit=LONELY), raised(30, rule="oven/door"))
    quiet = {(one.unit_id, one.rule, one.instance): one.quiet(house.clock.now()) for one in house.all()}
    assert quiet[ALONE, HOT, at(30)] is Quiet.SHELVED
    assert quiet[LONELY, HOT, at(30)] is None
    assert quiet[ALONE, "oven/door", at(30)] is None
    newest = next(one for one in house.all() if (one.unit_id, one.rule, one.instance) == (ALONE, HOT, at(30)))
    assert acts.unshelve(house.maker, newest.id)[0].shelved_until is None
    house.take(raised(50))
    assert house.all()[-1].quiet(house.clock.now()) is None


@pytest.mark.parametrize("seconds", [-1, 0, SHELVE_SECONDS_MAX + 1])
def test_a_shelf_has_an_end(house: House, seconds: int) -> None:
    alert = raise_one(house)
    with pytest.raises(Invalid):
        house.alerts.acts.shelve(house.maker, alert.id, at(seconds), rule=False)


def test_what_is_over_is_shelved_by_its_rule_alone(house: House) -> None:
    alert = raise_one(house)
    house.take(cleared(10, 20))
    with pytest.raises(Conflict):
        house.alerts.acts.shelve(house.maker, alert.id, at(600), rule=False)
    house.alerts.acts.shelve(house.maker, alert.id, at(600), rule=True)


# By hand


def test_cleared_by_hand_where_the_rule_is_no_more(house: House) -> None:
    acts, alert = house.alerts.acts, raise_one(house)
    house.watched = {(HOT, ALONE)}
    with pytest.raises(Conflict):
        acts.clear(house.maker, alert.id)
    house.watched = set()
    house.clock.advance(100)
    ended, _ = acts.clear(house.maker, alert.id)
    assert (ended.state, ended.cleared_by) == (State.CLEARED, house.maker.by)
    assert acts.clear(house.maker, alert.id)[1] == []
    house.take(raised(10), change("severity", 10, 15, severity="critical"))
    assert house.one().told.cleared_at == at(100)  # its beginning told again does not open it
    house.take(cleared(10, 20))
    assert (house.one().told.cleared_at, house.one().cleared_by) == (at(20), None)


# The other side


def test_an_owner_sees_what_is_meant_for_owners_of_their_own_time(house: House) -> None:
    house.take(
        raised(5),
        *(raised(began, audience=audience) for began, audience in ((20, "both"), (21, "owner"), (22, "maker"))),
        raised(30, rule=format_id(77)),
        raised(60),
        raised(25, unit=LONELY),
    )
    owner = viewer(OWNER, OWNING, [held(ALONE, 10, 50)])
    assert [one.instance for one in house.all(owner)] == [at(20), at(21)]
    assert house.all(viewer(OTHER, 1)) == []
    foreign = house.all()[0]
    for act in (house.alerts.acts.acknowledge, house.alerts.acts.unacknowledge, house.alerts.acts.unshelve):
        with pytest.raises(NotFound):
            act(owner, foreign.id)
        with pytest.raises(NotFound):
            act(viewer(OTHER, 1), foreign.id)


def test_a_maker_does_not_see_into_a_closed_time(house: House) -> None:
    house.take(raised(5), raised(20), raised(20, unit=LONELY))
    clipped = replace(house.maker, clipped={ALONE: held(ALONE, None, 10)})
    assert [(one.unit_id, one.instance) for one in house.all(clipped)] == [(ALONE, at(5)), (LONELY, at(20))]


def test_an_owner_acknowledges_and_comments_and_no_more(house: House) -> None:
    acts, alert = house.alerts.acts, raise_one(house)
    owner = viewer(OWNER, OWNING, [held(ALONE, 0)])
    assert acts.acknowledge(owner, alert.id)[0].acknowledged_by == owner.by
    acts.comment(owner, alert.id, "mine", shared=False)
    acts.comment(owner, alert.id, "ours", shared=True)
    acts.comment(house.maker, alert.id, "theirs", shared=False)
    for act in (
        lambda: acts.assign(owner, alert.id, 0),
        lambda: acts.shelve(owner, alert.id, at(100), rule=False),
        lambda: acts.unshelve(owner, alert.id),
        lambda: acts.clear(owner, alert.id),
    ):
        with pytest.raises(Forbidden):
            act()

    def texts(by: object) -> list[str]:
        return [one.text for one in house.alerts.timeline(by, alert) if one.what == "commented"]  # type: ignore[arg-type]

    assert sorted(texts(owner)) == ["mine", "ours"]
    assert sorted(texts(house.maker)) == ["ours", "theirs"]
    acts.assign(house.maker, alert.id, BERT)
    assert "assigned" in house.lines(alert)
    assert "assigned" not in house.lines(alert, owner)


def test_the_maker_may_take_an_owners_acknowledgement_back_and_not_the_other_way(house: House) -> None:
    acts, alert = house.alerts.acts, raise_one(house)
    owner = viewer(OWNER, OWNING, [held(ALONE, 0)])
    acts.acknowledge(owner, alert.id)
    assert acts.unacknowledge(house.maker, alert.id)[0].acknowledged_at is None
    acts.acknowledge(house.maker, alert.id)
    with pytest.raises(Forbidden):
        acts.unacknowledge(owner, alert.id)


def test_a_guest_and_a_past_owner_only_look(house: House) -> None:
    alert = raise_one(house)
    for reach in (held(ALONE, 0, control=False), held(ALONE, 0, 100)):
        looking = viewer(OWNER, OWNING, [reach])
        assert len(house.all(looking)) == 1
        with pytest.raises(Forbidden):
            house.alerts.acts.acknowledge(looking, alert.id)


def test_members_of_the_rules_organisation_are_those_who_are_members(house: House) -> None:
    with pytest.raises(NotFound):
        house.alerts.acts.assign(house.maker, raise_one(house).id + 1, ANNA)

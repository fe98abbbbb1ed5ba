"""Who is told what and when: routes, escalation, quiet hours, digests, pace; over whole lives of alerts."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from notification_world import OWNER, UNIT, Sent, World, ids

from monokoto.kernel.errors import Conflict, Invalid
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import NOTIFICATION_ATTEMPTS_MAX, NOTIFICATIONS_NAMED_MAX
from monokoto.operate.notifications import (
    AlertMatch,
    AlertState,
    DigestPace,
    EscalationStep,
    MessagePace,
    NotificationState,
    ReceiverChange,
    ReceiverState,
    WeeklyHours,
    What,
)
from monokoto.operate.rules import Severity


def step(*receivers: Any, **more: Any) -> EscalationStep:
    return EscalationStep(receivers=ids(*receivers), **more)


def said(sent: list[Sent]) -> list[tuple[str, str]]:
    return [(one.receiver, what) for one in sent for what, _ in one.said]


def test_an_alert_is_told_once_and_so_is_its_end(world: World) -> None:
    world.route(step(world.receiver()))
    world.book.tell(1, What.RAISED)
    (message,) = world.run()
    assert message.said == [("raised", 1)]
    assert message.outgoing.items[0].content.measured[0].value == 81.25
    assert world.run() == []
    world.begin()
    assert world.run() == []
    world.book.tell(1, What.CLEARED)
    assert said(world.after(5)) == [("ops", "cleared")]


def test_who_was_not_told_of_the_beginning_is_not_told_of_the_end(world: World) -> None:
    world.route(step(world.receiver()), match=AlertMatch(severity=Severity.CRITICAL))
    world.book.tell(1, What.RAISED, Severity.MAJOR)
    world.book.tell(1, What.CLEARED, Severity.MAJOR)
    assert world.run() == []


def test_a_rise_to_what_a_route_asks_for_is_a_beginning(world: World) -> None:
    boss = world.receiver("boss")
    world.route(step(world.receiver()), step(boss, after_seconds=600), match=AlertMatch(severity=Severity.MAJOR))
    world.book.tell(1, What.RAISED, Severity.WARNING)
    assert world.run() == []
    world.book.tell(1, What.SEVERITY, Severity.CRITICAL)
    assert said(world.run()) == [("ops", "severity")]
    assert said(world.after(601)) == [("boss", "reminder 1")]


def test_escalation_goes_on_until_somebody_acknowledges(world: World) -> None:
    first, second, third = (world.receiver(name) for name in ("first", "second", "third"))
    world.route(
        step(first, repeats=2, every_seconds=300), step(second, after_seconds=600), step(third, after_seconds=3600),
        what=(What.RAISED, What.ACKNOWLEDGED, What.CLEARED),
    )  # fmt: skip
    world.book.tell(1, What.RAISED)
    assert said(world.run()) == [("first", "raised")]
    assert said(world.after(299)) == []
    assert said(world.after(2)) == [("first", "reminder 0")]
    world.begin()  # timers are in the records
    assert sorted(said(world.after(300))) == [("first", "reminder 0"), ("second", "reminder 1")]
    world.book.tell(1, What.ACKNOWLEDGED, by="Kim", by_organisation=11)
    # Who was told is told that somebody looks after it.
    assert sorted(said(world.run())) == [("first", "acknowledged"), ("second", "acknowledged")]
    assert world.takers.taken[-1].outgoing.items[0].content.by == "Kim"
    assert world.through(7200, every=600) == []
    world.book.tell(1, What.CLEARED)
    assert sorted(said(world.run())) == [("first", "cleared"), ("second", "cleared")]


def test_an_acknowledgement_taken_back_begins_the_escalation_again(world: World) -> None:
    world.route(step(world.receiver()), step(world.receiver("boss"), after_seconds=600))
    world.book.tell(1, What.RAISED)
    world.run()
    world.book.tell(1, What.ACKNOWLEDGED)
    assert world.after(601) == []
    world.book.tell(1, What.UNACKNOWLEDGED)
    assert said(world.after(1)) == []
    assert said(world.after(601)) == [("boss", "reminder 1")]


def test_an_end_nobody_told_of_stops_the_escalation_too(world: World) -> None:
    """The news may come late; the alert itself is asked before anybody is urged."""
    world.route(step(world.receiver()), step(world.receiver("boss"), after_seconds=600))
    for alert_id in (1, 2, 3, 4):
        world.book.tell(alert_id, What.RAISED)
    assert len(world.run()) == 4
    now = world.clock.now()
    world.book.states |= {1: AlertState(cleared=True), 2: AlertState(acknowledged_at=now), 3: AlertState(hidden=True)}
    del world.book.states[4]
    assert world.through(1200) == []


def test_after_an_outage_only_the_last_of_a_steps_repeats_is_told(world: World) -> None:
    world.route(step(world.receiver(), repeats=20, every_seconds=60), step(world.receiver("boss"), after_seconds=300))
    world.book.tell(1, What.RAISED)
    world.run()
    assert sorted(said(world.after(600))) == [("boss", "reminder 1"), ("ops", "reminder 0")]
    assert said(world.after(60)) == [("ops", "reminder 0")]


def test_one_receiver_of_two_routes_is_told_once(world: World) -> None:
    ops = world.receiver()
    for name in ("one", "two"):
        world.route(step(ops), name=name)
    world.book.tell(1, What.RAISED)
    assert said(world.run()) == [("ops", "raised")]
    world.book.tell(1, What.CLEARED)
    assert said(world.run()) == [("ops", "cleared")]
    assert len(world.log.list(11, state=NotificationState.MERGED)) == 2


def test_routes_choose(world: World) -> None:
    ops, now = world.receiver(), world.clock.now()
    group = format_id(900)
    world.groups[900] = {UNIT}
    for match, told in (
        (AlertMatch(rules=("cooker/overheating",)), True),
        (AlertMatch(rules=("cooker/*",)), True),
        (AlertMatch(rules=("cook/*", "cooker/other")), False),
        (AlertMatch(products=("cooker",), tags=("a", "b")), True),
        (AlertMatch(products=("cooker",), tags=("b",)), False),
        (AlertMatch(units=(format_id(UNIT),)), True),
        (AlertMatch(units=(format_id(UNIT + 1),)), False),
        (AlertMatch(groups=(group,)), True),
        (AlertMatch(groups=(format_id(901),)), False),
    ):
        route = world.route(step(ops), match=match)
        news = world.book.tell(len(world.book.news_told) + 1, What.RAISED, tags=frozenset({"a"}))
        assert (len(world.run()) == 1) is told, match
        assert (len(world.routes.preview(11, news)) == 1) is told
        world.routes.delete(11, route.id)
        world.clock.advance(120)
    day = WeeklyHours(begin="09:00", until="17:00", timezone="UTC")
    world.route(step(ops), hours=day)
    assert now  # it began at noon
    world.book.tell(100, What.RAISED)
    assert len(world.run()) == 1
    world.clock.advance(6 * 3600)
    world.book.tell(101, What.RAISED)
    # The end is told whatever the hour; a new one is not.
    world.book.tell(100, What.CLEARED)
    assert said(world.run()) == [("ops", "cleared")]


def test_each_organisation_has_its_own_routes(world: World) -> None:
    maker, owner = world.receiver("maker"), world.receiver("owner", OWNER)
    world.route(step(maker))
    world.route(step(owner), organisation_id=OWNER)
    world.book.tell(1, What.RAISED, told=(11, OWNER))
    world.book.tell(2, What.RAISED, told=(OWNER,))
    assert sorted((one.receiver, one.outgoing.items[0].alert_id) for one in world.run()) == [
        ("maker", 1), ("owner", 1), ("owner", 2),
    ]  # fmt: skip
    world.book.tell(1, What.ACKNOWLEDGED, told=(11, OWNER), by="Kim", by_organisation=11)
    with pytest.raises(Invalid):
        world.route(step(owner))


def test_a_new_route_tells_nothing_old(world: World) -> None:
    ops = world.receiver()
    world.book.tell(1, What.RAISED)
    world.clock.advance(1)
    route = world.route(step(ops))
    assert world.run() == []
    world.routes.change(11, route.id, {"enabled": False})
    world.book.tell(2, What.RAISED)
    assert world.run() == []
    world.clock.advance(1)
    world.routes.change(11, route.id, {"enabled": True})
    world.book.tell(3, What.RAISED)
    assert [one.said for one in world.run()] == [[("raised", 3)]]


def test_what_is_quiet_is_not_told(world: World) -> None:
    world.route(step(world.receiver()), step(world.receiver("boss"), after_seconds=60))
    world.book.tell(1, What.RAISED, quiet=True)
    world.book.tell(1, What.CLEARED, quiet=True)
    assert world.through(300) == []


def test_quiet_hours_hold_all_but_the_critical(world: World) -> None:
    night = WeeklyHours(begin="11:00", until="13:00", timezone="UTC")
    world.route(step(world.receiver("sleeper", quiet=night)))
    world.route(step(world.receiver("deep", quiet=night, critical_passes=False)), name="deep")
    world.book.tell(1, What.RAISED, Severity.CRITICAL)
    world.book.tell(2, What.RAISED, Severity.MAJOR)
    world.book.tell(3, What.RAISED, Severity.MAJOR)
    assert [(one.receiver, one.said) for one in world.run()] == [("sleeper", [("raised", 1)])]
    world.book.tell(3, What.ACKNOWLEDGED)
    assert world.after(3599) == []
    # What somebody acknowledged meanwhile is not told any more.
    assert sorted((one.receiver, one.said[0]) for one in world.after(2)) == [
        ("deep", ("raised", 1)), ("deep", ("raised", 2)), ("sleeper", ("raised", 2)),
    ]  # fmt: skip


def test_a_digest_has_everything_since_the_last(world: World) -> None:
    world.route(step(world.receiver(digest=DigestPace(every_minutes=30))))
    world.book.tell(1, What.RAISED)
    assert len(world.run()) == 1
    for alert_id in (2, 3):
        world.book.tell(alert_id, What.RAISED)
        assert world.after(60) == []
    world.book.tell(4, What.RAISED, Severity.CRITICAL)
    assert [one.said for one in world.after(60)] == [[("raised", 4)]]
    (digest,) = world.through(1800)
    assert digest.said == [("raised", 2), ("raised", 3)]
    assert digest.outgoing.count == 2


def test_a_daily_digest_comes_at_its_time(world: World) -> None:
    world.route(step(world.receiver(digest=DigestPace(daily_at="08:00", timezone="UTC"))))
    for alert_id in (1, 2):
        world.book.tell(alert_id, What.RAISED)
    assert world.after(3600) == []
    (digest,) = world.after(19 * 3600)
    assert digest.outgoing.count == 2
    assert world.after(24 * 3600) == []


def test_a_storm_is_a_few_messages(world: World) -> None:
    world.route(step(world.receiver(pace=MessagePace(burst=3, every_seconds=60))))
    for alert_id in range(1, 10_001):
        world.book.tell(alert_id, What.RAISED, Severity.CRITICAL if alert_id == 7_777 else Severity.MAJOR)
    (message,) = world.run()
    assert message.outgoing.count == 10_000
    assert len(message.outgoing.items) == NOTIFICATIONS_NAMED_MAX
    assert message.said[0] == ("raised", 7_777)
    assert world.run() == []


def test_a_trickle_is_bounded_by_the_pace_and_loses_nothing(world: World) -> None:
    world.route(step(world.receiver(pace=MessagePace(burst=3, every_seconds=60))))
    for alert_id in range(1, 121):
        world.book.tell(alert_id, What.RAISED)
        world.after(1)
    world.through(300)
    taken = world.takers.taken
    assert sum(one.outgoing.count for one in taken) == 120
    assert 5 <= len(taken) <= 3 + 420 // 60
    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(taken[3:])]
    assert all(gap >= 59_000_000 for gap in gaps)


def test_what_fails_is_tried_again_with_the_same_name_until_it_is_dead(world: World) -> None:
    world.route(step(world.receiver()))
    names = []

    def refuse() -> Any:
        return world.takers.failed()

    world.takers.answers["ops"] = refuse
    world.book.tell(1, What.RAISED)
    world.run()
    (first,) = world.log.list(11)
    assert (first.state, first.attempts, first.status) == (NotificationState.WAITING, 1, 503)
    names.append(first.message_id)
    world.through(5 * 3600, every=300)
    (dead,) = world.log.list(11, state=NotificationState.DEAD)
    assert dead.attempts == NOTIFICATION_ATTEMPTS_MAX
    assert dead.message_id == names[0]
    world.takers.answers.clear()
    world.log.retry(11, dead.id)
    assert said(world.after(600)) == [("ops", "raised")]
    with pytest.raises(Conflict):
        world.log.retry(11, dead.id)


def test_a_message_that_waits_is_withdrawn_when_somebody_acknowledges(world: World) -> None:
    world.route(step(world.receiver()))
    world.takers.answers["ops"] = world.takers.failed
    world.book.tell(1, What.RAISED)
    world.run()
    world.takers.answers.clear()
    world.clock.advance(1)
    world.book.tell(1, What.ACKNOWLEDGED)
    assert world.after(60) == []
    (gone,) = world.log.list(11)
    assert (gone.state, gone.reason) == (NotificationState.WITHDRAWN, "Somebody acknowledged the alert.")


def test_a_receiver_can_be_paused_and_deleted(world: World) -> None:
    ops = world.receiver()
    route = world.route(step(ops))
    world.receivers.change(11, ops.id, ReceiverChange({"state": ReceiverState.PAUSED}))
    world.book.tell(1, What.RAISED)
    assert world.run() == []
    world.receivers.change(11, ops.id, ReceiverChange({"state": ReceiverState.ENABLED}))
    world.book.tell(2, What.RAISED)
    assert [one.said for one in world.run()] == [[("raised", 2)]]
    with pytest.raises(Conflict):
        world.receivers.delete(11, ops.id)
    world.routes.delete(11, route.id)
    world.receivers.delete(11, ops.id)


def test_what_is_settled_is_forgotten_in_the_end(world: World) -> None:
    world.route(step(world.receiver()), step(world.receiver("boss"), after_seconds=60))
    world.book.tell(1, What.RAISED)
    world.run()
    world.book.tell(1, What.CLEARED)
    world.run()
    world.clock.advance(29 * 86_400)
    assert world.log.prune() == 0
    world.clock.advance(2 * 86_400)
    assert world.log.prune() == 2
    assert world.log.list(11) == []

"""Quotas that reach a threshold are told to people: once, to the maker and to the owner, in their words."""

from __future__ import annotations

from typing import Any

import pytest
from notification_world import OWNER, UNIT, Sent, World, ids

from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id
from monokoto.operate.notifications import AlertMatch, EscalationStep, Reader, What, write
from monokoto.operate.rules import Severity

ASKED = (What.RAISED, What.THRESHOLD)


def step(*receivers: Any, **more: Any) -> EscalationStep:
    return EscalationStep(receivers=ids(*receivers), **more)


def said(sent: list[Sent]) -> list[tuple[str, str]]:
    return [(one.receiver, what) for one in sent for what, _ in one.said]


def test_the_maker_and_the_owner_are_told_once_whoever_looks(world: World) -> None:
    maker, owner, boss = world.receiver("maker"), world.receiver("owner", OWNER), world.receiver("boss")
    world.route(step(maker), step(boss, after_seconds=600), what=ASKED, match=AlertMatch(severity=Severity.CRITICAL))
    world.route(step(owner), what=(What.THRESHOLD,), organisation_id=OWNER)
    world.run()
    world.book.reach("80%")
    assert sorted(said(world.run())) == [("maker", "threshold"), ("owner", "threshold")]
    assert world.run() == []
    world.begin()  # another process
    assert world.run() == []
    assert world.after(700) == [], "nobody is urged"
    world.book.reach("100%", severity=Severity.WARNING)
    assert sorted(said(world.run())) == [("maker", "threshold"), ("owner", "threshold")]


def test_who_did_not_ask_for_it_is_not_told_and_what_was_before_the_route_neither(world: World) -> None:
    ops = world.receiver()
    world.run()
    world.book.reach("50%")
    world.route(step(ops))
    world.clock.advance(1)
    world.book.reach("80%")
    assert world.run() == []
    world.route(step(ops), name="quotas", what=(What.THRESHOLD,), match=AlertMatch(rules=("cooker/others",)))
    world.clock.advance(1)
    world.book.reach("90%")
    assert world.run() == []
    world.route(step(ops), name="meals", what=(What.THRESHOLD,), match=AlertMatch(rules=("cooker/meals",)))
    world.clock.advance(1)
    world.book.reach("100%")
    assert said(world.run()) == [("ops", "threshold")]


def test_what_is_written_down_late_is_told_too(world: World) -> None:
    world.route(step(world.receiver()), what=(What.THRESHOLD,))
    world.run()
    world.clock.advance(60)
    world.book.reach("80%")
    assert len(world.run()) == 1
    world.book.reach("8", late_by=30)
    assert said(world.run()) == [("ops", "threshold")]
    assert world.run() == []


def test_many_at_once_are_one_message_and_none_is_lost(world: World) -> None:
    world.route(step(world.receiver()), what=(What.THRESHOLD,))
    world.run()
    for number in range(1_200):
        world.book.reach(f"{number}")
    (message,) = world.run()
    assert message.outgoing.count == 1_200


def test_it_is_said_in_the_words_of_the_reader(world: World) -> None:
    world.route(step(world.receiver()), what=(What.THRESHOLD,))
    world.run()
    world.book.reach("80%")
    (message,) = world.run()
    english = write(message.outgoing, Reader("en", "UTC"), "https://x.example")
    assert english.subject == "Meals: 80% used: RC-0001"
    assert ("Used", "8") in english.facts
    assert ("Granted", "10") in english.facts
    assert english.link == f"https://x.example/console/units/{format_id(UNIT)}/entitlements"
    korean = write(message.outgoing, Reader("ko", "Asia/Seoul"), "")
    assert korean.subject == "식사: 80% 사용: RC-0001"
    assert ("사용량", "8") in korean.facts


def test_only_a_step_at_once_tells_it(world: World) -> None:
    with pytest.raises(Invalid, match="route"):
        world.route(step(world.receiver(), after_seconds=60), what=(What.THRESHOLD,))

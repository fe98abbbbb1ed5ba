"""When a command goes down: the unit is there, it is its turn, nothing forbids it, somebody said yes; and again until heard of."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from commands_making import CHILD, MAKER, UNIT, House, record, said

from monokoto.connect.gateway import LISTENS, Route
from monokoto.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from monokoto.kernel.limits import COMMAND_CONFIRM_SECONDS, COMMANDS_AT_ONCE_MAX
from monokoto.operate.commands import Asked, Command, Status


def play(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 60))


async def comes(house: House, unit_id: int = UNIT, *filters: str) -> None:
    """The unit connects and subscribes."""
    house.away.discard(unit_id)
    body = {"filters": filters or ("koto/v1/actions/+/+",), "resumed": False}
    await house.hear(record(LISTENS, body, route=Route.REQUEST, unit_id=unit_id))
    await house.commands.run()


def test_it_waits_for_a_unit_that_is_away_and_goes_when_it_listens(house: House) -> None:
    async def story() -> None:
        house.away.add(UNIT)
        first, second = await house.ask("restart"), await house.ask("restart")
        await house.commands.run()
        house.clock.advance(40)
        await house.commands.run()
        assert not house.down.sent
        assert house.status(first) == Status.QUEUED  # nobody calls it sent, let alone delivered
        await comes(house)
        assert [body["at"] for _, body in house.down.own()] == ["2026-01-01T00:00:00Z"] * 2
        assert {house.status(first), house.status(second)} == {Status.SENT}

    play(story())


def test_it_goes_down_again_until_the_unit_has_it_with_the_same_id(house: House) -> None:
    async def story() -> None:
        command = await house.ask("restart")
        await house.commands.run()
        for _ in range(20):
            house.clock.advance(2)
            await house.commands.run()
        topics = [topic for _, topic, _, _ in house.down.sent if topic.startswith("koto/")]
        assert len(topics) == 5  # after 2, 6, 14 and 30 s: ever more rarely
        assert len(set(topics)) == 1
        await comes(house)
        assert len(house.down.own()) == 6  # and when it comes back
        calls = [topic for _, topic, _, _ in house.down.sent if topic.startswith("v1/devices/me/rpc")]
        assert len(calls) == 1  # firmware that cannot tell a second message from a second call gets one
        await house.hear(said(command, "received"))
        house.down.sent.clear()
        house.clock.advance(60)
        await comes(house)
        assert not house.down.sent

    play(story())


def test_a_call_that_may_be_done_twice_is_repeated_in_every_dialect(house: House) -> None:
    async def story() -> None:
        await house.ask("look")
        await house.commands.run()
        await comes(house)
        assert len([topic for _, topic, _, _ in house.down.sent if topic.startswith("v1/devices/me/rpc")]) == 2

    play(story())


def test_units_below_a_gateway_are_asked_when_it_listens(house: House) -> None:
    async def story() -> None:
        house.away |= {UNIT, CHILD}
        await house.commands.invoke(MAKER, CHILD, Asked(action="restart"))
        await house.commands.run()
        assert not house.down.sent
        house.away.discard(CHILD)
        await comes(house, UNIT, "v1/gateway/rpc")
        assert (UNIT, "v1/gateway/rpc") in {(to, topic) for to, topic, _, _ in house.down.sent}

    play(story())


def test_one_after_the_other_within_a_synchronous_action_and_never_across_actions(house: House) -> None:
    async def story() -> None:
        first, second = await house.ask("bake"), await house.ask("bake")
        other = await house.ask("restart")
        assert second.expires_at - second.created_at == 600 * 1_000_000  # the model's deadline
        await house.commands.run()
        assert [house.status(one) for one in (first, second, other)] == [Status.SENT, Status.QUEUED, Status.SENT]
        await house.hear(said(first, {"status": "running", "progress": 0.5, "note": "rising"}))
        house.clock.advance(30)
        await house.commands.run()
        assert house.status(second) == Status.QUEUED
        await house.hear(said(first, "failed"))
        await house.commands.run()
        assert house.status(second) == Status.SENT

    play(story())


def test_progress_and_what_the_unit_says_beside_it_are_shown(house: House) -> None:
    async def story() -> None:
        command = await house.ask("bake")
        await house.hear(said(command, {"status": "running", "progress": 0.2, "note": "rising"}))
        await house.hear(said(command, {"status": "running", "progress": 0.1, "note": "browning"}, arrived=9))
        found = house.commands.get(MAKER, UNIT, command.id)
        assert (found.progress, found.note) == (0.2, "browning")

    play(story())


def test_what_is_forbidden_is_refused_with_every_reason(house: House) -> None:
    async def story() -> None:
        house.interlocks.forbidden["restart"] = "The door is open"
        with pytest.raises(Conflict) as caught:
            await house.ask("restart")
        assert "The door is open" in caught.value.message
        assert [(fault.place, fault.reason) for fault in caught.value.faults] == [
            ("model", "The door is open (door is 'open' since 1970-01-01T00:00:05Z)")
        ]
        assert not house.commands.list(MAKER, UNIT)

    play(story())


def test_what_is_forbidden_by_the_time_it_goes_down_is_not_done(house: House) -> None:
    async def story() -> None:
        house.away.add(UNIT)
        command = await house.ask("restart")
        await house.commands.run()
        house.clock.advance(60)
        house.interlocks.forbidden["restart"] = "The door is open"
        await comes(house)
        found = house.commands.get(MAKER, UNIT, command.id)
        assert (found.status, house.down.sent) == (Status.CANCELLED, [])
        assert "The door is open" in found.error
        assert [one.id for one in house.refused] == [command.id]  # told, for the audit

    play(story())


def test_what_went_down_is_not_repeated_into_a_forbidden_state(house: House) -> None:
    async def story() -> None:
        command = await house.ask("restart")
        await house.commands.run()
        house.interlocks.forbidden["restart"] = "The door is open"
        house.clock.advance(10)
        await house.commands.run()
        assert (len(house.down.own()), house.status(command)) == (1, Status.SENT)  # only the unit knows what came of it
        del house.interlocks.forbidden["restart"]
        house.clock.advance(20)
        await house.commands.run()
        assert len(house.down.own()) == 2

    play(story())


def test_a_dangerous_action_waits_for_a_yes_and_its_time_begins_then(house: House) -> None:
    async def story() -> None:
        command = await house.ask("clean", by=1)
        await house.commands.run()
        assert (command.status, house.down.sent) == (Status.UNCONFIRMED, [])
        house.clock.advance(100)
        made = await house.commands.confirm(MAKER, UNIT, command.id, by=1, person=True)  # pressed twice
        assert (made.status, made.confirmed_by, made.expires_at) == (
            Status.QUEUED, 1, house.clock.now() + 300 * 1_000_000,
        )  # fmt: skip
        await house.commands.run()
        assert [name for name, _ in house.down.own()] == ["clean"]
        with pytest.raises(Conflict):
            await house.commands.confirm(MAKER, UNIT, command.id, by=1, person=True)
        assert (await house.ask("clean", confirmed=True)).status is Status.QUEUED  # a program that says so at once

    play(story())


def test_nobody_says_yes_in_time_or_it_is_forbidden_by_then(house: House) -> None:
    async def story() -> None:
        late = await house.ask("clean")
        house.clock.advance(COMMAND_CONFIRM_SECONDS + 1)
        with pytest.raises(Conflict):
            await house.commands.confirm(MAKER, UNIT, late.id, by=1, person=True)
        await house.commands.run()
        found = house.commands.get(MAKER, UNIT, late.id)
        assert (found.status, found.error) == (Status.EXPIRED, "Nobody said yes to it in time.")
        again = await house.ask("clean")
        house.interlocks.forbidden["clean"] = "The door is open"
        with pytest.raises(Conflict, match="door"):
            await house.commands.confirm(MAKER, UNIT, again.id, by=1, person=True)
        await house.commands.cancel(MAKER, UNIT, again.id)
        assert house.status(again) == Status.CANCELLED
        assert not house.down.sent

    play(story())


@pytest.mark.parametrize(("by", "person"), [(1, True), (9, False)])
def test_where_it_takes_two_the_second_is_another_person(house: House, by: int, person: bool) -> None:
    async def story() -> None:
        command = await house.ask("open", by=1, confirmed=True)
        assert command.status is Status.UNCONFIRMED  # nobody says yes for both
        with pytest.raises(Forbidden):
            await house.commands.confirm(MAKER, UNIT, command.id, by=by, person=person)
        assert (await house.commands.confirm(MAKER, UNIT, command.id, by=2, person=True)).status is Status.QUEUED

    play(story())


def test_a_unit_is_asked_to_leave_off_until_it_answers_and_may_have_been_faster(house: House) -> None:
    async def story() -> None:
        command = await house.ask("restart")
        await house.commands.run()
        await house.hear(said(command, "running"))
        await house.commands.cancel(MAKER, UNIT, command.id)
        await house.commands.run()
        house.clock.advance(10)
        await house.commands.run()
        assert [body for _, body in house.down.own()].count({"cancel": True}) == 2
        await house.hear(said(command, "succeeded"))
        assert house.status(command) == Status.SUCCEEDED
        house.down.sent.clear()
        house.clock.advance(10)
        await house.commands.run()
        assert not house.down.sent

    play(story())


def test_many_are_asked_at_once_each_with_its_own_outcome(house: House) -> None:
    async def story() -> None:
        asks = [
            (MAKER, UNIT, Asked(action="restart", batch=77, request="a")),
            (MAKER, UNIT, Asked(action="explode", batch=77)),
            (MAKER, CHILD, Asked(action="restart", batch=77)),
            (MAKER, UNIT, Asked(action="restart", batch=77, request="a")),
            (MAKER, 999, Asked(action="restart", batch=77)),
        ]
        found = await house.commands.ask_many(asks)
        assert [type(one) for one in found] == [tuple, NotFound, tuple, tuple, NotFound]
        made = [one for one in found if isinstance(one, tuple)]
        assert [new for _, new in made] == [True, True, False]
        assert made[0][0].id == made[2][0].id
        await house.commands.run()
        assert house.commands.outcomes({MAKER}, 77) == {Status.SENT: 2}
        listed: list[Command] = house.commands.list_of({MAKER}, batch=77)
        assert {one.unit_id for one in listed} == {UNIT, CHILD}
        with pytest.raises(Invalid):
            await house.commands.ask_many(asks[:1] * (COMMANDS_AT_ONCE_MAX + 1))

    play(story())


def test_another_process_takes_over_what_one_left_behind(house: House) -> None:
    async def story() -> None:
        command = await house.ask("restart")  # and the process dies before it hands it down
        again = type(house)(house.records, house.clock)
        from commands_making import make_commands  # noqa: PLC0415

        survivor = make_commands(again)
        house.clock.advance(3)
        await survivor.run()
        assert len(again.down.own()) == 1
        assert house.status(command) == Status.SENT

    play(story())

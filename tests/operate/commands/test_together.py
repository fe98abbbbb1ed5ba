"""Commands to units that are known to speak our own way go down many in one entry of the log, and lose nothing by it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from commands_making import CHILD, MAKER, UNIT, House, record, said

from monokoto.connect.gateway import LISTENS, Route
from monokoto.operate.commands import Asked, Status
from monokoto.operate.commands.speakers import Speakers

OWN, THINGSBOARD = "koto/v1/actions/+/+", "v1/devices/me/rpc/request/+"


def play(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 60))


async def comes(house: House, *filters: str, unit_id: int = UNIT, resumed: bool = False) -> None:
    body = {"filters": filters, "resumed": resumed}
    await house.hear(record(LISTENS, body, route=Route.REQUEST, unit_id=unit_id))
    await house.commands.run()


def test_units_that_listen_to_us_alone_are_told_together_on_our_topic_alone(house: House) -> None:
    async def story() -> None:
        await comes(house, OWN)
        await comes(house, "koto/v1/#", unit_id=CHILD)
        asks = [(MAKER, unit_id, Asked(action="restart")) for unit_id in (UNIT, CHILD, UNIT)]
        asked = await house.commands.ask_many(asks)
        assert await house.commands.run() == 3
        assert house.down.together == [3]
        assert [(to, topic.split("/")[0]) for to, topic, _, _ in house.down.sent] == [
            (UNIT, "koto"), (CHILD, "koto"), (UNIT, "koto")
        ]  # fmt: skip
        assert {house.status(one[0]) for one in asked if isinstance(one, tuple)} == {Status.SENT}

    play(story())


def test_who_answered_on_our_topic_is_known_to_speak_it(house: House) -> None:
    async def story() -> None:
        first = await house.ask("restart")
        await house.commands.run()
        assert not house.down.together  # nobody knows yet what it speaks: told in every dialect, by itself
        await house.hear(said(first, "succeeded"))
        await house.ask("restart")
        await house.commands.run()
        assert house.down.together == [1]

    play(story())


def test_a_unit_that_listens_to_another_dialect_is_told_in_all_of_them_from_then_on(house: House) -> None:
    async def story() -> None:
        for filters in ((THINGSBOARD,), ("#",)):
            await comes(house, OWN)
            await comes(house, *filters)
            await comes(house, OWN)  # another program with the same identity, it may be
            house.down.sent.clear()
            command = await house.ask("restart")
            await house.commands.run()
            await house.hear(said(command, "succeeded"))
            topics = {topic for _, topic, _, _ in house.down.sent}
            assert f"v1/devices/me/rpc/request/{command.number}" in topics
        assert not house.down.together

    play(story())


def test_one_that_was_missed_goes_down_again_with_the_same_id(house: House) -> None:
    async def story() -> None:
        await comes(house, OWN)
        command = await house.ask("restart")
        await house.commands.run()
        house.clock.advance(2)
        await house.commands.run()
        await comes(house, OWN, resumed=True)
        assert house.down.together == [1]  # again means by itself, where a session that is away finds it
        topics = [topic for _, topic, _, _ in house.down.sent]
        assert len(topics) == 3
        assert len(set(topics)) == 1
        await house.hear(said(command, "received"))
        house.down.sent.clear()
        house.clock.advance(60)
        await house.commands.run()
        assert not house.down.sent

    play(story())


def test_while_the_log_is_away_nothing_is_called_sent(house: House) -> None:
    async def story() -> None:
        await comes(house, OWN)
        house.down.away = True
        command = await house.ask("restart")
        assert await house.commands.run() == 0
        assert house.status(command) == Status.QUEUED
        house.down.away = False
        house.clock.advance(3)
        assert await house.commands.run() == 1
        assert house.status(command) == Status.SENT

    play(story())


def test_what_is_known_of_units_has_a_limit() -> None:
    speakers = Speakers(units_max=2)
    for unit_id in (1, 2, 3):
        speakers.listens(unit_id, own=True, others=False)
    assert [speakers.only_own(unit_id) for unit_id in (1, 2, 3)] == [False, True, True]
    for unit_id in (2, 3, 4):
        speakers.listens(unit_id, own=False, others=True)
    assert not any(speakers.only_own(unit_id) for unit_id in (1, 2, 3, 4))

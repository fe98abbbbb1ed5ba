"""The life of a command, on both databases."""

from __future__ import annotations

import asyncio

import pytest
from commands_making import CHILD, FOREIGN, MAKER, OTHER, UNIT, House, make_commands, record, said

from monokoto.connect.gateway import Route
from monokoto.kernel.errors import Conflict, Invalid, NotFound, TooMany
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import COMMAND_DAYS, COMMANDS_OPEN_PER_UNIT_MAX
from monokoto.operate.commands import Asked, Status


def test_a_command_goes_down_in_every_dialect_and_is_only_sent_until_the_unit_says_more(house: House) -> None:
    async def story() -> None:
        command = await house.ask()
        assert house.status(command) == Status.QUEUED
        assert await house.commands.run() == 1
        assert house.status(command) == Status.SENT
        topics = {topic: body for _, topic, body, _ in house.down.sent}
        assert topics[f"koto/v1/actions/boost/{format_id(command.id)}"]["input"] == {"minutes": 5}
        assert topics[f"v1/devices/me/rpc/request/{command.number}"] == {"method": "boost", "params": {"minutes": 5}}
        assert {expires for *_, expires in house.down.sent} == {command.expires_at}
        assert await house.commands.run() == 0  # nothing twice
        for word in ("received", "running"):
            await house.hear(said(command, {"status": word, "progress": 0.5}))
            assert house.status(command) == word
        await house.hear(said(command, {"status": "succeeded", "output": {"watts": 800}}))
        done = house.commands.get(MAKER, UNIT, command.id)
        assert (done.status, done.output, done.progress) == (Status.SUCCEEDED, {"watts": 800}, 1.0)
        assert not house.letters

    asyncio.run(story())


def test_answers_come_twice_and_out_of_order_and_change_nothing(house: House) -> None:
    async def story() -> None:
        command = await house.ask("restart")
        await house.commands.run()
        await house.hear(said(command, "succeeded", arrived=9))
        first = house.commands.get(MAKER, UNIT, command.id)
        for late in ("received", {"status": "running"}, {"status": "failed", "error": "no"}, "succeeded"):
            await house.hear(said(command, late, arrived=10))
        assert house.commands.get(MAKER, UNIT, command.id) == first

    asyncio.run(story())


def test_an_output_that_does_not_fit_is_a_failure_that_says_so(house: House) -> None:
    async def story() -> None:
        command = await house.ask()
        await house.hear(said(command, {"status": "succeeded", "output": {"watts": "much"}}))
        failed = house.commands.get(MAKER, UNIT, command.id)
        assert failed.status is Status.FAILED
        assert "watts" in failed.error

    asyncio.run(story())


@pytest.mark.parametrize("given", [{"minutes": 0}, {"minutes": 2.5}, {}, [], "soon", {"minutes": 61}])
def test_an_input_that_does_not_fit_is_refused_and_nothing_goes_down(house: House, given: object) -> None:
    async def story() -> None:
        with pytest.raises(Invalid) as caught:
            await house.ask(given=given)
        assert caught.value.faults
        await house.commands.run()
        assert not house.down.sent

    asyncio.run(story())


def test_who_gives_no_input_is_told_what_is_wanted(house: House) -> None:
    async def story() -> None:
        with pytest.raises(Invalid) as caught:
            await house.commands.invoke(MAKER, UNIT, Asked(action="boost"))
        assert "none was given" in caught.value.message
        assert "minutes" in caught.value.remedy

    asyncio.run(story())


@pytest.mark.parametrize("word", [b"succeeded", b' "succeeded"\n', b"succeeded\n"])
def test_a_word_alone_will_do_also_without_the_quotes_of_json(house: House, word: bytes) -> None:
    async def story() -> None:
        command = await house.ask("restart")
        await house.hear(said(command, word))
        assert house.status(command) == Status.SUCCEEDED
        assert not house.letters

    asyncio.run(story())


def test_a_word_without_quotes_is_no_result_of_a_thingsboard_call(house: House) -> None:
    async def story() -> None:
        command = await house.ask("restart")
        await house.hear(record(f"rpc/{command.number}", b"failed"))
        assert house.status(command) == Status.QUEUED
        assert len(house.letters) == 1

    asyncio.run(story())


def test_what_is_asked_must_exist_and_be_ones_own(house: House) -> None:
    async def story() -> None:
        with pytest.raises(NotFound):
            await house.ask("explode")
        with pytest.raises(Invalid):
            await house.ask("restart", {"hard": True})
        with pytest.raises(NotFound):
            await house.commands.invoke(MAKER, FOREIGN, Asked(action="restart"))
        command = await house.ask("restart")
        with pytest.raises(NotFound):
            house.commands.get(OTHER, UNIT, command.id)
        with pytest.raises(NotFound):
            house.commands.get(MAKER, CHILD, command.id)
        # Another unit that answers in this one's name is told of, and changes nothing.
        await house.hear(said(command, "succeeded", unit_id=CHILD))
        assert house.status(command) == Status.QUEUED
        assert [letter.reason for letter in house.letters] == ["bad-answer"]

    asyncio.run(story())


def test_it_expires_at_its_deadline_but_the_units_last_word_is_what_happened(house: House) -> None:
    async def story() -> None:
        command = await house.ask("restart", seconds=10)
        await house.commands.run()
        house.clock.advance(9.9)
        await house.commands.run()
        assert house.status(command) == Status.SENT
        house.clock.advance(0.2)
        assert await house.commands.run() == 1
        assert house.status(command) == Status.EXPIRED
        await house.hear(said(command, "running"))
        assert house.status(command) == Status.EXPIRED
        await house.hear(said(command, "succeeded"))
        assert house.status(command) == Status.SUCCEEDED

    asyncio.run(story())


def test_a_command_that_never_went_down_expires_without_going(house: House) -> None:
    async def story() -> None:
        house.down.away = True
        command = await house.ask("restart", seconds=10)
        await house.commands.run()
        assert house.status(command) == Status.QUEUED
        house.clock.advance(11)
        house.down.away = False
        await house.commands.run()
        assert house.status(command) == Status.EXPIRED
        assert not house.down.sent

    asyncio.run(story())


def test_cancelling_before_it_goes_down_and_after(house: House) -> None:
    async def story() -> None:
        early = await house.ask("restart")
        await house.commands.cancel(MAKER, UNIT, early.id)
        await house.commands.run()
        assert not house.down.sent
        late = await house.ask("restart")
        await house.commands.run()
        house.down.sent.clear()
        cancelling = await house.commands.cancel(MAKER, UNIT, late.id)
        assert (cancelling.status, cancelling.cancelling_at) == (
            Status.SENT,
            house.clock.now(),
        )  # it may have it already
        await house.commands.run()
        assert [(topic, body) for _, topic, body, _ in house.down.sent] == [
            (f"koto/v1/actions/restart/{format_id(late.id)}", {"cancel": True})
        ]
        await house.hear(said(late, "cancelled"))
        assert house.status(late) == Status.CANCELLED
        await house.hear(said(late, "succeeded"))
        assert house.status(late) == Status.CANCELLED  # of two last words the first holds
        with pytest.raises(Conflict):
            await house.commands.cancel(MAKER, UNIT, late.id)

    asyncio.run(story())


def test_one_request_is_one_command_also_when_asked_at_once(house: House) -> None:
    async def story() -> None:
        asked = Asked(action="restart", request="r-1")
        again = make_commands(house)  # another process
        asking = [commands.invoke(MAKER, UNIT, asked) for commands in (house.commands, again) * 2]
        ids = [command.id for command, _ in await asyncio.gather(*asking)]
        assert len(set(ids)) == 1
        assert len(house.commands.list(MAKER, UNIT)) == 1
        with pytest.raises(Conflict):
            await house.ask("boost", request="r-1")
        other, new = await house.commands.invoke(MAKER, CHILD, asked)
        assert new
        assert other.id not in ids  # a request's name is the unit's, not the whole fleet's

    asyncio.run(story())


def test_thingsboard_calls_are_answered_by_number_also_through_a_gateway(house: House) -> None:
    async def story() -> None:
        command = await house.ask()
        await house.hear(record(f"rpc/{command.number}", {"watts": 1}))
        assert house.status(command) == Status.SUCCEEDED
        below, _ = await house.commands.invoke(MAKER, CHILD, Asked(action="restart"))
        await house.commands.run()
        to_parent = [body for to, topic, body, _ in house.down.sent if (to, topic) == (UNIT, "v1/gateway/rpc")]
        assert to_parent == [{"device": f"SN-{CHILD}", "data": {"id": below.number, "method": "restart", "params": {}}}]
        answer = {"device": f"SN-{CHILD}", "id": below.number, "data": {"error": "stuck"}}
        await house.hear(record("v1/gateway/rpc", answer, route=Route.REQUEST))
        failed = house.commands.get(MAKER, CHILD, below.id)
        assert (failed.status, failed.error) == (Status.FAILED, "stuck")

    asyncio.run(story())


@pytest.mark.parametrize("body", [b"{", b"\xff", {"status": "flying"}, {}, 7, {"status": "running", "progress": "x"}])
def test_what_is_no_answer_is_a_dead_letter(house: House, body: object) -> None:
    async def story() -> None:
        command = await house.ask("restart")
        await house.hear(said(command, body))
        assert house.status(command) == Status.QUEUED
        assert [letter.subject for letter in house.letters] == [f"restart/{format_id(command.id)}"]

    asyncio.run(story())


def test_a_unit_has_so_many_open_commands_and_no_more(house: House) -> None:
    async def story() -> None:
        for _ in range(COMMANDS_OPEN_PER_UNIT_MAX):
            await house.ask("restart")
        with pytest.raises(TooMany):
            await house.ask("restart")
        await house.commands.invoke(MAKER, CHILD, Asked(action="restart"))  # another unit has its own room

    asyncio.run(story())


def test_lists_are_newest_first_filtered_and_paged_and_old_ones_go(house: House) -> None:
    async def story() -> None:
        made = [await house.ask(action) for action in ("restart", "boost", "restart")]
        assert [one.id for one in house.commands.list(MAKER, UNIT)] == [one.id for one in reversed(made)]
        assert [one.id for one in house.commands.list(MAKER, UNIT, action="boost")] == [made[1].id]
        assert [one.id for one in house.commands.list(MAKER, UNIT, before=made[2].id, limit=1)] == [made[1].id]
        await house.commands.cancel(MAKER, UNIT, made[0].id)
        assert [one.id for one in house.commands.list(MAKER, UNIT, status=Status.CANCELLED)] == [made[0].id]
        house.clock.advance(COMMAND_DAYS * 24 * 3600 + 1)
        assert house.commands.forget_old() == 1
        assert len(house.commands.list(MAKER, UNIT)) == 2  # the open ones stay

    asyncio.run(story())


def test_waiting_ends_with_the_units_word_or_with_the_time(house: House) -> None:
    async def story() -> None:
        command = await house.ask("restart")
        assert (await house.commands.wait(command, seconds=0.05)).status is Status.QUEUED
        waiting = asyncio.create_task(house.commands.wait(command, seconds=30))
        await asyncio.sleep(0.05)
        await house.hear(said(command, "succeeded"))
        assert (await asyncio.wait_for(waiting, 10)).status is Status.SUCCEEDED

    asyncio.run(story())

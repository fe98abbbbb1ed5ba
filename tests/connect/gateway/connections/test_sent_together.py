"""What goes to many connected units in one entry of the log: each gets its own, and no more entries than needed."""

from __future__ import annotations

import asyncio

import pytest

from monokoto.connect.gateway import Downlink, ToUnit
from monokoto.kernel.errors import Invalid
from monokoto.mqtt import Puback, Suback, Subscribe, Subscription

A, B, NOBODY = 1001, 1002, 9999
EVERYTHING = Subscribe(packet_id=1, subscriptions=(Subscription(filter="#", qos=1),))


def to(unit_id: int, number: int, *, payload: bytes = b"{}", expires_at: int = 0) -> ToUnit:
    return ToUnit(unit_id, f"koto/v1/actions/start/{number}", payload, expires_at)


def test_each_unit_gets_its_own_in_order(world, client):
    async def body():
        async with world() as w, client(w) as a, client(w, "token-b") as b:
            for each in (a, b):
                await each.send(EVERYTHING)
                assert isinstance(await each.receive(), Suback)
            before = len(w.log.entries)
            given = [to(A, 1), to(B, 2), to(NOBODY, 3), to(A, 4), to(B, 5, expires_at=1)]
            await Downlink(w.log).send_together(given)
            assert len([one for one in w.log.entries[before:] if one.subject.startswith("down.")]) == 1
            for each, numbers in ((a, (1, 4)), (b, (2,))):  # what has expired goes to nobody
                for number in numbers:
                    message = await each.receive()
                    assert (message.topic, message.qos) == (f"koto/v1/actions/start/{number}", 1)
                    await each.send(Puback(packet_id=message.packet_id))
                assert await each.nothing()

    asyncio.run(body())


def test_a_damaged_entry_stops_nobody(world, client):
    async def body():
        async with world() as w, client(w) as a:
            await a.send(EVERYTHING)
            assert isinstance(await a.receive(), Suback)
            await w.log.append("down.together.0", b"\x93nothing of ours")
            await Downlink(w.log).send_together([to(A, 7)])
            assert (await a.receive()).topic == "koto/v1/actions/start/7"

    asyncio.run(body())


def test_entries_are_cut_by_size_and_take_turns(world):
    async def body():
        async with world() as w:
            before = len(w.log.entries)
            await Downlink(w.log).send_together([to(A, number, payload=bytes(60_000)) for number in range(10)])
            entries = [one for one in w.log.entries[before:] if one.subject.startswith("down.")]
            assert len(entries) == 3
            assert len({one.subject for one in entries}) == 3  # a subject keeps a hundred entries
            assert max(len(one.body) for one in entries) < 256 * 1024

    asyncio.run(body())


def test_what_cannot_be_sent_is_refused_before_anything_goes(world):
    async def body():
        async with world() as w:
            before = len(w.log.entries)
            with pytest.raises(Invalid):
                await Downlink(w.log).send_together([to(A, 1), ToUnit(A, "a/+", b"")])
            assert len(w.log.entries) == before

    asyncio.run(body())

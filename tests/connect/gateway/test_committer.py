"""What is acknowledged is in the log, once and in order, whatever the log does."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.connect.gateway import Committer, Route, decode_commit, partition_of
from monokoto.kernel.clock import ManualClock, SystemClock
from monokoto.kernel.errors import TooLarge, Unavailable


class Sender:
    """Takes note of what it is told, with how much was in the log then."""

    def __init__(self, log) -> None:
        self.log = log
        self.told: list[tuple[list[bytes], int]] = []
        self.abandoned = 0

    def acknowledge(self, acks) -> None:
        self.told.append((acks.chunks, len(self.log.records())))

    def abandon(self) -> None:
        self.abandoned += 1


def _publish(committer, sender, unit_id, payload, ack=b"ack"):
    pending = committer.pending(unit_id)
    pending.units.append(unit_id)
    pending.routes.append(Route.TELEMETRY)
    pending.payloads.append(payload)
    acks = pending.owed(sender)
    acks.chunks.append(ack)
    acks.count += 1
    committer.bytes += len(payload)
    committer.arm()


def test_a_quiet_gateway_commits_at_once(new_log):
    async def body():
        log = new_log()
        committer = Committer(log, SystemClock(), linger_ms=500)
        started = asyncio.get_running_loop().time()
        await committer.submit(1, Route.TELEMETRY, b"{}")
        assert asyncio.get_running_loop().time() - started < 0.2
        # The next one within the linger waits for it.
        await committer.submit(1, Route.TELEMETRY, b"{}")
        assert asyncio.get_running_loop().time() - started >= 0.5
        assert log.records() == [(1, 1, b"{}"), (1, 1, b"{}")]

    asyncio.run(body())


def test_many_senders_share_one_entry(new_log):
    async def body():
        log = new_log()
        committer = Committer(log, SystemClock())
        senders = [Sender(log) for _ in range(50)]
        for number, sender in enumerate(senders):
            _publish(committer, sender, number, b"x", b"%d" % number)
        await committer.drain()
        assert log.appends == 1
        assert [sender.told for sender in senders] == [[([b"%d" % n], 50)] for n in range(50)]

    asyncio.run(body())


def test_an_early_commit_when_enough_waits(new_log):
    async def body():
        log = new_log()
        committer = Committer(log, SystemClock(), linger_ms=60_000, bytes_max=1000)
        sender = Sender(log)
        _publish(committer, sender, 1, b"first")
        await committer.drain()
        for _ in range(11):
            _publish(committer, sender, 1, b"x" * 100)
        await asyncio.sleep(0.05)
        assert len(log.records()) == 12

    asyncio.run(body())


def test_an_answer_that_got_lost_doubles_nothing(new_log):
    async def body():
        log = new_log(lose_answers=2)
        committer = Committer(log, SystemClock())
        await committer.submit(1, Route.TELEMETRY, b"once")
        assert log.records() == [(1, 1, b"once")]
        assert log.appends == 3

    asyncio.run(body())


def test_an_outage_only_stalls(new_log):
    async def body():
        log = new_log()
        committer = Committer(log, SystemClock(), waiting_bytes_max=5_000, bytes_max=1000)
        sender, stalls = Sender(log), []
        committer.when_stalled = stalls.append
        log.down = True
        for number in range(100):
            _publish(committer, sender, 1, b"%03d" % number + b"x" * 97, b"%d" % number)
            await asyncio.sleep(0.001)
        assert stalls == [True]
        assert not sender.told
        with pytest.raises(Unavailable):
            committer.submit(1, Route.TELEMETRY, b"{}")
        log.down = False
        await committer.drain()
        assert stalls == [True, False]
        assert [payload[:3] for _, _, payload in log.records()] == [b"%03d" % n for n in range(100)]
        acks = [chunk for chunks, _ in sender.told for chunk in chunks]
        assert acks == [b"%d" % n for n in range(100)]

    asyncio.run(body())


def test_what_cannot_be_kept_is_never_acknowledged(new_log):
    async def body():
        log = new_log(down=True)
        committer = Committer(log, SystemClock(), patience_seconds=0.1)
        sender = Sender(log)
        _publish(committer, sender, 1, b"x")
        with pytest.raises(Unavailable):
            await committer.submit(1, Route.TELEMETRY, b"{}")
        assert sender.abandoned == 1
        assert not sender.told
        log.down = False
        await committer.submit(1, Route.TELEMETRY, b"later")
        assert [payload for _, _, payload in log.records()] == [b"later"]

    asyncio.run(body())


def test_a_body_over_the_logs_limit_is_split_and_acknowledged_whole(new_log):
    async def body():
        log = new_log(body_bytes_max=1000)
        committer = Committer(log, SystemClock(), bytes_max=100_000)
        sender = Sender(log)
        payloads = [bytes([number]) * (37 * number % 400) for number in range(60)]
        for payload in payloads:
            _publish(committer, sender, 1, payload)
        await committer.drain()
        assert len(log.entries) > 1
        assert all(len(entry.body) <= 1000 for entry in log.entries)
        assert [payload for _, _, payload in log.records()] == payloads
        assert [seen for _, seen in sender.told] == [60]
        with pytest.raises(TooLarge):
            committer.submit(1, Route.TELEMETRY, b"x" * 1000)

    asyncio.run(body())


def test_arrival_rises_strictly_even_when_the_clock_stands_still(new_log):
    async def body():
        log, clock = new_log(), ManualClock()
        committer = Committer(log, clock, linger_ms=0)
        for _ in range(20):
            await asyncio.gather(*(committer.submit(1, Route.TELEMETRY, b"{}") for _ in range(7)))
            clock.advance(-0.001)
        arrived = [instant for commit in log.commits() for instant in commit.arrived.tolist()]
        assert len(arrived) == 140
        assert all(a < b for a, b in itertools.pairwise(arrived))

    asyncio.run(body())


def test_stopping_in_the_middle_acknowledges_nothing(new_log):
    log = new_log(delay=30)
    sender = Sender(log)

    async def body():
        committer = Committer(log, SystemClock())
        _publish(committer, sender, 1, b"x")
        await asyncio.sleep(0.02)

    asyncio.run(body())  # cancels what is under way
    assert not sender.told
    assert sender.abandoned == 1


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_random_trouble_loses_and_doubles_nothing(seed, partitions):
    async def body():
        chance = random.Random(seed)
        log = _FlakyLog(chance)
        committer = Committer(log, SystemClock(), partitions=partitions, linger_ms=0.2, bytes_max=300)
        sent: dict[int, list[bytes]] = {}
        senders = {unit: Sender(log) for unit in range(1, 8)}
        for number in range(150):
            unit = chance.randrange(1, 8)
            payload = b"%d" % number
            sent.setdefault(unit, []).append(payload)
            _publish(committer, senders[unit], unit, payload, payload)
            if chance.random() < 0.2:
                await asyncio.sleep(chance.random() * 0.002)
        await committer.drain()
        kept: dict[int, list[bytes]] = {}
        for unit, _, payload in log.records():
            kept.setdefault(unit, []).append(payload)
        for unit, payloads in sent.items():
            assert sorted(kept[unit]) == sorted(payloads)
            assert [chunk for chunks, _ in senders[unit].told for chunk in chunks] == payloads

    asyncio.run(body())


class _FlakyLog:
    """Fails before or after storing, and answers late."""

    body_bytes_max = 1 << 20

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.bodies: dict[str, bytes] = {}

    async def append(self, subject: str, body: bytes, *, message_id: str = "") -> int:
        await asyncio.sleep(self.chance.random() * 0.003)
        fate = self.chance.random()
        if fate < 0.1:
            raise Unavailable("before")
        self.bodies.setdefault(message_id, body)
        if fate < 0.2:
            raise Unavailable("after")
        return 1

    def records(self):
        commits = [decode_commit(body) for body in self.bodies.values()]
        return [
            (u, r, p) for c in commits for u, r, p in zip(c.unit.tolist(), c.route.tolist(), c.payloads, strict=True)
        ]


def test_partitions_are_stable_and_even():
    assert [partition_of(unit, 16) for unit in (1, 2, 3, 1 << 40, 2**63 - 1)] == [9, 2, 12, 0, 6]
    counts = [0] * 8
    for unit in range(1 << 45, (1 << 45) + 8000):
        counts[partition_of(unit, 8)] += 1
    assert max(counts) < 1.1 * min(counts)

"""What every log must do, while nothing breaks. What it must do while things break is in test_log_faults."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.engines.log import Entry, Log, Reader, StreamSpec, log_facts, open_log
from monokoto.engines.log.reader import read_address
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Conflict, Invalid, TooLarge, Unavailable
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId

WithLog = Callable[[Callable[[Log], Awaitable[None]]], None]


async def read_all(reader: Reader, count: int) -> list[Entry]:
    """Exactly so many entries, and nothing after them."""
    entries: list[Entry] = []
    while len(entries) < count:
        page = await reader.read(entries_max=7, wait_seconds=5)
        assert page, f"only {len(entries)} of {count} came"
        entries += page
    assert len(entries) == count
    return entries


def test_appends_get_rising_sequences_and_are_read_as_they_were(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        before = time.time_ns() // 1000
        first = await log.append("line.0", b"one")
        second = await log.append("line.0", b"")
        assert (first, second) == (1, 2)
        reader = await log.reader("LINE", "line.0")
        entries = await read_all(reader, 2)
        assert [(e.subject, e.sequence, e.body) for e in entries] == [("line.0", 1, b"one"), ("line.0", 2, b"")]
        assert all(before - 1_000_000 <= e.stored_at <= time.time_ns() // 1000 + 1_000_000 for e in entries)
        assert await reader.read(entries_max=1, wait_seconds=0.1) == ()
        await reader.close()

    with_log(story)


def test_pipelined_appends_keep_their_order(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        bodies = [b"%d" % number for number in range(500)]
        sequences = await asyncio.gather(*(log.append("line.0", body) for body in bodies))
        assert sequences == list(range(1, 501))
        reader = await log.reader("LINE", "line.0")
        assert [entry.body for entry in await read_all(reader, 500)] == bodies
        await reader.close()

    with_log(story)


def test_one_message_id_is_stored_once(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        again = await asyncio.gather(*(log.append("line.0", b"same", message_id="m1") for _ in range(5)))
        assert again == [1] * 5
        assert await log.append("line.0", b"other", message_id="m2") == 2
        assert (await log.state("LINE")).messages == 2

    with_log(story)


def test_large_bodies_pass_and_larger_ones_are_refused(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        body = bytes(log.body_bytes_max)
        assert len(body) > 1_000_000
        assert await log.append("line.0", body) == 1
        with pytest.raises(TooLarge):
            await log.append("line.0", body + b"x")
        reader = await log.reader("LINE", "line.0")
        (entry,) = await read_all(reader, 1)
        assert entry.body == body
        await reader.close()

    with_log(story)


def test_a_reader_reads_its_subject_from_its_place_and_waits_for_more(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        for number in range(20):
            await log.append(f"line.{number % 2}", b"%d" % number)
        reader = await log.reader("LINE", "line.1", from_sequence=11)
        assert [entry.body for entry in await read_all(reader, 5)] == [b"11", b"13", b"15", b"17", b"19"]
        waiting = asyncio.create_task(reader.read(entries_max=10, wait_seconds=10))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        await log.append("line.0", b"not this")
        await log.append("line.1", b"this")
        assert [entry.body for entry in await waiting] == [b"this"]
        assert time.monotonic() - started < 5
        await reader.close()

    with_log(story)


def test_a_reader_may_start_before_there_is_anything_and_past_the_end(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        early, late = await log.reader("LINE", "line.0"), await log.reader("LINE", "line.0", from_sequence=3)
        assert await early.read(entries_max=1, wait_seconds=0.05) == ()
        assert await late.read(entries_max=1, wait_seconds=0.05) == ()
        for body in (b"1", b"2", b"3"):
            await log.append("line.0", body)
        assert [entry.sequence for entry in await read_all(early, 3)] == [1, 2, 3]
        assert [entry.sequence for entry in await read_all(late, 1)] == [3]
        await early.close()
        await late.close()

    with_log(story)


def test_many_large_entries_are_read_whole_within_bounded_memory(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        body = bytes(900_000)
        await asyncio.gather(*(log.append("line.0", b"%03d" % number + body) for number in range(60)))
        reader = await log.reader("LINE", "line.0")
        entries = await read_all(reader, 60)
        assert [int(entry.body[:3]) for entry in entries] == list(range(60))
        await reader.close()

    with_log(story)


def test_last_and_next_after_find_single_entries(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        assert await log.last("LINE", "line.0") is None
        assert await log.next_after("LINE", "line.*", 0) is None
        for number in range(4):
            await log.append(f"line.{number % 2}", b"%d" % number)
        last = await log.last("LINE", "line.0")
        assert last is not None
        assert (last.sequence, last.subject, last.body) == (3, "line.0", b"2")
        following = await log.next_after("LINE", "line.1", 2)
        assert following is not None
        assert (following.sequence, following.body) == (4, b"3")
        assert following.stored_at >= last.stored_at > 1_700_000_000_000_000
        any_subject = await log.next_after("LINE", "line.*", 0)
        assert any_subject is not None
        assert any_subject.sequence == 1
        assert await log.next_after("LINE", "line.*", 4) is None

    with_log(story)


def test_trim_forgets_the_front_and_nothing_else(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        state = await log.state("LINE")
        assert (state.first_sequence, state.last_sequence, state.messages) == (1, 0, 0)
        for number in range(10):
            await log.append(f"line.{number % 2}", b"x")
        await log.trim("LINE", before_sequence=0)
        await log.trim("LINE", before_sequence=1)
        assert (await log.state("LINE")).messages == 10
        await log.trim("LINE", before_sequence=5)
        state = await log.state("LINE")
        assert (state.first_sequence, state.last_sequence, state.messages) == (5, 10, 6)
        await log.trim("LINE", before_sequence=9, subject="line.0")
        reader = await log.reader("LINE", "line.*")
        assert [entry.sequence for entry in await read_all(reader, 4)] == [6, 8, 9, 10]
        await log.trim("LINE", before_sequence=11)
        state = await log.state("LINE")
        assert (state.first_sequence, state.last_sequence, state.messages, state.bytes) == (11, 10, 0, 0)
        assert await log.append("line.0", b"x") == 11
        await reader.close()

    with_log(story)


def test_a_full_stream_refuses_and_keeps_what_it_has(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        await log.ensure_stream(StreamSpec(name="SMALL", subjects=("small",), bytes_max=100_000))
        entries = [log.append("small", bytes(10_000)) for _ in range(20)]
        results = await asyncio.gather(*entries, return_exceptions=True)
        taken = sum(isinstance(result, int) for result in results)
        for refusal in results[taken:]:
            assert isinstance(refusal, Unavailable)
            assert "maximum bytes" in str(refusal)
            assert "log.bytes_max" in str(refusal)
        assert 5 <= taken <= 10
        state = await log.state("SMALL")
        assert (state.first_sequence, state.messages) == (1, taken)
        await log.trim("SMALL", before_sequence=3)
        assert await log.append("small", bytes(10_000)) == taken + 1

    with_log(story)


def test_a_stream_that_may_forget_drops_its_oldest(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        await log.ensure_stream(
            StreamSpec(name="OLD", subjects=("old.*",), bytes_max=100_000, discard_old=True, age_seconds_max=60)
        )
        for _ in range(20):
            await log.append("old.1", bytes(10_000))
        state = await log.state("OLD")
        assert state.last_sequence == 20
        assert state.messages < 10
        await log.ensure_stream(StreamSpec(name="LAST", subjects=("last.*",), bytes_max=100_000, per_subject_max=2))
        for number in range(6):
            await log.append(f"last.{number % 2}", b"%d" % number)
        assert (await log.state("LAST")).messages == 4

    with_log(story)


def test_ensuring_a_stream_raises_limits_and_never_lowers_them(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        def spec(size: int) -> StreamSpec:
            return StreamSpec(name="GROW", subjects=("grow",), bytes_max=size)

        await log.ensure_stream(spec(20_000))
        await log.append("grow", bytes(10_000))
        with pytest.raises(Unavailable):
            await log.append("grow", bytes(10_000))
        await asyncio.gather(*(log.ensure_stream(spec(100_000)) for _ in range(3)))
        for _ in range(5):
            await log.append("grow", bytes(10_000))
        await log.ensure_stream(spec(10_000))
        assert (await log.state("GROW")).messages == 6

    with_log(story)


def test_an_entry_no_stream_takes_is_refused(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        with pytest.raises(Unavailable):
            await log._appends.append("nowhere", b"x", seconds=1.0)
        with pytest.raises(Unavailable, match="stream not found"):
            await log.state("NONE")

    with_log(story)


def test_a_bucket_keeps_values_by_key(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        bucket = await log.bucket("sessions")
        assert await bucket.get("a") is None
        assert await bucket.keys() == []
        first = await bucket.put("a", b"1")
        second = await bucket.put("a", b"2")
        assert second > first
        assert await bucket.get("a") == (b"2", second)
        await bucket.put("b.c/d=_-", b"")
        assert await bucket.keys() == ["a", "b.c/d=_-"]
        await bucket.delete("a")
        await bucket.delete("never")
        assert await bucket.get("a") is None
        assert await bucket.keys() == ["b.c/d=_-"]
        assert await (await log.bucket("other")).keys() == []
        for key in ("", ".", "a.", ".a", "a..b", "a b", "a*", ">"):
            with pytest.raises(Invalid):
                await bucket.put(key, b"")

    with_log(story)


def test_compare_and_set_lets_one_of_many_win(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        bucket = await log.bucket("positions")
        results = await asyncio.gather(
            *(bucket.put("lease", b"%d" % number, revision=0) for number in range(8)), return_exceptions=True
        )
        won = [result for result in results if isinstance(result, int)]
        assert len(won) == 1
        assert all(isinstance(result, Conflict) for result in results if not isinstance(result, int))
        (revision,) = won
        with pytest.raises(Conflict):
            await bucket.put("lease", b"late", revision=revision - 1 if revision > 1 else revision + 1)
        newer = await bucket.put("lease", b"next", revision=revision)
        assert await bucket.get("lease") == (b"next", newer)
        await bucket.delete("lease")
        with pytest.raises(Conflict):
            await bucket.put("lease", b"gone", revision=newer)
        assert await bucket.put("lease", b"new", revision=0) > newer

    with_log(story)


def test_a_bucket_lists_many_keys(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        bucket = await log.bucket("retained")
        wanted = sorted(f"unit{number}.state" for number in range(300))
        await asyncio.gather(*(bucket.put(key, b"x") for key in wanted))
        assert await bucket.keys() == wanted

    with_log(story)


def test_listeners_hear_what_is_told_and_what_is_appended(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        heard: list[tuple[str, bytes]] = []

        async def on_body(subject: str, body: bytes) -> None:
            heard.append((subject, body))
            if body == b"bad":
                raise RuntimeError("a listener's fault")

        stop_live = await log.listen("live.>", on_body)
        stop_line = await log.listen("line.*", on_body)
        await log.tell("live.a.b", b"bad")
        await log.tell("live.a.b", b"1")
        await log.append("line.5", b"2")
        await until(lambda: len(heard) == 3)
        assert sorted(heard) == [("line.5", b"2"), ("live.a.b", b"1"), ("live.a.b", b"bad")]
        await stop_live()
        await stop_line()
        await log.tell("live.a.b", b"4")
        await asyncio.sleep(0.1)
        assert len(heard) == 3

    with_log(story)


def test_requests_are_answered_side_by_side_or_refused_in_time(with_log: WithLog) -> None:
    async def story(log: Log) -> None:
        async def reply(body: bytes) -> bytes:
            if body == b"bad":
                raise Invalid("no such thing")
            await asyncio.sleep(0.2)
            return body.upper()

        stop = await log.answer("ask.me", reply)
        started = time.monotonic()
        answers = await asyncio.gather(*(log.request("ask.me", b"q%d" % n, timeout_seconds=5) for n in range(10)))
        assert answers == [b"Q%d" % n for n in range(10)]
        assert time.monotonic() - started < 1.5
        with pytest.raises(Unavailable, match="no such thing"):
            await log.request("ask.me", b"bad", timeout_seconds=5)
        with pytest.raises(Unavailable, match=r"0\.05 s"):
            await log.request("ask.me", b"slow", timeout_seconds=0.05)
        await stop()
        with pytest.raises(Unavailable, match="nobody"):
            await log.request("ask.me", b"q", timeout_seconds=5)

    with_log(story)


def test_facts_travel_between_two_connections(service: Any) -> None:
    async def story() -> None:
        url = await service.start()
        teller, hearer = await open_log(url), await open_log(url)
        heard: list[Fact] = []

        async def on_fact(fact: Fact) -> None:
            heard.append(fact)

        await log_facts(hearer).listen("fleet.*", on_fact)
        await hearer.tell("fact.fleet.broken", b"\xc1")  # not a fact: it is left out
        told = Fact(
            name="fleet.credential_ended",
            organisation_id=OrganisationId(7),
            at=Instant(1_767_225_600_000_001),
            data={"credential_id": 2**62, "unit_id": 5, "why": "révoqué"},
        )
        await log_facts(teller).tell(told)
        other = Fact(name="twins.desired_changed", organisation_id=OrganisationId(7), at=Instant(1), data={})
        await log_facts(teller).tell(other)
        await until(lambda: len(heard) >= 1)
        await asyncio.sleep(0.1)
        assert heard == [told]
        kept = await teller.last("FACTS", "fact.twins.desired_changed")
        assert kept is not None
        await teller.close()
        await hearer.close()
        await service.stop()

    asyncio.run(story())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(
    bodies=st.lists(st.binary(max_size=2000), min_size=1, max_size=40),
    pages=st.lists(st.integers(1, 50), min_size=1, max_size=5),
)
def test_any_bodies_come_back_in_order_in_any_pages(own_log: OwnLog, bodies: list[bytes], pages: list[int]) -> None:
    async def story(log: Log) -> None:
        sequences = await asyncio.gather(*(log.append("line.7", body) for body in bodies))
        reader = await log.reader("LINE", "line.7", from_sequence=sequences[0])
        read: list[bytes] = []
        while len(read) < len(bodies):
            size = pages[len(read) % len(pages)]
            page = await reader.read(entries_max=size, wait_seconds=5)
            assert 1 <= len(page) <= size
            read += [entry.body for entry in page]
        assert read == bodies
        await reader.close()

    own_log(story)


OwnLog = Callable[[Callable[[Log], Awaitable[None]]], None]


@pytest.mark.parametrize(
    ("reply", "address"),
    [
        ("$JS.ACK.LINE.c.1.12.3.1700000000123456789.4", (12, 3, 1_700_000_000_123_456)),
        ("$JS.ACK.hub.ACCT.LINE.c.1.12.3.1700000000123456789.4.tok", (12, 3, 1_700_000_000_123_456)),
    ],
)
def test_the_address_of_a_delivered_message_is_read_in_both_forms(reply: str, address: tuple[int, int, int]) -> None:
    assert read_address(reply) == address


async def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within 5 s")

"""The outbox on disk: a crash at any byte loses nothing that was written down, and brings back nothing that is done."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.device import Device, DeviceOptions, Journal
from monokoto.kernel.errors import TooMany

WithPlatform = Callable[[Any], None]


@given(
    steps=st.lists(st.one_of(st.binary(max_size=40), st.integers(0, 20)), max_size=40),
    cut=st.integers(0, 200),
)
@settings(max_examples=150, deadline=None)
def test_a_crash_at_any_byte(tmp_path_factory: pytest.TempPathFactory, steps: list[Any], cut: int) -> None:
    path = tmp_path_factory.mktemp("journal", numbered=True) / "outbox"
    journal = Journal(path)
    model: dict[int, bytes] = {}
    states: list[tuple[int, dict[int, bytes]]] = [(0, {})]
    for step in steps:
        if isinstance(step, bytes):
            model[journal.put(b"topic", step, 1)] = step
        elif model:
            number = list(model)[step % len(model)]
            journal.done(number)
            del model[number]
        if path.stat().st_size < states[-1][0]:
            states = []  # it became empty: nothing before can come back
        states.append((path.stat().st_size, dict(model)))
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    reopened = Journal(path)
    found = {one.number: one.payload for one in reopened.pending()}
    reopened.close()
    expected = [state for size, state in states if size <= max(0, len(whole) - cut)]
    assert found == (expected[-1] if expected else {})


def test_garbage_after_the_last_record_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    journal = Journal(path)
    journal.put(b"t", b"kept", 1)
    journal.close()
    with path.open("ab") as file:
        file.write(os.urandom(50))
    journal = Journal(path)
    assert [one.payload for one in journal.pending()] == [b"kept"]
    journal.put(b"t", b"next", 1)
    journal.close()
    assert [one.payload for one in Journal(path).pending()] == [b"kept", b"next"]


def test_it_is_bounded_and_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    journal = Journal(path, bytes_max=10_000)
    numbers = [journal.put(b"t", b"x" * 100, 1) for _ in range(80)]
    with pytest.raises(TooMany):
        numbers.append(journal.put(b"t", b"x" * 3000, 1))
    for _ in range(5000):  # most of what is written is done: the file does not grow with it
        journal.done(numbers.pop(0))
        numbers.append(journal.put(b"t", b"x" * 100, 1))
    assert path.stat().st_size < 200_000
    assert [one.number for one in journal.pending()] == numbers
    for number in numbers:
        journal.done(number)
    assert path.stat().st_size == 0
    journal.close()


def test_what_was_measured_before_a_crash_is_sent_after_it(with_platform: WithPlatform, tmp_path: Path) -> None:
    async def body(platform: Any) -> None:
        path = tmp_path / "outbox"
        options = DeviceOptions(wait_seconds=0.02)
        first = Device("mqtt://127.0.0.1:1", options=options, journal=Journal(path))
        first.begin()
        for number in range(20):
            first.publish("t", b"%d" % number)
        await first.stop()  # nothing was sent: the process ends
        second = Device(platform.url, options=options, journal=Journal(path))
        await second.start()
        await second.publish("t", b"20")
        await second.stop()
        assert platform.payloads() == [b"%d" % number for number in range(21)]
        assert path.stat().st_size == 0
        third = Device(platform.url, options=options, journal=Journal(path))
        await third.start()
        await third.stop()
        assert len(platform.taken) == 21

    with_platform(body)

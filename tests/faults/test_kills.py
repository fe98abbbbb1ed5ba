"""SIGKILL at random instants under load: what was acknowledged is there exactly once, whoever died."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psutil
import pytest
from fleet_under_fire import MANNERS, PROPERTIES, Fleet, count_in_store

from monokoto.kernel.errors import Unavailable
from monokoto.testing import Installation

SEED = 2026
START_TRIES = 5
FIND_SECONDS = 30.0
ALL = "all"
VICTIMS = (("platform",), ("gateway",), (ALL,), ("log", "platform"), ("log", "gateway"), ("gateway", "log"))
BETWEEN_SECONDS_MAX = 0.2
"""From the first to the second of two victims: what the gateway holds while the log is away is not acknowledged, so that it
may die with it. (An acknowledgement given too early shows here, and hardly ever when the gateway dies alone.)"""


def seed() -> int:
    """From MONOKOTO_SEED, or always the same; printed, so that a failure can be repeated."""
    given = int(os.environ.get("MONOKOTO_SEED", SEED))
    print(f"MONOKOTO_SEED={given}")
    return given


def children(here: Installation) -> dict[str, psutil.Process]:
    """The running processes below the supervisor, by what they are."""
    found = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(here.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                words = child.cmdline()
                kind = "log" if any("nats-server" in word for word in words) else (words or [""])[-1]
                found[kind] = child
    return found


class Killer:
    """Kills what it is told, and starts everything again where the supervisor was hit."""

    def __init__(self, here: Installation, chance: Random) -> None:
        self._here = here
        self._chance = chance
        self.killed = 0

    def victims(self) -> Iterator[tuple[str, ...]]:
        """Everybody in turn, in random order."""
        while True:
            yield from self._chance.sample(VICTIMS, len(VICTIMS))

    def strike(self, victims: tuple[str, ...]) -> None:
        """Kill them one right after the other, as soon as they exist: they may be starting still."""
        if ALL in victims:
            self._here.kill()
            self.killed += 1
            self._start_again()
            return
        end = time.monotonic() + FIND_SECONDS
        while not (running := children(self._here)).keys() >= set(victims):
            assert time.monotonic() < end, f"{victims} were not started again, there is only {sorted(running)}"
            time.sleep(0.05)
        for victim in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                running[victim].send_signal(signal.SIGKILL)
                self.killed += 1
                if victim != victims[-1]:
                    time.sleep(self._chance.uniform(0.0, BETWEEN_SECONDS_MAX))

    def _start_again(self) -> None:
        """In the same folder; now and then it is killed again while it starts."""
        for _ in range(START_TRIES):
            again = None
            if self._chance.random() < 0.3:
                again = threading.Timer(self._chance.uniform(0.1, 4.0), self._kill_starting)
                again.start()
            try:
                self._here.start()
            except Unavailable:
                assert again is not None, "it did not start, and nobody had killed it"
            else:
                return
            finally:
                if again is not None:
                    again.cancel()
                    again.join()
        self._here.start()

    def _kill_starting(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._here.pid, signal.SIGKILL)
            self.killed += 1


def after_kills(folder: Path, *, kills: int, longest_pause: float) -> None:
    """The story of this file; the time between two kills is random."""
    chance = Random(seed())
    here = Installation(folder)
    here.start()
    try:
        fleet = Fleet(here, here.organisation("acme"), seed=chance.getrandbits(32))
        killer = Killer(here, chance)
        victims = killer.victims()
        fleet.start()
        try:
            while killer.killed < kills - 1:
                time.sleep(chance.uniform(0.3, longest_pause))
                killer.strike(next(victims))
            time.sleep(longest_pause)
            here.kill()
            fleet.silence(fleet.pumps[1 : len(MANNERS) : 3])
            here.start()
            time.sleep(longest_pause)
            fleet.finish()
            print(f"{killer.killed + 1} kills, {fleet.acked} messages acknowledged, {fleet.desired_acked} desires")
            fleet.judge()
            assert fleet.acked > 30 * kills * len(MANNERS), "hardly anything was sent"
            named = len(PROPERTIES) * sum(len(found) for found in fleet.stored().values())
        finally:
            fleet.close()
        assert here.stop() == 0
    finally:
        here.stop()
    assert count_in_store(here.data_dir) == (named, named)


@pytest.mark.timeout(400)
@pytest.mark.own_process
def test_what_was_acked_is_there_exactly_once_whoever_is_killed(tmp_path: Path) -> None:
    after_kills(tmp_path, kills=4, longest_pause=1.5)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.own_process
def test_what_was_acked_is_there_exactly_once_after_fifty_kills(tmp_path: Path) -> None:
    after_kills(tmp_path, kills=51, longest_pause=8.0)

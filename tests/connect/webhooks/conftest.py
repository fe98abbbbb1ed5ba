"""Webhooks on both kinds of records, a clock of our own, receivers that end with the test."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monokoto.connect.webhooks import Deliverer, HttpSender, Webhooks
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock

sys.path.append(str(Path(__file__).parent))

from receivers import Behaviour, Receiver, answers

ALWAYS = answers(200)


@pytest.fixture
def webhooks(records: Records, clock: ManualClock) -> Webhooks:
    return Webhooks(records, clock, allow_private=True)


@pytest.fixture
def deliverer(webhooks: Webhooks, clock: ManualClock) -> Deliverer:
    return Deliverer(webhooks, HttpSender(clock, allow_private=True, seconds=2.0), seed=1)


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def make(behaviour: Behaviour = ALWAYS, *, delay: float = 0.0) -> Receiver:
        made.append(Receiver(behaviour, delay=delay))
        return made[-1]

    yield make
    for one in made:
        one.close()

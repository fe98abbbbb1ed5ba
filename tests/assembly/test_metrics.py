"""What the platform tells of the gateways, by their beats."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from monokoto.assembly import describe_api
from monokoto.assembly.metrics import gateway_samples
from monokoto.connect.gateway import COUNTERS
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Unavailable

NOW = 1_800_000_000_000_000


class Beats:
    """The bucket `gateways`, and the log it is on."""

    def __init__(self, **beats: dict) -> None:
        self.values = {name: msgspec.json.encode({"gateway": name, **beat}) for name, beat in beats.items()}

    async def bucket(self, _name):
        return self

    async def keys(self):
        return list(self.values)

    async def get(self, key):
        return self.values[key], 1


class Away:
    async def bucket(self, _name):
        raise Unavailable("The log is away.")


def samples(log):
    found = asyncio.run(gateway_samples(log, ManualClock(NOW)))
    return {(one.labels["gateway"], one.name): one.value for one in found}


def test_each_gateway_that_lives_is_told_with_all_it_counts():
    counters = {name: number for number, (name, _, _) in enumerate(COUNTERS)}
    found = samples(Beats(A={"at": NOW - 1, "counters": counters}, B={"at": NOW - 1}))
    assert found["A", "gateway_up"] == 1
    for name, value in counters.items():
        assert found["A", f"gateway_{name}"] == value
        assert found["B", f"gateway_{name}"] == 0


def test_a_silent_gateway_is_down_and_holds_no_connections():
    counters = {"connections": 7, "publishes": 5}
    found = samples(Beats(A={"at": NOW - 16_000_000, "counters": counters}))
    assert (found["A", "gateway_up"], found["A", "gateway_connections"], found["A", "gateway_publishes"]) == (0, 0, 5)


@pytest.mark.parametrize("end", ["stopped", "settled"])
def test_one_that_has_gone_for_good_is_not_told(end):
    assert samples(Beats(A={"at": NOW, end: True})) == {}


def test_a_beat_that_cannot_be_read_hides_no_other():
    log = Beats(B={"at": NOW})
    log.values = {"A": b"not a beat", **log.values}
    assert {gateway for gateway, _ in samples(log)} == {"B"}


def test_without_the_log_there_is_nothing_to_tell():
    assert samples(Away()) == {}


def test_the_document_needs_no_engine():
    assert describe_api()["info"]["title"] == "Monokoto"

"""Notifications on both kinds of records, a clock of our own."""

import sys
from pathlib import Path

import pytest

from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock, parse_instant

sys.path.append(str(Path(__file__).parent))

from notification_world import World


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(parse_instant("2026-03-02T12:00:00Z"))


@pytest.fixture
def world(records: Records, clock: ManualClock) -> World:
    return World(records, clock)

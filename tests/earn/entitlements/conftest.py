"""Washing machines of one maker, customers who subscribe by hand, and usage that is written down."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock

sys.path.append(str(Path(__file__).parent))

from entitlements_making import World


@pytest.fixture
def world(records: Records) -> World:
    return World(records, ManualClock())

"""A fleet with an owner's units in it, on both kinds of records."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monokoto.connect.fleet import Fleet
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.operate.groups import Groups, UnitFinder

sys.path.append(str(Path(__file__).parent))

from groups_making import SomeGate, SomeProducts


@pytest.fixture
def fleet(records: Records) -> Fleet:
    return Fleet(records, SomeProducts(), ManualClock())


@pytest.fixture
def gate(fleet: Fleet) -> SomeGate:
    return SomeGate(fleet)


@pytest.fixture
def groups(records: Records, fleet: Fleet, gate: SomeGate) -> Groups:
    return Groups(records, ManualClock(), finder=UnitFinder(fleet, gate), moved=lambda _organisation, _kind: gate.moves)

"""Jobs over a real fleet, on both kinds of records."""

import sys
from pathlib import Path

import pytest

from monokoto.connect.fleet import Fleet
from monokoto.connect.jobs import Jobs
from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))

from jobs_making import FixedGate, fleet_of, jobs_of


@pytest.fixture
def fleet(records: Records) -> Fleet:
    return fleet_of(records)


@pytest.fixture
def gate(fleet: Fleet) -> FixedGate:
    return FixedGate(fleet)


@pytest.fixture
def jobs(records: Records, fleet: Fleet, gate: FixedGate) -> Jobs:
    return jobs_of(records, fleet, gate)

"""Makes `alerts_making` importable for the tests beside it."""

import sys
from pathlib import Path

import pytest

from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))

from alerts_making import House


@pytest.fixture
def house(records: Records) -> House:
    """Alerts on either database."""
    return House(records)

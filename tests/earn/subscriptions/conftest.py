"""A maker that sells, on both kinds of records."""

import sys
from pathlib import Path

import pytest

from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))

from subscriptions_making import House


@pytest.fixture
def house(records: Records) -> House:
    return House(records)

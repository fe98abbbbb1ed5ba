"""A maker that sells, and somebody who owns; on both kinds of records."""

import sys
from pathlib import Path

import pytest

from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parents[1] / "subscriptions"))
sys.path.append(str(Path(__file__).parent))

from portal_making import Shop


@pytest.fixture
def shop(records: Records) -> Shop:
    return Shop(records)

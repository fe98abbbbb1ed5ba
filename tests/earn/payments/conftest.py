"""A paid world on both kinds of records."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monokoto.engines.records import Records

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "invoices")]

from payments_making import PaidWorld


@pytest.fixture
def world(records: Records) -> PaidWorld:
    return PaidWorld(records)

"""A seller's world on both kinds of records."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))

from invoices_making import World


@pytest.fixture
def world(records: Records) -> World:
    return World(records)

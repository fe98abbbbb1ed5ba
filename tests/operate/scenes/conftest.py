"""Scenes over a real fleet and real desired values, on both kinds of records."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "groups"))

from scenes_making import House


@pytest.fixture
def house(records: Records, tmp_path: Path) -> House:
    return House(records, tmp_path)

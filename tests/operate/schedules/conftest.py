"""Schedules over real scenes, on both kinds of records."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "scenes"))
sys.path.append(str(Path(__file__).parents[1] / "groups"))

from schedules_making import Hours


@pytest.fixture
def hours(records: Records, tmp_path: Path) -> Hours:
    return Hours(records, tmp_path)

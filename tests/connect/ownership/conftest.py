"""A maker, three households and a clock of our own, on both kinds of records."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from ownership_making import House, make_house


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, fresh_database: Callable[[str], str], tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path, url=fresh_database(request.param))
    yield made
    made.records.close()

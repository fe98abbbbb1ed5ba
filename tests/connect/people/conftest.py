"""People over fresh records, and a browser for each who comes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))

import people_making
from people_making import World

records_kind, browsers, ann = people_making.records_kind, people_making.browsers, people_making.ann


@pytest.fixture
def world(records: Records) -> Iterator[World]:
    made = World(records)
    yield made
    made.passwords.close()

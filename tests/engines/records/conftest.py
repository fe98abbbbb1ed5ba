"""Records to test, each test with a database of its own that has no table yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from monokoto.engines.records import Records, open_records


@dataclass
class Place:
    """Where a test's records are: what `open_records` takes, also in a child process."""

    url: str
    data_dir: Path

    def open(self) -> Records:
        return open_records(self.url, data_dir=self.data_dir)


@pytest.fixture
def place(records_kind: str, empty_database: Callable[[str], str], tmp_path: Path) -> Place:
    """An empty database."""
    return Place(empty_database(records_kind), tmp_path)


@pytest.fixture
def full_place(records_kind: str, fresh_database: Callable[[str], str], tmp_path: Path) -> Place:
    """A database with every table."""
    return Place(fresh_database(records_kind), tmp_path)


@pytest.fixture
def records(place: Place) -> Iterator[Records]:
    """The database, open."""
    opened = place.open()
    yield opened
    opened.close()

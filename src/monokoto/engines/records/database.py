"""Opening the records and the two ways to use them: `read` for one snapshot, `write` for one durable transaction.

SQLite has one writer at a time; on PostgreSQL writers run side by side, so that a decision that rests on rows it read locks
them (`with_for_update()`, which SQLite leaves out because it needs none).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy import event

from monokoto.engines.records.failures import translated
from monokoto.engines.records.keyring import Keyring, lend
from monokoto.engines.records.together import Together
from monokoto.kernel.errors import BadSettings, Unavailable

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every slice's tables stand here; each has an `organisation_id` column (a tidy test says so)."""

LOCK_SECONDS_MAX: Final = 10
"""How long one statement waits for another's lock before it is `Unavailable`."""
STATEMENT_SECONDS_MAX: Final = 60
"""How long one statement may take on PostgreSQL; SQLite's end with their work."""
_CONNECT_SECONDS_MAX: Final = 5
_CONNECTIONS_KEPT: Final = 10
_CONNECTIONS_BESIDE: Final = 20
_WAL_BYTES_KEPT: Final = 64 << 20
_MIGRATION_LOCK: Final = 7_302_157
Result = TypeVar("Result")


class Records:
    """A pool of connections to one database. Everything raises `Unavailable` when the database is away, busy or full."""

    def __init__(self, engine: sa.Engine, keyring: Keyring) -> None:
        self.engine = engine
        self.keyring = keyring
        lend(engine.dialect, keyring)
        # Writers of this process queue here, in order; left to SQLite they would poll for the lock and some would starve.
        self._writing = threading.Lock()
        self._together = Together(self.write)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection on which every statement sees the same instant; nothing it does is kept."""
        with translated(self.engine), self.engine.connect() as connection:
            if self.dialect == "sqlite":
                connection.exec_driver_sql("BEGIN")
                yield connection
            else:
                yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction, durable when the `with` ends, undone on any exception."""
        with translated(self.engine):
            if self.dialect == "sqlite":
                with self._one_at_a_time(), self.engine.connect() as connection, _sqlite_transaction(connection):
                    yield connection
            else:
                with self.engine.begin() as connection:
                    yield connection

    def write_together(self, work: Callable[[sa.Connection], Result]) -> Result:
        """What `work` returns, durable; on SQLite in one transaction with the work of other threads that waits meanwhile.

        For what many do at once. `work` must not wait for anything; what it raises undoes what it wrote, and is raised here.
        """
        if self.dialect == "sqlite":
            return self._together.write(work)
        with self.write() as connection:
            return work(connection)

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """One transaction for changing the schema: alone among processes, without time limit, foreign keys checked last."""
        with translated(self.engine):
            if self.dialect == "sqlite":
                with self._one_at_a_time(), self.engine.connect() as connection:
                    # Rebuilding a table drops the old one; with the keys on, that would delete what points to it.
                    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
                    try:
                        with _sqlite_transaction(connection):
                            yield connection
                            _check_foreign_keys(connection)
                    finally:
                        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
            else:
                with self.engine.begin() as connection:
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
                    yield connection

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if not self._writing.acquire(timeout=LOCK_SECONDS_MAX):
            raise Unavailable("The records are busy: another write takes too long", remedy="Try again in a moment.")
        try:
            yield
        finally:
            self._writing.release()


@contextmanager
def _sqlite_transaction(connection: sa.Connection) -> Iterator[None]:
    # Take the write lock at once: upgrading a read lock later fails instead of waiting.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        # On a full disk SQLite has rolled back by itself already.
        with suppress(sa.exc.OperationalError):
            connection.exec_driver_sql("ROLLBACK")
        raise


def _check_foreign_keys(connection: sa.Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(3)
    if broken:
        raise RuntimeError(f"the migration leaves rows that point to nothing: {[tuple(row) for row in broken]}")


def records_file(data_dir: Path) -> Path:
    """Where SQLite keeps the records of an installation."""
    return data_dir / "records.sqlite"


def damage(records: Records) -> list[str]:
    """What SQLite finds wrong with its file, reading all of it; PostgreSQL sees to its own. Raises Unavailable when the
    file is past reading."""
    if records.dialect != "sqlite":
        return []
    with records.read() as connection:
        found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(10)")]
    return [] if found == ["ok"] else found


def keys_file_of(data_dir: Path) -> Path:
    """Where the keys that seal secrets are, unless a setting says otherwise."""
    return data_dir / "records.keys"


def open_records(url: str, *, data_dir: Path, keys_file: str = "") -> Records:
    """PostgreSQL at `url`, or SQLite in the data folder when it is empty. Connects when first used.

    Secrets are sealed with the keys in `keys_file`, or in the data folder when it is empty.

    Raises:
        BadSettings: `url` is no address of a PostgreSQL database.
        Unavailable: the data folder cannot be written.
    """
    keyring = Keyring(Path(keys_file) if keys_file else keys_file_of(data_dir))
    if url:
        return Records(_postgresql(url), keyring)
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(f"The data folder {data_dir} cannot be made: {error.strerror}") from error
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(records_file(data_dir))),
        connect_args={"check_same_thread": False, "timeout": LOCK_SECONDS_MAX},
        pool_size=_CONNECTIONS_KEPT,
        max_overflow=_CONNECTIONS_BESIDE,
    )
    event.listen(engine, "connect", _tune_sqlite)
    return Records(engine, keyring)


def _postgresql(url: str) -> sa.Engine:
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        address = sa.URL.create("none")
    if address.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise BadSettings(
            "records.url is no address of a PostgreSQL database",
            remedy="Write it as postgresql://user:password@host:5432/database, or leave it empty for SQLite.",
        )
    limits = f"-c statement_timeout={STATEMENT_SECONDS_MAX}s -c lock_timeout={LOCK_SECONDS_MAX}s"
    return sa.create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=_CONNECTIONS_KEPT,
        max_overflow=_CONNECTIONS_BESIDE,
        # A connection the server has closed meanwhile is replaced instead of failing somebody's request.
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_SECONDS_MAX, "options": limits},
    )


def _tune_sqlite(connection: Any, _record: object) -> None:
    # Transactions are ours (`read`, `write`): the driver's own implicit BEGIN would take the lock too late.
    connection.isolation_level = None
    # The waiting time first: two processes that start together both want to set the journal mode.
    connection.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS_MAX * 1000}")
    _set_journal_mode(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON", f"journal_size_limit = {_WAL_BYTES_KEPT}"):
        connection.execute(f"PRAGMA {pragma}")


def _set_journal_mode(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    # Changing it needs the whole file for a moment and does not wait by itself.
    for attempt in range(LOCK_SECONDS_MAX * 20):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if attempt == LOCK_SECONDS_MAX * 20 - 1:
                raise
            threading.Event().wait(0.05)
        else:
            return

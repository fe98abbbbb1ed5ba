"""Opening the records and the two ways to use them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every slice's tables stand here; each has an `organisation_id` column (a tidy test says so)."""

_BUSY_MILLISECONDS = 10_000


class Records:
    """A pool of connections to one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading; nothing it does is kept."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction, durable when the `with` ends."""
        with self.engine.connect() as connection:
            if self.dialect == "sqlite":
                # Take the write lock at once: upgrading a read lock later fails instead of waiting.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
                connection.exec_driver_sql("COMMIT")
            else:
                with connection.begin():
                    yield connection

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def open_records(url: str, *, data_dir: Path) -> Records:
    """PostgreSQL at `url`, or SQLite in the data folder when it is empty."""
    if url:
        engine = sa.create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=10, pool_pre_ping=True
        )
        return Records(engine)
    data_dir.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        f"sqlite:///{data_dir / 'records.sqlite'}", connect_args={"check_same_thread": False, "timeout": 10}
    )
    event.listen(engine, "connect", _tune_sqlite)
    return Records(engine)


def _tune_sqlite(connection: Any, _record: object) -> None:
    # Transactions are ours (`write`): the driver's own implicit BEGIN would take the lock too late.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MILLISECONDS}"):
        connection.execute(f"PRAGMA {pragma}")

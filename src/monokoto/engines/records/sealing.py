"""Columns whose text is sealed with the keys of the installation before it reaches the database, and opened when it is read.

A slice says `sa.Column("secret", Sealed("webhooks.secret"), nullable=False)` and sees its text; the database, its files and
its backups do not. Sealed text cannot be looked for: of the same text every row holds another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Dialect

from monokoto.engines.records.database import Records, metadata
from monokoto.engines.records.keyring import PREFIX, SealingKey, key_name, keyring_of
from monokoto.kernel.clock import Instant

_AT_ONCE: Final = 500
_HEAD_LENGTH: Final = len(PREFIX) + len(".") + 12 + len(".")
"""Of a sealed value, as far as its key's name goes."""
_log = structlog.get_logger(__name__)


class Sealed(sa.types.TypeDecorator[str]):
    """Text for nobody without the installation's key. `purpose` names the column; the empty text stays empty."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Seal it. Raises Unavailable."""
        return value if not value else keyring_of(dialect).seal(value, self.purpose)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Open it. Raises Unavailable."""
        return value if not value else keyring_of(dialect).open(value, self.purpose)


def sealed_values(records: Records) -> Mapping[str, int]:
    """How many values each key sealed, by its name; '' are those in clear. Across organisations: for who runs the platform."""
    found: Counter[str] = Counter()
    with records.read() as connection:
        for _, column in _sealed_columns():
            raw = sa.type_coerce(column, sa.Text)
            head = sa.func.substr(raw, 1, _HEAD_LENGTH)
            for row in connection.execute(sa.select(head, sa.func.count()).where(raw != "").group_by(head)):
                found[key_name(row[0])] += row[1]
    return found


def seal_all(records: Records) -> int:
    """Seal with the first key what is in clear or sealed with another; how many values. Safe to repeat and to interrupt.

    Raises:
        Unavailable: something is sealed with a key that is not there. Nothing was changed.
    """
    keyring, values = records.keyring, _readable(records)
    first = next(iter(keyring.all()), None) or keyring.made()
    changed = 0
    if values.keys() - {first.name}:
        for table, column in _sealed_columns():
            changed += _seal_column(records, table, column, first)
    if values.get("") and records.dialect == "sqlite":
        _wipe(records)
    return changed


def rotate(records: Records, now: Instant) -> tuple[SealingKey, int]:
    """A new key, and everything sealed with it; how many values. A process that runs seals with it from then on.

    Raises Unavailable.
    """
    _readable(records)
    key = records.keyring.rotated(now)
    return key, seal_all(records)


def _readable(records: Records) -> Mapping[str, int]:
    """As `sealed_values`; raises Unavailable when a key is not there."""
    values = sealed_values(records)
    lacking = sorted(values.keys() - {key.name for key in records.keyring.all()} - {""})
    if lacking:
        raise records.keyring.lacking(lacking)
    return values


def _sealed_columns() -> Iterator[tuple[sa.Table, sa.Column[str]]]:
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Sealed):
                yield table, column


def _seal_column(records: Records, table: sa.Table, column: sa.Column[str], key: SealingKey) -> int:
    assert isinstance(column.type, Sealed)
    purpose, raw = column.type.purpose, sa.type_coerce(column, sa.Text)
    identity = list(table.primary_key.columns)
    todo = sa.and_(raw != "", ~raw.startswith(f"{PREFIX}.{key.name}.", autoescape=True))
    keyring, changed = records.keyring, 0
    while True:
        with records.write() as connection:
            query = sa.select(*identity, raw.label("its_text")).where(todo).limit(_AT_ONCE).with_for_update()
            rows = connection.execute(query).all()
            for row in rows:
                text = keyring.open(row.its_text, purpose) if key_name(row.its_text) else row.its_text
                mine = [part == row[number] for number, part in enumerate(identity)]
                connection.execute(table.update().where(*mine).values({column: text}))
        changed += len(rows)
        if not rows:
            return changed


def _wipe(records: Records) -> None:
    """What stood in clear is still in free pages and in the write-ahead log: write the file anew.

    Where that cannot be done now (no room for a second file, another process reads), it is said and not insisted on.
    """
    try:
        with records.engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
    except sa.exc.OperationalError as error:
        busy = str(error.orig)
    if busy:
        _log.warning("records_not_wiped", remedy="Secrets are sealed; stop Monokoto and run VACUUM on the file once.")

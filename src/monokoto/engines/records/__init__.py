"""Records: SQLite (WAL) or PostgreSQL through SQLAlchemy Core. Slices define their tables on `metadata`.

Calls block: call them from a thread. `Records.read()` gives a connection that sees one snapshot; `Records.write()` gives
one transaction, committed durably at the end of the `with`, rolled back on any exception. A database that is away, busy,
full or damaged raises `Unavailable` out of the `with`; a broken constraint stays SQLAlchemy's `IntegrityError`.

A column of type `Sealed` is text to its slice and unreadable in the database; `seal_all` at every start, `rotate` by hand.
"""

from monokoto.engines.records.database import Records, damage, metadata, open_records, records_file
from monokoto.engines.records.keyring import Keyring, SealingKey
from monokoto.engines.records.migrations import check_migrated, migrate
from monokoto.engines.records.sealing import Sealed, rotate, seal_all, sealed_values

__all__ = [
    "Keyring",
    "Records",
    "Sealed",
    "SealingKey",
    "check_migrated",
    "damage",
    "metadata",
    "migrate",
    "open_records",
    "records_file",
    "rotate",
    "seal_all",
    "sealed_values",
]

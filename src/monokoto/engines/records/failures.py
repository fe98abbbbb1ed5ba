"""What a database says when it fails, as one of our errors. What a statement does wrong (a unique key taken) passes as it is:
the slice that sent it knows what that means."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from monokoto.kernel.errors import MonokotoError, Unavailable

_BUSY: Final = "Try again in a moment."
_DISK: Final = "Free disk space; the same request then succeeds."
_FILE: Final = "Check that the data folder may be written and its disk is healthy (`koto doctor`)."
_AWAY: Final = "Check that the database runs, and records.url."

_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: ("are busy: another write takes too long", _BUSY),
    sqlite3.SQLITE_LOCKED: ("are busy: another write takes too long", _BUSY),
    sqlite3.SQLITE_FULL: ("cannot be written: the disk is full", _DISK),
    sqlite3.SQLITE_IOERR: ("cannot be read or written: the disk fails or is full", _DISK),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _FILE),
    sqlite3.SQLITE_READONLY: ("cannot be written: the file is read-only", _FILE),
    sqlite3.SQLITE_CORRUPT: ("are damaged", "Restore records.sqlite from a backup."),
    sqlite3.SQLITE_NOTADB: ("are damaged", "Restore records.sqlite from a backup."),
}
# By SQLSTATE, the longest prefix first (PostgreSQL documentation, appendix A).
_POSTGRESQL: Final = (
    ("53100", "cannot be written: the disk is full", _DISK),
    ("57014", "took too long to answer", "Ask for less at once."),
    ("55P03", "are busy: another write takes too long", _BUSY),
    ("40", "were changed by another write at the same moment", _BUSY),
    ("53", "have no room for one more connection", _BUSY),
    ("57P", "are being stopped or started", _BUSY),
    ("28", "do not let us in", "Check user and password in records.url."),
    ("3D000", "do not exist: there is no database of this name", "Create it, or correct records.url."),
    ("08", "do not answer", _AWAY),
)


@contextmanager
def translated(engine: sa.Engine) -> Iterator[None]:
    """Raise what comes out of the `with` as our own error, where it is the database's doing."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise Unavailable("The records are busy: every connection is in use", remedy=_BUSY) from error
    except sa.exc.DBAPIError as error:
        ours = _as_error(error, engine)
        if ours is None:
            raise
        raise ours from error


def _as_error(error: sa.exc.DBAPIError, engine: sa.Engine) -> MonokotoError | None:
    told = _sqlite(error.orig) if engine.dialect.name == "sqlite" else _postgresql(error)
    if told is None:
        return None
    what, remedy = told
    return Unavailable(f"The records ({_place(engine)}) {what}", remedy=remedy)


def _sqlite(original: BaseException | None) -> tuple[str, str] | None:
    code = getattr(original, "sqlite_errorcode", None)
    return None if code is None else _SQLITE.get(code & 0xFF)


def _postgresql(error: sa.exc.DBAPIError) -> tuple[str, str] | None:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        text = str(error.orig)
        # Refused while connecting: the server's reason comes without its state.
        if "authentication failed" in text or "no password supplied" in text:
            state = "28"
        elif 'database "' in text and "does not exist" in text:
            state = "3D000"
        elif isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)) or error.connection_invalidated:
            state = "08"
        else:
            return None
    return next(((what, remedy) for prefix, what, remedy in _POSTGRESQL if state.startswith(prefix)), None)


def _place(engine: sa.Engine) -> str:
    """Where they are, without user and password."""
    url = engine.url
    if engine.dialect.name == "sqlite":
        return str(url.database)
    host = url.host or str(url.query.get("host", "local socket"))
    return f"{host}:{url.port or 5432}/{url.database or ''}"

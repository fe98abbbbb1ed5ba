"""The embedded series store: chDB, the ClickHouse engine in this process, on a folder of its own.

A session runs one statement at a time, so that sessions are pooled and lent for the time of a statement (of a stream: for
as long as it is read). Rows enter as Arrow memory read in place. Refused: handing over Arrow bytes by `send_insert` (half
as fast again, a copy of all rows), one session behind a lock (a long question would stop the line).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Final

import pyarrow as pa
from chdb import ChdbError
from chdb.session import Session

from monokoto.engines.series.configuration import connection_string, server_configuration, session_settings
from monokoto.engines.series.failures import BROKEN_NAMES, as_error, failure_name
from monokoto.engines.series.ownership import Ownership
from monokoto.engines.series.parameters import encode_parameters
from monokoto.engines.series.port import QUERY_SECONDS_MAX, Parameters, Problem
from monokoto.engines.series.sessions import DETACHED_PARTS, detached_problems, quoted
from monokoto.kernel.errors import BadSettings, Conflict, Unavailable

SESSIONS_MAX: Final = 32
_LEND_SECONDS_MAX: Final = 30
_CLOSE_SECONDS_MAX: Final = 30
_PROBLEMS_MAX: Final = 20


class ChdbSeries:
    """A `Series` on a folder; opening takes the folder for this process alone."""

    def __init__(self, folder: Path, *, memory_bytes_max: int) -> None:
        """Open it, creating what is missing.

        Raises:
            Conflict: another process, or this one, has an embedded store open already.
            BadSettings: the folder's path cannot be said to the engine.
            Unavailable: the folder cannot be written, or the engine does not start on it.
        """
        if {"?", "&", "#", "%"} & set(str(folder.absolute())):
            raise BadSettings(f"data_dir must not contain ?, &, # or %: {folder}", remedy="Choose another data_dir.")
        configuration = folder.with_name(folder.name + ".xml")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._ownership = Ownership(folder.with_name(folder.name + ".lock"))
            configuration.write_text(server_configuration(), encoding="utf-8")
        except OSError as error:
            raise Unavailable(f"The series store cannot be written in {folder}: {error.strerror}") from error
        self._address = connection_string(folder.absolute(), configuration.absolute())
        self._settings = session_settings(memory_bytes_max)
        self._idle: LifoQueue[Session] = LifoQueue()
        self._slots = threading.BoundedSemaphore(SESSIONS_MAX)
        self._closed = False
        self._damage: dict[str, Problem] = {}
        try:
            # One session stays open until the end: when the last one goes, the engine stops.
            self._anchor = self._open_session()
        except BaseException:
            self._ownership.release()
            raise

    def insert(self, table: str, rows: pa.Table) -> None:
        if rows.num_rows == 0:
            return
        columns = ", ".join(quoted(name) for name in rows.column_names)
        # The engine finds the rows by this variable's name. One thread: of two equal keys in it the last must hold.
        monokoto_rows = rows
        statement = f"INSERT INTO {quoted(table)} ({columns}) SELECT {columns} FROM Python(monokoto_rows) SETTINGS max_threads = 1"
        with self._lend() as session, self._translated(inserting=True):
            session.query(statement, "Null")
        del monokoto_rows

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        with self._lend() as session, self._translated():
            session.query(f"SET max_execution_time = {QUERY_SECONDS_MAX}", "Null")
            try:
                answer = session.query(sql, "ArrowStream", params=encode_parameters(parameters))
            finally:
                session.query("SET max_execution_time = 0", "Null")
            return pa.ipc.open_stream(answer.bytes()).read_all()

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        with self._lend() as session, self._translated():
            chunks = session.send_query(sql, "Arrow", params=encode_parameters(parameters))
            try:
                while not self._closed and (chunk := chunks.fetch()) is not None:
                    yield from pa.ipc.open_file(chunk.bytes()).read_all().to_batches()
            finally:
                chunks.close()
        self._check_open()

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        with self._lend() as session, self._translated():
            session.query(sql, "Null", params=encode_parameters(parameters))

    def problems(self) -> list[Problem]:
        return [*detached_problems(self.query(DETACHED_PARTS)), *self._damage.values()]

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        # A session must not be closed under a running statement: wait for those lent; streams end by themselves.
        end = time.monotonic() + _CLOSE_SECONDS_MAX
        lent_back = [self._slots.acquire(timeout=max(0.0, end - time.monotonic())) for _ in range(SESSIONS_MAX)]
        while not self._idle.empty():
            self._idle.get_nowait().close()
        # With a statement still running the engine stays up, and so must the lock: both end with the process.
        if all(lent_back):
            self._anchor.close()
            self._ownership.release()

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("The series store is closed", remedy="Start the platform again.")

    @contextmanager
    def _lend(self) -> Iterator[Session]:
        self._check_open()
        if not self._slots.acquire(timeout=_LEND_SECONDS_MAX):
            raise Unavailable(
                f"{SESSIONS_MAX} statements are running on the series store already", remedy="Try again in a moment."
            )
        try:
            self._check_open()
            session = self._idle_session()
            try:
                yield session
            finally:
                self._idle.put(session)
        finally:
            self._slots.release()

    def _idle_session(self) -> Session:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._open_session()

    def _open_session(self) -> Session:
        try:
            session = Session(self._address)
            session.query("SET " + ", ".join(f"{name} = {value!r}" for name, value in self._settings.items()), "Null")
        except (ChdbError, RuntimeError) as error:
            if "EmbeddedServer already initialized" in str(error):
                raise Conflict(
                    "This process has another embedded series store open", remedy="Close that one first."
                ) from None
            raise as_error(str(error), inserting=True) from error
        return session

    @contextmanager
    def _translated(self, *, inserting: bool = False) -> Iterator[None]:
        try:
            yield
        except (ChdbError, RuntimeError) as error:
            text = str(error)
            self._note_damage(text)
            raise as_error(text, inserting=inserting) from error

    def _note_damage(self, text: str) -> None:
        """Remember what a read found broken, so that `problems` tells it to whoever did not ask the question."""
        if failure_name(text) in BROKEN_NAMES and len(self._damage) < _PROBLEMS_MAX:
            error: Any = as_error(text)
            self._damage.setdefault(error.message, Problem(error.message, error.remedy))

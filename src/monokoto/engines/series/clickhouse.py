"""The scaled-out series store: a ClickHouse server or cluster over HTTP, spoken to by clickhouse-connect."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httputil import get_pool_manager
from urllib3.exceptions import HTTPError

from monokoto.engines.series.failures import as_error, failure_name
from monokoto.engines.series.port import QUERY_SECONDS_MAX, Parameters, Problem
from monokoto.engines.series.sessions import (
    DETACHED_PARTS,
    INSERT_SETTINGS,
    QUERY_SETTINGS,
    detached_problems,
    quoted,
)
from monokoto.kernel.errors import BadSettings, MonokotoError, Unavailable

CONNECTIONS_MAX: Final = 32
_PORTS: Final = {"http": 8123, "https": 8443}
_CONNECT_SECONDS_MAX: Final = 5
_SILENCE_SECONDS_MAX: Final = 120


class ClickHouseSeries:
    """A `Series` on a server; every call is a request of its own, so that threads need no session."""

    def __init__(self, url: str, *, username: str, password: str, memory_bytes_max: int) -> None:
        """Connect.

        Raises:
            BadSettings: `url` is no address of a ClickHouse server.
            Unavailable: the server does not answer, or does not know the user.
        """
        address = _address(url)
        self._host = address.netloc.rpartition("@")[2]
        self._closed = False
        with self._translated():
            self._client = clickhouse_connect.get_client(
                interface=address.scheme,
                host=address.hostname,
                port=address.port or _PORTS[address.scheme],
                database=address.path.strip("/") or "default",
                username=username,
                password=password,
                settings={**QUERY_SETTINGS, "max_memory_usage": memory_bytes_max},
                pool_mgr=get_pool_manager(maxsize=CONNECTIONS_MAX, block=True),
                # Ten thousand unit ids do not fit into an address.
                form_encode_query_params=True,
                autogenerate_session_id=False,
                connect_timeout=_CONNECT_SECONDS_MAX,
                send_receive_timeout=_SILENCE_SECONDS_MAX,
                query_retries=0,
            )

    def insert(self, table: str, rows: pa.Table) -> None:
        if rows.num_rows == 0:
            return
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            # One dictionary for a column: the stream format has no way to replace one.
            writer.write_table(rows.unify_dictionaries().combine_chunks())
        with self._translated(inserting=True):
            self._client.raw_insert(
                quoted(table),
                [quoted(name) for name in rows.column_names],
                sink.getvalue().to_pybytes(),
                settings=dict(INSERT_SETTINGS),
                fmt="ArrowStream",
            )

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        with self._translated():
            body = self._client.raw_query(
                sql, _bound(parameters), settings={"max_execution_time": QUERY_SECONDS_MAX}, fmt="ArrowStream"
            )
            return pa.ipc.open_stream(body).read_all()

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        with self._translated():
            response: Any = self._client.raw_stream(sql, _bound(parameters), fmt="ArrowStream")
            try:
                # Buffered, because Arrow takes a short read for the end.
                yield from (batch for batch in pa.ipc.open_stream(io.BufferedReader(response)) if batch.num_rows)
            finally:
                # Closing the connection, rather than giving it back half read, is what ends the query.
                response.close()

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        with self._translated():
            self._client.raw_query(sql, _bound(parameters))

    def problems(self) -> list[Problem]:
        return detached_problems(self.query(DETACHED_PARTS))

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._client.close()

    @contextmanager
    def _translated(self, *, inserting: bool = False) -> Iterator[None]:
        if self._closed:
            raise Unavailable("The series store is closed", remedy="Start the platform again.")
        try:
            yield
        except (HTTPError, OSError) as error:
            raise self._away(error) from error
        except pa.ArrowInvalid as error:
            raise Unavailable(f"The series store at {self._host} broke off its answer: {error}") from error
        except ClickHouseError as error:
            text = str(error)
            raise (as_error(text, inserting=inserting) if failure_name(text) else self._away(error)) from error

    def _away(self, error: Exception) -> MonokotoError:
        return Unavailable(
            f"The series store at {self._host} does not answer ({type(error.__cause__ or error).__name__})",
            remedy="Check that the ClickHouse server runs and that series.url is its HTTP address.",
        )


def _bound(parameters: Parameters | None) -> dict[str, Any]:
    """The driver escapes as the server wants it; only truth values need our word for them."""
    return {name: int(value) if isinstance(value, bool) else value for name, value in (parameters or {}).items()}


def _address(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        usable = address.scheme in _PORTS and bool(address.hostname) and (address.port or 0) >= 0
    except ValueError:
        usable = False
    if not usable or address.username or address.query:
        raise BadSettings(
            "series.url is no address of a ClickHouse server",
            remedy="Write it as http://host:8123/database; user and password are settings of their own.",
        )
    return address

"""The series store: what it promises.

- `insert` returns only when the rows are on disk (fsynced parts) and visible to every later query.
- Tables are `ReplacingMergeTree`s where a repeat must not double: the same key inserted again, in whatever order and
  however often, is one row for a query with `FINAL`, the one with the highest version (the last inserted among equals).
- SQL is ClickHouse's; values travel as bound parameters `{name:Type}`, never inside the text.
- One process owns an embedded path. Calls block: call them from a thread (`asyncio.to_thread`); they release the GIL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import pyarrow as pa

Parameters = Mapping[str, str | int | float | bool | list[int] | list[str]]
"""Bound parameters by name; the type stands in the SQL: `unit = {unit:Int64}`, `property IN {names:Array(String)}`."""


class Series(Protocol):
    """Everything that is a time series."""

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append rows; the columns named in `rows` are filled, the others take their defaults.

        Raises: Unavailable when the engine is away or the disk is full (nothing or all of it is stored then, and
            inserting again is harmless).
        """
        ...

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The whole answer; for answers known to be bounded.

        Raises: Unavailable when the engine is away; Invalid when the statement fails (with the engine's reason).
        """
        ...

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        """The answer in batches, never whole in memory; closing the iterator early ends the query."""
        ...

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """A statement without an answer (DDL, DELETE, OPTIMIZE)."""
        ...

    def close(self) -> None: ...

"""The series store: what it promises.

- `insert` returns only when the rows are on disk (fsynced parts; create the table with `DURABLE`) and visible to every
  later query. Rows of one partition are stored whole or not at all; an insert that fails may have stored some of its
  partitions, and is repeated whole.
- Tables are `ReplacingMergeTree`s where a repeat must not double: the same key inserted again, in whatever order and
  however often, is one row for a query with `FINAL`, the one with the highest version (the last inserted among equals).
- SQL is ClickHouse's; values travel as bound parameters `{name:Type}`, never inside the text.
- A column of microseconds goes in as Arrow `timestamp("us", "UTC")` (a bare integer would be taken for seconds) and is
  asked for as `fromUnixTimestamp64Micro({name:Int64}, 'UTC')`.
- `String` columns come back as Arrow strings, unchecked: bytes that are no UTF-8 are read after `.cast(pa.binary())`.
- An answer without rows still has its columns.
- One process owns an embedded path. Calls block: call them from a thread (`asyncio.to_thread`); they release the GIL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

Parameters = Mapping[str, str | int | float | bool | list[int] | list[str]]
"""Bound parameters by name; the type stands in the SQL: `unit = {unit:Int64}`, `property IN {names:Array(String)}`."""

DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1"
"""For the SETTINGS of every `CREATE TABLE`: without it an insert returns before its rows would survive a power cut."""

QUERY_SECONDS_MAX = 60
"""How long `query` may take; `stream` and `command` are not limited."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with what is stored, that does not stop the rest from working."""

    what: str
    remedy: str


class Series(Protocol):
    """Everything that is a time series."""

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append rows; the columns named in `rows` are filled, the others take their defaults; nulls need Nullable columns.

        Raises: Unavailable when the engine is away or the disk is full (inserting again is harmless); Invalid when the
            rows do not fit the table.
        """
        ...

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The whole answer; for answers known to be bounded.

        Raises: Unavailable when the engine is away; TooLarge when it takes more memory or time than one query may;
            Invalid when the statement fails otherwise (with the engine's reason).
        """
        ...

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        """The answer in batches, never whole in memory; closing the iterator early ends the query.

        Raises, from the first step of the iterator on: what `query` raises. An answer cut short raises, it never just ends.
        """
        ...

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """A statement without an answer (DDL, DELETE, OPTIMIZE)."""
        ...

    def problems(self) -> list[Problem]:
        """What the engine had to set aside (broken parts found at start), in a sentence each; empty when all is well."""
        ...

    def close(self) -> None:
        """Give the engine's resources back; every later call raises Unavailable."""
        ...

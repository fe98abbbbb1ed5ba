"""The dead letters: everything a unit sent that could not be taken, with the reason, kept for a while and counted for ever."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from monokoto.connect.line.batch import Batch, DeadLetter
from monokoto.engines.series import DURABLE, Series, Times, within_times
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.kernel.limits import DEAD_LETTER_DAYS, DEAD_LETTER_PAYLOAD_BYTES_MAX, DEAD_LETTERS_PER_UNIT_MINUTE_MAX

# The number tells letters of one record apart, so that observing a batch again replaces them and doubles none.
_TABLES = (
    f"""
    CREATE TABLE IF NOT EXISTS dead_letters (
        organisation Int64, unit Int64, arrived DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)), number UInt32,
        route LowCardinality(String), subject String, reason LowCardinality(String), detail String, payload String
    ) ENGINE = ReplacingMergeTree ORDER BY (organisation, unit, arrived, number)
    TTL toDateTime(arrived) + INTERVAL {DEAD_LETTER_DAYS} DAY
    SETTINGS {DURABLE}
    """,
    f"""
    CREATE TABLE IF NOT EXISTS dead_letter_counts (
        organisation Int64, unit Int64, reason LowCardinality(String), arrived Int64 CODEC(Delta, ZSTD(1)), letters UInt32
    ) ENGINE = ReplacingMergeTree ORDER BY (organisation, unit, reason, arrived)
    SETTINGS {DURABLE}
    """,
)
_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLetter:
    """One dead letter as it is kept; the payload is cut at a limit."""

    organisation_id: int
    unit_id: int
    arrived: int
    number: int
    route: str
    subject: str
    reason: str
    detail: str
    payload: bytes


class DeadLetters:
    """Keeps them (as an observer of the line) and answers for them."""

    name = "dead-letters"

    def __init__(self, series: Series) -> None:
        self._series = series
        self._kept: dict[int, int] = {}
        self._paces: Counter[tuple[int, int]] = Counter()
        self._pacing = threading.Lock()
        for statement in _TABLES:
            series.command(statement)

    async def observe(self, batch: Batch) -> None:
        """Store the batch's letters; of a unit that floods only the first of each minute, the others are counted."""
        if batch.dead_letters:
            await asyncio.to_thread(self._store, batch.dead_letters)
        self._kept[batch.partition] = batch.last_sequence

    async def add(self, letters: Sequence[DeadLetter]) -> None:
        """Store letters of an observer that could not take what the line decoded. Raises Unavailable."""
        await asyncio.to_thread(self._store, letters)

    def kept(self, partition: int) -> int:
        return self._kept.get(partition, 0)

    def _store(self, given: Sequence[DeadLetter]) -> None:
        with self._pacing:
            letters = self._first_of_each_minute(given)
        # Counted per record, which every replay names alike, so that observing again counts nothing twice; before the letters,
        # so that whoever sees a letter sees it counted.
        counts = Counter((one.organisation_id, one.unit_id, one.reason, one.arrived) for one in given)
        organisations, units, reasons, arrivals = zip(*counts, strict=True)
        self._series.insert(
            "dead_letter_counts",
            pa.table(
                {
                    "organisation": pa.array(organisations, pa.int64()),
                    "unit": pa.array(units, pa.int64()),
                    "reason": pa.array(reasons),
                    "arrived": pa.array(arrivals, pa.int64()),
                    "letters": pa.array(counts.values(), pa.uint32()),
                }
            ),
        )
        self._series.insert(
            "dead_letters",
            pa.table(
                {
                    "organisation": pa.array([one.organisation_id for _, one in letters], pa.int64()),
                    "unit": pa.array([one.unit_id for _, one in letters], pa.int64()),
                    "arrived": pa.array([one.arrived for _, one in letters], pa.timestamp("us", tz="UTC")),
                    "number": pa.array([number for number, _ in letters], pa.uint32()),
                    "route": pa.array([one.route for _, one in letters]),
                    "subject": pa.array([one.subject[:256] for _, one in letters]),
                    "reason": pa.array([one.reason for _, one in letters]),
                    "detail": pa.array([one.detail[:1000] for _, one in letters]),
                    "payload": pa.array(
                        [one.payload[:DEAD_LETTER_PAYLOAD_BYTES_MAX] for _, one in letters], pa.binary()
                    ),
                }
            ),
        )

    def _first_of_each_minute(self, letters: Sequence[DeadLetter]) -> list[tuple[int, DeadLetter]]:
        """Letters with their number within their record; past a pace a unit's letters are only counted."""
        stored: list[tuple[int, DeadLetter]] = []
        numbers: Counter[tuple[int, int]] = Counter()
        newest = max(letter.arrived for letter in letters) // _MINUTE
        self._paces = Counter({key: pace for key, pace in self._paces.items() if key[1] >= newest - 1})
        for letter in letters:
            record = (letter.unit_id, letter.arrived)
            number = numbers[record]
            numbers[record] += 1
            minute = (letter.unit_id, letter.arrived // _MINUTE)
            self._paces[minute] += 1
            if self._paces[minute] <= DEAD_LETTERS_PER_UNIT_MINUTE_MAX:
                stored.append((number, letter))
        return stored

    def list(
        self,
        organisation_id: OrganisationId,
        *,
        unit_id: UnitId | None = None,
        before: tuple[int, int, int] | None = None,
        limit: int = 100,
        windows: Mapping[int, Times] | None = None,
    ) -> list[StoredLetter]:
        """The newest first; `before` is (arrived, unit, number) of the last one seen.

        Of units in `windows` only what arrived in their times there, of all others everything.
        """
        condition, bound = _within(windows, "toUnixTimestamp64Micro(arrived)")
        conditions = ["organisation = {organisation:Int64}", condition]
        parameters: dict[str, Any] = {"organisation": organisation_id, "limit": limit, **bound}
        if unit_id is not None:
            conditions.append("unit = {unit:Int64}")
            parameters["unit"] = unit_id
        if before is not None:
            conditions.append(
                "(toUnixTimestamp64Micro(arrived), unit, number) < ({arrived:Int64}, {last_unit:Int64}, {number:UInt32})"
            )
            parameters |= {"arrived": before[0], "last_unit": before[1], "number": before[2]}
        rows = self._series.query(
            "SELECT organisation AS organisation_id, unit AS unit_id, toUnixTimestamp64Micro(arrived) AS instant, number,"
            " route, subject, reason, detail, payload FROM dead_letters FINAL"
            f" WHERE {' AND '.join(conditions)} ORDER BY arrived DESC, unit DESC, number DESC LIMIT {{limit:UInt32}}",
            parameters,
        )
        # The engine answers text; a payload may be any bytes.
        payloads = rows.column("payload").cast(pa.binary())
        rows = rows.set_column(rows.schema.get_field_index("payload"), "payload", payloads)
        return [_from_row(row) for row in rows.to_pylist()]

    def counts(
        self,
        organisation_id: OrganisationId,
        *,
        unit_id: UnitId | None = None,
        windows: Mapping[int, Times] | None = None,
    ) -> dict[int, dict[str, int]]:
        """How many there ever were, by unit and reason; `windows` as in `list`."""
        condition, bound = _within(windows, "arrived")
        narrowed = f" AND {condition}" + ("" if unit_id is None else " AND unit = {unit:Int64}")
        parameters: dict[str, Any] = {"organisation": organisation_id, **bound}
        if unit_id is not None:
            parameters["unit"] = unit_id
        rows = self._series.query(
            "SELECT unit, reason, sum(letters) AS total FROM dead_letter_counts FINAL"
            f" WHERE organisation = {{organisation:Int64}}{narrowed} GROUP BY unit, reason ORDER BY unit, reason"
            " LIMIT 100000",
            parameters,
        )
        counted: dict[int, dict[str, int]] = {}
        for row in rows.to_pylist():
            counted.setdefault(int(row["unit"]), {})[row["reason"]] = int(row["total"])
        return counted

    def count_since(
        self, organisation_id: OrganisationId, since: int, *, windows: Mapping[int, Times] | None = None
    ) -> int:
        """How many there were of all units since an instant; `windows` as in `list`."""
        condition, bound = _within(windows, "arrived")
        rows = self._series.query(
            "SELECT sum(letters) AS total FROM dead_letter_counts FINAL"
            f" WHERE organisation = {{organisation:Int64}} AND arrived >= {{since:Int64}} AND {condition}",
            {"organisation": organisation_id, "since": since, **bound},
        )
        return int(rows.column("total")[0].as_py() or 0)


def _within(windows: Mapping[int, Times] | None, instant: str) -> tuple[str, dict[str, Any]]:
    condition, bound = within_times(windows or {}, others=True, instant=instant)
    return condition, dict(bound)


def _from_row(row: dict[str, Any]) -> StoredLetter:
    return StoredLetter(
        organisation_id=int(row["organisation_id"]),
        unit_id=int(row["unit_id"]),
        arrived=int(row["instant"]),
        number=int(row["number"]),
        route=row["route"],
        subject=row["subject"],
        reason=row["reason"],
        detail=row["detail"],
        payload=row["payload"],
    )

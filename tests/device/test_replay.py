"""Replaying tables: every format, every kind of time, wrong rows, speed, interruption and going on; and the real data."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from monokoto.device import Refused, read_credentials
from monokoto.device.replay import (
    MAX_SPEED,
    ColumnMapping,
    CycleTime,
    Replay,
    ReplayReport,
    ReplayState,
    Speed,
    TimeColumn,
    WrongRow,
    parse_columns,
    parse_speed,
    read_table,
    reading_hash,
    replay,
)
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Conflict, Invalid, NotFound

WithPlatform = Callable[[Any], None]
SHARED = Path(os.environ.get("MONOKOTO_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
BEGIN = parse_instant("2026-01-01T00:00:00Z")
ROWS = [
    {"unit": str(number % 3), "time": f"2026-01-01T00:00:{number:02}Z", "a": number / 2, "b": number}
    for number in range(12)
]
TOKENS = {str(number): f"token-{number}" for number in range(3)}


def csv_text(rows: list[dict[str, Any]], separator: str = ",") -> str:
    lines = [separator.join(rows[0]), *(separator.join(str(cell) for cell in row.values()) for row in rows)]
    return "\n".join(lines) + "\n"


def plan(path: Path, url: str, **rest: Any) -> Replay:
    rest.setdefault("mapping", ColumnMapping(time=TimeColumn(column="time"), unit_column="unit"))
    return Replay(path=path, url=url, **rest)


def sent(platform: Any) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for token, topic, payload in platform.taken:
        assert topic == "koto/v1/telemetry"
        body = json.loads(payload)
        found.extend((token, one) for one in (body if isinstance(body, list) else [body]))
    return found


@pytest.mark.parametrize(
    "name", ["t.csv", "t.csv.gz", "t.ssv", "t.tsv", "t.txt", "t.ndjson", "t.jsonl.gz", "t.parquet"]
)
@pytest.mark.parametrize("batch", [1, 4])
def test_every_row_of_every_format_arrives(with_platform: WithPlatform, tmp_path: Path, name: str, batch: int) -> None:
    path = tmp_path / name
    ndjson = "".join(json.dumps(row) + "\n" for row in ROWS)
    texts = {"t.ssv": csv_text(ROWS, ";"), "t.tsv": csv_text(ROWS, "\t"), "t.txt": csv_text(ROWS, "   ")}
    if name == "t.parquet":
        parquet.write_table(pa.Table.from_pylist(ROWS), path)
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress((ndjson if "jsonl" in name else csv_text(ROWS)).encode()))
    else:
        path.write_text(texts.get(name, ndjson if "ndjson" in name else csv_text(ROWS)))

    async def body(platform: Any) -> None:
        report = await replay(plan(path, platform.url, batch=batch, checksum=True), TOKENS)
        assert (report.rows, report.readings, report.units, report.wrong) == (12, 24, 3, [])
        assert report.messages == len(platform.taken) == (12 if batch == 1 else 3)
        arrived = {(token, one["at"]): one["values"] for token, one in sent(platform)}
        assert arrived == {
            (f"token-{row['unit']}", (BEGIN // 1000) + row["b"] * 1000): {"a": row["a"], "b": row["b"]} for row in ROWS
        }
        expected = sum(
            reading_hash(str(row["unit"]), name, BEGIN + row["b"] * 1_000_000, row[name])
            for row in ROWS
            for name in "ab"
        )
        assert report.checksum == expected % 2**64

    with_platform(body)


def test_columns_are_mapped_chosen_and_kept_as_text(with_platform: WithPlatform, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("when,temp,part,gone,flag,note\n1767225600,21.5,007,NaN,true,\n1767225601123,,8,,FALSE,warm\n")
    mapping = ColumnMapping(
        time=TimeColumn(column="when"), serial="oven", names=parse_columns(["temp=temperature"]),
        only=frozenset({"temperature", "part", "flag", "note", "gone"}), text=frozenset({"part"}),
    )  # fmt: skip

    async def body(platform: Any) -> None:
        await replay(plan(path, platform.url, mapping=mapping), {"oven": "t"})
        assert [one for _, one in sent(platform)] == [
            {"at": 1767225600000, "values": {"temperature": 21.5, "part": "007", "flag": True}},
            {"at": 1767225601123, "values": {"part": "8", "flag": False, "note": "warm"}},
        ]

    with_platform(body)


def test_wrong_rows_are_reported_with_their_line_and_left_out(with_platform: WithPlatform, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "unit,time,a\n0,2026-01-01T00:00:00Z,1\n0,yesterday,2\n9,2026-01-01T00:00:00Z,3\n0,2026-01-01T00:00:01Z\n"
        ",2026-01-01T00:00:02Z,4\n\n0,2026-01-01T00:00:03Z,\n9,2026-01-01T00:00:00Z,3\n0,2026-01-01T00:00:04Z,5\n"
    )

    async def body(platform: Any) -> None:
        report = await replay(plan(path, platform.url), TOKENS)
        assert [row.line for row in report.wrong] == [3, 4, 5, 6, 9]
        assert (report.wrong_rows, report.rows, report.empty) == (5, 2, 1)
        assert "yesterday" in report.wrong[0].reason
        assert "no credential for the unit '9'" in report.wrong[1].reason
        with pytest.raises(Invalid) as caught:
            await replay(plan(path, platform.url, strict=True), TOKENS)
        assert caught.value.faults[0].line == 3

    with_platform(body)


def test_units_live_side_by_side_at_a_speed(with_platform: WithPlatform, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [{"unit": unit, "cycle": cycle, "a": cycle} for unit in range(3) for cycle in range(1, 6)]
    path.write_text(csv_text(rows))
    mapping = ColumnMapping(time=CycleTime(column="cycle", seconds=60, start=BEGIN), unit_column="unit")

    async def body(platform: Any) -> None:
        began = asyncio.get_running_loop().time()
        await replay(plan(path, platform.url, mapping=mapping, speed=parse_speed("600x")), TOKENS)
        assert 0.35 < asyncio.get_running_loop().time() - began < 5
        cycles = [one["values"]["cycle"] for _, one in sent(platform)]
        assert cycles == sorted(cycles)
        assert sent(platform)[0][1]["at"] == BEGIN // 1000 + 60_000

    with_platform(body)


def test_what_was_acknowledged_before_an_interruption_is_told_and_not_sent_again(
    with_platform: WithPlatform, tmp_path: Path
) -> None:
    path, kept = tmp_path / "t.csv", tmp_path / "state.json"
    rows = [{"unit": 0, "time": BEGIN // 1_000_000 + second, "a": second} for second in range(40)]
    path.write_text(csv_text(rows))

    async def body(platform: Any) -> None:
        slow = plan(path, platform.url, speed=Speed(40.0))
        task = asyncio.create_task(replay(slow, TOKENS, state=ReplayState(kept, path, by_time=True)))
        while len(platform.taken) < 5:
            await asyncio.sleep(0.01)
        task.cancel()
        report = await task
        assert report.interrupted
        assert 5 <= report.rows <= len(platform.taken)
        fast = plan(path, platform.url, speed=Speed(4000.0))
        again = await replay(fast, TOKENS, state=ReplayState(kept, path, by_time=True))
        assert (again.skipped, again.rows) == (report.acknowledged_rows, 40 - report.acknowledged_rows)
        assert report.acknowledged_rows >= 5
        assert {one["values"]["a"] for _, one in sent(platform)} == set(range(40))
        nothing = await replay(fast, TOKENS, state=ReplayState(kept, path, by_time=True))
        assert (nothing.skipped, nothing.rows) == (40, 0)
        with pytest.raises(Conflict, match="at a speed"):
            ReplayState(kept, path)
        other = tmp_path / "other.csv"
        other.write_text(csv_text(rows))
        with pytest.raises(Conflict):
            ReplayState(kept, other)

    with_platform(body)


def test_lost_links_lose_no_row(with_platform: WithPlatform, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [{"unit": number % 3, "time": BEGIN // 1_000_000 + number, "a": number} for number in range(3000)]
    path.write_text(csv_text(rows))

    async def body(platform: Any) -> None:
        platform.lose_after = 100
        report = await replay(plan(path, platform.url), TOKENS)
        assert (report.rows, report.messages) == (3000, 3000)
        assert {one["values"]["a"] for _, one in sent(platform)} == set(range(3000))

    with_platform(body)


def test_a_unit_that_is_not_let_in_is_named(with_platform: WithPlatform, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(csv_text(ROWS))

    async def body(platform: Any) -> None:
        platform.tokens = {"token-0", "token-1"}
        with pytest.raises(Refused, match="Unit 2: The connection was refused"):
            await replay(plan(path, platform.url), TOKENS)

    with_platform(body)


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(read_table(tmp_path / "absent.csv"))
    for name, content in (
        ("empty.csv", b""),
        ("twice.csv", b"a,a\n1,2\n"),
        ("bad.csv.gz", b"not gzip"),
        ("cut.csv.gz", gzip.compress(csv_text(ROWS * 100).encode())[:-20]),
        ("bad.parquet", b"PAR1"),
        ("latin.csv", b"a,b\n\xff,\xfe\n"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(Invalid):
            list(read_table(path))
    path = tmp_path / "t.ndjson"
    path.write_text('{"a": 1}\nnonsense\n[1]\n\n{"a": 2}\n')
    assert [row.line for row in read_table(path) if isinstance(row, WrongRow)] == [2, 3]


@given(st.text(max_size=60))
def test_any_text_as_a_table_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("tables", numbered=True) / "t.csv"
    path.write_text(text, newline="")
    mapping = ColumnMapping(time=TimeColumn(column="time"))
    try:
        for row in read_table(path):
            if not isinstance(row, WrongRow):
                mapping.recorded(row)
    except Invalid:
        pass


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-01-01T00:00:00Z", BEGIN),
        ("2026-01-01 01:00:00+01:00", BEGIN),
        ("1767225600", BEGIN),
        ("1767225600.5", BEGIN + 500_000),
        ("1767225600000", BEGIN),
        (BEGIN, BEGIN),
    ],
)
def test_times_are_understood_as_the_platform_does(cell: Any, expected: int) -> None:
    assert TimeColumn(column="t").at({"t": cell}) == expected


def test_a_time_without_a_zone_is_an_instant_only_when_told_so() -> None:
    for cell in ("2026-01-01 00:00:00", "2026-01-01 00:00"):
        with pytest.raises(ValueError, match="--assume-utc"):
            TimeColumn(column="t").at({"t": cell})
        assert TimeColumn(column="t", assume_utc=True).at({"t": cell}) == BEGIN


def test_speeds() -> None:
    assert parse_speed("60x") == parse_speed("60") == Speed(60.0)
    assert parse_speed("max") is MAX_SPEED
    for text in ("", "fast", "0x", "-1x"):
        with pytest.raises(Invalid):
            parse_speed(text)


def test_credentials_are_read_as_the_import_answers_them(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_text("line,result,serial,token\n2,registered,a,secret-a\n3,refused,b,\n")
    assert read_credentials(path) == {"a": "secret-a"}
    path.write_text('{"serial": "a", "token": "x"}\n{"serial": "b", "token": "y", "unit": "0"}\n')
    assert read_credentials(path) == {"a": "x", "b": "y"}
    for content in ("", "serial,token\n", "token\nx\n", "{nonsense"):
        path.write_text(content)
        with pytest.raises(Invalid):
            read_credentials(path)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", [pytest.param("train_FD001.csv.gz", marks=pytest.mark.long), "test_FD001.csv.gz"])
def test_the_hundred_engines_arrive_whole(with_platform: WithPlatform, name: str) -> None:
    path = SHARED / "cmapss" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    tokens = {f"engine-{number}": f"engine-{number}" for number in range(1, 101)}
    mapping = ColumnMapping(
        time=CycleTime(column="cycle", seconds=3600, start=BEGIN), unit_column="unit", serial="engine-{}"
    )

    async def body(platform: Any) -> None:
        report: ReplayReport = await replay(plan(path, platform.url, mapping=mapping, batch=10), tokens)
        assert (report.rows, report.units, report.wrong_rows) == (len(rows), 100, 0)
        assert report.readings == len(rows) * 25
        expected = {
            (f"engine-{row['unit']}", BEGIN // 1000 + int(row["cycle"]) * 3_600_000):
            {column: float(cell) for column, cell in row.items() if column != "unit"}
            for row in rows
        }  # fmt: skip
        assert {(token, one["at"]): one["values"] for token, one in sent(platform)} == expected

    with_platform(body)


@pytest.mark.shared_data
def test_a_series_of_nab_arrives_whole(with_platform: WithPlatform) -> None:
    found = sorted((SHARED / "nab" / "data").rglob("*.csv.gz")) if SHARED.exists() else []
    if not found:
        pytest.skip(f"{SHARED}/nab is not here")
    mapping = ColumnMapping(time=TimeColumn(column="timestamp", assume_utc=True), serial="sensor")

    async def body(platform: Any) -> None:
        report = await replay(plan(found[0], platform.url, mapping=mapping, batch=50), {"sensor": "s"})
        with gzip.open(found[0], "rt") as file:
            lines = file.read().split("\n")[1:]
        expected = Counter(float(line.split(",")[1]) for line in lines if line)
        assert Counter(float(one["values"]["value"]) for _, one in sent(platform)) == expected
        assert report.rows == sum(expected.values())

    with_platform(body)

"""What the port promises, asked of every engine.

The `clickhouse` runs go through the real driver and HTTP to a stand-in server (`clickhouse_double.py`) with the same engine
behind it. The gap: no real ClickHouse server takes part, because none can be installed from the registries we use; its
authentication, compression and clustering are untested here.
"""

from __future__ import annotations

import random
import threading

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.engines.series import Series
from monokoto.kernel.errors import Invalid, TooLarge, Unavailable

INSTANT = pa.timestamp("us", "UTC")
START = 1_780_000_000_000_000
HOUR = 3_600_000_000


def readings(rows: list[tuple[str, int, int, int, float]]) -> pa.Table:
    """A table from (property, unit, at, arrived, number)."""
    names, units, at, arrived, numbers = zip(*rows, strict=True)
    return pa.table(
        {
            "property": pa.array(names).dictionary_encode(),
            "unit": pa.array(units, pa.int64()),
            "at": pa.array(at, pa.int64()).view(INSTANT),
            "arrived": pa.array(arrived, pa.int64()).view(INSTANT),
            "number": pa.array(numbers, pa.float64()),
        }
    )


def one(series: Series, sql: str, **parameters: object) -> object:
    """The only value of an answer of one row and one column."""
    answer = series.query(sql, parameters)
    assert (answer.num_rows, answer.num_columns) == (1, 1)
    return answer.column(0)[0].as_py()


def test_rows_are_visible_when_insert_returns_and_other_columns_take_their_defaults(series: Series, table: str) -> None:
    series.insert(table, readings([("speed", 1, START, START + 5, 2.5), ("power", 2, START, START + 5, -0.0)]))
    rows = series.query(f"SELECT * FROM {table} ORDER BY unit").to_pylist()
    assert [(row["property"], row["unit"], row["number"], row["text"]) for row in rows] == [
        ("speed", 1, 2.5, ""),
        ("power", 2, 0.0, ""),
    ]
    assert one(series, f"SELECT toUnixTimestamp64Micro(arrived) FROM {table} WHERE unit = 1") == START + 5


def test_an_insert_without_rows_does_nothing(series: Series, table: str) -> None:
    series.insert(table, readings([("speed", 1, START, START, 1.0)]).slice(0, 0))
    assert one(series, f"SELECT count() FROM {table}") == 0


def test_an_answer_without_rows_has_its_columns(series: Series, table: str) -> None:
    answer = series.query(f"SELECT unit, number FROM {table}")
    assert answer.num_rows == 0
    assert answer.schema.names == ["unit", "number"]
    assert list(series.stream(f"SELECT unit FROM {table}")) == []


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_repeats_in_any_order_leave_one_row_per_key_the_last_to_arrive(series: Series, table: str, seed: int) -> None:
    chance = random.Random(seed)
    keys = [
        (chance.choice(["a", "b"]), chance.randrange(3), START + chance.randrange(4) * 50 * HOUR) for _ in range(12)
    ]
    rows = [(*key, START + n, float(n)) for n, key in enumerate(keys)]
    expected = {(name, unit, at): number for name, unit, at, _, number in rows}
    parts = [rows[:5], rows[5:], rows[3:9], rows]
    chance.shuffle(parts)
    series.command(f"TRUNCATE TABLE {table}")
    for part in parts:
        series.insert(table, readings(part))
    answer = series.query(f"SELECT property, unit, toUnixTimestamp64Micro(at) AS at, number FROM {table} FINAL")
    assert {(r["property"], r["unit"], r["at"]): r["number"] for r in answer.to_pylist()} == expected, f"{seed=}"
    assert answer.num_rows == len(expected)


def test_among_equal_versions_the_last_inserted_holds_within_an_insert_and_between_two(
    series: Series, table: str
) -> None:
    many = 200_000
    chunks = [
        pa.table(
            {
                "property": pa.array(["p"] * many).dictionary_encode(),
                "unit": np.arange(many) % 7,
                "at": pa.array(np.full(many, START)).view(INSTANT),
                "arrived": pa.array(np.full(many, START)).view(INSTANT),
                "number": np.arange(many, dtype=np.float64) + many * n,
            }
        )
        for n in range(3)
    ]
    series.insert(table, pa.concat_tables(chunks))
    answer = series.query(f"SELECT number FROM {table} FINAL ORDER BY number")
    assert answer["number"].to_pylist() == [float(3 * many - 7 + n) for n in range(7)]
    series.insert(table, readings([("p", 3, START, START, -1.0)]))
    assert one(series, f"SELECT number FROM {table} FINAL WHERE unit = 3") == -1.0


HOSTILE = [
    "it's", 'a "quoted" one', "back\\slash", "\\", "\\\\", "end\\", "\\N", "\\0\\t", "nul\0inside", "{unit:Int64}", "{}",
    "tab\tnewline\nreturn\r", "\b\f\v\x01\x7f", "'; DROP TABLE readings_of_test; --", "`", "ünï😀", "", " ", "%s %(a)s", "?",
    "NULL", "[1,2]", "a,b", "&x=1#y+z",
]  # fmt: skip


def test_hostile_strings_come_back_as_they_were_bound(series: Series) -> None:
    for text in HOSTILE:
        assert one(series, "SELECT {text:String} AS text", text=text) == text
    assert one(series, "SELECT {texts:Array(String)} AS texts", texts=HOSTILE) == HOSTILE
    assert one(series, "SELECT 'a' IN {texts:Array(String)} AS found", texts=["b", "a"]) == 1


# A surrogate is no character; U+FFFE and the like are, and travel.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_comes_back_as_it_was_bound(series: Series, text: str) -> None:
    answer = series.query(
        "SELECT {text:String} AS one, {texts:Array(String)} AS many", {"text": text, "texts": [text] * 2}
    )
    assert answer.to_pylist() == [{"one": text, "many": [text, text]}]


def test_numbers_and_truth_values_are_bound_exactly(series: Series) -> None:
    assert one(series, "SELECT {n:Int64}", n=-(2**63)) == -(2**63)
    assert one(series, "SELECT {n:UInt64}", n=2**64 - 1) == 2**64 - 1
    assert one(series, "SELECT {n:Float64}", n=0.1 + 0.2) == 0.1 + 0.2
    assert one(series, "SELECT {n:Float64}", n=5e-324) == 5e-324
    assert one(series, "SELECT {n:Float64}", n=float("-inf")) == float("-inf")
    assert one(series, "SELECT isNaN({n:Float64})", n=float("nan")) == 1
    assert one(series, "SELECT {yes:Bool}", yes=True) is True
    assert one(series, "SELECT {yes:UInt8}", yes=True) == 1
    assert one(series, "SELECT {ids:Array(Int64)}", ids=[1, -2, 2**62]) == [1, -2, 2**62]
    assert one(series, "SELECT {ids:Array(Int64)}", ids=[]) == []


def test_an_instant_is_bound_in_microseconds_and_uses_the_index(series: Series, table: str) -> None:
    series.insert(table, readings([("p", 1, START + n * 200 * HOUR, START, float(n)) for n in range(4)]))
    condition = f"FROM {table} FINAL WHERE property = 'p' AND at >= fromUnixTimestamp64Micro({{since:Int64}}, 'UTC')"
    since = {"since": START + 400 * HOUR}
    assert one(series, f"SELECT count() {condition}", **since) == 2
    plan = "\n".join(series.query(f"EXPLAIN indexes = 1 SELECT number {condition}", since)["explain"].to_pylist())
    assert "Parts: 2/4" in plan


def test_ten_thousand_ids_fit_into_one_question(series: Series) -> None:
    ids = list(range(2**62, 2**62 + 10_000))
    assert one(series, "SELECT length(arrayDistinct({ids:Array(Int64)}))", ids=ids) == 10_000


def test_every_type_comes_back_as_it_went_in(series: Series) -> None:
    series.command("DROP TABLE IF EXISTS types SYNC")
    series.command("""
        CREATE TABLE types (
            id Int64, at DateTime64(6, 'UTC'), number Float64, name LowCardinality(String), maybe Nullable(Int64),
            small UInt8, text String, truth Bool, list Array(Float64), missing String
        ) ENGINE = MergeTree ORDER BY id
    """)
    sent = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "at": pa.array([0, 1, 4_102_444_799_999_999], pa.int64()).view(INSTANT),
            "number": pa.array([float("nan"), float("inf"), -0.0]),
            "name": pa.array(["a", "b", "a"]).dictionary_encode(),
            "maybe": pa.array([None, -5, 2**62], pa.int64()),
            "small": pa.array([0, 255, 7], pa.uint8()),
            "text": pa.array([b"\xff\x00", "é😀".encode(), b""], pa.binary()),
            "truth": pa.array([True, False, True]),
            "list": pa.array([[1.5], [], [2.0, 3.0]]),
        }
    )
    series.insert("types", sent)
    got = series.query("SELECT * FROM types ORDER BY id")
    for name in ("id", "at", "maybe", "small", "truth", "list"):
        assert got[name].to_pylist() == sent[name].to_pylist(), name
    assert got["at"].type == INSTANT
    assert got["name"].to_pylist() == ["a", "b", "a"]
    assert got["text"].cast(pa.binary()).to_pylist() == sent["text"].to_pylist()
    assert got["missing"].to_pylist() == [""] * 3
    numbers = got["number"].to_numpy()
    assert np.isnan(numbers[0])
    assert numbers[1] == np.inf
    assert np.signbit(numbers[2])


def test_rows_in_chunks_with_dictionaries_of_their_own_and_slices_arrive_whole(series: Series, table: str) -> None:
    first = readings([("a", n, START, START, 0.0) for n in range(5)] + [("b", 9, START, START, 0.0)])
    second = readings([("c", n, START, START, 0.0) for n in range(5)] + [("a", 9, START, START, 0.0)])
    series.insert(table, pa.concat_tables([first, second]).slice(3, 6))
    answer = series.query(f"SELECT property, unit FROM {table} ORDER BY property, unit")
    assert [tuple(row.values()) for row in answer.to_pylist()] == [
        ("a", 3), ("a", 4), ("b", 9), ("c", 0), ("c", 1), ("c", 2),
    ]  # fmt: skip


def test_one_insert_is_one_part_per_week_however_many_rows(series: Series, table: str) -> None:
    many = 1_500_000
    rows = pa.table(
        {
            "property": pa.array(["p"]).dictionary_encode().take(pa.array(np.zeros(many, np.int64))),
            "unit": np.arange(many),
            "at": pa.array(np.where(np.arange(many) % 2, START, START + 200 * HOUR)).view(INSTANT),
        }
    )
    series.command(f"SYSTEM STOP MERGES {table}")
    series.insert(table, rows)
    parts = "SELECT count() FROM system.parts WHERE active AND table = {table:String}"
    assert one(series, parts, table=table) == 2
    series.command(f"SYSTEM START MERGES {table}")


def test_history_over_many_weeks_is_one_insert(series: Series, table: str) -> None:
    weeks = 150
    series.insert(table, readings([("p", 1, START - n * 168 * HOUR, START, 1.0) for n in range(weeks)]))
    assert one(series, f"SELECT count() FROM {table}") == weeks


def test_a_stream_gives_everything_in_batches(series: Series) -> None:
    sizes, total = [], 0
    for batch in series.stream("SELECT number FROM numbers({n:UInt64})", {"n": 1_000_000}):
        sizes.append(batch.num_rows)
        total += int(batch.column(0).to_numpy().sum())
    assert sum(sizes) == 1_000_000
    assert max(sizes) <= 200_000
    assert total == 999_999 * 500_000


def test_closing_a_stream_early_ends_its_query(series: Series) -> None:
    rows = series.stream("SELECT number, 'a long enough text' FROM numbers(100000000000)")
    assert next(rows).num_rows > 0
    rows.close()
    running = (
        "SELECT count() FROM system.processes WHERE query LIKE '%long enough text%' AND query NOT LIKE '%processes%'"
    )
    for _ in range(100):
        if one(series, running) == 0:
            break
        threading.Event().wait(0.05)
    else:
        pytest.fail("the query still runs")


def test_a_stream_that_fails_on_the_way_raises_and_never_just_ends(series: Series) -> None:
    rows = series.stream("SELECT throwIf(number = 3000000) AS fine FROM numbers(4000000)")
    assert next(rows).num_rows < 3_000_000
    with pytest.raises((Invalid, Unavailable)):
        list(rows)
    assert one(series, "SELECT 1") == 1


def test_threads_insert_and_ask_at_the_same_time(series: Series, table: str) -> None:
    failures: list[Exception] = []

    def insert(unit: int) -> None:
        try:
            for n in range(6):
                rows = readings([(f"p{unit}", unit, START + n * 100 + k, START, float(unit)) for k in range(50)])
                series.insert(table, rows)
                seen = one(series, f"SELECT count() FROM {table} FINAL WHERE unit = {{unit:Int64}}", unit=unit)
                assert seen == 50 * (n + 1)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=insert, args=(unit,)) for unit in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    mixed = f"SELECT countIf(number != unit OR property != concat('p', toString(unit))) FROM {table}"
    assert one(series, mixed) == 0


@pytest.mark.parametrize(
    ("sql", "parameters", "error"),
    [
        ("SELECT nothing_of_this_name", {}, Invalid),
        ("SELECT 1 FROM no_such_table", {}, Invalid),
        ("THIS IS NO SQL", {}, Invalid),
        ("SELECT {n:Int64}", {"n": "no number"}, Invalid),
        ("SELECT {n:Int64}", {}, Invalid),
        ("SELECT groupArray(number) FROM numbers(1000000000) SETTINGS max_memory_usage = 20000000", {}, TooLarge),
        (
            "SELECT sum(sleepEachRow(0.1)) FROM numbers(100) SETTINGS max_execution_time = 0.3, max_block_size = 1",
            {},
            TooLarge,
        ),
    ],
)
def test_a_statement_that_fails_says_why(
    series: Series, sql: str, parameters: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        series.query(sql, parameters)
    assert "DB::Exception" not in str(caught.value)
    assert len(str(caught.value)) < 1000
    with pytest.raises(error):
        list(series.stream(sql, parameters))
    assert one(series, "SELECT 1") == 1


def test_rows_that_do_not_fit_are_refused(series: Series, table: str) -> None:
    with pytest.raises(Invalid):
        series.insert(table, pa.table({"no_such_column": [1]}))
    with pytest.raises(Invalid):
        series.insert("no_such_table", pa.table({"unit": [1]}))
    with pytest.raises(Invalid):
        series.insert("readings; DROP TABLE readings", pa.table({"unit": [1]}))
    with pytest.raises(Invalid):
        series.insert(table, pa.table({"unit) VALUES (1); --": [1]}))
    with pytest.raises(Invalid):
        series.insert(table, pa.table({"unit": ["no number"]}))
    with pytest.raises(Invalid):
        series.insert(table, pa.table({"unit": pa.array([None, 1], pa.int64())}))
    assert one(series, f"SELECT count() FROM {table}") == 0


def test_a_healthy_store_has_no_problems(series: Series, table: str) -> None:
    series.insert(table, readings([("p", 1, START, START, 1.0)]))
    assert series.problems() == []

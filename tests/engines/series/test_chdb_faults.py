"""The embedded store when things go wrong: killed, opened twice, damaged, out of disk, closed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from monokoto.engines.series import DURABLE, Series, open_series
from monokoto.kernel.errors import BadSettings, Conflict, Unavailable

pytestmark = pytest.mark.own_process
CHILD = Path(__file__).with_name("inserting_child.py")
ROWS = 20_000


def start_child(folder: Path, first: int, rows: int = ROWS) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder), str(first), str(rows)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def end_child(child: subprocess.Popen[str]) -> list[int]:
    """SIGKILL; the numbers it had said."""
    child.kill()
    child.wait()
    assert child.stdout is not None
    said = [int(line) for line in child.stdout.read().split("\n")[:-1]]
    child.stdout.close()
    return said


def filled(folder: Path, table: str = "t", *, parts: int = 3) -> Series:
    """A store with a table of so many parts of a thousand rows, each a week."""
    series = open_series(data_dir=folder)
    series.command(
        f"CREATE TABLE {table} (week Int64, row Int64, text String) ENGINE = ReplacingMergeTree "
        f"PARTITION BY week ORDER BY (week, row) SETTINGS {DURABLE}, min_bytes_for_wide_part = 0"
    )
    for week in range(parts):
        rows = [f"{week} {n * 2654435761 % 1000003}" for n in range(1000)]
        series.insert(table, pa.table({"week": np.full(1000, week), "row": np.arange(1000), "text": rows}))
    return series


def count(series: Series, condition: str = "1") -> int:
    number: int = series.query(f"SELECT count() AS n FROM t FINAL WHERE {condition}")["n"][0].as_py()
    return number


def data_files(folder: Path, week: int) -> list[Path]:
    return sorted((folder / "series" / "store").glob(f"*/*/{week}_*/text.bin"))


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.long)])
def test_after_sigkill_every_returned_insert_is_there_and_every_block_is_whole(tmp_path: Path, kills: int) -> None:
    seed = random.randrange(2**32)
    print(f"{seed=}")
    chance = random.Random(seed)
    said: list[int] = []
    for kill in range(kills):
        child = start_child(tmp_path, kill * 100_000)
        time.sleep(chance.uniform(0.05, 0.5))
        said += end_child(child)
    assert said, "no insert returned before a kill"
    with closing(open_series(data_dir=tmp_path)) as series:
        answer = series.query(
            "SELECT block, count() AS rows, sum(number) AS total FROM blocks FINAL GROUP BY block ORDER BY block"
        )
        assert series.problems() == []
    whole = {row["block"]: (row["rows"], row["total"]) for row in answer.to_pylist()}
    assert set(said) <= set(whole), "an insert that returned is missing"
    assert set(whole.values()) == {(ROWS, ROWS * (ROWS - 1) / 4)}, "a block is there in part"


def test_an_insert_is_fsynced_before_it_returns(tmp_path: Path) -> None:
    with closing(filled(tmp_path, parts=1)) as series:
        asked = "SELECT sum(value) AS n FROM system.events WHERE event IN ('FileSync', 'DirectorySync')"
        before = series.query(asked)["n"][0].as_py()
        series.insert("t", pa.table({"week": [0], "row": [5000], "text": ["x"]}))
        assert series.query(asked)["n"][0].as_py() >= before + 2


def test_a_store_open_in_another_process_is_refused_with_its_id_and_free_once_that_is_killed(tmp_path: Path) -> None:
    child = start_child(tmp_path, 0)
    try:
        with pytest.raises(Conflict) as caught:
            open_series(data_dir=tmp_path)
        assert str(child.pid) in str(caught.value)
        assert caught.value.remedy
    finally:
        end_child(child)
    open_series(data_dir=tmp_path).close()


def test_one_process_holds_one_embedded_store_at_a_time(tmp_path: Path) -> None:
    with closing(open_series(data_dir=tmp_path / "one")):
        with pytest.raises(Conflict):
            open_series(data_dir=tmp_path / "one")
        with pytest.raises(Conflict):
            open_series(data_dir=tmp_path / "two")
    open_series(data_dir=tmp_path / "two").close()


def test_a_broken_part_found_at_start_is_told_and_the_rest_is_served(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (broken,) = data_files(tmp_path, 1)
    (broken.parent / "columns.txt").write_bytes(b"nonsense")
    with closing(open_series(data_dir=tmp_path)) as series:
        assert count(series) == 2000
        assert count(series, "week = 1") == 0
        (problem,) = series.problems()
        assert broken.parent.name in problem.what
        assert "detached" in problem.remedy
        series.insert("t", pa.table({"week": [1], "row": [1], "text": ["again"]}))
        assert count(series) == 2001


def test_a_part_whose_file_is_missing_is_told_and_the_rest_is_served(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (broken,) = data_files(tmp_path, 2)
    (broken.parent / "checksums.txt").unlink()
    broken.unlink()
    with closing(open_series(data_dir=tmp_path)) as series:
        assert count(series) == 2000
        assert [problem.what for problem in series.problems() if broken.parent.name in problem.what]


def test_damage_found_by_a_read_fails_that_question_and_is_told(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (broken,) = data_files(tmp_path, 1)
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 0xFF
    broken.write_bytes(content)
    with closing(open_series(data_dir=tmp_path)) as series:
        with pytest.raises(Unavailable) as caught:
            series.query("SELECT text FROM t")
        assert "koto doctor" in caught.value.remedy
        assert series.query("SELECT text FROM t WHERE week = 0").num_rows == 1000
        assert [problem.what for problem in series.problems()] == [caught.value.message]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_unavailable_and_the_same_insert_succeeds_once_there_is_room(small_disk: Path) -> None:
    filler = small_disk / "filler"
    noise = np.random.default_rng(1)
    with closing(filled(small_disk)) as series:
        filler.write_bytes(b"x" * (small_disk_free(small_disk) - 400_000))
        numbers = noise.integers(0, 2**62, 200_000)
        rows = pa.table({"week": np.full(200_000, 9), "row": numbers, "text": [str(n) for n in numbers]})
        with pytest.raises(Unavailable) as caught:
            series.insert("t", rows)
        assert "disk" in caught.value.remedy
        assert count(series) == 3000
        filler.unlink()
        series.insert("t", rows)
        assert count(series, "week = 9") == len(set(numbers.tolist()))
        assert series.problems() == []


def small_disk_free(folder: Path) -> int:
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize


def test_a_folder_that_cannot_be_written_or_named_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable):
        open_series(data_dir=tmp_path / "file")
    with pytest.raises(BadSettings):
        open_series(data_dir=tmp_path / "what?")


def test_closing_waits_for_what_runs_and_refuses_what_comes_after(tmp_path: Path) -> None:
    series = filled(tmp_path)
    answers: list[int] = []
    slow = "SELECT sum(sleepEachRow(0.5)) AS n FROM numbers(1)"
    thread = threading.Thread(target=lambda: answers.append(series.query(slow)["n"][0].as_py()))
    thread.start()
    time.sleep(0.2)
    series.close()
    assert answers == [0]
    thread.join()
    series.close()
    for refused in (lambda: series.query("SELECT 1"), lambda: list(series.stream("SELECT 1"))):
        with pytest.raises(Unavailable):
            refused()
    with closing(open_series(data_dir=tmp_path)) as again:
        assert count(again) == 3000


def test_closing_ends_a_stream_that_is_being_read(tmp_path: Path) -> None:
    series = open_series(data_dir=tmp_path)
    rows = series.stream("SELECT number FROM numbers(100000000000)")
    assert next(rows).num_rows
    closing_thread = threading.Thread(target=series.close)
    closing_thread.start()
    with pytest.raises(Unavailable):
        list(rows)
    closing_thread.join()
    open_series(data_dir=tmp_path).close()


def test_more_threads_than_sessions_all_get_their_turn(tmp_path: Path) -> None:
    with closing(open_series(data_dir=tmp_path)) as series:
        answers: list[int] = []

        def ask() -> None:
            answers.append(series.query("SELECT sleepEachRow(0.02) AS n")["n"][0].as_py())

        threads = [threading.Thread(target=ask) for _ in range(80)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [0] * 80


def test_a_finished_week_becomes_one_part_by_itself(tmp_path: Path) -> None:
    with closing(open_series(data_dir=tmp_path)) as series:
        series.command(
            "CREATE TABLE t (week Int64, row Int64) ENGINE = ReplacingMergeTree PARTITION BY week ORDER BY row SETTINGS "
            f"{DURABLE}, min_age_to_force_merge_seconds = 1, min_age_to_force_merge_on_partition_only = 1, "
            "merge_selecting_sleep_ms = 100, max_merge_selecting_sleep_ms = 200"
        )
        for _ in range(3):
            series.insert("t", pa.table({"week": [1, 2], "row": [1, 1]}))
        parts = "SELECT count() AS n FROM system.parts WHERE active AND table = 't'"
        end = time.monotonic() + 20
        while series.query(parts)["n"][0].as_py() != 2:
            assert time.monotonic() < end, "the weeks were not merged"
            time.sleep(0.1)

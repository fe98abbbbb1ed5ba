"""Writes of many threads in one transaction: all durable, each undone by itself, none lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from monokoto.engines.records import Records
from monokoto.kernel.errors import Unavailable

WRITERS = 24


@pytest.fixture
def numbers(records: Records) -> Records:
    with records.write() as connection:
        connection.execute(sa.text("CREATE TABLE numbers (number INTEGER PRIMARY KEY)"))
    return records


def put(number: int):
    def work(connection: sa.Connection) -> int:
        connection.execute(sa.text("INSERT INTO numbers VALUES (:number)"), {"number": number})
        if number % 5 == 0:
            raise ValueError(str(number))
        return number

    return work


def kept(records: Records) -> list[int]:
    with records.read() as connection:
        return list(connection.execute(sa.text("SELECT number FROM numbers ORDER BY number")).scalars())


def wait_for(records: Records, count: int) -> None:
    """Until so many wait for whoever writes now."""
    deadline = time.monotonic() + 30
    while records.dialect == "sqlite" and len(records._together._waiting) < count and time.monotonic() < deadline:
        time.sleep(0.001)


def together(records: Records, numbers: list[int]) -> list[object]:
    """What each of them came to, all asked while another writer holds the records."""
    asked = threading.Barrier(len(numbers) + 1)

    def one(number: int) -> object:
        asked.wait(30)
        try:
            return records.write_together(put(number))
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(numbers)) as pool, records.write():
        found = [pool.submit(one, number) for number in numbers]
        asked.wait(30)
        wait_for(records, len(numbers))
    return [each.result(30) for each in found]


def test_what_one_raises_undoes_its_own_writes_alone(numbers: Records) -> None:
    found = together(numbers, list(range(WRITERS)))
    wanted = [number for number in range(WRITERS) if number % 5]
    assert [one for one in found if isinstance(one, int)] == wanted
    assert sorted(str(one) for one in found if isinstance(one, ValueError)) == sorted(map(str, range(0, WRITERS, 5)))
    assert kept(numbers) == wanted


def test_a_broken_constraint_is_its_own_writers(numbers: Records) -> None:
    found = together(numbers, [1, 2, 2, 3])
    assert sorted(one for one in found if isinstance(one, int)) == [1, 2, 3]
    assert [type(one) for one in found if not isinstance(one, int)] == [sa.exc.IntegrityError]
    assert kept(numbers) == [1, 2, 3]


def test_a_result_is_told_when_it_is_on_disk(numbers: Records) -> None:
    """One commit carries several, and nobody hears of it before."""
    commits = []
    if numbers.dialect != "sqlite":
        pytest.skip("writers of PostgreSQL share the wait for the disk by themselves")
    sa.event.listen(
        numbers.engine, "after_cursor_execute", lambda *told: commits.append(1) if told[2] == "COMMIT" else None
    )
    together(numbers, [number for number in range(WRITERS) if number % 5])
    assert len(commits) == 2  # of the writer that held the records, and of all who waited for it


def test_records_that_are_away_are_so_for_all_and_the_next_try_is_a_new_one(
    numbers: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def away():
        raise Unavailable("away")
        yield

    if numbers.dialect != "sqlite":
        pytest.skip("each writer of PostgreSQL has a transaction of its own")
    with monkeypatch.context() as patch:
        patch.setattr(numbers._together, "_transaction", away)
        for _ in range(2):
            with pytest.raises(Unavailable):
                numbers.write_together(put(1))
    assert numbers.write_together(put(1)) == 1


def test_a_database_that_fails_fails_everybody_and_keeps_nothing(numbers: Records) -> None:
    """SQLite may have ended the transaction by itself: whoever else was in it is told so too."""
    if numbers.dialect != "sqlite":
        pytest.skip("each writer of PostgreSQL has a transaction of its own")
    asked = threading.Barrier(3)

    def failing(connection: sa.Connection) -> None:
        connection.execute(sa.text("SELECT * FROM nowhere"))

    def one(work: Callable[[sa.Connection], object]) -> object:
        asked.wait(30)
        try:
            return numbers.write_together(work)
        except Exception as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        with numbers.write():
            found = [pool.submit(one, work) for work in (put(1), failing)]
            asked.wait(30)
            wait_for(numbers, 2)
        told = [each.result(30) for each in found]
    assert [type(one) for one in told] == [sa.exc.OperationalError] * 2
    assert kept(numbers) == []

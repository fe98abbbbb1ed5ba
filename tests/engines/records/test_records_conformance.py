"""What the records promise, asked of SQLite and of a real PostgreSQL."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import monokoto
from monokoto.engines.records import Records, check_migrated, database, metadata, migrate
from monokoto.kernel.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from .conftest import Place

CHILD = Path(__file__).with_name("records_child.py")


def start_child(what: str, place: Place, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILD), what, place.url, str(place.data_dir), *more]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_together(children: list[subprocess.Popen[str]]) -> None:
    """Start them on one signal; each must end well."""
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors


def make(records: Records, ddl: str) -> None:
    with records.write() as connection:
        connection.execute(sa.text(ddl))


def numbers(records: Records) -> list[int]:
    with records.read() as connection:
        return sorted(connection.execute(sa.text("SELECT n FROM t")).scalars())


def put(connection: sa.Connection, number: int) -> None:
    connection.execute(sa.text("INSERT INTO t VALUES (:n)"), {"n": number})


@pytest.fixture
def t(records: Records) -> Records:
    make(records, "CREATE TABLE t (n BIGINT PRIMARY KEY)")
    return records


def test_migrating_reaches_the_newest_version_and_may_be_repeated(records: Records) -> None:
    assert not check_migrated(records)
    migrate(records)
    assert check_migrated(records)
    migrate(records)
    assert check_migrated(records)


def test_processes_that_migrate_at_once_all_end_well(place: Place) -> None:
    run_together([start_child("migrate", place) for _ in range(2)])
    opened = place.open()
    assert check_migrated(opened)
    opened.close()


def test_the_migrations_make_exactly_the_tables_the_slices_use(records: Records) -> None:
    package = Path(monokoto.__path__[0])
    for store in package.rglob("store.py"):
        importlib.import_module(".".join(["monokoto", *store.relative_to(package).with_suffix("").parts]))
    assert len(metadata.tables) > 3
    migrate(records)
    with records.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_migration_that_fails_leaves_the_schema_as_it_was(t: Records) -> None:
    with pytest.raises(ZeroDivisionError), t.migrating() as connection:  # noqa: PT012 (all of it is undone)
        connection.execute(sa.text("ALTER TABLE t ADD COLUMN m BIGINT"))
        connection.execute(sa.text("CREATE TABLE another (n BIGINT)"))
        raise ZeroDivisionError
    with t.read() as connection:
        assert sa.inspect(connection).get_table_names() == ["t"]
        assert [column["name"] for column in sa.inspect(connection).get_columns("t")] == ["n"]


def test_records_of_a_newer_release_are_refused(records: Records) -> None:
    migrate(records)
    make(records, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict) as caught:
        migrate(records)
    assert "9999" in str(caught.value)


def test_a_write_is_kept_at_its_end_and_undone_on_any_exception(t: Records) -> None:
    with t.write() as connection:
        put(connection, 1)
    with pytest.raises(KeyboardInterrupt), t.write() as connection:  # noqa: PT012 (all of it is undone)
        put(connection, 2)
        raise KeyboardInterrupt
    with pytest.raises(sa.exc.IntegrityError), t.write() as connection:  # noqa: PT012 (all of it is undone)
        put(connection, 3)
        put(connection, 1)
    assert numbers(t) == [1]


def test_a_part_of_a_write_can_be_undone_alone(t: Records) -> None:
    with t.write() as connection:
        put(connection, 1)
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():  # noqa: PT012 (all of it is undone)
            put(connection, 2)
            put(connection, 1)
        put(connection, 3)
    assert numbers(t) == [1, 3]


def test_a_read_sees_one_instant_and_keeps_nothing(t: Records) -> None:
    count = sa.text("SELECT count(*) FROM t")
    with t.read() as reading:
        assert reading.execute(count).scalar_one() == 0
        with t.write() as writing:
            put(writing, 1)
        assert reading.execute(count).scalar_one() == 0
    with t.read() as reading:
        assert reading.execute(count).scalar_one() == 1
    try:
        with t.read() as reading:
            put(reading, 2)
    except sa.exc.DBAPIError:
        assert t.dialect == "postgresql"
    assert numbers(t) == [1]


def test_eight_writers_in_two_processes_lose_nothing_and_are_never_locked_out(place: Place) -> None:
    opened = place.open()
    make(opened, "CREATE TABLE counters (id BIGINT PRIMARY KEY, n BIGINT)")
    make(opened, "INSERT INTO counters VALUES (1, 0)")
    run_together([start_child("count", place) for _ in range(2)])
    with opened.read() as connection:
        assert connection.execute(sa.text("SELECT n FROM counters")).scalar_one() == 2 * 4 * 25
    opened.close()


def test_readers_are_not_held_up_by_a_writer(t: Records) -> None:
    with t.write() as connection:
        put(connection, 1)
        began = time.monotonic()
        assert numbers(t) == []
        assert time.monotonic() - began < 2


def test_a_lock_that_is_not_given_in_time_is_unavailable(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS_MAX", 1)
    one, other = place.open(), place.open()
    make(one, "CREATE TABLE t (n BIGINT PRIMARY KEY)")
    make(one, "INSERT INTO t VALUES (1)")
    update = sa.text("UPDATE t SET n = 2")
    with one.write() as connection:
        connection.execute(update)
        for records in (other, one) if one.dialect == "sqlite" else (other,):
            with pytest.raises(Unavailable) as caught, records.write() as second:
                second.execute(update)
            assert "busy" in str(caught.value)
    assert numbers(other) == [2]
    with other.write() as connection:
        put(connection, 3)
    one.close()
    other.close()


@pytest.mark.parametrize("kills", [2, pytest.param(25, marks=pytest.mark.long)])
def test_after_sigkill_every_commit_is_there_and_nothing_half_done(place: Place, kills: int) -> None:
    seed = random.randrange(2**32)
    print(f"{seed=}")
    chance = random.Random(seed)
    opened = place.open()
    make(opened, "CREATE TABLE halves (n BIGINT, half BIGINT, PRIMARY KEY (n, half))")
    said: list[int] = []
    for kill in range(kills):
        child = start_child("write", place, str(kill * 1_000_000))
        assert child.stdout is not None
        said.append(int(child.stdout.readline()))
        time.sleep(chance.uniform(0, 0.3))
        child.kill()
        rest, _ = child.communicate()
        said += [int(line) for line in rest.split("\n")[:-1]]
    with opened.read() as connection:
        halves = connection.execute(sa.text("SELECT n, count(*) FROM halves GROUP BY n")).all()
    opened.close()
    assert {count for _, count in halves} == {2}
    assert set(said) <= {number for number, _ in halves}


def test_more_threads_than_connections_all_get_their_turn(t: Records) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            with t.write() as connection:
                put(connection, number)
            assert number in numbers(t)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert numbers(t) == list(range(60))

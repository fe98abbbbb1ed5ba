"""Records that are away, refused, damaged or out of disk: one clear error each, and no password in it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from monokoto.engines.records import Records, check_migrated, database, migrate, open_records
from monokoto.kernel.errors import BadSettings, Unavailable

SECRET = "open-sesame"


def ask(records: Records) -> object:
    with closing(records), records.read() as connection:
        return connection.execute(sa.text("SELECT 1")).scalar_one()


def test_a_server_that_does_not_answer_is_named_and_the_password_is_not(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    url = f"postgresql://someone:{SECRET}@127.0.0.1:{port}/monokoto"
    for use in (ask, migrate, check_migrated):
        with pytest.raises(Unavailable) as caught:
            use(open_records(url, data_dir=tmp_path))
        assert f"127.0.0.1:{port}/monokoto" in str(caught.value)
        assert "records.url" in caught.value.remedy
        assert SECRET not in str(caught.value)


def test_a_database_that_does_not_exist_says_so(postgresql: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        ask(open_records(sa.make_url(postgresql).set(database="nowhere").render_as_string(), data_dir=tmp_path))
    assert "no database of this name" in str(caught.value)


def test_a_connection_the_server_ended_is_unavailable_once_and_replaced(postgresql: str, tmp_path: Path) -> None:
    records = open_records(postgresql, data_dir=tmp_path)
    end_me = sa.text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(Unavailable), records.write() as connection:
        connection.execute(end_me)
    assert ask(records) == 1


def test_a_statement_that_takes_too_long_is_ended(
    postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "STATEMENT_SECONDS_MAX", 1)
    records = open_records(postgresql, data_dir=tmp_path)
    with closing(records), pytest.raises(Unavailable) as caught, records.read() as connection:
        connection.execute(sa.text("SELECT pg_sleep(30)"))
    assert "too long" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["mysql://u:open-sesame@h/d", "open-sesame", "sqlite:///x", "postgresql://h:port/d", "://"]
)
def test_what_is_no_address_is_refused_without_showing_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        open_records(url, data_dir=tmp_path)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_spelling_of_the_address_is_taken(scheme: str, postgresql: str, tmp_path: Path) -> None:
    url = postgresql.replace("postgresql", scheme, 1)
    assert ask(open_records(url, data_dir=tmp_path)) == 1


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Unavailable) as caught:
        ask(open_records("", data_dir=tmp_path))
    assert "damaged" in str(caught.value)
    assert "backup" in caught.value.remedy


def test_a_data_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable):
        open_records("", data_dir=tmp_path / "file" / "data")


def test_a_data_folder_with_odd_characters_is_fine(tmp_path: Path) -> None:
    folder = tmp_path / "what? 100% #1 é&"
    records = open_records("", data_dir=folder)
    migrate(records)
    assert check_migrated(records)
    records.close()
    assert (folder / "records.sqlite").exists()


def test_sqlite_is_set_to_survive_a_power_cut(tmp_path: Path) -> None:
    with closing(open_records("", data_dir=tmp_path)) as records, records.read() as connection:
        modes = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous")
        }
        assert modes == {"journal_mode": "wal", "synchronous": 2}
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_a_migration_may_rebuild_a_table_others_point_to_but_not_leave_them_pointing_to_nothing(tmp_path: Path) -> None:
    with closing(open_records("", data_dir=tmp_path)) as records:
        with records.write() as connection:
            connection.exec_driver_sql("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
            connection.exec_driver_sql(
                "CREATE TABLE children (id INTEGER, parent INTEGER REFERENCES parents (id) ON DELETE CASCADE)"
            )
            connection.exec_driver_sql("INSERT INTO parents VALUES (1)")
            connection.exec_driver_sql("INSERT INTO children VALUES (1, 1)")
        with records.migrating() as connection:
            connection.exec_driver_sql("CREATE TABLE fresh (id INTEGER PRIMARY KEY, name TEXT)")
            connection.exec_driver_sql("INSERT INTO fresh (id) SELECT id FROM parents")
            connection.exec_driver_sql("DROP TABLE parents")
            connection.exec_driver_sql("ALTER TABLE fresh RENAME TO parents")
        with pytest.raises(RuntimeError, match="point to nothing"), records.migrating() as connection:
            connection.exec_driver_sql("DELETE FROM parents")
        with records.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM children").scalar_one() == 1
            assert connection.exec_driver_sql("SELECT count(*) FROM parents").scalar_one() == 1
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_unavailable_and_the_same_write_succeeds_once_there_is_room(small_disk: Path) -> None:
    with closing(open_records("", data_dir=small_disk)) as records:
        with records.write() as connection:
            connection.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)")
        facts = os.statvfs(small_disk)
        (small_disk / "filler").write_bytes(b"x" * (facts.f_bavail * facts.f_frsize - 100_000))

        def fill(connection: sa.Connection) -> None:
            for number in range(100):
                connection.exec_driver_sql("INSERT INTO t VALUES (?, ?)", (number, "x" * 5000))

        with pytest.raises(Unavailable) as caught, records.write() as connection:
            fill(connection)
        assert "disk" in str(caught.value)
        (small_disk / "filler").unlink()
        with records.write() as connection:
            fill(connection)
        with records.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 100

"""Secrets at rest: sealed in the database and its files, opened with the right keys alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic import command

import monokoto.assembly  # noqa: F401 - all slices' tables are defined once it is imported
from monokoto.engines.records import Records, Sealed, metadata, migrate, open_records, rotate, seal_all, sealed_values
from monokoto.engines.records.keyring import Keyring, key_name
from monokoto.engines.records.migrations import _config
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import BadSettings, Unavailable
from monokoto.kernel.limits import SEALING_KEYS_MAX

if TYPE_CHECKING:
    from .conftest import Place

PLAIN = "whsec_c3RhbmRzLWluLW5vLWZpbGU="
ADDRESS = "https://hooks.example.com/services/T000/B000/stands-in-no-file"
NOW = Instant(1_750_000_000_000_000)
WEBHOOKS = metadata.tables["webhooks"]


def webhook(webhook_id: int, secret: str = PLAIN) -> dict[str, object]:
    numbers = ("old_secret_until", "created_at", "updated_at", "failures", "rest_until", "held_until")
    texts = ("name", "old_secret", "reason", "holder")
    row = dict.fromkeys(numbers, 0) | dict.fromkeys(texts, "")
    return row | {
        "webhook_id": webhook_id, "organisation_id": 7, "url": ADDRESS, "events": [], "secret": secret, "state": "enabled",
    }  # fmt: skip


@pytest.fixture
def kept(full_place: "Place") -> Iterator[Records]:
    """Records with every table, and one webhook in them."""
    opened = full_place.open()
    with opened.write() as connection:
        connection.execute(WEBHOOKS.insert(), [webhook(1)])
    yield opened
    opened.close()


def secrets_of(records: Records) -> list[str]:
    with records.read() as connection:
        return list(connection.execute(sa.select(WEBHOOKS.c.secret).order_by(WEBHOOKS.c.webhook_id)).scalars())


def raw_of(records: Records, column: str = "secret") -> list[str]:
    with records.read() as connection:
        return list(connection.execute(sa.text(f"SELECT {column} FROM webhooks ORDER BY webhook_id")).scalars())


def test_what_is_written_is_read_and_stands_nowhere(kept: Records, full_place: "Place") -> None:
    assert secrets_of(kept) == [PLAIN]
    assert PLAIN not in raw_of(kept)[0]
    assert ADDRESS not in raw_of(kept, "url")[0]
    assert raw_of(kept, "old_secret") == [""], "nothing is nothing"
    for file in full_place.data_dir.iterdir():
        body = file.read_bytes()
        assert PLAIN.encode() not in body, file
        assert b"stands-in-no-file" not in body, file


def test_the_same_secret_looks_different_each_time_and_opens_in_its_own_column_alone(kept: Records) -> None:
    with kept.write() as connection:
        connection.execute(WEBHOOKS.insert(), [webhook(2)])
    one, other = raw_of(kept)
    assert one != other
    with kept.write() as connection:
        connection.execute(sa.text("UPDATE webhooks SET secret = url WHERE webhook_id = 1"))
    with pytest.raises(Unavailable, match=r"damaged"):
        secrets_of(kept)


def test_the_file_of_keys_is_for_its_owner_alone(kept: Records) -> None:
    assert kept.keyring.file.stat().st_mode & 0o777 == 0o600
    assert PLAIN.encode() not in kept.keyring.file.read_bytes()


def test_rotating_seals_everything_anew_and_others_follow(kept: Records, full_place: "Place") -> None:
    other = full_place.open()
    before, (old,) = raw_of(kept), other.keyring.all()
    assert secrets_of(other) == [PLAIN]
    key, count = rotate(kept, NOW)
    assert count == 2  # its secret and its address
    assert raw_of(kept) != before
    assert sealed_values(kept) == {key.name: 2}
    assert secrets_of(kept) == secrets_of(other) == [PLAIN]
    with other.write() as connection:  # who had the old keys in memory seals with the new one
        connection.execute(WEBHOOKS.insert(), [webhook(2, "another")])
    assert {key_name(one) for one in raw_of(kept)} == {key.name}
    assert [one.name for one in kept.keyring.all()] == [key.name, old.name], "the old one opens backups"
    assert kept.keyring.all()[0].note == "2025-06-15T15:06:40Z"
    other.close()


def test_a_backup_of_before_a_rotation_opens_and_is_sealed_anew(kept: Records) -> None:
    backup = raw_of(kept)[0]
    key, _ = rotate(kept, NOW)
    with kept.write() as connection:
        connection.execute(sa.text("UPDATE webhooks SET secret = :it"), {"it": backup})
    assert secrets_of(kept) == [PLAIN]
    assert seal_all(kept) == 1
    assert sealed_values(kept) == {key.name: 2}
    assert seal_all(kept) == 0


def test_without_its_keys_nothing_starts_and_the_reason_is_said(kept: Records, full_place: "Place") -> None:
    kept.keyring.file.rename(full_place.data_dir / "elsewhere.keys")
    without = full_place.open()
    for asked in (seal_all, secrets_of, lambda records: rotate(records, NOW)):
        with pytest.raises(Unavailable, match=r"key that is not in .*records\.keys") as caught:
            asked(without)
        assert "records.keys_file" in caught.value.remedy
    assert not without.keyring.file.exists(), "no key is made that would open nothing"
    without.close()
    named = open_records(
        full_place.url, data_dir=full_place.data_dir, keys_file=str(full_place.data_dir / "elsewhere.keys")
    )
    assert secrets_of(named) == [PLAIN]
    named.close()


def test_a_file_that_is_none_of_keys_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "records.keys"
    file.write_text("# a comment\nbm8gZ29vZA== too short\n")
    with pytest.raises(BadSettings, match=r"records\.keys:2: no key"):
        Keyring(file).all()
    file.write_text("# nothing\n")
    with pytest.raises(BadSettings, match=r"no key in it"):
        Keyring(file).all()


def test_as_many_keys_as_there_may_be(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "records.keys")
    for _ in range(SEALING_KEYS_MAX):
        ring.rotated(NOW)
    with pytest.raises(Unavailable, match=str(SEALING_KEYS_MAX)):
        ring.rotated(NOW)
    assert len(Keyring(ring.file).all()) == SEALING_KEYS_MAX


def test_processes_that_begin_at_once_have_one_key(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from monokoto.engines.records.keyring import Keyring; sys.stdin.readline();"
        "ring = Keyring(pathlib.Path(sys.argv[1])); print(ring.seal('a secret', 'test')); "
    )
    file = tmp_path / "records.keys"
    command_line = [sys.executable, "-c", code, str(file)]
    children = [
        subprocess.Popen(command_line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        for _ in range(3)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    sealed = [child.communicate(timeout=60)[0].strip() for child in children]
    ring = Keyring(file)
    assert [ring.open(one, "test") for one in sealed] == ["a secret"] * 3
    assert [one.name for one in tmp_path.iterdir()] == ["records.keys"]


def test_what_stood_in_clear_is_sealed_at_the_next_start_and_wiped(place: "Place") -> None:
    records = place.open()
    command.upgrade(_config(records), "0026")
    row = webhook(1)
    row["events"] = "[]"
    named = ", ".join(row)
    insert = sa.text(f"INSERT INTO webhooks ({named}) VALUES ({', '.join(':' + name for name in row)})")
    with records.write() as connection:
        for number in range(1, 701):  # more than one transaction takes
            connection.execute(insert, row | {"webhook_id": number})
    migrate(records)
    assert raw_of(records)[0] == PLAIN
    assert sealed_values(records) == {"": 1400}
    assert seal_all(records) == 1400
    assert secrets_of(records) == [PLAIN] * 700
    assert seal_all(records) == 0
    for file in place.data_dir.iterdir():
        assert PLAIN.encode() not in file.read_bytes(), file
    records.close()


def test_columns_that_are_called_secret_are_sealed() -> None:
    """A column that holds what opens something is sealed, or a digest."""
    telling = ("secret", "private_key", "password_text", "auth")
    open_ones = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if (column.name in telling or column.name.endswith(("_secret", "_private_key")))
        and not isinstance(column.type, Sealed)
    ]
    assert not open_ones
    sealed = [
        column for table in metadata.tables.values() for column in table.columns if isinstance(column.type, Sealed)
    ]
    assert len(sealed) >= 8
    assert len({column.type.purpose for column in sealed}) == len(sealed), "each has a purpose of its own"  # type: ignore[attr-defined]

"""`koto doctor`: it finds what is wrong, names the place and the remedy, and says nothing of what is well."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from monokoto.cli.doctor import Finding, Level, examine
from monokoto.engines.records import migrate, open_records
from monokoto.engines.series import DURABLE, open_series
from monokoto.testing import FREE_PORTS, Installation, wait_until


def look(data_dir: Path, *, parts: bool = False, **variables: str) -> list[Finding]:
    environment = {**FREE_PORTS, "MONOKOTO_DATA_DIR": str(data_dir)}
    environment |= {f"MONOKOTO_{name.upper()}": value for name, value in variables.items()}
    return list(examine(None, environment, parts=parts))


def sick(findings: Sequence[Finding]) -> list[Finding]:
    found = [finding for finding in findings if finding.level is not Level.OK]
    assert all(finding.remedy for finding in found), "every fault has a remedy"
    return found


def only(findings: Sequence[Finding]) -> Finding:
    (finding,) = sick(findings)
    return finding


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MONOKOTO_")}
    return subprocess.run(
        [sys.executable, "-m", "monokoto.cli", "doctor", *arguments],
        env={**environment, **FREE_PORTS, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_before_the_first_start_all_is_well_and_nothing_is_made(tmp_path: Path) -> None:
    done = command(MONOKOTO_DATA_DIR=str(tmp_path / "data"))
    assert done.returncode == 0, done.stdout
    assert "All is well." in done.stdout
    assert "nats-server 2." in done.stdout
    assert not (tmp_path / "data").exists()


def test_bad_settings_are_all_told_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "koto.toml"
    file.write_text("[api]\nport = 70000\n[gateway]\nprocesses = 0\n")
    done = command("--settings", str(file), "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert {one["level"] for one in told} == {"fault"}
    assert [one["what"].partition(": ")[0] for one in told] == [f"{file}:2", f"{file}:4"]
    assert all(one["remedy"] for one in told)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finding = only(look(tmp_path, gateway_mqtt_port=str(port)))
    assert finding.check == "ports"
    assert f"gateway.mqtt_port: cannot listen on 127.0.0.1:{port}" in finding.what


def test_two_settings_with_one_port_are_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    finding = only(look(tmp_path, gateway_mqtt_port=str(port), api_port=str(port)))
    assert "gateway.mqtt_port" in finding.what
    assert "api.port" in finding.what


def test_too_few_open_files_for_the_connections_are_told(tmp_path: Path) -> None:
    finding = only(look(tmp_path, gateway_connections_max="2000000000"))
    assert (finding.check, finding.level) == ("open files", Level.WARNING)


def test_a_clock_that_was_set_back_is_told(tmp_path: Path) -> None:
    future = time.time() + 3600
    (tmp_path / "records.lock").touch()
    os.utime(tmp_path / "records.lock", (future, future))
    finding = only(look(tmp_path))
    assert finding.check == "clock"
    assert "set back" in finding.what


def test_a_data_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    assert "cannot be written" in next(one for one in sick(look(tmp_path / "data")) if one.check == "data folder").what


def test_entries_that_were_set_aside_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "objects" / "set-aside" / "readings"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"0-{number}.commit").write_bytes(b"x")
    finding = only(look(tmp_path))
    assert "3 entries of the log could not be taken in by `readings`" in finding.what


# Records


def kept_records(folder: Path) -> Path:
    records = open_records("", data_dir=folder)
    migrate(records)
    records.close()
    return folder / "records.sqlite"


def test_whole_records_are_well(tmp_path: Path) -> None:
    kept_records(tmp_path)
    assert not sick(look(tmp_path))


def test_damaged_records_are_told(tmp_path: Path) -> None:
    file = kept_records(tmp_path)
    content = bytearray(file.read_bytes())
    for page in range(3, len(content) // 4096):  # every page but the schema's
        content[page * 4096 : page * 4096 + 100] = bytes(100)
    file.write_bytes(content)
    findings = sick(look(tmp_path))
    assert findings
    assert {(one.check, one.level, one.remedy) for one in findings} == {
        ("records", Level.FAULT, "Restore records.sqlite from a backup.")
    }
    file.write_bytes(b"garbage" * 1000)
    assert "are damaged" in only(look(tmp_path)).what


def test_records_of_an_older_release_are_told(tmp_path: Path) -> None:
    kept_records(tmp_path)
    records = open_records("", data_dir=tmp_path)
    with records.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    records.close()
    finding = only(look(tmp_path))
    assert (finding.check, finding.level) == ("records", Level.WARNING)
    assert "koto up" in finding.remedy


# Series


def kept_series(folder: Path) -> list[Path]:
    """Three parts; the files of their column `text`."""
    with closing(open_series(data_dir=folder)) as series:
        series.command(
            "CREATE TABLE t (week Int64, row Int64, text String) ENGINE = ReplacingMergeTree "
            f"PARTITION BY week ORDER BY (week, row) SETTINGS {DURABLE}, min_bytes_for_wide_part = 0"
        )
        for week in range(3):
            texts = [f"{week} {n * 2654435761 % 1000003}" for n in range(1000)]
            series.insert("t", pa.table({"week": np.full(1000, week), "row": np.arange(1000), "text": texts}))
    kept_records(folder)
    return sorted((folder / "series" / "store").glob("*/*/*/text.bin"))


@pytest.mark.own_process
def test_readings_without_records_are_told(tmp_path: Path) -> None:
    kept_series(tmp_path)
    (tmp_path / "records.sqlite").unlink()
    assert "is missing" in only(look(tmp_path)).what


@pytest.mark.own_process
def test_a_part_broken_at_start_is_named(tmp_path: Path) -> None:
    part = kept_series(tmp_path)[1].parent
    assert not sick(look(tmp_path))
    (part / "columns.txt").write_bytes(b"nonsense")
    finding = only(look(tmp_path))
    assert part.name in finding.what
    assert finding.check == "series"


@pytest.mark.own_process
def test_reading_every_part_finds_the_damaged_one_and_the_remedy_works(tmp_path: Path) -> None:
    file = kept_series(tmp_path)[1]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    assert not sick(look(tmp_path)), "nothing read it yet"
    finding = only(look(tmp_path, parts=True))
    assert f"part {file.parent.name} of table t is damaged" in finding.what
    aside = file.parent.parent / "detached" / f"broken_{file.parent.name}"
    assert f"move the folder {file.parent} to {aside}, and start" in finding.remedy
    file.parent.rename(aside)
    with closing(open_series(data_dir=tmp_path)) as series:
        assert series.query("SELECT count() AS n FROM t")["n"][0].as_py() == 2000
    finding = only(look(tmp_path, parts=True))
    assert "was set aside" in finding.what, "so that the next start replays what the log still holds"


# TLS


def certificate(folder: Path, name: str, *, days: int) -> tuple[Path, Path]:
    """A certificate that ends in so many days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files[1].chmod(0o600)
    return files


@pytest.mark.parametrize(("days", "level"), [(100, Level.OK), (10, Level.WARNING), (-1, Level.FAULT)])
def test_certificates_are_judged_by_their_end(tmp_path: Path, days: int, level: Level) -> None:
    chain, key = certificate(tmp_path, "gateway", days=days)
    findings = look(tmp_path / "data", gateway_certificate_file=str(chain), gateway_key_file=str(key))
    assert [finding.level for finding in findings if finding.check == "TLS"] == [level]
    assert len(sick(findings)) == (level is not Level.OK)


def test_a_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    chain, _ = certificate(tmp_path, "one", days=100)
    _, key = certificate(tmp_path, "other", days=100)
    finding = only(look(tmp_path / "data", gateway_certificate_file=str(chain), gateway_key_file=str(key)))
    assert "not that of the certificate" in finding.what


def test_unreadable_and_open_files_of_tls_are_told(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path, "gateway", days=100)
    key.chmod(0o644)
    finding = only(look(tmp_path / "data", gateway_certificate_file=str(chain), gateway_key_file=str(key)))
    assert f"chmod 600 {key}" in finding.remedy
    key.write_text("no key")
    missing = tmp_path / "missing.pem"
    findings = sick(look(tmp_path / "data", gateway_certificate_file=str(missing), gateway_key_file=str(key)))
    assert [finding.what.partition(":")[0] for finding in findings if finding.level is Level.FAULT] == [
        "gateway.certificate_file",
        "gateway.key_file",
    ]


# While it runs


def test_a_running_installation_is_asked(tmp_path: Path) -> None:
    with Installation(tmp_path) as here:
        done = here.koto("doctor", "--json")
        told = json.loads(done.stdout)
        assert done.returncode == 0, told
        said = {one["check"]: one["what"] for one in told}
        assert "in use by a running Monokoto" in said["data folder"]
        assert said["platform"] == f"ready at {here.api_url}"
        assert "stream LINE holds" in said["log"]
        assert "has taken in everything" in said["line"]
        assert said["records"] == "whole, and of this release"
        assert "series" not in said, "the store belongs to the platform, which has nothing to tell of it"
        with socket.create_server(("127.0.0.1", 0)) as free:
            nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        done = here.koto("doctor", "--json", "--url", nobody)
        assert done.returncode == 1
        faults = [one for one in json.loads(done.stdout) if one["level"] == "fault"]
        assert {one["check"] for one in faults} == {"platform", "log"}
        assert all("--url" in one["remedy"] for one in faults)
    wait_until(lambda: not sick(look(here.data_dir)))

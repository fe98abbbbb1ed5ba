"""Disks, ports, files and folders that fail: one clear line, nothing acknowledged is lost, and it goes on when mended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from fleet_under_fire import MANNERS, Fleet, Pump

from monokoto.engines.series import open_series
from monokoto.kernel.errors import Unavailable
from monokoto.settings import variable_of
from monokoto.testing import Installation, wait_until

COMMAND = (sys.executable, "-m", "monokoto.cli", "up", "--json")
DAYS = 86_400_000_000
SMALL = MANNERS[1:6:2]


@contextlib.contextmanager
def fleet_of(here: Installation, *, seed: int = 7, manners: tuple = MANNERS[:6]) -> Iterator[Fleet]:
    fleet = Fleet(here, here.organisation("acme"), seed=seed, manners=manners)
    try:
        yield fleet
    finally:
        fleet.close()


def platform(here: Installation) -> psutil.Process:
    return next(
        child for child in psutil.Process(here.pid).children(recursive=True) if child.cmdline()[-1:] == ["platform"]
    )


def readiness(here: Installation) -> str:
    try:
        answer = httpx.get(f"{here.api_url}/readyz", timeout=10)
    except httpx.TransportError as error:
        return str(error)
    return "" if answer.status_code == 200 else answer.text


def left_running(folder: Path) -> list[str]:
    """Processes that have anything to do with the folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and str(folder) in process.environ().get("MONOKOTO_DATA_DIR", ""):
                found.append(" ".join(process.cmdline()))
    return found


def refused_start(here: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`koto up`, which must not come up: it ends by itself and leaves nothing running."""
    done = subprocess.run(
        [*COMMAND, *arguments], env=here.environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode, "it came up"
    assert not done.stdout
    assert "Traceback" not in done.stderr
    return done


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """What a person is told, without the log's own lines."""
    return "\n".join(line for line in done.stderr.splitlines() if not line.startswith("{"))


@pytest.fixture
def small_disks(tmp_path: Path) -> Iterator[Path]:
    """The data folder of an installation whose log and series store have a small disk each."""
    data = tmp_path / "data"
    sizes = {"log": "112m", "series": "64m"}
    mounted = []
    for name, size in sizes.items():
        folder = data / name
        folder.mkdir(parents=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a small disk can only be mounted by root")
        mounted.append(folder)
    yield data
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65_536))
    return ballast


@pytest.mark.timeout(300)
def test_full_disks_refuse_or_wait_and_heal(tmp_path: Path, small_disks: Path) -> None:
    with Installation(tmp_path) as here, fleet_of(here) as fleet:
        fleet.start(desire=False)
        wait_until(lambda: fleet.acked > 200)

        ballast = fill(small_disks / "series")
        wait_until(lambda: "series store cannot write" in readiness(here))
        assert "Free disk space" in readiness(here)
        wait_until(lambda: fleet.acked_within(2) > 200, seconds=60)  # the log has room: units need not wait
        told = here.error_log.read_text().count("series store cannot write")
        assert told < 10, f"the same was said {told} times"
        ballast.unlink()
        wait_until(lambda: not readiness(here), seconds=60)

        ballast = fill(small_disks / "log")
        wait_until(lambda: fleet.acked_within(1) == 0, seconds=60)
        wait_until(lambda: "log.disk_full" in here.error_log.read_text(), seconds=60)
        ballast.unlink()
        wait_until(lambda: fleet.acked_within(0.5) > 0, seconds=60)
        fleet.finish()
        fleet.judge()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seconds", [1, pytest.param(60, marks=pytest.mark.long)])
def test_units_are_acked_while_the_platform_is_away_until_the_log_is_full(tmp_path: Path, seconds: int) -> None:
    """And a second start in the same folder harms nobody."""
    settings = {"MONOKOTO_LOG_BYTES_MAX": str(1 << 20 if seconds < 10 else 8 << 20)}
    with Installation(tmp_path, settings) as here, fleet_of(here, manners=MANNERS[:6] * 2) as fleet:
        fleet.start(desire=False)
        wait_until(lambda: fleet.acked > 200)
        platform(here).send_signal(signal.SIGSTOP)
        assert all(fleet.acked_within(1) for _ in range(seconds)), "the log has room: units need not wait"
        second = refused_start(here)
        assert second.returncode == 5
        assert f"in use by another Monokoto (process {here.pid})" in complaint(second)
        if seconds < 10:
            wait_until(lambda: fleet.acked_within(1) == 0, seconds=60)
        platform(here).send_signal(signal.SIGCONT)
        wait_until(lambda: fleet.acked_within(0.5) > 0, seconds=60)
        fleet.finish()
        fleet.judge()


def parts_before(here: Installation, at: int) -> list[Path]:
    """The folders of the stored parts that hold readings before an instant, while nothing runs."""
    series = open_series(data_dir=here.data_dir)
    try:
        names = "SELECT DISTINCT _part FROM readings WHERE at < fromUnixTimestamp64Micro({at:Int64}, 'UTC')"
        found = series.query(
            f"SELECT path FROM system.parts WHERE table = 'readings' AND active AND name IN ({names})", {"at": at}
        )
        return [Path(path) for path in found["path"].to_pylist()]
    finally:
        series.close()


@pytest.mark.long
@pytest.mark.own_process
@pytest.mark.timeout(300)
def test_damaged_files_are_named_and_cost_nothing_but_themselves(tmp_path: Path) -> None:
    here = Installation(tmp_path, {"MONOKOTO_TWINS_SNAPSHOT_SECONDS": "1"})
    with here, fleet_of(here, manners=SMALL) as fleet:
        old = fleet.pumps[0]
        old.begun -= 90 * DAYS
        fleet.start(desire=False)
        wait_until(lambda: fleet.acked > 1000)
        fleet.finish()
        fleet.judge()
        assert here.stop() == 0
        damage(here, old)
        here.start()
        fleet.judge()
        said = here.error_log.read_text()
        assert "snapshot_damaged" in said
        assert "of table readings is broken" in said
        assert "series_replayed_after_damage" in said, "its only part was set aside; the log still had it"
        told = json.loads(here.koto("doctor", "--json").stdout)
        faults = [one["what"] for one in told if one["level"] == "fault"]
        assert faults
        assert {what for what in faults if "of table readings is broken" in what} == set(faults), "and nothing else"
        assert here.stop() == 0
        lose_the_records(here)


def damage(here: Installation, old: Pump) -> None:
    """Break the parts that hold the old readings, and every snapshot of the twins."""
    broken = parts_before(here, old.begun + DAYS)
    assert broken
    for part in broken:
        (part / "columns.txt").write_bytes(b"nonsense")
    snapshots = list(here.data_dir.glob("objects/twins/*/*.snapshot"))
    assert snapshots
    for snapshot in snapshots:
        snapshot.write_bytes(snapshot.read_bytes()[:-7] + b"garbage")


def lose_the_records(here: Installation) -> None:
    """Without its records an installation does not start, and does not begin anew either."""
    records = here.data_dir / "records.sqlite"
    content = records.read_bytes()
    records.write_bytes(b"garbage" + content[7:])
    damaged = refused_start(here)
    assert "are damaged" in complaint(damaged)
    assert "records.sqlite from a backup" in complaint(damaged)
    records.unlink()
    missing = refused_start(here)
    assert "records.sqlite" in complaint(missing)
    assert not records.exists()
    assert not left_running(here.data_dir)
    records.write_bytes(content)


def test_ports_that_are_taken_are_all_named_and_nothing_is_started(tmp_path: Path) -> None:
    settings = ("log.port", "api.port", "gateway.mqtt_port", "gateway.websocket_port")
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in settings]
        variables = {variable_of(setting): str(port) for setting, port in zip(settings, taken, strict=True)}
        here = Installation(tmp_path, variables)
        done = refused_start(here)
    assert done.returncode == 3
    for setting, port in zip(settings, taken, strict=True):
        assert f"{setting}: cannot listen on 127.0.0.1:{port}: Address already in use" in complaint(done)
    assert not left_running(here.data_dir)
    assert not (here.data_dir / "records.sqlite").exists()


def test_bad_settings_are_all_told_with_file_and_line_and_nothing_is_started(tmp_path: Path) -> None:
    file = tmp_path / "koto.toml"
    file.write_text('log_level = "loud"\n[api]\nport = 70000\n[gateway]\nmqtt_prot = 1883\nprocesses = "two"\n')
    here = Installation(tmp_path, {"MONOKOTO_SERIES_LINGER_MS": "soon"})
    with pytest.raises(Unavailable):
        here.start()
    done = refused_start(here, "--settings", str(file))
    assert done.returncode == 3
    for place in (f"{file}:1: log_level", f"{file}:3: api.port", f"{file}:5: gateway.mqtt_prot"):
        assert place in complaint(done)
    assert f"{file}:6: gateway.processes" in complaint(done)
    assert "MONOKOTO_SERIES_LINGER_MS" in complaint(done)
    assert not here.data_dir.exists()

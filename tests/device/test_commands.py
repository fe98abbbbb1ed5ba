"""`koto replay` and `koto simulate` as a person at a terminal meets them."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from monokoto.cli import simulate as simulate_module
from monokoto.cli.client import ApiClient
from monokoto.cli.replay import replay
from monokoto.cli.simulate import simulate

PRODUCT = """
product: lamp
model:
  version: {model: 1.0.0}
  properties:
    power: {type: number, minimum: 0, maximum: 60}
simulation:
  every: 10s
  properties:
    power: {walk: {from: 0, to: 60, step: 3}}
"""
ROWS = "unit,time,a\n0,2026-01-01T00:00:00Z,1.5\n1,2026-01-01T00:00:00Z,2\n0,2026-01-01T00:00:01Z,3\n"


@pytest.fixture
def koto() -> typer.Typer:
    application = typer.Typer()
    application.command("replay")(replay)
    application.command("simulate")(simulate)
    return application


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    path = tmp_path / "units.csv"
    path.write_text("serial,token\n0,a\n1,b\n")
    return path


@pytest.fixture
def product(tmp_path: Path) -> Path:
    folder = tmp_path / "lamp"
    folder.mkdir()
    (folder / "product.yaml").write_text(PRODUCT)
    return folder


def test_replay_tells_what_was_acknowledged(
    koto: typer.Typer, credentials: Path, tmp_path: Path, platform_aside: Any
) -> None:
    table = tmp_path / "t.csv"
    table.write_text(ROWS)
    arguments = ["replay", str(table), "--unit", "unit", "--credentials", str(credentials), "--url", platform_aside.url]
    result = CliRunner().invoke(koto, arguments)
    assert result.exit_code == 0, result.output
    assert "3 rows, 3 readings of 2 units in 3 messages; all acknowledged" in result.stdout
    result = CliRunner().invoke(koto, [*arguments, "--json", "--checksum", "--mqtt", "3.1.1", "--qos", "2"])
    answer = json.loads(result.stdout)
    assert (answer["rows"], answer["readings"], answer["acked"], answer["interrupted"]) == (3, 3, 3, False)
    assert len(answer["checksum"]) == 16
    assert len(platform_aside.taken) == 6


def test_replay_ends_with_a_code_that_tells_what_was_wrong(
    koto: typer.Typer, credentials: Path, tmp_path: Path, platform_aside: Any
) -> None:
    table = tmp_path / "t.csv"
    table.write_text(ROWS + "0,never,3\n")
    arguments = ["replay", str(table), "--unit", "unit", "--credentials", str(credentials)]
    here = ["--url", platform_aside.url]
    wrong = CliRunner().invoke(koto, [*arguments, *here])
    assert wrong.exit_code == 3
    assert "t.csv:5" in wrong.stderr
    assert "1 wrong rows left out" in wrong.stdout
    assert CliRunner().invoke(koto, [*arguments, *here, "--strict"]).exit_code == 3
    assert CliRunner().invoke(koto, [*arguments[:-2], *here]).exit_code == 3  # no credentials
    assert CliRunner().invoke(koto, [*arguments, *here, "--speed", "fast"]).exit_code == 3
    assert CliRunner().invoke(koto, [*arguments, "--url", "mqtt://127.0.0.1:1"]).exit_code == 7
    platform_aside.tokens = {"a"}
    refused = CliRunner().invoke(koto, [*arguments, *here])
    assert refused.exit_code == 6
    assert "Unit 1" in refused.stderr


def test_ctrl_c_prints_what_was_acknowledged(credentials: Path, tmp_path: Path, platform_aside: Any) -> None:
    table = tmp_path / "t.csv"
    table.write_text("cycle,unit,a\n" + "".join(f"{cycle},0,{cycle}\n" for cycle in range(1000)))
    command = [
        sys.executable, "-m", "monokoto.cli", "replay", str(table), "--unit", "unit", "--credentials", str(credentials),
        "--time", "cycle", "--cycle-seconds", "1", "--speed", "20x", "--url", platform_aside.url, "--json",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            deadline = time.monotonic() + 30
            while len(platform_aside.taken) < 5 and time.monotonic() < deadline:
                time.sleep(0.05)
            os.kill(child.pid, signal.SIGINT)
            output, errors = child.communicate(timeout=20)
        finally:
            child.kill()
    assert child.returncode == 130, errors
    answer = json.loads(output)
    assert answer["interrupted"]
    assert 5 <= answer["rows"] <= len(platform_aside.taken)


def test_simulate_lets_units_live(koto: typer.Typer, product: Path, credentials: Path, platform_aside: Any) -> None:
    arguments = [
        "simulate",
        str(product),
        "--units",
        "2",
        "--minutes",
        "10",
        "--speed",
        "max",
        "--url",
        platform_aside.url,
    ]
    result = CliRunner().invoke(koto, [*arguments, "--credentials", str(credentials), "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["units"], answer["messages"], answer["readings"]) == (2, 120, 120)
    assert len(platform_aside.taken) == 120
    few = CliRunner().invoke(koto, [*arguments, "--units", "3", "--credentials", str(credentials)])
    assert few.exit_code == 3
    said = CliRunner().invoke(koto, [*arguments, "--credentials", str(credentials)])
    assert "2 units lived 0:09:" in said.stdout


def test_simulate_needs_a_section_and_a_possible_time(koto: typer.Typer, product: Path, credentials: Path) -> None:
    ahead = CliRunner().invoke(koto, ["simulate", str(product), "--speed", "60x", "--credentials", str(credentials)])
    assert ahead.exit_code == 3
    assert "in the future" in ahead.stderr
    (product / "product.yaml").write_text(PRODUCT.split("simulation:", maxsplit=1)[0])
    silent = CliRunner().invoke(koto, ["simulate", str(product), "--credentials", str(credentials)])
    assert silent.exit_code == 3
    assert "does not say how its virtual units behave" in silent.stderr


def test_simulate_registers_units_once_and_keeps_their_tokens(
    koto: typer.Typer, product: Path, tmp_path: Path, platform_aside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        serials = [json.loads(line)["serial"] for line in request.content.decode().splitlines()]
        asked.append(serials)
        assert request.url.path == "/api/v1/units/import"
        assert request.url.params["product"] == "lamp"
        results = [
            {"line": 1, "result": "registered", "serial": serial, "token": f"token-{serial}", "faults": []}
            if serial != "sim-0004"
            else {
                "line": 1,
                "result": "refused",
                "serial": serial,
                "faults": [{"place": "serial", "reason": "is taken"}],
            }
            for serial in serials
        ]
        return httpx.Response(200, text="".join(json.dumps(result) + "\n" for result in results))

    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(simulate_module, "connect", lambda *_: ApiClient("http://api", "key", transport=transport))
    monkeypatch.setenv("MONOKOTO_DATA_DIR", str(tmp_path / "data"))
    arguments = ["simulate", str(product), "--minutes", "1", "--speed", "max", "--url", platform_aside.url, "--units"]
    assert CliRunner().invoke(koto, [*arguments, "2"]).exit_code == 0
    assert CliRunner().invoke(koto, [*arguments, "3"]).exit_code == 0
    assert asked == [["sim-0001", "sim-0002"], ["sim-0003"]]
    assert {token for token, _, _ in platform_aside.taken} == {"token-sim-0001", "token-sim-0002", "token-sim-0003"}
    kept = tmp_path / "data" / "simulated" / "lamp.csv"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    taken = CliRunner().invoke(koto, [*arguments, "5"])
    assert taken.exit_code == 5
    assert "sim-0004" in taken.stderr
    assert "token-sim-0005" in kept.read_text()

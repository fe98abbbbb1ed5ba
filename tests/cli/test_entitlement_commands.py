"""`koto entitlements verify`: what a unit may do with no network, asked of nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from monokoto.cli.app import command_of
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant, format_instant

VECTORS = json.loads((Path(__file__).parents[1] / "device" / "entitlement_vectors.json").read_text("utf-8"))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(VECTORS["keys"]))
    return file


def asked(*arguments: str) -> Any:
    return CliRunner().invoke(command_of("entitlements"), ["verify", *arguments])


def moment(seconds: int) -> str:
    return format_instant(Instant(seconds * MICROSECONDS_PER_SECOND))


@pytest.mark.parametrize(
    ("later", "open_then"),
    [
        (0, {"brakes", "night-programme", "speed-limit", "washes-included"}),
        (3_600, {"brakes", "speed-limit", "washes-included"}),
        (86_400, {"brakes"}),
    ],
    ids=["at once", "after the evening", "after the token"],
)
def test_a_token_says_what_a_unit_may_and_nothing_longer(keys: Path, later: int, open_then: set[str]) -> None:
    at = moment(VECTORS["clock"] + later)
    said = asked(VECTORS["cases"][0]["token"], "--unit", VECTORS["unit"], "--keys", str(keys), "--at", at, "--json")
    assert said.exit_code == 0, said.output
    assert {one["feature"] for one in json.loads(said.output) if one["allowed"]} == open_then


def test_what_a_unit_refuses_is_refused(keys: Path, tmp_path: Path) -> None:
    token, unit = VECTORS["cases"][0]["token"], VECTORS["unit"]
    assert asked(token, "--unit", unit[:-1] + "x", "--keys", str(keys)).exit_code == 3
    assert asked(token[:-4] + "AAAA", "--unit", unit, "--keys", str(keys)).exit_code == 3
    assert asked(token, "--unit", unit, "--keys", str(tmp_path / "none.json")).exit_code == 3
    assert asked(token, "--unit", unit, "--keys", str(keys), "--at", "tomorrow").exit_code == 3

"""`koto rules try --csv`: needs no platform."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monokoto.cli.rules import rules

FILE = """\
product: press
model:
  version: {model: 1.0.0}
  properties: {temperature: {type: number}}
rules:
  hot: {when: temperature > 80, severity: major}
  cold: {when: temperature < 3}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "product.yaml").write_text(FILE)
    (tmp_path / "r.csv").write_text("time,v\n2026-01-01T00:00:00Z,70\n2026-01-01T01:00:00Z,90\n")
    return tmp_path


def test_a_table_is_tried_with_all_rules_or_some(folder: Path) -> None:
    given = ["try", str(folder), "--csv", str(folder / "r.csv"), "--column", "v=temperature"]
    said = CliRunner().invoke(rules, given)
    assert said.exit_code == 0, said.output
    assert said.output.splitlines() == [
        "hot: 1 alert, 2 readings",
        "  2026-01-01T01:00:00Z … stands  major  temperature 90",
        "cold: 0 alerts, 2 readings",
    ]
    found = json.loads(CliRunner().invoke(rules, [*given, "--rule", "cold", "--json"]).stdout)
    assert {name: one["alerts"] for name, one in found.items()} == {"cold": 0}


def test_what_is_not_there_is_told(folder: Path) -> None:
    table = ["--csv", str(folder / "r.csv")]
    assert CliRunner().invoke(rules, ["try", str(folder), "--rule", "x", *table]).exit_code != 0
    assert CliRunner().invoke(rules, ["try", str(folder), *table]).exit_code != 0, "no column is a property"
    assert CliRunner().invoke(rules, ["try", str(folder), "--column", "v", *table]).exit_code != 0

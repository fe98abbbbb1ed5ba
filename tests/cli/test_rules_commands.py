"""`koto rules try --csv`: needs no platform."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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


class FakeApi:
    """The rules of an organisation, as the API has them."""

    def __init__(self) -> None:
        self.rules: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> FakeApi:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def pages(self, _path: str) -> Iterator[dict[str, Any]]:
        yield from list(self.rules.values())

    def ask(self, _method: str, _path: str, *, query: Mapping[str, Any]) -> dict[str, Any]:
        return {"items": [{"id": "0dz3x8k2p5q7r"}] if query["serial"] == "SN-1" else []}

    def post(self, _path: str, body: dict[str, Any]) -> dict[str, Any]:
        number = f"rule{len(self.rules)}"
        watched = {"product": body["product"], "tags": [], "units": body.get("units", [])}
        made = {"id": number, "name": body["name"], "rule": body["rule"], "watched": watched}
        self.rules[number] = {**made, "enabled": True, "version": 1, "unwatched": []}
        return self.rules[number]

    def request(self, _method: str, path: str, *, json: dict[str, Any]) -> dict[str, Any]:
        rule = self.rules[path.rpartition("/")[2]]
        rule |= {"rule": json["rule"], "version": rule["version"] + 1}
        return rule

    def delete(self, path: str) -> None:
        del self.rules[path.rpartition("/")[2]]


def test_rules_are_added_said_anew_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi()
    monkeypatch.setattr("monokoto.cli.rules.connect", lambda *_: api)
    text = "rule: warm\nproduct: press\nunits: [SN-1]\nwhen: temperature > 30\n---\n"
    text += "rule: cold\nproduct: press\nwhen: temperature < 3\n"
    added = CliRunner().invoke(rules, ["add", "-", "--json"], input=text)
    assert [(one["name"], one["watched"]["units"]) for one in json.loads(added.stdout)] == [
        ("warm", ["0dz3x8k2p5q7r"]), ("cold", [])
    ]  # fmt: skip
    assert CliRunner().invoke(rules, ["add", "-"], input=text.replace("30", "31")).exit_code == 0
    assert [(one["rule"], one["version"]) for one in api.rules.values()] == [
        ({"when": "temperature > 31"}, 2), ({"when": "temperature < 3"}, 2)
    ]  # fmt: skip
    assert CliRunner().invoke(rules, ["remove", "warm"]).output == "Removed warm.\n"
    assert [one["name"] for one in api.rules.values()] == ["cold"]
    assert CliRunner().invoke(rules, ["remove", "warm"]).exit_code != 0
    assert CliRunner().invoke(rules, ["add", "-"], input="when: x > 1\n").exit_code != 0
    assert CliRunner().invoke(rules, ["add", "-"], input=text.replace("SN-1", "SN-2")).exit_code != 0

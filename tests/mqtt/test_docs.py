"""docs/mqtt.md cannot drift: every test it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "mqtt.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+)(?:\[([^`]+)\])?)?`", PAGE)


@cache
def functions(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_test_named_exists() -> None:
    assert len(NAMED) > 150
    missing = []
    for file, name, case in NAMED:
        path = ROOT / file
        if (
            not path.is_file()
            or (name and name not in functions(path))
            or (case and f'"{case}":' not in path.read_text())
        ):
            missing.append(f"{file}::{name}[{case}]")
    assert not missing


def test_every_rule_of_the_codec_is_named() -> None:
    """A rule that is tested and belongs to no statement is one we should not have, or a statement we forgot."""
    text = (ROOT / "tests" / "mqtt" / "test_rules.py").read_text()
    rules = set(re.findall(r'^    "([^"]+)": \(', text, re.MULTILINE))
    named = {case for _, _, case in NAMED if case}
    assert len(rules) > 80
    assert rules - named <= BY_PROSE


# Rules that the standards state in prose, without a number.
BY_PROSE = {
    "a text does not pass the packet",
    "properties do not pass the packet",
    "nothing follows the packet",
    "type 0 is reserved",
    "AUTH is of version 5",
    "a will's topic has no wildcard",
    "authentication data has a method",
    "a receive maximum is not 0",
    "a maximum packet size is not 0",
    "request problem information is 0 or 1",
    "an unknown property",
    "a property of another packet",
    "a property twice",
    "a property cut short",
    "a CONNACK of 3.1.1 has the codes 0 to 5",
    "no topic and no alias",
    "a subscription identifier is not 0",
    "a PUBACK of 3.1.1 has no reason",
    "a SUBSCRIBE has one subscription identifier",
    "a DISCONNECT of 3.1.1 has no reason",
}

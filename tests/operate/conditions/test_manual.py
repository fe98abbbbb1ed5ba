"""The examples of docs/conditions.md give what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monokoto.operate.conditions import CelType, Frame, Vector, check

PAGE = (Path(__file__).parents[3] / "docs" / "conditions.md").read_text("utf-8")
VARIABLES = {
    "temperature": CelType.NUMBER,
    "setpoint": CelType.NUMBER,
    "count": CelType.INTEGER,
    "door": CelType.TEXT,
    "firmware.version": CelType.TEXT,
    "samples": CelType.NUMBERS,
    "oil-level": CelType.NUMBER,
    "humidity": CelType.NUMBER,
    "running": CelType.BOOLEAN,
}
ROW = {
    "temperature": 81.0,
    "setpoint": 60.0,
    "count": 7,
    "door": "open",
    "firmware.version": "1.10.2",
    "samples": [1.0, 5.0],
    "oil-level": 4.5,
}
VALUES = {"true": True, "false": False, "unknown": None, "0.35": 0.35, "3": 3, "3.5": 3.5, "0.0": 0.0}
EXAMPLES = re.findall(r"^\| `(.+)` \| (\S+) \|$", PAGE.split("## Examples")[1], re.MULTILINE)


@pytest.mark.parametrize(("source", "value"), EXAMPLES)
def test_examples(source: str, value: str) -> None:
    condition = check(source.replace("\\|", "|"), VARIABLES, None)
    frame = Frame(1, {name: Vector.of(VARIABLES[name], [held]) for name, held in ROW.items()})
    got = condition.evaluate(frame).at(0)
    assert got == VALUES[value]
    assert type(got) is type(VALUES[value])


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 15


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(math\.\w+)`", PAGE))))
def test_functions_named_exist(name: str) -> None:
    operands = "temperature, setpoint" if name in {"math.greatest", "math.least"} else "temperature"
    assert check(f"{name}({operands})", VARIABLES, None).is_vectorised

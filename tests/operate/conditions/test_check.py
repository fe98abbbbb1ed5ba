"""Checking: what may be written, what is refused, and where the fault stands."""

from __future__ import annotations

import pytest

from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import (
    CONDITION_COMPREHENSIONS_MAX,
    CONDITION_LENGTH_MAX,
    CONDITION_LITERALS_MAX,
    CONDITION_NODES_MAX,
)
from monokoto.operate.conditions import CelType, TextFault, Unknown, check

VARIABLES = {
    "temperature": CelType.NUMBER,
    "setpoint": CelType.NUMBER,
    "count": CelType.INTEGER,
    "door": CelType.TEXT,
    "firmware.version": CelType.TEXT,
    "firmware.build.number": CelType.INTEGER,
    "my-name": CelType.NUMBER,
    "in": CelType.NUMBER,
    "size": CelType.INTEGER,
    "tags": CelType.TEXTS,
    "open": CelType.BOOLEAN,
    "날씨": CelType.TEXT,
}
ROW = {
    "temperature": 81,
    "setpoint": 60.0,
    "count": 3,
    "door": "open",
    "firmware.version": "1.2.3",
    "firmware.build.number": 17,
    "my-name": 4.5,
    "in": 1,
    "size": 2,
    "tags": ["a", "b"],
    "open": True,
    "날씨": "맑음",
}


@pytest.mark.parametrize(
    ("source", "wanted", "value"),
    [
        ("temperature > 80", CelType.BOOLEAN, True),
        ("80 < temperature", CelType.BOOLEAN, True),
        ("temperature - setpoint > 20 + 1 * -2", CelType.BOOLEAN, True),
        ("temperature > 161 / 2", CelType.BOOLEAN, True),
        ("temperature == - 3", CelType.BOOLEAN, False),
        ("temperature > 0x50", CelType.BOOLEAN, True),
        ("temperature in [80, 81, -3]", CelType.BOOLEAN, True),
        ("open ? temperature : 0", CelType.NUMBER, 81.0),
        ("count > 2 && count / 2 == 1", CelType.BOOLEAN, True),
        ("count + 1", CelType.NUMBER, 4.0),
        ("count // three\n + 1 // four", CelType.NUMBER, 4.0),
        ("double(count) > temperature", CelType.BOOLEAN, False),
        ('firmware.version.startsWith("1.")', CelType.BOOLEAN, True),
        ("firmware.build.number == 17", CelType.BOOLEAN, True),
        ('self["my-name"] > 4', CelType.BOOLEAN, True),
        ("self['in'] == 1", CelType.BOOLEAN, True),
        ('self["temperature"] == temperature', CelType.BOOLEAN, True),
        ('self["날씨"] == "맑음"', CelType.BOOLEAN, True),
        ('self [ "my-name" ]\n  > 4', CelType.BOOLEAN, True),
        ("size + size(door)", CelType.INTEGER, 6),
        ('tags.exists(tag, tag == "b")', CelType.BOOLEAN, True),
        ("math.isNaN(temperature)", CelType.BOOLEAN, False),
        ("math.greatest(temperature, 100)", CelType.NUMBER, 100.0),
        ('door == "self[\\"my-name\\"] has(temperature)"', CelType.BOOLEAN, False),
        ("has(temperature) && has(firmware.version) && has(self['my-name'])", CelType.BOOLEAN, True),
        ("door", None, "open"),
        ("open", None, True),
        ('timestamp("2020-01-01T00:00:00.000001Z")', CelType.INSTANT, 1_577_836_800_000_001),
    ],
)
def test_what_may_be_written(source: str, wanted: CelType | None, value: object) -> None:
    condition = check(source, VARIABLES, wanted)
    assert condition.source == source
    assert wanted in {None, condition.type}
    got = condition.reference(ROW)
    assert got == value
    assert type(got) is type(value)


def test_the_expression_as_it_was_checked() -> None:
    condition = check('temperature > 80 && has(door) && self["my-name"] < 1', VARIABLES, CelType.BOOLEAN)
    assert condition.text().startswith("temperature > 80.0 && ")
    assert check("temperature > 80", VARIABLES, None).text() == "temperature > 80.0"
    assert check("7 / 2 == 3 && temperature > 1", VARIABLES, None).text() == "7 / 2 == 3 && temperature > 1.0"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("temperature > 80 && firmware.build.number == 1", {"temperature", "firmware.build.number"}),
        ("has(door)", {"door"}),
        ('self["my-name"] > 1', {"my-name"}),
        ("tags.exists(open, open == door)", {"tags", "door"}),
        ("1 < 2", set()),
    ],
)
def test_the_names_it_uses(source: str, names: set[str]) -> None:
    assert check(source, VARIABLES, CelType.BOOLEAN).names == names


@pytest.mark.parametrize(
    ("source", "line", "column", "reason"),
    [
        ("temprature > 80", 1, 1, "there is no `temprature` here; did you mean `temperature`?"),
        (
            "open &&\n  firmware.vrsion == 'x'",
            2,
            3,
            "there is no `firmware.vrsion` here; did you mean `firmware.version`?",
        ),
        ("nothing.at.all > 1", 1, 1, "there is no `nothing.at.all` here"),
        ("open && nothing", 1, 9, "there is no `nothing` here"),
        ("temperature > 'x'", 1, 13, "`>` does not take (double, string)"),
        ("temperature > count", 1, 13, "`>` does not take (double, int); write `double(...)` around the whole number"),
        (
            "open ? temperature : count",
            1,
            6,
            "`? :` does not take (bool, double, int); write `double(...)` around the whole number",
        ),
        ("temperature + 1 > 80 && temperature > 'x'", 1, 37, "`>` does not take (double, string)"),
        ("has(door) && self['my-name'] > 'x'", 1, 30, "`>` does not take (double, string)"),
        ("temperature >", 1, 14, "this is no CEL: mismatched input '<EOF>'"),
        ('"😀😀" == door && temperature > "x"', 1, 29, "`>` does not take (double, string)"),
        ("has(nothing)", 1, 5, "has() argument must be a field selection"),
        ('self["nothing"] > 1', 1, 1, "there is no `self` here"),
        ("count > 99999999999999999999", 1, 9, "invalid int literal"),
    ],
)
def test_faults_name_the_place(source: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(source, VARIABLES, CelType.BOOLEAN)
    fault = refused.value.faults[0]
    assert isinstance(fault, TextFault)
    assert fault.reason.startswith(reason)
    assert (fault.line, fault.column) == (line, column)
    assert fault.place == f"column {column}"


def test_every_fault_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        check("nothing > 1 && neither < 2 &&\n temperature > door", VARIABLES, CelType.BOOLEAN)
    assert [fault.line for fault in refused.value.faults] == [1, 1, 2]


@pytest.mark.parametrize(
    ("source", "wanted", "reason"),
    [
        ("temperature", CelType.BOOLEAN, "it gives double; bool is wanted"),
        ("door", CelType.NUMBER, "it gives string; double is wanted"),
        ("temperature", CelType.INTEGER, "it gives double; int is wanted"),
        ("null", None, "it gives null, which no column can hold"),
        ("{'a': 1}", None, "it gives map, which no column can hold"),
        ("duration('1s')", None, "it gives duration, which no column can hold"),
    ],
)
def test_the_result_must_be_what_is_wanted(source: str, wanted: CelType | None, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(source, VARIABLES, wanted)
    assert refused.value.faults[0].reason.startswith(reason)


def too_many_loops() -> str:
    return " && ".join(["tags.all(t, t != '')"] * (CONDITION_COMPREHENSIONS_MAX + 1))


@pytest.mark.parametrize(
    "source",
    [
        "temperature > 1" + " " * CONDITION_LENGTH_MAX,
        " && ".join(["open"] * (CONDITION_NODES_MAX // 2 + 1)),
        f"count in [{','.join(['1'] * (CONDITION_LITERALS_MAX + 1))}]",
        too_many_loops(),
        "(" * 300 + "open" + ")" * 300,
        "count" + " + count" * 60 + " > 1",
        "open ? " * 100 + "open",
        "[" * 500,
        "!" * 1999,
    ],
)
def test_limits(source: str) -> None:
    with pytest.raises(Invalid):
        check(source, VARIABLES, CelType.BOOLEAN)


def test_what_is_just_within_the_limits() -> None:
    assert check(" && ".join(["open"] * (CONDITION_NODES_MAX // 2)), VARIABLES, CelType.BOOLEAN).reference(ROW) is True
    assert check(f"count in [{','.join(['3'] * CONDITION_LITERALS_MAX)}]", VARIABLES, None).reference(ROW) is True
    assert check("open" + " " * (CONDITION_LENGTH_MAX - 4), VARIABLES, None).reference(ROW) is True


def test_a_loop_that_takes_too_long_has_no_value() -> None:
    condition = check("tags.all(a, tags.all(b, tags.all(c, a != b || b != c || true)))", VARIABLES, CelType.BOOLEAN)
    assert condition.reference({"tags": ["a"] * 5}) is True
    assert isinstance(condition.reference({"tags": ["a"] * 60}), Unknown)


@pytest.mark.parametrize("value", ["text", [1], object(), float("nan"), 2**70])
def test_a_value_of_another_type_is_not_known(value: object) -> None:
    condition = check("count > 1 || open", VARIABLES, CelType.BOOLEAN)
    assert isinstance(condition.reference({"count": value, "open": False}), Unknown)
    assert condition.reference({"count": value, "open": True}) is True


def test_errors_are_told() -> None:
    told = check("count / 0 > 1", VARIABLES, CelType.BOOLEAN).reference(ROW)
    assert isinstance(told, Unknown)
    assert "divide by zero" in told.reason


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(Invalid):
        check("door == '\ud800'", VARIABLES, None)
    condition = check("door == 'open' || open", VARIABLES, None)
    assert condition.reference({"door": "\ud800", "open": True}) is True
    assert isinstance(condition.reference({"door": "\ud800", "open": False}), Unknown)

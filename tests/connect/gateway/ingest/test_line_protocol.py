"""Line protocol, against a plain reading of its reference."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monokoto.connect.gateway.ingest.line_protocol import ROWS_IN_PAYLOAD, Reading, parse_lines
from monokoto.kernel.errors import Invalid

NOW = 1_767_225_600_000_000
AT = 1_767_225_600_123_456
STAMP = AT * 1000


def _parse(text: str, **reading):
    return parse_lines(text.encode(), Reading(now=NOW, **reading))


def _rows(parsed) -> list[tuple[str | None, int, dict]]:
    """(unit, at, values) of every row of the payloads."""
    rows = []
    for payload in parsed.payloads:
        one = json.loads(payload)
        units = one.get("unit", [None] * len(one["at"]))
        for row, (unit, at) in enumerate(zip(units, one["at"], strict=True)):
            rows.append((unit, at, {name: column[row] for name, column in one["values"].items()}))
    return rows


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("m f=1", {"f": 1}),
        ("m f=1.5,g=-2.5e3", {"f": 1.5, "g": -2500.0}),
        ("m f=1.,g=.5,h=+3,i=007", {"f": 1.0, "g": 0.5, "h": 3.0, "i": 7.0}),
        ("m f=42i,g=-9223372036854775808i,h=18446744073709551615u", {"f": 42, "g": -(2**63), "h": 2**64 - 1}),
        ("m f=t,g=T,h=true,i=True,j=TRUE,k=f,l=FALSE", dict.fromkeys("fghij", True) | {"k": False, "l": False}),
        ('m f="a, b=c \\"d\\" \\\\ \\n"', {"f": 'a, b=c "d" \\ \\n'}),
        ('m f="two\nlines",g=1', {"f": "two\nlines", "g": 1}),
        ('m f=""', {"f": ""}),
        ("m f\\ o\\,o\\=o=1", {"f o,o=o": 1}),
        ("m,tag=x température=1", {"température": 1}),
        ('m f="🚜"', {"f": "🚜"}),
        ("m\\,x\\ y,t\\ a=v\\=1 f=1", {"f": 1}),
        ('m,t="quoted" f=1', {"f": 1}),
    ],
)
def test_fields(line, values):
    parsed = _parse(f"{line} {STAMP}\n")
    assert not parsed.faults
    assert _rows(parsed) == [(None, AT, values)]


@pytest.mark.parametrize(
    "line",
    [
        "m",
        "m ",
        "m f",
        "m f=",
        "m =1",
        "m f=1,",
        "m f=1,,g=2",
        "m f=1 f=2 3",
        "m,t f=1",
        "m,t= f=1",
        "m,=v f=1",
        "m, f=1",
        "m f=abc",
        "m f=1i2",
        "m f=NaN",
        "m f=inf",
        "m f=1_000",
        "m f=0x10",
        'm f="open',
        "m f=1 yesterday",
        "m f=1 1.5",
        "m f=1 99999999999999999999999",
        "m f=1,f=2",
        ",t=v f=1",
    ],
)
def test_a_faulty_line_is_named_and_the_others_are_taken(line):
    text = f"# a comment\nm f=1 {STAMP}\n\n{line}\nm f=2 {STAMP}\r\n"
    parsed = _parse(text)
    assert [fault.line for fault in parsed.faults] == [4]
    assert (parsed.rows, parsed.dropped) == (2, 1)
    assert [values["f"] for _, _, values in _rows(parsed)] == [1, 2]


UNITS = {"n": 1, "ns": 1, "u": 10**3, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


@pytest.mark.parametrize("precision", UNITS)
def test_precision(precision):
    unit = UNITS[precision]
    stamp = AT * 1000 // unit
    assert _rows(_parse(f"m f=1 {stamp}", precision=precision))[0][1] == stamp * unit // 1000


def test_old_times_travel_as_text():
    assert _rows(_parse("m f=1 1000000000\nm f=2 -1000000000"))[0][1] == "1970-01-01T00:00:01Z"


def test_lines_without_a_time_arrive_now_and_hide_none_of_each_other():
    times = [at for _, at, _ in _rows(_parse("m f=1\nm f=2\nm f=3 " + str(STAMP)))]
    assert len(set(times)) == 3
    assert all(abs(at - NOW) < 10**6 for at in times)


def test_the_unit_is_a_tag():
    text = f"m,unit=u1,host=h1 f=1 {STAMP}\nm,host=h2 f=2 {STAMP}\nm,unit=u\\ 2 f=3 {STAMP}"
    assert {(unit, values["f"]) for unit, _, values in _rows(_parse(text))} == {("u1", 1), (None, 2), ("u 2", 3)}
    by_host = _rows(_parse(text, unit_tag="host"))
    assert {(unit, values["f"]) for unit, _, values in by_host} == {("h1", 1), ("h2", 2), (None, 3)}


def test_naming():
    for naming, name in (("field", "f"), ("measurement_field", "m_f"), ("measurement.field", "m.f")):
        assert _rows(_parse("m f=1", naming=naming))[0][2] == {name: 1}
    with pytest.raises(Invalid):
        _parse("m f=1", naming="other", precision="y")
    with pytest.raises(Invalid):
        parse_lines(b"\xff", Reading(now=NOW))


def test_many_rows_are_cut():
    parsed = _parse(
        "\n".join(f"m,unit=u{row % 7} f={row} {STAMP + row * 1000}" for row in range(2 * ROWS_IN_PAYLOAD + 1))
    )
    assert len(parsed.payloads) == 3
    assert [values["f"] for _, _, values in _rows(parsed)] == list(range(2 * ROWS_IN_PAYLOAD + 1))


_text = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\\"), min_size=1, max_size=8)
_name = _text.filter(lambda text: not text.startswith(("#", " ", '"')) and not text.endswith(" "))
_value = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r")),
)


def _escape(text: str, characters: str) -> str:
    return "".join("\\" + one if one in characters else one for one in text)


def _write(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, float):
        return repr(value)
    return '"' + _escape(value, '"\\') + '"'


@given(
    st.lists(
        st.tuples(
            _name, st.none() | _text, st.dictionaries(_name, _value, min_size=1, max_size=4), st.integers(0, 10**15)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_is_read(points):
    lines, expected = [], []
    for measurement, unit, fields, offset in points:
        head = _escape(measurement, ", ")
        if unit is not None:
            head += ",unit=" + _escape(unit, ",= ")
        body = ",".join(f"{_escape(name, ',= ')}={_write(value)}" for name, value in fields.items())
        lines.append(f"{head} {body} {(AT + offset) * 1000}")
        expected.append((unit, AT + offset, fields))
    parsed = _parse("\n".join(lines))
    assert not parsed.faults
    key = repr
    assert sorted(_rows(parsed), key=key) == sorted(expected, key=key)


@pytest.mark.parametrize("piece", ['="x"', "\\", '"', ",", "=", " ", 'a="', "m,"])
def test_hostile_lines_take_no_longer_than_others(piece):
    for text in (piece * 50_000, "m f=" + piece * 50_000 + "\0", 'm f="' + piece * 50_000):
        assert not _parse(text).rows or piece in {'="x"', "=", " ", '"'}

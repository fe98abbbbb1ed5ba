"""What was exported can be imported, in every format; what does not fit is told with its row."""

from __future__ import annotations

import gzip
import io
import json
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import IMPORT_FAULTS_MAX
from monokoto.operate.telemetry import (
    ExportQuestion,
    Format,
    Imported,
    RawQuestion,
    Selection,
    Telemetry,
    format_of,
    readings_arrow,
)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.floats(allow_nan=False, allow_infinity=False),
    "cycles": st.integers(-(2**53), 2**53),
    "on": st.booleans(),
    "mode": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
    | st.sampled_from(["", " ", "null", "NaN", "1", "a,b", 'say "hi"', "two\nlines", "🍚", "\r\n", "'", "#N/A"]),
    "place": st.dictionaries(
        st.text("abü🍚\"',\n", max_size=3), st.integers(0, 5) | st.none() | st.just([1.5]), max_size=3
    ),
    "steps": st.lists(st.booleans() | st.text("x'\"\\{},", max_size=4), max_size=3),
}


@st.composite
def readings(draw: st.DrawFn) -> list[tuple[int, str, int, Any]]:
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=20))
    return [
        (draw(st.integers(1, 2)), name, draw(st.integers(0, 5) | st.integers(0, 10**12)), draw(VALUES[name]))
        for name in names
    ]


def rows(store: Any, selection: Selection) -> list[dict[str, Any]]:
    table = store.telemetry.readings(RawQuestion(selection=selection, limit=10_000))
    return list(readings_arrow(table).to_pylist())


def exported(store: Any, selection: Selection, format_: Format, **more: Any) -> bytes:
    return b"".join(store.telemetry.export(ExportQuestion(selection=selection, format=format_, **more)))


def taken(store: Any, kit: Any, content: bytes, format_: Format, **more: Any) -> Imported:
    done: Imported = store.telemetry.import_file(kit.MAKER, io.BytesIO(content), format_, **more)
    return done


@pytest.mark.parametrize("wide", [False, True], ids=["tall", "wide"])
@pytest.mark.parametrize("format_", list(Format))
def test_export_and_import_are_inverse(
    store: Any, kit: SimpleNamespace, select: Callable[..., Selection], format_: Format, wide: bool
) -> None:
    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(readings(), st.booleans())
    def holds(spoken: list[Any], compressed: bool) -> None:
        store.empty()
        store.say(*(kit.Said(unit, name, kit.START + at, 1, value) for unit, name, at, value in spoken))
        before = rows(store, select())
        content = exported(store, select(), format_, wide=wide, compressed=compressed)
        again = taken(store, kit, content, format_)  # onto itself: nothing changes
        assert rows(store, select()) == before
        store.empty()
        done = taken(store, kit, content, format_)
        assert (done.refused, done.readings, again.readings) == (0, len(before), len(before)), done.faults
        assert rows(store, select()) == before

    holds()


def test_csv_as_a_person_sees_it(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(
        kit.Said(1, "cycles", kit.START, 1, 5),
        kit.Said(1, "on", kit.START, 1, True),
        kit.Said(1, "mode", kit.START + 250_000, 1, ""),
    )
    unit = format_id(1)
    assert exported(store, select(), Format.CSV).decode().splitlines() == [
        '"unit","property","at","value","kind","arrived"',
        f'"{unit}","cycles","2026-01-01T00:00:00Z","5","integer","1970-01-01T00:00:00.000001Z"',
        f'"{unit}","mode","2026-01-01T00:00:00.250Z","","string","1970-01-01T00:00:00.000001Z"',
        f'"{unit}","on","2026-01-01T00:00:00Z","true","boolean","1970-01-01T00:00:00.000001Z"',
    ]
    assert exported(store, select(), Format.CSV, wide=True).decode().splitlines() == [
        '"unit","at","cycles","mode","on"',
        f'"{unit}","2026-01-01T00:00:00Z",5,,true',
        f'"{unit}","2026-01-01T00:00:00.250Z",,"",',
    ]
    assert gzip.decompress(exported(store, select(), Format.CSV, compressed=True)) == exported(
        store, select(), Format.CSV
    )


def test_ndjson_has_the_shape_units_send(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(kit.Said(1, "cycles", kit.START, 1, 5), kit.Said(1, "place", kit.START, 1, {"x": [1]}))
    assert [json.loads(line) for line in exported(store, select(), Format.NDJSON, wide=True).splitlines()] == [
        {"unit": format_id(1), "at": "2026-01-01T00:00:00Z", "values": {"cycles": 5, "place": {"x": [1]}}}
    ]


def test_wide_parquet_has_typed_columns(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(kit.Said(1, "cycles", kit.START, 1, 2**53), kit.Said(1, "on", kit.START + 1, 1, False))
    table = pq.read_table(io.BytesIO(exported(store, select(), Format.PARQUET, wide=True)))
    assert table.schema.field("cycles").type == pa.int64()
    assert table.select(["cycles", "on"]).to_pylist() == [{"cycles": 2**53, "on": None}, {"cycles": None, "on": False}]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("format_", list(Format))
def test_nothing_to_export_is_an_empty_file_of_its_format(
    store: Any, kit: SimpleNamespace, select: Any, format_: Format, wide: bool
) -> None:
    done = taken(store, kit, exported(store, select(), format_, wide=wide), format_)
    assert (done.rows, done.readings, done.refused) == (0, 0, 0)


def test_moments_across_batches_stay_whole(store: Any, kit: SimpleNamespace, select: Any) -> None:
    at = [kit.START + index * kit.SECOND for index in range(30_000)]
    for name in ("cycles", "level", "temperature"):
        store.say(*(kit.Said(1, name, moment, 1, index % 100) for index, moment in enumerate(at)))
    table = pq.read_table(io.BytesIO(exported(store, select(), Format.PARQUET, wide=True)))
    assert table.num_rows == 30_000
    assert [table[name].null_count for name in ("cycles", "level", "temperature")] == [0, 0, 0]


def test_each_faulty_row_is_told_and_the_others_are_stored(store: Any, kit: SimpleNamespace, select: Any) -> None:
    unit, foreign = format_id(1), format_id(1500)
    lines = [
        "unit,property,at,value",
        f"{unit},level,2026-01-02T00:00:00Z,50",
        f"{unit},level,2026-01-02T00:00:01Z,101",
        f"{unit},level,yesterday,50",
        f"{foreign},level,2026-01-02T00:00:00Z,50",
        "nobody,level,2026-01-02T00:00:00Z,50",
        f"{unit},weight,2026-01-02T00:00:00Z,50",
        f"{unit},on,2026-01-02T00:00:00Z,maybe",
        f"{unit},state,2026-01-02T00:00:00Z,lost",
        f"{unit},cycles,2026-01-02T00:00:00Z,1.5",
        f"{unit},cycles,2026-01-02T00:00:00Z,9007199254740993",
        f"{unit},place,2026-01-02T00:00:00Z,[1]",
        f"{unit},level,1890-01-02T00:00:00Z,50",
        f"{unit},temperature,2026-01-02T00:00:00Z,nan",
        f"{unit},state,1767312000,busy",
        f"{unit},on,2026-01-02T00:00:00Z,True",
    ]
    done = taken(store, kit, "\n".join(lines).encode(), Format.CSV)
    assert sorted(fault.line for fault in done.faults) == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert (done.rows, done.readings, done.refused) == (15, 3, 12)
    places = {fault.line: fault.place for fault in done.faults}
    assert (places[4], places[5], places[7], places[8]) == ("at", "unit", "weight", "on")
    # That a unit is somebody else's is not told apart from its not being there.
    reasons = {fault.line: fault.reason for fault in done.faults}
    assert "there is no unit" in reasons[5]
    assert [(row["property"], row["number"], row["text"]) for row in rows(store, select())] == [
        ("level", 50.0, None),
        ("on", 1.0, None),
        ("state", None, "busy"),
    ]


def test_units_go_by_serial_too(store: Any, kit: SimpleNamespace, select: Any) -> None:
    def find(organisation_id: int, serial: str) -> Any:
        return kit.FakeUnits().find(1) if (organisation_id, serial) == (kit.MAKER, "A 1") else None

    telemetry = Telemetry(
        store.series, units=kit.FakeUnits(), model_of=lambda *_: kit.MODEL, clock=store.clock, by_serial=find
    )
    content = b"unit,at,level\nA 1,2026-01-02T00:00:00Z,5\nB 2,2026-01-02T00:00:00Z,6\n"
    done = telemetry.import_file(kit.MAKER, io.BytesIO(content), Format.CSV)
    assert (done.readings, done.refused, done.faults[0].line) == (1, 1, 3)
    assert [row["unit"] for row in rows(store, select())] == [format_id(1)]


def test_faults_are_counted_past_the_ones_told(store: Any, kit: SimpleNamespace) -> None:
    lines = "\n".join(
        f'{{"unit":"{format_id(1)}","at":"2026-01-02T00:00:00Z","values":{{"level":{101 + n}}}}}' for n in range(500)
    )
    done = taken(store, kit, lines.encode(), Format.NDJSON)
    assert (done.refused, len(done.faults), done.faults[-1].line) == (500, IMPORT_FAULTS_MAX, IMPORT_FAULTS_MAX)


def test_the_later_row_of_one_name_holds(store: Any, kit: SimpleNamespace, select: Any) -> None:
    unit = format_id(1)
    lines = [f'{{"unit":"{unit}","property":"cycles","at":"2026-01-02T00:00:00Z","value":{n}}}' for n in range(70_000)]
    done = taken(store, kit, "\n".join(lines).encode(), Format.NDJSON)
    assert done.rows == 70_000
    assert [row["number"] for row in rows(store, select())] == [69_999.0]


def test_a_check_stores_nothing(store: Any, kit: SimpleNamespace, select: Any) -> None:
    line = f'{{"unit":"{format_id(1)}","property":"cycles","at":"2026-01-02T00:00:00Z","value":1}}\n\n'
    done = taken(store, kit, line.encode(), Format.NDJSON, check_only=True)
    assert (done.readings, done.refused) == (1, 0)
    assert rows(store, select()) == []


@pytest.mark.parametrize(
    ("format_", "content"),
    [
        (Format.CSV, b"a,b\n1,2\n"),
        (Format.CSV, b"unit,at,at\n1,2,3\n"),
        (Format.CSV, b"unit,at,level\n\xff\xfe,2,3\n"),
        (Format.CSV, b'unit,at,level\n"never closed'),
        (Format.CSV, b"unit,at,level\n1,2\n"),
        (Format.PARQUET, b"PAR1 but no more"),
        (Format.ARROW, b"\x00" * 64),
        (Format.CSV, gzip.compress(b"unit,at,level\n" + b"x" * 9999, mtime=0)[:-20]),
    ],
)
def test_a_file_that_is_none(store: Any, kit: SimpleNamespace, format_: Format, content: bytes) -> None:
    with pytest.raises(Invalid):
        taken(store, kit, content, format_)


def test_lines_that_are_no_json_are_faults_of_their_row(store: Any, kit: SimpleNamespace) -> None:
    done = taken(store, kit, b'{"unit":1}\n[]\nnonsense\n\xff\n', Format.NDJSON)
    assert [fault.line for fault in done.faults] == [1, 2, 3, 4]


def test_wide_tables_refuse_properties_named_like_their_columns(store: Any, kit: SimpleNamespace, select: Any) -> None:
    odd = kit.ProductModel(
        organisation_id=kit.MAKER,
        product="cooker",
        version="3.0.0",
        properties={"at": kit.PropertyModel(name="at", kind=kit.Kind.NUMBER, schema={})},
    )
    store.say(kit.Said(1, "at", kit.START, 1, 1.0), model=odd)
    with pytest.raises(Invalid, match="columns of its own"):
        exported(store, select(), Format.CSV, wide=True)
    assert json.loads(exported(store, select(), Format.NDJSON, wide=True))["values"] == {"at": 1.0}


def test_formats_go_by_name_and_by_media_type() -> None:
    assert format_of("text/csv; charset=utf-8") is Format.CSV
    assert format_of("PARQUET") is Format.PARQUET
    with pytest.raises(Invalid, match="format"):
        format_of("application/pdf")


def test_numbers_survive_as_text(store: Any, kit: SimpleNamespace, select: Any) -> None:
    awkward = [5e-324, 1.7976931348623157e308, -0.0, 0.1 + 0.2, 1e16, 123456789.123456789]
    store.say(*(kit.Said(1, "temperature", kit.START + index, 1, value) for index, value in enumerate(awkward)))
    content = exported(store, select(), Format.CSV)
    store.empty()
    taken(store, kit, content, Format.CSV)
    found = [row["number"] for row in rows(store, select())]
    assert found == awkward
    assert math.copysign(1, found[2]) == -1

"""Importing many units: every row answered, all or nothing, a file of any shape told where it is wrong."""

import io
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.connect.fleet import Credentials, Fleet, ImportMode, NewUnit, RowFormat, RowResult, UnitFilter
from monokoto.connect.fleet.rows import read_rows
from monokoto.kernel.errors import Invalid, MonokotoError, TooLarge

ACME, OTHER = 11, 22
SKIP = ImportMode.SKIP_FAULTY


def imported(fleet: Fleet, text: str | bytes, rows: RowFormat = RowFormat.CSV, **how: object) -> list[RowResult]:
    body = text.encode() if isinstance(text, str) else text
    with fleet.import_units(ACME, io.BytesIO(body), rows, **how) as report:
        results = list(report)
        assert report.registered == sum(1 for one in results if one.unit_id)
        assert report.faulty == sum(1 for one in results if one.faults)
        return results


def faults_of(results: list[RowResult]) -> list[tuple[int, str]]:
    return [(fault.line, fault.place) for one in results for fault in one.faults]


def test_csv_becomes_units(fleet: Fleet, credentials: Credentials) -> None:
    results = imported(
        fleet,
        "\ufeffSerial,product,version,name,tags,latitude,longitude,altitude,place,parent\r\n"
        'S-1,robot,,"Robot, one",red; big,47.5,8.25,400,"Hall\n3",\r\n'
        "\r\n"
        "S-2,arm,2.0.0,,,,,,,S-1\r\n".replace("Hall\n3", "Hall 3"),
    )
    assert [(one.line, one.serial, one.version) for one in results] == [(2, "S-1", "1.1.0"), (4, "S-2", "2.0.0")]
    first, second = (fleet.get(ACME, one.unit_id) for one in results)
    assert (first.name, first.tags, first.location.altitude, first.location.place) == (
        "Robot, one",
        ("red", "big"),
        400.0,
        "Hall 3",
    )
    assert second.parent_id == first.id
    for one in results:
        assert credentials.authenticate_token(one.token).unit_id == one.unit_id


def test_ndjson_becomes_units(fleet: Fleet, credentials: Credentials) -> None:
    results = imported(
        fleet,
        '{"serial":"S-1","tags":["a"],"location":{"latitude":1,"longitude":2,"place":"x"}}\n\n'
        '{"serial":"S-2","product":"arm","parent":"S-1","token":"token-of-the-firmware"}',
        RowFormat.NDJSON,
        product="robot",
    )
    assert [(one.line, one.product) for one in results] == [(1, "robot"), (3, "arm")]
    assert credentials.authenticate_token("token-of-the-firmware").serial == "S-2"
    assert [one.token == "token-of-the-firmware" for one in results] == [False, True]


def test_all_or_nothing_tells_every_fault_with_its_line(fleet: Fleet) -> None:
    fleet.register(ACME, NewUnit(serial="there", product="robot"))
    text = "\n".join(
        (
            "serial,product,version,latitude,longitude,parent,token",
            "good,robot,,,,,",
            "there,robot,,,,,",
            "good,robot,,,,,",
            "x1,toaster,,,,,",
            "x2,robot,7.7.7,,,,",
            "x3,robot,,north,8,,",
            "x4,robot,,99,8,,",
            "x5,robot,,,,nobody,",
            "x6,robot,,,,,short",
            "x7,robot",
            ",robot,,,,,",
            "x8,robot,,,,,same-token-on-two-units",
            "x9,robot,,,,,same-token-on-two-units",
        )
    )
    expected = [
        (3, "serial"),
        (4, "serial"),
        (5, "product"),
        (6, "version"),
        (7, "latitude"),
        (7, "location"),
        (8, "location/latitude"),
        (9, "parent"),
        (10, "token"),
        (11, ""),
        (12, "serial"),
        (14, "token"),
    ]
    with pytest.raises(Invalid, match="11 of 13 rows") as caught:
        imported(fleet, text)
    assert [(fault.line, fault.place) for fault in caught.value.faults] == expected
    assert [unit.serial for unit in fleet.list(ACME).items] == ["there"]
    results = imported(fleet, text, mode=SKIP)
    assert faults_of(results) == expected
    assert [one.line for one in results] == list(range(2, 15))
    assert [unit.serial for unit in fleet.list(ACME).items] == ["there", "good", "x8"]


def test_bad_ndjson_rows_are_told_and_the_next_one_is_read(fleet: Fleet) -> None:
    lines = [
        b'{"serial":"a"}',
        b"{rubbish",
        b'{"serial":5}',
        b'{"serial":"b","colour":"red"}',
        b"\xff\xfe",
        b'{"serial":"' + b"x" * 70_000 + b'"}',
        b'{"serial":"c\\u0000"}',
        b"[]",
        b'{"serial":"d"}',
    ]
    results = imported(fleet, b"\n".join(lines), RowFormat.NDJSON, product="robot", mode=SKIP)
    assert [(one.line, one.serial) for one in results if one.unit_id] == [(1, "a"), (9, "d")]
    assert [one.line for one in results if one.faults] == [2, 3, 4, 5, 6, 7, 8]
    assert faults_of(results)[1] == (3, "serial")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "empty"),
        (b"serail,product\nS-1,robot\n", "did you mean 'serial'"),
        (b"serial;product\nS-1;robot\n", "split by commas"),
        (b"serial,serial\nS-1,S-2\n", "named twice"),
        (b'serial,product\n"S-1,robot\nS-2,robot\n', "quote"),
        (b"serial,product\n" + b"x" * 70_000 + b",robot\n", "65536"),
        (b"\xff\xfe\n", "no column"),
    ],
)
def test_a_file_that_cannot_be_read_registers_nothing(fleet: Fleet, text: bytes, reason: str) -> None:
    for mode in ImportMode:
        with pytest.raises(Invalid) as caught:
            imported(fleet, text, mode=mode, product="robot")
        assert reason in str(caught.value)
    assert fleet.list(ACME).items == []


def test_bytes_that_are_not_utf8_spoil_their_row_alone(fleet: Fleet) -> None:
    results = imported(fleet, b"serial,product\nS-1,robot\nS-\xff,robot\nS-3,robot\n", mode=SKIP)
    assert [(one.line, bool(one.faults)) for one in results] == [(2, False), (3, True), (4, False)]


def test_a_parent_comes_before_its_parts(fleet: Fleet) -> None:
    results = imported(
        fleet, "serial,product,parent\nengine,arm,truck\ntruck,robot,\nwheel,arm,truck\nself,arm,self\n", mode=SKIP
    )
    assert faults_of(results) == [(2, "parent"), (5, "parent")]
    with pytest.raises(Invalid):
        imported(fleet, "serial,product,parent\ntruck,arm,\nx,robot,truck\n")  # two trucks by then
    assert [unit.serial for unit in fleet.list(ACME).items] == ["truck", "wheel"]


def test_another_organisation_is_not_touched_by_an_import(fleet: Fleet) -> None:
    fleet.register(OTHER, NewUnit(serial="S-1", product="robot", token="token-of-somebody-else"))
    results = imported(
        fleet,
        "serial,product,parent,token\nS-1,robot,,\nS-2,robot,,token-of-somebody-else\n",
        mode=SKIP,
    )
    assert faults_of(results) == [(3, "token")]
    assert len(fleet.list(OTHER).items) == 1


def test_no_tokens_are_made_when_nobody_wants_them(fleet: Fleet, credentials: Credentials) -> None:
    (result,) = imported(fleet, "serial,product\nS-1,robot\n", make_tokens=False)
    assert result.token == ""
    assert credentials.list(ACME, result.unit_id) == []


def rows_of(count: int, seed: int) -> bytes:
    chance = random.Random(seed)
    lines = ["serial,product,name,tags,latitude,longitude,parent", "site,robot,,,,,"]
    for number in range(count - 1):
        product = chance.choice(("robot", "arm"))
        lines.append(f"S-{number},{product},Unit {number},t{number % 9},{chance.uniform(-90, 90):.5f},8.5,site")
    return "\n".join(lines).encode()


@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_thousands_are_registered_in_bounded_memory(fleet: Fleet, credentials: Credentials, count: int) -> None:
    body = io.BytesIO(rows_of(count, seed=1))
    tracemalloc.start()
    with fleet.import_units(ACME, body, RowFormat.CSV) as report:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 48 * 1024 * 1024
        assert report.registered == count
        results = list(report)
    assert len({one.token for one in results}) == count
    last = results[-1]
    assert credentials.authenticate_token(last.token).unit_id == last.unit_id
    site = results[0].unit_id
    assert len(fleet.list(ACME, UnitFilter(below=site), limit=10_000).items) == min(count - 1, 10_000)


def test_an_import_has_a_greatest_length(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.connect.fleet.rows.REGISTER_ROWS_MAX", 3)
    with pytest.raises(TooLarge):
        imported(fleet, "serial,product\na,robot\nb,robot\nc,robot\nd,robot\n", mode=SKIP)
    assert fleet.list(ACME).items == []


@settings(deadline=None, max_examples=200)
@given(
    body=st.one_of(
        st.binary(max_size=300),
        st.lists(st.binary(max_size=40), max_size=8).map(lambda rows: b"serial,product,tags\n" + b"\n".join(rows)),
        st.lists(st.text(max_size=20), max_size=6).map(lambda cells: ("serial,name\n" + ",".join(cells)).encode()),
    ),
    rows=st.sampled_from(list(RowFormat)),
)
def test_whatever_is_sent_is_read_or_refused(body: bytes, rows: RowFormat) -> None:
    try:
        for row in read_rows(io.BytesIO(body), rows, product="robot"):
            assert row.line >= 1
            assert row.faults or row.new.serial is not None
    except MonokotoError:
        pass

"""Every record becomes readings, an event, a presence change, a request or a dead letter; nothing stops the line."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path
from typing import Any

import cbor2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monokoto.connect.gateway import Route, with_subject
from monokoto.connect.line import Batch
from monokoto.connect.line.decode import Decoder
from monokoto.engines.log import Entry

_spec = importlib.util.spec_from_file_location("line_conftest", Path(__file__).with_name("conftest.py"))
assert _spec is not None
assert _spec.loader is not None
world = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(world)
NOW, OVEN, OVEN_2, CHILD, FOREIGN, LOST = world.NOW, world.OVEN, world.OVEN_2, world.CHILD, world.FOREIGN, world.LOST
entry_of = world.entry_of

Reading = tuple[int, str, int, Any]


def readings(batch: Batch) -> list[Reading]:
    """(unit, property, at, value) of everything in the batch."""
    found: list[Reading] = []
    for block in batch.blocks:
        for column in block.columns:
            values = column.values.tolist() if isinstance(column.values, np.ndarray) else column.values
            for row, value in enumerate(values):
                if column.present is None or column.present[row]:
                    found.append((int(block.unit[row]), column.property.name, int(block.at[row]), value))
                else:
                    assert value is None or value != value
    return sorted(found, key=str)


def one(decoder: Decoder, route: int, payload: bytes, unit: int = OVEN) -> Batch:
    return decoder.decode(0, [entry_of((unit, route, payload))])


def js(value: Any) -> bytes:
    return json.dumps(value).encode()


SHAPES = [
    ({"temperature": 21.5}, [(OVEN, "temperature", NOW, 21.5)]),
    ({"at": NOW // 1000 - 5, "values": {"cycles": 3}}, [(OVEN, "cycles", NOW - 5000, 3.0)]),
    ({"ts": NOW // 1000 - 5, "values": {"cycles": 3.0}}, [(OVEN, "cycles", NOW - 5000, 3.0)]),
    ({"values": {"cycles": 3}, "at": NOW // 10**6}, [(OVEN, "cycles", NOW, 3.0)]),
    ({"at": NOW - 7, "values": {"cycles": 3}}, [(OVEN, "cycles", NOW - 7, 3.0)]),
    ({"at": "2026-05-28T20:26:40.5Z", "values": {"door": True}}, [(OVEN, "door", 1_780_000_000_500_000, 1.0)]),
    (
        [{"at": NOW - 2, "values": {"door": False}}, {"mode": "bake"}],
        [(OVEN, "door", NOW - 2, 0.0), (OVEN, "mode", NOW, "bake")],
    ),
    ({"recipe": {"minutes": 5, "x": "ü"}}, [(OVEN, "recipe", NOW, '{"minutes":5,"x":"ü"}')]),
    ({"probes": [1, 2.5]}, [(OVEN, "probes", NOW, "[1,2.5]")]),
    ({"note": "käse 🧀"}, [(OVEN, "note", NOW, "käse 🧀")]),
    ([], []),
    ({}, []),
]


@pytest.mark.parametrize(("document", "expected"), SHAPES)
def test_every_documented_shape(decoder: Decoder, document: Any, expected: list[Reading]) -> None:
    for route, payload in ((Route.TELEMETRY, js(document)), (Route.TELEMETRY_CBOR, cbor2.dumps(document))):
        batch = one(decoder, route, payload)
        assert readings(batch) == sorted(expected, key=str)
        assert not batch.dead_letters


REFUSED = [
    (b"{", "bad-json"),
    (b"", "bad-json"),
    (b"[" * 100_000, "bad-json"),
    (b"\xff\xfe", "bad-json"),
    (b"12", "bad-shape"),
    (b"[1]", "bad-shape"),
    (js({"temperature": "hot"}), "wrong-type"),
    (js({"temperature": None}), "wrong-type"),
    (js({"temperature": 501}), "out-of-range"),
    (b'{"temperature": 1e999}', "bad-json"),
    (js({"cycles": 1.5}), "wrong-type"),
    (js({"cycles": 2**53 + 2}), "out-of-range"),
    (js({"mode": "fry"}), "not-in-enum"),
    (js({"pressure": 1}), "unknown-property"),
    (js({"recipe": {}}), "wrong-type"),
    (js({"probes": [1, 2, 3, 4, 5]}), "out-of-range"),
    (js({"at": NOW // 1000 + 10**9, "values": {"cycles": 1}}), "time-out-of-range"),
    (js({"at": 10**30, "values": {"cycles": 1}}), "bad-time"),
    (js({"at": "yesterday", "values": {"cycles": 1}}), "bad-time"),
    (js({"at": [1], "values": {"cycles": 1}}), "bad-time"),
    (js([{}] * 10_001), "too-large"),
]


@pytest.mark.parametrize(("payload", "reason"), REFUSED, ids=[f"{reason}-{i}" for i, (_, reason) in enumerate(REFUSED)])
def test_what_does_not_fit_is_a_dead_letter_with_its_reason(decoder: Decoder, payload: bytes, reason: str) -> None:
    batch = one(decoder, Route.TELEMETRY, payload)
    assert readings(batch) == []
    (letter,) = batch.dead_letters
    assert (letter.reason, letter.unit_id, letter.organisation_id) == (reason, OVEN, world.ACME)
    assert letter.payload == payload
    assert letter.detail


def test_good_values_beside_a_bad_one_are_taken(decoder: Decoder) -> None:
    batch = one(decoder, Route.TELEMETRY, js({"temperature": "hot", "cycles": 4, "nonsense": 1}))
    assert readings(batch) == [(OVEN, "cycles", NOW, 4.0)]
    assert sorted(letter.reason for letter in batch.dead_letters) == ["unknown-property", "wrong-type"]


def test_the_other_routes(decoder: Decoder) -> None:
    batch = decoder.decode(
        0,
        [
            entry_of(
                (OVEN, Route.PROPERTY, with_subject("temperature", b"12.5")),
                (OVEN, Route.CHILD_TELEMETRY, with_subject("SN-3", js({"cycles": 9}))),
                (
                    OVEN,
                    Route.GATEWAY_TELEMETRY,
                    js({"SN-3": [{"ts": NOW // 1000, "values": {"door": True}}], "SN-2": []}),
                ),
                (OVEN, Route.SHADOW_UPDATE, js({"state": {"reported": {"mode": "off"}}, "clientToken": "t"})),
                (OVEN, Route.EVENT, with_subject("alarm", js({"code": 3}))),
                (OVEN, Route.EVENT, with_subject("opened", b"")),
                (OVEN, Route.EVENT, with_subject("alarm", js({"at": NOW // 1000, "data": {"code": 4}}))),
                (OVEN, Route.REQUEST, with_subject("v1/devices/me/attributes/request/1", b"{}")),
                (OVEN, Route.CONNECTED, b"{}"),
                (OVEN, Route.DISCONNECTED, b"{}"),
                (OVEN, Route.REFUSED, with_subject("not-authorized koto/v1/units/x/telemetry", b"p")),
            )
        ],
    )
    assert [(unit, name, value) for unit, name, _, value in readings(batch)] == [
        (OVEN, "mode", "off"),
        (OVEN, "temperature", 12.5),
        (CHILD, "cycles", 9.0),
        (CHILD, "door", 1.0),
    ]
    assert [(event.name, event.data) for event in batch.events] == [
        ("alarm", b'{"code":3}'),
        ("opened", b"null"),
        ("alarm", b'{"code":4}'),
    ]
    assert [record.connected for record in batch.presence] == [True, False]
    assert [record.route for record in batch.requests] == [Route.SHADOW_UPDATE, Route.REQUEST]
    assert [(letter.reason, letter.subject) for letter in batch.dead_letters] == [
        ("not-yours", ""),
        ("not-authorized", "koto/v1/units/x/telemetry"),
    ]


def test_columns_for_many_units_and_instants(decoder: Decoder) -> None:
    times = [NOW // 1000 + step for step in range(3)]
    document = {
        "unit": ["SN-1", "SN-3", "SN-1"],
        "at": times,
        "values": {
            "temperature": [1, 2.5, 3],
            "door": [True, None, False],
            "note": ["a", None, "c"],
            "cycles": [1, -1, 2],
        },
    }
    for route, payload in ((Route.COLUMNS, js(document)), (Route.COLUMNS_CBOR, cbor2.dumps(document))):
        batch = one(decoder, route, payload)
        at = [time * 1000 for time in times]
        assert readings(batch) == sorted(
            [
                (OVEN, "temperature", at[0], 1.0), (CHILD, "temperature", at[1], 2.5), (OVEN, "temperature", at[2], 3.0),
                (OVEN, "door", at[0], 1.0), (OVEN, "door", at[2], 0.0), (OVEN, "note", at[0], "a"), (OVEN, "note", at[2], "c"),
                (OVEN, "cycles", at[0], 1.0), (OVEN, "cycles", at[2], 2.0),
            ],
            key=str,
        )  # fmt: skip
        assert [letter.reason for letter in batch.dead_letters] == ["out-of-range"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"values": {"cycles": [1, 2], "door": [True]}}, "bad-shape"),
        ({"unit": ["SN-1"], "values": {"cycles": [1, 2]}}, "bad-shape"),
        ({"values": {"cycles": 1}}, "bad-shape"),
        ({"unit": "SN-2", "values": {"cycles": [1]}}, "not-yours"),
        ({"values": {"cycles": [1], "pressure": [2]}}, "unknown-property"),
        ({"at": ["never"], "values": {"cycles": [1]}}, "bad-time"),
    ],
)
def test_columnar_faults(decoder: Decoder, document: Any, reason: str) -> None:
    assert [letter.reason for letter in one(decoder, Route.COLUMNS, js(document)).dead_letters] == [reason]


def test_unknown_units_products_events_and_routes(decoder: Decoder) -> None:
    batch = decoder.decode(
        0,
        [
            entry_of(
                (999, Route.TELEMETRY, b"{}"),
                (LOST, Route.TELEMETRY, js({"a": 1})),
                (OVEN, Route.EVENT, with_subject("exploded", b"")),
                (OVEN, Route.EVENT, with_subject("alarm", b"{}")),
                (OVEN, 250, b""),
                (OVEN, Route.EVENT, b"\xff"),
                (OVEN, Route.TELEMETRY_CBOR, b"\xff\xff"),
            )
        ],
    )
    assert [letter.reason for letter in batch.dead_letters] == [
        "unknown-unit", "unknown-product", "unknown-event", "wrong-type", "unreadable", "unreadable", "bad-cbor",
    ]  # fmt: skip


def test_an_entry_that_is_no_commit_is_kept_whole(decoder: Decoder) -> None:
    good = entry_of((OVEN, Route.TELEMETRY, js({"cycles": 1})), sequence=5)
    cut = Entry("line.0", 6, NOW, good.body[:-1])
    batch = decoder.decode(0, [good, cut, Entry("line.0", 7, NOW, b"")])
    assert (batch.first_sequence, batch.last_sequence) == (5, 7)
    assert len(readings(batch)) == 1
    assert [(letter.reason, letter.payload) for letter in batch.dead_letters] == [
        ("unreadable", cut.body),
        ("unreadable", b""),
    ]


def test_no_payload_can_speak_for_another_unit(decoder: Decoder) -> None:
    """Payloads that would only be JSON together, or more than one JSON value, are refused one by one."""
    payloads = [b'{"cycles":1},{"cycles":2}', b'{"note":"x}', b'{y"}', js({"cycles": 7})]
    batch = decoder.decode(
        0,
        [entry_of(*((unit, Route.TELEMETRY, p) for unit, p in zip((OVEN, OVEN, OVEN, OVEN_2), payloads, strict=True)))],
    )
    assert [(unit, value) for unit, _, _, value in readings(batch)] == [(OVEN_2, 7.0)]
    assert len(batch.dead_letters) == 3


def test_who_was_seen_last(decoder: Decoder) -> None:
    batch = decoder.decode(
        0, [entry_of((OVEN, Route.TELEMETRY, b"{}"), (OVEN_2, Route.TELEMETRY, b"bad"), (OVEN, Route.TELEMETRY, b"{}"))]
    )
    assert dict(zip(batch.seen_units.tolist(), batch.seen_arrived.tolist(), strict=True)) == {
        OVEN: NOW + 2,
        OVEN_2: NOW + 1,
    }


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(-60, 510, allow_nan=False) | st.integers(-60, 510) | st.text(max_size=3),
        "cycles": st.integers(-2, 5) | st.sampled_from([1.0, 1.5, 2**53 + 2]),
        "door": st.booleans() | st.integers(0, 1),
        "mode": st.sampled_from(["off", "bake", "fry", 1]),
        "note": st.text(max_size=5),
        "recipe": st.sampled_from([{"minutes": 1}, {}, {"minutes": "x"}, 3]),
        "probes": st.lists(st.integers(0, 3), max_size=5),
        "other": st.integers(0, 1),
    },
)
MESSAGE = st.tuples(
    st.sampled_from([OVEN, OVEN_2, CHILD, FOREIGN]),
    VALUES
    | st.builds(lambda at, values: {"ts": at, "values": values}, st.integers(NOW // 1000 - 5, NOW // 1000 + 5), VALUES),
)


@given(st.lists(MESSAGE, max_size=12))
def test_together_they_are_decoded_as_one_by_one(messages: list[tuple[int, Any]]) -> None:
    """The fast path over many messages says what the slow path says of each."""
    together = Decoder(world.Units(), world.find_model)
    alone = Decoder(world.Units(), world.find_model)
    records = [(unit, int(Route.TELEMETRY), js(document)) for unit, document in messages]
    if not records:
        return
    batch = together.decode(0, [entry_of(*records)])
    # An array of one is the same message, and always goes the slow way.
    singles = [
        alone.decode(0, [entry_of((unit, route, b"[" + payload + b"]"), arrived=NOW + index)])
        for index, (unit, route, payload) in enumerate(records)
    ]
    assert readings(batch) == sorted((reading for single in singles for reading in readings(single)), key=str)
    assert sorted((letter.unit_id, letter.reason, letter.arrived) for letter in batch.dead_letters) == sorted(
        (letter.unit_id, letter.reason, letter.arrived) for single in singles for letter in single.dead_letters
    )


@pytest.mark.parametrize("seed", range(3))
def test_hostile_bytes_never_stop_it(decoder: Decoder, seed: int) -> None:
    print("seed", seed)
    source = random.Random(seed)
    pieces = [
        b'{"',
        b"temperature",
        b'":',
        b"1",
        b"}",
        b"[",
        b"]",
        b",",
        b"null",
        b"\x00",
        b"\xff",
        b'"at"',
        b"1e5",
        b"{}",
        b"\xa1\x61",
    ]
    routes = [int(route) for route in Route] + [0, 99, 255]
    for _ in range(300):
        records = [
            (
                source.choice([OVEN, CHILD, FOREIGN, LOST, 5]),
                source.choice(routes),
                b"".join(source.choices(pieces, k=source.randrange(9))),
            )
            for _ in range(20)
        ]
        batch = decoder.decode(0, [entry_of(*records)])
        kept = (
            len(batch.dead_letters)
            + len(batch.events)
            + len(batch.presence)
            + len(batch.requests)
            + len(readings(batch))
        )
        assert kept or all(payload in (b"{}", b"[]") or b"null" in payload for _, _, payload in records)

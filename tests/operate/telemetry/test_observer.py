"""The observer keeps what the line hands it, once, or says that it could not."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monokoto.connect.line import Batch
from monokoto.kernel.errors import Invalid, Unavailable
from monokoto.operate.telemetry import EventQuestion, RawQuestion, ReadingsObserver, readings_json


class Away:
    """A store that is away every other time."""

    def __init__(self, series: Any) -> None:
        self.series = series
        self.away = True

    def insert(self, table: str, rows: pa.Table) -> None:
        self.away = not self.away
        if not self.away:
            raise Unavailable("The store is away.")
        self.series.insert(table, rows)


def count(store: Any, select: Any) -> int:
    return len(store.telemetry.readings(RawQuestion(selection=select())))


def test_kept_follows_what_was_inserted(store: Any, kit: SimpleNamespace, select: Any) -> None:
    observer = ReadingsObserver(Away(store.series))  # type: ignore[arg-type]
    batch = Batch(
        partition=3, first_sequence=5, last_sequence=9, blocks=(kit.block([kit.Said(1, "cycles", kit.START, 1, 1)]),)
    )
    assert observer.kept(3) == 0
    with pytest.raises(Unavailable):
        asyncio.run(observer.observe(batch))
    assert (observer.kept(3), count(store, select)) == (0, 0)
    asyncio.run(observer.observe(batch))
    assert (observer.kept(3), observer.kept(0), count(store, select)) == (9, 0, 1)
    # A replay of older entries does not move it back.
    older = Batch(partition=3, first_sequence=1, last_sequence=4)
    asyncio.run(observer.observe(older))
    assert observer.kept(3) == 9


def test_blocks_of_several_products_and_organisations_in_one_batch(
    store: Any, kit: SimpleNamespace, select: Any
) -> None:
    kettle = kit.ProductModel(
        organisation_id=kit.OTHER, product="kettle", version="1.0.0", properties=kit.MODEL.properties
    )
    newer = kit.ProductModel(
        organisation_id=kit.MAKER, product="cooker", version="1.1.0", properties=kit.MODEL.properties
    )
    store.observe(
        kit.block([kit.Said(1, "mode", kit.START, 1, "ü"), kit.Said(1, "cycles", kit.START, 1, 1)]),
        kit.block([kit.Said(1001, "cycles", kit.START, 2, 2)], kettle),
        kit.block([kit.Said(2, "cycles", kit.START, 3, 3)], newer),
    )
    mine = json.loads(readings_json(store.telemetry.readings(RawQuestion(selection=select()))))["series"]
    assert [(one["property"], one["value"]) for one in mine] == [("cycles", [1]), ("cycles", [3]), ("mode", ["ü"])]
    theirs = select(organisation_id=kit.OTHER, product="kettle")
    assert json.loads(readings_json(store.telemetry.readings(RawQuestion(selection=theirs))))["series"][0]["value"] == [
        2
    ]


def test_a_large_block_is_stored_to_the_row(store: Any, kit: SimpleNamespace, select: Any) -> None:
    seed = 7
    print(f"seed {seed}")
    dice = np.random.default_rng(seed)
    said = [
        kit.Said(int(dice.integers(1, 50)), "cycles", kit.START + int(dice.integers(0, 500)), n, n)
        for n in range(20_000)
    ]
    store.say(*said)
    wanted = {(one.unit, one.at): one.value for one in said}
    table = store.telemetry.readings(RawQuestion(selection=select(), limit=100_000)).table
    assert table.num_rows == len(wanted)
    assert int(np.asarray(table["number"]).sum()) == sum(wanted.values())


def events(store: Any, selection: Any, **more: Any) -> list[tuple[str, int, Any]]:
    found, cursor = [], None
    while True:
        page = store.telemetry.events(EventQuestion(selection=selection, cursor=cursor, **more))
        found += [(one.name, one.at, json.loads(one.data)) for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_an_event_told_twice_is_one(store: Any, kit: SimpleNamespace, select: Any) -> None:
    for _ in range(2):
        store.happen(
            kit.Happened(1, "boiled", kit.START, 5, b'{"n":1}'),
            kit.Happened(1, "boiled", kit.START, 6, b'{"n":2}'),
            kit.Happened(1, "opened", kit.START + 1, 7, b"null"),
            kit.Happened(2, "opened", kit.START + 2, 8, '"ü🍚"'.encode()),
        )
        store.happen(kit.Happened(1, "boiled", kit.START, 9, b'{"n":1}'))  # sent again: another arrival
    one = select(units=(1,))
    found = events(store, one, newest_first=False)
    assert sorted(map(str, found)) == sorted(
        map(str, [("boiled", kit.START, {"n": 1}), ("boiled", kit.START, {"n": 2}), ("opened", kit.START + 1, None)])
    )
    for limit in (1, 2, 3):
        assert events(store, one, newest_first=False, limit=limit) == found
        assert events(store, one, limit=limit) == found[::-1]
    assert [name for name, _, _ in events(store, select(properties=("opened",)))] == ["opened", "opened"]
    assert events(store, select(organisation_id=kit.OTHER)) == []


def test_a_page_of_events_has_bounds(select: Any) -> None:
    with pytest.raises(Invalid):
        EventQuestion(selection=select(), limit=0)

"""Dead letters: kept once, counted exactly, however often a batch is observed; walls between organisations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from monokoto.connect.line import Batch, DeadLetter, DeadLetters
from monokoto.engines.series import Series
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.kernel.limits import DEAD_LETTER_PAYLOAD_BYTES_MAX, DEAD_LETTERS_PER_UNIT_MINUTE_MAX

ACME, OTHER = OrganisationId(1), OrganisationId(2)
# Letters older than their days go at once, so these are of today.
NOW = SystemClock().now() // 60_000_000 * 60_000_000


@pytest.fixture(scope="module")
def series(lend_series: Callable[[], AbstractContextManager[Series]]) -> Iterator[Series]:
    with lend_series() as lent:
        yield lent


@pytest.fixture
def dead_letters(series: Series) -> DeadLetters:
    letters = DeadLetters(series)
    for table in ("dead_letters", "dead_letter_counts"):
        series.command(f"TRUNCATE TABLE {table}")
    return letters


def letter(
    unit: int, arrived: int, *, organisation: int = ACME, reason: str = "bad-json", payload: bytes = b"{"
) -> DeadLetter:
    return DeadLetter(
        organisation_id=organisation, unit_id=unit, arrived=arrived, route="telemetry", subject="", reason=reason,
        detail="Not JSON.", payload=payload,
    )  # fmt: skip


def batch(first: int, *letters: DeadLetter) -> Batch:
    return Batch(partition=0, first_sequence=first, last_sequence=first + 1, dead_letters=letters)


def observe(dead_letters: DeadLetters, *batches: Batch) -> None:
    for one in batches:
        asyncio.run(dead_letters.observe(one))


def test_observed_again_in_other_cuts_they_are_kept_and_counted_once(dead_letters: DeadLetters) -> None:
    one, two, three = letter(5, NOW), letter(5, NOW, reason="wrong-type"), letter(6, NOW + 1)
    observe(dead_letters, batch(1, one, two), batch(3, three), batch(1, one, two, three))
    assert [(found.unit_id, found.reason) for found in dead_letters.list(ACME)] == [
        (6, "bad-json"),
        (5, "wrong-type"),
        (5, "bad-json"),
    ]
    assert dead_letters.counts(ACME) == {5: {"bad-json": 1, "wrong-type": 1}, 6: {"bad-json": 1}}
    assert dead_letters.kept(0) == 2


def test_nobody_sees_another_organisations(dead_letters: DeadLetters) -> None:
    observe(dead_letters, batch(1, letter(5, NOW), letter(7, NOW, organisation=OTHER)))
    assert [found.unit_id for found in dead_letters.list(OTHER)] == [7]
    assert dead_letters.list(OTHER, unit_id=UnitId(5)) == []
    assert dead_letters.counts(OTHER, unit_id=UnitId(5)) == {}


def test_pages_join_without_gap_or_overlap(dead_letters: DeadLetters) -> None:
    observe(dead_letters, batch(1, *(letter(unit, NOW + time) for unit in (1, 2, 3) for time in range(5))))
    whole = dead_letters.list(ACME, limit=100)
    paged, before = [], None
    while page := dead_letters.list(ACME, before=before, limit=4):
        paged += page
        before = (page[-1].arrived, page[-1].unit_id, page[-1].number)
    assert paged == whole
    assert len(whole) == 15


def test_a_flood_is_counted_whole_and_kept_in_part(dead_letters: DeadLetters) -> None:
    flood = [letter(1, NOW + index) for index in range(10 * DEAD_LETTERS_PER_UNIT_MINUTE_MAX)]
    observe(dead_letters, batch(1, *flood[:100]), batch(3, *flood[100:], letter(2, NOW)))
    assert dead_letters.counts(ACME) == {1: {"bad-json": len(flood)}, 2: {"bad-json": 1}}
    assert len(dead_letters.list(ACME, unit_id=UnitId(1), limit=10_000)) == DEAD_LETTERS_PER_UNIT_MINUTE_MAX
    assert len(dead_letters.list(ACME, unit_id=UnitId(2))) == 1


def test_payloads_are_kept_as_they_came_up_to_a_limit(dead_letters: DeadLetters) -> None:
    hostile = bytes(range(256)) * 40
    observe(dead_letters, batch(1, letter(1, NOW, payload=hostile)))
    assert dead_letters.list(ACME)[0].payload == hostile[:DEAD_LETTER_PAYLOAD_BYTES_MAX]

"""Ids: two forms of one number, rising, never repeated."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import ALPHABET, IdSource, format_id, parse_id


@given(st.integers(0, 2**63 - 1))
def test_both_forms_convert_without_loss(value: int) -> None:
    text = format_id(value)
    assert len(text) == 13
    assert set(text) <= set(ALPHABET)
    assert parse_id(text) == parse_id(text.upper()) == value


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_texts_sort_like_numbers(one: int, other: int) -> None:
    assert (one < other) == (format_id(one) < format_id(other))


@given(st.text())
def test_any_other_text_is_refused_with_its_place(text: str) -> None:
    try:
        value = parse_id(text, what="unit")
    except Invalid as error:
        assert error.faults[0].place == "unit"
    else:
        assert format_id(value) == text.lower()


def test_ids_of_several_threads_rise_and_differ() -> None:
    source = IdSource()
    made: list[list[int]] = [[] for _ in range(4)]

    def make(into: list[int]) -> None:
        into.extend(source.next() for _ in range(5000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = [value for into in made for value in into]
    assert len(set(together)) == 20_000
    assert all(into == sorted(into) for into in made)


def test_negative_ids_have_no_text() -> None:
    with pytest.raises(ValueError, match="between 0 and"):
        format_id(-1)

"""JSONPath over descriptions, in bounded time."""

from __future__ import annotations

import time

import pytest

from monokoto.kernel.errors import Invalid
from monokoto.operate.things.interacting import replacing
from monokoto.operate.things.search import search
from monokoto.operate.twins import merge_patch

THINGS = [{"title": "Oven", "n": 1, "properties": {"heat": {"unit": "K"}}}, {"title": "Hob", "n": 2, "properties": {}}]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("$[*].title", ["Oven", "Hob"]),
        ("$[?@.title=='Hob'].n", [2]),
        ("$[?@.properties.heat].title", ["Oven"]),
        ("$..unit", ["K"]),
        ("$[?count(@.properties.*) > 0].n", [1]),
        ("$[7]", []),
    ],
)
def test_what_it_finds(query: str, found: list[object]) -> None:
    assert search(query, THINGS) == found


@pytest.mark.parametrize(
    "query",
    ["", "title", "$[", "$[?match(@.title, 'O.*')]", "$[?search(@.title, 'O')]", "$[?@.title =~ /O/]", "$" + "[*]" * 200,
     "$..a..b..c", "$[?@[?@[?@.a]]]", "$" + "[*,*,*]" * 3, "$[(@.length-1)]"],
)  # fmt: skip
def test_what_it_refuses(query: str) -> None:
    began = time.monotonic()
    with pytest.raises(Invalid):
        search(query, THINGS * 500)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 4}}),
        ({"a": 1}, 5),
        (5, {"a": 1}),
        (None, [1]),
        ({"a": {}}, {"a": {}}),
    ],
)
def test_a_write_replaces_a_value_whole(before: object, after: object) -> None:
    assert merge_patch({"x": before}, {"x": replacing(before, after)}) == {"x": after}

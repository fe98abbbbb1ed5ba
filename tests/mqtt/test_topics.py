"""Topic names and filters, against the examples of the standard and against an independent matcher."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.mqtt import matches, split_share, valid_filter, valid_name

LEVELS = st.lists(st.sampled_from(["a", "b", "", "$x", "+", "ab"]), min_size=1, max_size=5)


@pytest.mark.parametrize(
    "text", ["#", "sport/tennis/player1/#", "sport/#", "+", "+/tennis/#", "sport/+/player1", "/+", "/"]
)
def test_filters_of_the_standard_are_valid(text: str) -> None:
    assert valid_filter(text)


@pytest.mark.parametrize(
    "text", ["", "sport/tennis#", "sport/tennis/#/ranking", "sport+", "a\0", "#/a", "##", "a/+b/c"]
)
def test_what_the_standard_calls_invalid_is(text: str) -> None:
    assert not valid_filter(text)


@pytest.mark.parametrize("text", ["", "a/+", "#", "a#b", "a\0"])
def test_names_are_not_empty_and_have_no_wildcard(text: str) -> None:
    assert not valid_name(text)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "a/b", True),
        ("#", "$SYS/monitor", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/monitor", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("ACCOUNTS", "Accounts", False),
        ("a//b", "a/b", False),
        ("\u00e9", "e\u0301", False),
    ],
)
def test_matching_is_that_of_the_standard(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


@given(LEVELS, st.booleans(), LEVELS)
@settings(max_examples=500, deadline=None)
def test_matching_agrees_with_a_regular_expression(filter_levels: list[str], tail: bool, levels: list[str]) -> None:
    topic = "/".join(level for level in levels).replace("+", "p")
    topic_filter = "/".join([*filter_levels, *(["#"] if tail else [])])
    if not topic or not topic_filter:
        return
    body = "/".join("[^/]*" if level == "+" else re.escape(level) for level in filter_levels)
    expected = bool(re.fullmatch(body + ("(/.*)?" if tail else ""), topic, re.DOTALL))
    if topic.startswith("$") and topic_filter[0] in "+#":
        expected = False
    assert matches(topic_filter, topic) is expected


def test_shared_subscriptions_have_a_name_and_a_filter() -> None:
    assert split_share("$share/group/a/+") == ("group", "a/+")
    assert split_share("a/b") == ("", "a/b")
    assert split_share("$shared/a") == ("", "$shared/a")
    for text in ("$share/", "$share/a", "$share//a", "$share/a/", "$share/+/a", "$share/a#/b", "$share/a/b#"):
        with pytest.raises(ValueError):
            split_share(text)

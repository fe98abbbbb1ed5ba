"""The text of rules: read, bounded, and faults at their lines; the words of rules; the address of the inbox."""

from __future__ import annotations

import pytest

from monokoto.console.alert_query import AlertQuery, read_query
from monokoto.console.rule_text import LENGTH_MAX, Unreadable, as_yaml, read_rule, worded

TEXT = """\
title: {en: Too hot}
signals:
  mean:
    average: temperature
    over: 5 min
  then: {sequence: ['a > 1', 'b > 2'], within: 10 min}
when: mean > 80.0
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("/rule/when", 7),
        ("/rule/signals/mean/average", 4),
        ("/rule/signals/mean", 3),
        ("/rule/signals/then/sequence/1", 6),
        ("/rule/signals/mean/every", 3),  # what lacks is told at what should hold it
        ("/rule/clear", 1),
        ("/rule", 1),
        ("/units/0", 0),
    ],
)
def test_a_fault_is_told_at_its_line(place: str, line: int) -> None:
    assert read_rule(TEXT).line_of(place) == line


def test_a_rule_is_read_as_json_has_it_and_written_as_people_do() -> None:
    read = read_rule("when: 'a > 1'\nschedule: 2026-11-22\n1: yes\n")
    assert read.document == {"when": "a > 1", "schedule": "2026-11-22", "1": True}
    assert read_rule(as_yaml(read_rule(TEXT).document)).document == read_rule(TEXT).document


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("when: [", 1),
        ("a: &a [1]\nb: *a\n", 2),
        ("- when\n", 1),
        ("", 1),
        ("when: " + "x" * LENGTH_MAX, 0),
        ("a: " + "[" * (LENGTH_MAX - 3), 1),
        ("a:\n" + "".join(" " * depth + "- \n" for depth in range(200)), 65),
    ],
)
def test_what_is_no_rule_is_refused(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        read_rule(text)
    if line:
        assert refused.value.line == line


def test_titles_are_in_the_visitors_language_or_the_next_best() -> None:
    texts = {"en": "Too hot", "ko": "너무 뜨겁습니다"}
    assert worded(texts, "ko") == "너무 뜨겁습니다"
    assert worded(texts, "fr") == "Too hot"
    assert worded({"": "Hot", "en": "Too hot"}, "fr") == "Hot"
    assert worded({}, "en", "overheating") == "overheating"


def test_the_inbox_reads_its_address_and_writes_it_again() -> None:
    query = read_query([("state", "open"), ("severity", "major"), ("since", "1h"), ("view", "groups"), ("state2", "x")])
    assert query.address() == "/console/alerts?severity=major&since=1h&view=groups"
    assert query.address(view="", group="0000000000001") == (
        "/console/alerts?severity=major&since=1h&group=0000000000001"
    )
    asked = query.asked(3_600_000_000)
    assert asked["from"] == "1970-01-01T00:00:00Z"
    assert asked["state"] == ["raised", "acknowledged"]
    assert "unit" not in asked, "groups know none"
    assert read_query([("severity", "terrible"), ("since", "ever")]) == AlertQuery()
    shelved = read_query([("quiet", "shelved"), ("state", "all")]).asked(0, "0000000000001")
    assert (shelved["shelved"], shelved["suppressed"], shelved["state"]) == ("only", "yes", [])
    assert shelved["unit"] == "0000000000001"

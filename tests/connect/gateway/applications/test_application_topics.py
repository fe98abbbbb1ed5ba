"""What topics mean for an application: each filter is refused or names a unit and something that is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monokoto.connect.gateway.applications.live import EVERY, Aspect, table_of
from monokoto.connect.gateway.applications.topics import Asked, Wanted, asked_by, topic_of, wanted_by
from monokoto.connect.gateway.connections.topics import Refusal
from monokoto.kernel.ids import format_id
from monokoto.mqtt import Reason, matches, valid_filter

UNIT = 123_456_789
ROOT = f"koto/v1/units/{format_id(UNIT)}"
ALL = Aspect.VALUES | Aspect.EVENTS | Aspect.DESIRED | Aspect.PRESENCE | Aspect.STATUS


@pytest.mark.parametrize(
    ("tail", "aspects", "named"),
    [
        ("telemetry", Aspect.VALUES, ""),
        ("properties/flow", Aspect.VALUES, "flow"),
        ("properties/+", Aspect.VALUES, ""),
        ("properties/#", Aspect.VALUES, ""),
        ("events/leak", Aspect.EVENTS, ""),
        ("desired", Aspect.DESIRED, ""),
        ("presence", Aspect.PRESENCE, ""),
        ("actions/boost/+/status", Aspect.STATUS, ""),
        ("actions/#", Aspect.STATUS, ""),
        ("+", Aspect.VALUES | Aspect.DESIRED | Aspect.PRESENCE, ""),
        ("+/+", Aspect.VALUES | Aspect.EVENTS, ""),
        ("#", ALL, ""),
    ],
)
def test_filters(tail: str, aspects: Aspect, named: str) -> None:
    assert wanted_by(f"{ROOT}/{tail}") == Wanted(UNIT, tail, aspects, named)
    assert wanted_by(f"koto/v1/units/+/{tail}") == Wanted(EVERY, tail, aspects, named)


@pytest.mark.parametrize(
    ("topic_filter", "reason"),
    [
        ("#", Reason.TOPIC_FILTER_INVALID),
        ("koto/#", Reason.TOPIC_FILTER_INVALID),
        ("koto/v1/units/#", Reason.TOPIC_FILTER_INVALID),
        ("koto/v1/desired", Reason.TOPIC_FILTER_INVALID),
        ("+/v1/units/+/telemetry", Reason.TOPIC_FILTER_INVALID),
        (ROOT, Reason.TOPIC_FILTER_INVALID),
        (f"{ROOT}/", Reason.TOPIC_FILTER_INVALID),
        (f"{ROOT}/properties", Reason.TOPIC_FILTER_INVALID),
        (f"{ROOT}/properties/flow/set", Reason.TOPIC_FILTER_INVALID),
        (f"{ROOT}/secrets", Reason.TOPIC_FILTER_INVALID),
        ("koto/v1/units/nobody/telemetry", Reason.NOT_AUTHORIZED),
        ("koto/v1/units/0000000000000/telemetry", Reason.NOT_AUTHORIZED),
        ("koto/v1/units//telemetry", Reason.NOT_AUTHORIZED),
    ],
)
def test_refused_filters(topic_filter: str, reason: Reason) -> None:
    refused = wanted_by(topic_filter)
    assert isinstance(refused, Refusal)
    assert refused.reason == reason


def test_publishes() -> None:
    assert asked_by(f"{ROOT}/properties/target/set") == Asked(UNIT, "property", "target")
    assert asked_by(f"{ROOT}/desired") == Asked(UNIT, "desired")
    assert asked_by(f"{ROOT}/actions/boost") == Asked(UNIT, "action", "boost")
    for topic in (
        "koto/v1/telemetry",
        ROOT,
        f"{ROOT}/properties/target",
        f"{ROOT}/actions/a/b",
        f"{ROOT}/actions/",
        "x",
    ):
        refused = asked_by(topic)
        assert isinstance(refused, Refusal), topic
        assert refused.reason == Reason.TOPIC_NAME_INVALID, topic
    for unit in ("nobody", "0000000000000"):
        refused = asked_by(f"koto/v1/units/{unit}/desired")
        assert isinstance(refused, Refusal)
        assert refused.reason == Reason.NOT_AUTHORIZED


LEVELS = st.sampled_from(["koto", "v1", "units", format_id(UNIT), "+", "#", "properties", "flow", "telemetry", "é", ""])


@given(st.lists(LEVELS, max_size=8).map("/".join))
def test_a_granted_filter_matches_something_that_is_told(text: str) -> None:
    wanted = wanted_by(text)
    if isinstance(wanted, Refusal) or not valid_filter(text):
        return
    unit = UNIT if wanted.unit_id == EVERY else wanted.unit_id
    name = wanted.tail.split("/")[1] if wanted.tail.count("/") else "x"
    name = name if name not in {"+", "#"} else "x"
    told = ("telemetry", f"properties/{name}", f"events/{name}", "desired", "presence", f"actions/{name}/y/status")
    assert any(matches(text, topic_of(unit, tail)) for tail in told) or wanted.tail.startswith("actions/")
    assert not matches(text, "koto/v1/desired")


def test_a_table_says_what_was_put_in() -> None:
    watched = {(7, "maker", 1, 3), (7, "maker", 2, 3), (8, "owner", 1, 1), (7, "maker", EVERY, 3)}
    table = table_of(9, watched)
    found = {(one.organisation_id, one.kind, unit, one.aspects) for one in table.watched for unit in one}
    assert (found, table.revision) == (watched, 9)

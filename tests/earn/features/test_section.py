"""What a product's `features:` may say, what is a fault, and what differs between two versions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from monokoto.connect.products import Bump, ProductModel, Report, Section, compile_model
from monokoto.earn.features import FeatureKind, FeaturesSection, Threshold, features_of
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import OrganisationId

MODEL: ProductModel = compile_model(
    OrganisationId(1),
    "washer",
    {
        "@context": ["https://www.w3.org/2019/wot/td/v1", "https://www.w3.org/2022/wot/td/v1.1"],
        "@type": "tm:ThingModel",
        "title": "washer",
        "version": {"model": "1.0.0"},
        "properties": {
            "quiet": {"type": "boolean"},
            "maxSpeed": {"type": "number", "minimum": 0, "maximum": 30},
            "power": {"type": "number", "readOnly": True},
        },
        "actions": {"startNight": {}, "start": {}},
    },
)
METERS = {"washes": {"count": "cycleFinished"}, "peak": {"maximum": "power", "every": "15 min"}}
GOOD = {
    "night-programme": {
        "title": {"en": "Night programme", "ko": "야간"},
        "kind": "boolean",
        "unlocks": {"actions": ["startNight"]},
        "sets": {"property": "quiet", "otherwise": False},
    },
    "speed-limit": {
        "kind": "value",
        "type": "number",
        "sets": {"property": "maxSpeed", "otherwise": 6},
        "offline": "30 d",
    },
    "washes-included": {"kind": "metered", "meter": "washes", "overage": True, "thresholds": ["80%", 8]},
    "brakes": {"kind": "boolean", "safety": True},
}


def faults_of(features: Any) -> list[str]:
    report = Report()
    document = {"features": features, "meters": METERS}
    FeaturesSection().check(Section(features, MODEL, report, {}, document))
    return [f"{fault.place}: {fault.reason}" for fault in report.faults]


def test_what_is_written_is_understood() -> None:
    assert faults_of(GOOD) == []
    found = features_of({"features": GOOD, "meters": METERS}, MODEL)
    night, speed, washes = found["night-programme"], found["speed-limit"], found["washes-included"]
    assert night.kind is FeatureKind.BOOLEAN
    assert night.actions == ("startNight",)
    assert (night.called("ko"), night.called("fr")) == ("야간", "Night programme")
    assert night.desired(True, allowed=True) is True
    assert night.desired(None, allowed=False) is False
    assert speed.desired(25, allowed=True) == 25
    assert speed.desired(None, allowed=False) == 6
    assert speed.offline == 30 * 86_400_000_000
    assert washes.meter == "washes"
    assert washes.overage
    assert washes.thresholds == (Threshold(Decimal(80), percent=True), Threshold(Decimal(8)))
    assert found["brakes"].safety


@pytest.mark.parametrize(
    ("feature", "place"),
    [
        ({"kind": "bool"}, "/features/f/kind"),
        ({"kind": "boolean", "colour": 1}, "/features/f/colour"),
        ({"kind": "boolean", "unlocks": {"actions": ["fly"]}}, "/features/f/unlocks/actions/0"),
        ({"kind": "boolean", "sets": {"property": "quiet"}}, "/features/f/sets"),
        ({"kind": "boolean", "sets": {"property": "power", "otherwise": 1}}, "/features/f/sets/property"),
        ({"kind": "boolean", "sets": {"property": "loud", "otherwise": 1}}, "/features/f/sets/property"),
        ({"kind": "boolean", "sets": {"property": "quiet", "otherwise": 7}}, "/features/f/sets/otherwise"),
        ({"kind": "value", "type": "number", "sets": {"property": "maxSpeed", "otherwise": 60}}, "/features/f/sets/o"),
        ({"kind": "value"}, "/features/f/type"),
        ({"kind": "boolean", "type": "number"}, "/features/f/type"),
        ({"kind": "metered", "meter": "flights"}, "/features/f/meter"),
        ({"kind": "metered", "meter": "peak"}, "/features/f/meter"),
        ({"kind": "metered", "meter": "washes", "thresholds": ["0%"]}, "/features/f/thresholds/0"),
        ({"kind": "metered", "meter": "washes", "thresholds": [True]}, "/features/f/thresholds/0"),
        ({"kind": "boolean", "safety": "yes"}, "/features/f/safety"),
        ({"kind": "boolean", "offline": "500 d"}, "/features/f/offline"),
        ({"kind": "boolean", "title": {"en": ""}}, "/features/f/title"),
        ("yes", "/features/f"),
    ],
)
def test_every_fault_has_its_place(feature: Any, place: str) -> None:
    found = faults_of({"f": feature})
    assert found
    assert any(one.startswith(place) for one in found), found


def test_two_features_do_not_set_one_property() -> None:
    sets = {"property": "quiet", "otherwise": False}
    found = faults_of({"a": {"kind": "boolean", "sets": sets}, "b": {"kind": "boolean", "sets": sets}})
    assert any("'a'" in one for one in found)


def test_all_faults_are_raised_at_once() -> None:
    with pytest.raises(Invalid) as raised:
        features_of({"features": {"a": {"kind": "no"}, "b": {"kind": "value"}}}, MODEL)
    assert {fault.place for fault in raised.value.faults} == {"/features/a/kind", "/features/b/type"}


def test_what_is_taken_from_customers_is_a_major_change() -> None:
    def bumps(before: Any, after: Any) -> list[Bump]:
        return [change.bump for change in FeaturesSection().changes(before, after)]

    feature = {"f": {"kind": "boolean"}}
    assert bumps({}, feature) == [Bump.MINOR]
    assert bumps(feature, {}) == [Bump.MAJOR]
    assert bumps(feature, {"f": {"kind": "boolean", "safety": True}}) == [Bump.PATCH]
    assert bumps(feature, {"f": {"kind": "value", "type": "number"}}) == [Bump.MAJOR]
    assert bumps(feature, feature) == []

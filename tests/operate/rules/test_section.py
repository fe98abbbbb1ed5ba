"""The section `rules`: every fault at once at its place, each kind as the engine takes it, what counts as a change.

A golden list is beside its file; after a change that is meant, delete it, run the test, and read what it wrote.
"""

from datetime import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules_making import HEAD, checked, model, rule_of, text_of

from monokoto.connect.products import Bump, Folder, check
from monokoto.kernel.durations import parse_duration
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import AREA_POINTS_MAX, RULE_SECONDS_MAX, RULES_PER_PRODUCT_MAX, SIGNALS_PER_RULE_MAX
from monokoto.operate.rules import RulesSection, Severity, rules_of
from monokoto.operate.rules.compiling import digest_of
from monokoto.operate.rules.engine import compiled as spec
from monokoto.operate.rules.parsing.signals import KINDS

GOLDEN = Path(__file__).parent / "golden"
MINUTE = 60_000_000
SQUARE = "{type: Polygon, coordinates: [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}"


def faults_of(rules: str, files: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(Invalid) as caught:
        checked(rules, files)
    return [str(fault) for fault in caught.value.faults]


def signal_of(written: str, when: str = "true") -> spec.SignalKind:
    """A signal as the engine takes it."""
    (found,) = rule_of(f"signals:\n  it: {written}\nwhen: {when}").signals
    return found.kind


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_fault_is_told_at_once(file: Path) -> None:
    with pytest.raises(Invalid) as caught:
        check(Folder({"product.yaml": file.read_text("utf-8")}), [RulesSection()])
    told = "".join(f"{fault}\n" for fault in caught.value.faults)
    golden = file.with_suffix(".faults")
    if not golden.exists():
        golden.write_text(told, "utf-8")
        pytest.fail(f"wrote {golden.name}: read it, and keep it if it is right")
    assert told == golden.read_text("utf-8")


def test_a_rule_is_understood() -> None:
    rule = rule_of(
        """
title: {en: Too hot, ko: 너무 뜨겁다}
severity: major
signals:
  mean: {average: temperature, over: 5 min}
  open_long: {held: 'door == "open"', for: 2 min}
when: mean > 80 && open_long
clear: mean < 75
for: 30 s
clear_for: 1 min
lateness: 10 s
severities: {warning: mean > 60, critical: mean > 95}
audience: owner
forbids: [clean]
help: Open a window.
"""
    )
    assert (rule.severity, rule.audience, rule.forbids) == (Severity.MAJOR, "owner", ("clean",))
    assert (rule.hold_us, rule.clear_hold_us, rule.lateness_us) == (MINUTE // 2, MINUTE, MINUTE // 6)
    assert [severity for severity, _ in rule.severities] == [Severity.CRITICAL, Severity.WARNING]
    assert rule.when.names == {"mean", "open_long"}
    assert rule.properties == {"temperature", "door"}
    assert (rule.called(), rule.called("ko"), rule.called("ko-KR")) == ("Too hot", "너무 뜨겁다", "너무 뜨겁다")
    assert rule.help == {"": "Open a window."}


def test_what_is_not_said_has_its_default() -> None:
    rule = rule_of("when: temperature > 80")
    assert (rule.severity, rule.audience, rule.clear, rule.signals) == (Severity.WARNING, "both", None, ())
    assert (rule.hold_us, rule.clear_hold_us, rule.lateness_us, rule.called()) == (0, 0, 0, "it")


WRITTEN: dict[str, tuple[str, dict[str, object]]] = {
    "held": ("{held: temperature > 8, for: 2 min}", {"for_us": 2 * MINUTE}),
    "count": ("{count: temperature > 8, over: 1 h}", {"statistic": "count", "over_us": 60 * MINUTE, "every_us": 0}),
    "rate": ("{rate: temperature, over: 10 min, per: min}", {"over_us": 10 * MINUTE, "per_us": MINUTE}),
    "average": ("{average: temperature, over: 1 h, every: 1 h}", {"statistic": "average", "every_us": 60 * MINUTE}),
    "minimum": ("{minimum: temperature, over: 1 h}", {"statistic": "minimum"}),
    "maximum": ("{maximum: strokes, over: 1 h}", {"statistic": "maximum"}),
    "sum": ("{sum: temperature * 2, over: 1 h}", {"statistic": "sum"}),
    "deviation": ("{deviation: temperature, over: 1 h}", {"statistic": "deviation"}),
    "percentile": ("{percentile: temperature, over: 1 h, at: 95}", {"statistic": "percentile", "percentile": 95.0}),
    "silent": ("{silent: [temperature, my-name], for: 1 d}", {"properties": ("temperature", "my-name")}),
    "changed": ("{changed: door}", {}),
    "sequence": ("{sequence: [temperature > 8, 'door == \"open\"'], within: 10 min}", {"within_us": 10 * MINUTE}),
    "schedule": (
        "{schedule: {days: [mon, weekend], from: 22:00, until: 6:30, season: {from: 06-01, until: 09-30}, timezone: Asia/Seoul}}",
        {
            "timezone": "Asia/Seoul", "days": frozenset({0, 5, 6}), "start": time(22), "until": time(6, 30),
            "season_from": (6, 1), "season_until": (9, 30),
        },
    ),
    "geofence": (
        f"{{geofence: {{latitude: latitude, longitude: longitude, area: {SQUARE}}}, dwell: 5 min}}",
        {"dwell_us": 5 * MINUTE},
    ),
    "fleet": ("{fleet: {any: temperature > 8, of: system}}", {"quantifier": "any", "scope": "system"}),
    "past": ("{past: temperature, ago: 7 d, over: 1 h}", {"ago_us": 7 * 1440 * MINUTE, "over_us": 60 * MINUTE}),
    "peers": ("{peers: temperature, over: 1 h}", {"over_us": 60 * MINUTE}),
    "previous": ("{previous: door}", {}),
    "drift": ("{drift: target}", {"property": "target"}),
    "offline": ("{offline: true, for: 5 min}", {"for_us": 5 * MINUTE}),
    "event": ("{event: pressed}", {"event": "pressed", "for_us": 0}),
}  # fmt: skip


def test_every_kind_is_tried_here() -> None:
    assert set(WRITTEN) == set(KINDS)


@pytest.mark.parametrize("kind", WRITTEN)
def test_each_kind_becomes_what_the_engine_takes(kind: str) -> None:
    written, expected = WRITTEN[kind]
    found = signal_of(written)
    assert {name: getattr(found, name) for name in expected} == expected


def test_a_group_is_named_in_either_way() -> None:
    for of in ("group line-3", "{group: line-3}"):
        found = signal_of(f"{{fleet: {{average: temperature, of: {of}}}}}")
        assert isinstance(found, spec.Fleet)
        assert (found.scope, found.members is not None) == (spec.Scope.GROUP, True)


def test_a_signal_may_use_the_signals_above_it_alone() -> None:
    assert rule_of("signals:\n  a: {average: temperature, over: 1 h}\n  b: {held: a > 5, for: 1 min}\nwhen: b").signals
    told = faults_of("  x:\n    signals:\n      b: {held: a > 5, for: 1 min}\n      a: {changed: door}\n    when: b\n")
    assert len(told) == 1, "what uses a signal with a fault is not told again"
    assert told[0].startswith("product.yaml:17: /rules/x/signals/b/held: there is no `a` here")


def test_a_fault_of_an_expression_is_at_its_line_and_column() -> None:
    told = faults_of("  x:\n    when: temperature > 8 && dor == 'open'\n")
    assert told == ["product.yaml:16: /rules/x/when: there is no `dor` here; did you mean `door`? (column 30)"]
    line = HEAD.count("\n") + 2
    assert text_of("  x:\n    when: temperature > 8 && dor == 'open'\n").splitlines()[line][29:32] == "dor"
    told = faults_of("  x:\n    when: >\n      temperature > 8 &&\n      strokes\n")
    assert told[0].startswith("product.yaml:17") or told[0].startswith("product.yaml:18"), told
    assert faults_of('  x:\n    when: "strokes + 1"\n')[0].endswith("it gives int; bool is wanted")


def test_an_area_may_lie_beside_product_yaml() -> None:
    rule = "  x:\n    signals:\n      home: {geofence: {latitude: latitude, longitude: longitude, area: AREA}}\n    when: home\n"
    square = '{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 0]]]}}'
    good = checked(rule.replace("AREA", "home.geojson"), {"home.geojson": square})
    other = checked(rule.replace("AREA", "home.geojson"), {"home.geojson": square.replace("[2, 0]", "[3, 0]")})
    assert good.digest != other.digest, "the area is part of what the version says"
    assert not good.notes
    unused = checked("", {"home.geojson": square})
    assert [(note.file, note.text) for note in unused.notes] == [
        ("home.geojson", "is referred to by nothing and not used")
    ]
    for area, files, told in (
        ("hom.geojson", {"home.geojson": square}, "did you mean `home.geojson`?"),
        ("home.geojson", {"home.geojson": "{"}, "is not JSON"),
        ("5", {}, "this is the number 5"),
        ("{type: Point, coordinates: [1, 2]}", {}, "this has the type 'Point'"),
        ("{type: Polygon, coordinates: [[[0, 0], [200, 0], [2, 2], [0, 0]]]}", {}, "beyond the earth"),
        ("{type: Polygon, coordinates: [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}", {}, "no proper area"),
        ("{type: Polygon, coordinates: 5}", {}, "its coordinates are not those of a Polygon"),
        ("{type: FeatureCollection, features: []}", {}, "must be a GeoJSON"),
    ):
        assert told in faults_of(rule.replace("AREA", area), files)[0], area
    many = ", ".join(f"[{number / 10_000}, 1]" for number in range(AREA_POINTS_MAX + 1))
    text = f'{{"type": "Polygon", "coordinates": [[{many}]]}}'
    assert f"at most {AREA_POINTS_MAX}" in faults_of(rule.replace("AREA", "a.geojson"), {"a.geojson": text})[0]


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("500 ms", 500_000), ("30 s", 30_000_000), ("5 min", 5 * MINUTE), ("5m", 5 * MINUTE), ("1.5h", 90 * MINUTE),
        ("2 days", 2880 * MINUTE), ("1 week", 7 * 1440 * MINUTE), ("5", None), (5, None), ("5 month", None), ("", None),
        ("-5 s", None), (None, None), (True, None), ("9" * 30 + " s", None),
    ],
)  # fmt: skip
def test_durations(text: object, micros: int | None) -> None:
    assert parse_duration(text) == micros


def test_there_are_limits() -> None:
    many = "".join(f"  r{number}: {{when: 'true'}}\n" for number in range(RULES_PER_PRODUCT_MAX + 1))
    assert faults_of(many) == [
        f"product.yaml:14: /rules: has {RULES_PER_PRODUCT_MAX + 1} rules; at most {RULES_PER_PRODUCT_MAX}"
    ]
    signals = ", ".join(f"s{number}: {{changed: door}}" for number in range(SIGNALS_PER_RULE_MAX + 1))
    assert f"at most {SIGNALS_PER_RULE_MAX}" in faults_of(f"  x: {{signals: {{{signals}}}, when: 'true'}}\n")[0]
    assert "must lie between" in faults_of(f"  x: {{when: 'true', for: {RULE_SECONDS_MAX + 1} s}}\n")[0]


def test_what_changes_is_told_rule_by_rule() -> None:
    section = RulesSection()
    old = {"a": {"when": "true"}, "b": {"when": "true"}, "c": {"when": "true"}}
    new = {"b": {"when": "true"}, "c": {"when": "false"}, "d": {"when": "true"}}
    found = {change.place: change.bump for change in section.changes(old, new)}
    assert found == {"/rules/a": Bump.MINOR, "/rules/c": Bump.PATCH, "/rules/d": Bump.MINOR}


def test_words_make_no_other_rule() -> None:
    plain, said = rule_of("when: temperature > 8"), rule_of("when: temperature > 8\ntitle: Hot\naudience: maker")
    other = rule_of("when: temperature > 9")
    assert digest_of(plain) == digest_of(said) != digest_of(other)


likely = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["temperature > 8", "5 min", "door", "anything", "system", "mon", "22:00", "true"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([*KINDS, "for", "over", "every", "at", "of", "any", "signals", "when", "area", "type", "days", "within"])
        | st.text(max_size=5),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(signals=st.dictionaries(st.sampled_from(["a", "b", "c"]), likely, max_size=3), rest=likely)
def test_no_structure_crashes_the_check(signals: object, rest: object) -> None:
    from monokoto.connect.products import Report, Section  # noqa: PLC0415

    report = Report()
    fields = rest if isinstance(rest, dict) else {"for": rest}
    value = {"x": {**fields, "signals": signals, "when": "a"}, "y": rest}
    RulesSection().check(Section(value, model(), report, {}))
    assert len(report) > 0 or signals


def test_what_hides_a_rule_and_for_how_long_it_waits() -> None:
    written = {
        "it": "suppressed_by: it",
        "no": "suppressed_by: {rule: it, grace: 0 s}",
        "two": "suppressed_by: {rule: no, grace: 2 min}",
    }
    product = checked("".join(f"  {name}: {{when: temperature > 1, {said}}}\n" for name, said in written.items()))
    found = rules_of(product.document, product.compile(1))
    assert [(rule.suppressed_by, rule.suppress_grace_us) for rule in found] == [
        ("it", 60_000_000), ("it", 0), ("no", 120_000_000)
    ]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        checked("  it: {when: temperature > 1, suppressed_by: {rule: at, grace: 2 h, for: 1}}\n")
    assert [fault.place.rpartition("suppressed_by")[2] for fault in refused.value.faults] == ["/for", "/grace", "/rule"]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("gateway/offline", ""),
        ("{rule: gateway/offline, grace: 5 min}", ""),
        ("offline", "`product/offline`"),
        ("press/offline", "without `press/`"),
        ("gateway/", "does not name"),
        ("Gate way/offline", "does not name"),
    ],
)
def test_a_rule_of_another_product_may_hide_one(said: str, wrong: str) -> None:
    text = f"  it: {{when: temperature > 1, suppressed_by: {said}}}\n"
    if not wrong:
        product = checked(text)
        (rule,) = rules_of(product.document, product.compile(1))
        assert rule.suppressed_by == "gateway/offline"
        return
    with pytest.raises(Invalid) as refused:
        checked(text)
    assert wrong in refused.value.faults[0].reason


def test_a_step_of_the_ladder_may_have_its_own_clear() -> None:
    said = "when: temperature > 1\nseverities: {critical: {when: temperature > 9, clear: temperature < 5}, major: temperature > 7}"
    rule = rule_of(said)
    assert [severity for severity, _ in rule.severities] == [Severity.CRITICAL, Severity.MAJOR]
    assert [(severity, clear.source) for severity, clear in rule.severity_clears] == [
        (Severity.CRITICAL, "temperature < 5")
    ]
    assert digest_of(rule) != digest_of(rule_of(said.replace("< 5", "< 6")))
    with pytest.raises(Invalid) as refused:
        rule_of(
            "when: temperature > 1\nseverities: {critical: {clear: nothing < 5}, major: {when: temperature > 7, until: 1}}"
        )
    assert len(refused.value.faults) == 3

"""What 100 rules of mixed kinds cost a whole installation: the same messages with rules and without, in turn, on one machine.

Two installations stand side by side, one of them idle at a time. The rate counts from the first publish until the last reading
acknowledged is stored, its twin current and the rules have seen it. The generator runs on the same machine and takes its share of
it, in both cases the same.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.generator import load
from bench.product import TOPIC_BELOW, caught_up, prepare, prepare_below, usage
from bench.report import Report
from monokoto.testing import Installation, wait_until

READINGS_PER_MESSAGE = 5
_KINDS: tuple[tuple[int, str], ...] = (
    (24, "{{when: temperature > {high}}}"),
    (12, "{{when: power > {high}, clear: power < -{high}}}"),
    (14, "{{when: temperature > {high} && humidity > {high} && rpm > {high}}}"),
    (12, "{{when: temperature > {high}, for: 30 s}}"),
    (6, "{{signals: {{h: {{held: humidity > {high}, for: 10 s}}}}, when: h}}"),
    (4, "{{signals: {{s: {{silent: [temperature], for: {days} d}}}}, when: s}}"),
    (6, "{{signals: {{w: {{count: temperature > {high}, over: 5 min}}}}, when: w > 90}}"),
    (6, "{{signals: {{w: {{average: temperature, over: 5 min}}}}, when: w > {high}}}"),
    (3, "{{signals: {{w: {{average: power, over: 5 min, every: 5 min}}}}, when: w > {high}}}"),
    (3, "{{signals: {{r: {{rate: rpm, over: 5 min, per: min}}}}, when: r > {high}}}"),
    (4, "{{signals: {{c: {{changed: pressure > {high}}}}}, when: c}}"),
    (2, "{{signals: {{q: {{sequence: [power > {high}, power < -{high}], within: 10 s}}}}, when: q}}"),
    (2, "{{signals: {{w: {{maximum: temperature, over: 5 min}}}}, when: w > {high}}}"),
    (1, "{{signals: {{w: {{deviation: temperature, over: 5 min}}}}, when: w > {high}}}"),
    (1, "{{signals: {{w: {{percentile: temperature, over: 5 min, at: 95}}}}, when: w > {high}}}"),
)
"""How many of each kind, none of which ever raises: 100 in all."""


def section() -> str:
    """The section of rules."""
    texts = [text for count, text in _KINDS for _ in range(count)]
    assert len(texts) == 100
    lines = [f"  rule-{place}: {text.format(high=1e6 + place, days=2 + place)}" for place, text in enumerate(texts)]
    return "\n".join(["rules:", *lines]) + "\n"


@dataclass(frozen=True, slots=True)
class _Fleet:
    units: int
    clients: int
    """Fewer than units: gateways that speak for those below them."""
    window: int
    """Messages that wait for their acknowledgement, of each client."""


@dataclass(slots=True)
class _Side:
    here: Installation
    tokens: Path
    readings: int = 0
    start_ms: int = 0

    def run(self, fleet: _Fleet, seconds: float) -> float:
        """Messages a second, until all of them have been taken in."""
        begun = time.monotonic()
        # What is said is of now, and behind what was said before: each client's clock goes a millisecond a message.
        self.start_ms = max(self.start_ms, int(time.time() * 1000))
        below = {"each": fleet.units // fleet.clients, "topic": TOPIC_BELOW} if fleet.units > fleet.clients else {}
        figures = load(
            self.here.mqtt_port, tokens=self.tokens, clients=fleet.clients, seconds=seconds, window=fleet.window,
            start=self.start_ms, **below,
        )  # fmt: skip
        self.start_ms += 2 * figures["sent"] // fleet.clients + 1000
        self.readings += figures["acked"] * READINGS_PER_MESSAGE
        caught_up(self.here, self.readings, seconds=300)
        return float(figures["acked"] / (time.monotonic() - begun))


def run(report: Report, *, quick: bool) -> None:
    """1,000 units on connections of their own, then 50,000 below 100 gateways; some rounds of each side."""
    fleets = (
        [_Fleet(200, 200, 20), _Fleet(2_000, 20, 1_000)]
        if quick
        else [_Fleet(1_000, 1_000, 20), _Fleet(50_000, 100, 200)]
    )
    seconds, rounds = (3, 2) if quick else (10, 3)
    for fleet in fleets:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            _measure(report, fleet, Path(folder), stack, seconds, rounds)


def _measure(report: Report, fleet: _Fleet, folder: Path, stack: ExitStack, seconds: float, rounds: int) -> None:
    sides = []
    for name, rules in (("without", ""), ("with", section())):
        (home := folder / name).mkdir()
        here = stack.enter_context(Installation(home))
        if fleet.units > fleet.clients:
            api, tokens, rows = prepare_below(here, fleet.units, fleet.clients, rules=rules)
        else:
            api, tokens, rows = prepare(here, fleet.units, rules=rules)
        if rules:
            unit = rows[0]["unit"]
            wait_until(lambda: len(api.get(f"/api/v1/units/{unit}/rules")["items"]) == 100, seconds=60)  # noqa: B023
        sides.append(_Side(here, tokens))
    for side in sides:
        side.run(fleet, 2)  # warm
    before = [usage(side.here)["platform"]["cpu"] for side in sides]
    counted = [side.readings for side in sides]
    rates: list[list[float]] = [[], []]
    for _ in range(rounds):
        for side, found in zip(sides, rates, strict=True):
            found.append(side.run(fleet, seconds))
    _report(report, fleet.units, rates)
    for place, what in enumerate(("without rules", "with 100 rules")):
        spent = usage(sides[place].here)["platform"]["cpu"] - before[place]
        messages = (sides[place].readings - counted[place]) / READINGS_PER_MESSAGE
        report.row(f"{fleet.units:,} units, {what}: platform CPU a message", spent / messages * 1e6, "us")


def _report(report: Report, units: int, rates: list[list[float]]) -> None:
    without, with_rules = (statistics.median(found) for found in rates)
    costs = [1 - after / before for before, after in zip(*rates, strict=True)]
    for what, found in zip(("without rules", "with 100 rules"), rates, strict=True):
        report.note(f"{what}: " + ", ".join(f"{one:,.0f}" for one in found) + " messages/s")
    report.row(f"whole installation, {units:,} units, without rules", without, "messages/s")
    report.row(f"whole installation, {units:,} units, with 100 rules", with_rules, "messages/s")
    # Of neighbours in time: what else the machine did meanwhile weighs on both.
    report.row(
        f"of the rate, the rules cost {units:,} units (median of the rounds)",
        statistics.median(costs) * 100,
        "%",
        goal="at most 40",
    )

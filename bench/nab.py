"""Rules of a product folder on labelled series: hits, misses and false alarms as they are.

The series are the Numenta Anomaly Benchmark's realKnownCause, beside the recordings of `bench.disk` in a folder `nab` (with
`data/realKnownCause/*.csv[.gz]` and `combined_windows.json`). How the rules were written is said in `nab_folder/product.yaml`.

A labelled window is hit when an alert is raised within it; it is missed when none is. An alert raised outside of every
window is a false alarm, also one that still stands when a window begins.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.disk import DATA
from bench.report import Report
from monokoto.connect.products import ProductModel, check, read_folder
from monokoto.operate.rules import Rule, rules_of, try_on_table
from monokoto.operate.sections import SECTIONS

SERIES = {
    "machine_temperature_system_failure": "machine-temperature",
    "ambient_temperature_system_failure": "ambient-temperature",
    "cpu_utilization_asg_misconfiguration": "cpu-utilization",
    "ec2_request_latency_system_failure": "request-latency",
    "nyc_taxi": "taxi",
    "rogue_agent_key_hold": "key-hold",
    "rogue_agent_key_updown": "key-updown",
}
"""Series to the rule written for it."""
EVERYWHERE = "usual-range"
FOLDER = Path(__file__).parent / "nab_folder"


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one rule on one series."""

    windows: int
    hits: int
    false_alarms: int
    alerts: int
    readings: int
    seconds: float


def run(report: Report, *, quick: bool) -> None:
    """Every series with the rule written for it, and with the one for all."""
    data = DATA / "nab"
    if not data.is_dir():
        report.note(f"no series at {data}: nothing measured (set MONOKOTO_SHARED_DATA)")
        return
    windows = json.loads((data / "combined_windows.json").read_text())
    checked = check(read_folder(FOLDER), SECTIONS)
    model = checked.compile(0)
    rules = {rule.name: rule for rule in rules_of(checked.document, model)}
    for kind in ("own", EVERYWHERE):
        total: list[Judged] = []
        for series, name in list(SERIES.items())[: 2 if quick else None]:
            labelled = [(_instant(begin), _instant(end)) for begin, end in windows[f"realKnownCause/{series}.csv"]]
            rule = rules[name if kind == "own" else EVERYWHERE]
            judged = judge(data, series, rule, model, labelled)
            total.append(judged)
            report.row(f"{series}, {rule.name}", _words(judged))
        everything = Judged(*(sum(getattr(one, field) for one in total) for field in Judged.__slots__))
        report.row(f"all, {'a rule for each' if kind == 'own' else EVERYWHERE}", _words(everything))
        report.row("readings a second", everything.readings / max(everything.seconds, 1e-9))
    report.note(
        "a hit is a window in which an alert is raised; an alert raised outside of all windows is a false alarm"
    )
    report.note("how the rules were written, and after looking at what, is said in bench/nab_folder/product.yaml")


def judge(data: Path, series: str, rule: Rule, model: ProductModel, labelled: list[tuple[int, int]]) -> Judged:
    """Run a rule over a series."""
    folder = data / "data" / "realKnownCause"
    path = next(path for path in (folder / f"{series}.csv.gz", folder / f"{series}.csv") if path.exists())
    begun = time.perf_counter()
    tally = try_on_table(path, model, [rule])
    raised = [alert.raised_at for alert in tally.shown]
    return Judged(
        windows=len(labelled),
        hits=sum(any(begin <= at <= end for at in raised) for begin, end in labelled),
        false_alarms=sum(not any(begin <= at <= end for begin, end in labelled) for at in raised),
        alerts=tally.alerts,
        readings=tally.readings,
        seconds=time.perf_counter() - begun,
    )


def _words(judged: Judged) -> str:
    missed = judged.windows - judged.hits
    return f"{judged.hits} of {judged.windows} windows, {missed} missed, {judged.false_alarms} false of {judged.alerts} alerts"


def _instant(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)

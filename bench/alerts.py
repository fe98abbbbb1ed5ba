"""How fast alerts are taken in: raised, told again, cleared, and hidden ones let come to light, in batches of 5,000 changes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.report import Report
from monokoto.connect.fleet import UnitIdentity
from monokoto.engines.records import Records, migrate, open_records
from monokoto.kernel.clock import Instant, SystemClock
from monokoto.kernel.ids import OrganisationId, ProductName, UnitId
from monokoto.operate.alerts import Alerts, MaintenanceWindows
from monokoto.operate.rules import AlertChange, ChangeKind, Evidence, Severity

MAKER = OrganisationId(7)
SITE = 1
BATCH = 5_000
GOAL = "5,000"


class Units:
    """Every unit is a part of the one site."""

    def get(self, unit_id: int) -> UnitIdentity | None:
        parent = UnitId(0) if unit_id == SITE else UnitId(SITE)
        return UnitIdentity(UnitId(unit_id), MAKER, ProductName("oven"), "1.0.0", f"SN-{unit_id}", parent)


def changes(kind: ChangeKind, round_: int, *, suppressed_by: str = "") -> list[AlertChange]:
    """Of each unit one."""
    began = Instant(1_767_225_600_000_000 + round_ * 3_600_000_000)
    at = Instant(began + (60_000_000 if kind is ChangeKind.CLEARED else 0))
    return [
        AlertChange(
            organisation_id=MAKER,
            unit_id=UnitId(1_000 + number),
            rule="oven/hot",
            rule_version="1.0.0",
            instance=began,
            kind=kind,
            at=at,
            severity=Severity.MAJOR,
            evidence=(Evidence("temperature", at, 93.5), Evidence("mean", at, 91.0)),
            suppressed_by=suppressed_by,
        )
        for number in range(BATCH)
    ]


def of_site(kind: ChangeKind, round_: int) -> AlertChange:
    """The site's own alert."""
    began = Instant(1_767_225_600_000_000 + round_ * 3_600_000_000 - 1)
    at = Instant(began + (120_000_000 if kind is ChangeKind.CLEARED else 0))
    return AlertChange(
        organisation_id=MAKER, unit_id=UnitId(SITE), rule="oven/offline", rule_version="1.0.0", instance=began, kind=kind,
        at=at, severity=Severity.CRITICAL,
    )  # fmt: skip


def per_second(alerts: Alerts, some: Sequence[AlertChange], count: int) -> float:
    """So many things done by taking these."""
    began = time.perf_counter()
    alerts.take(some)
    return count / (time.perf_counter() - began)


def median(figures: list[float]) -> float:
    """The middle one."""
    return sorted(figures)[len(figures) // 2]


def measure(records: Records, rounds: int) -> dict[str, float]:
    """The middle of some rounds, by what was done."""
    clock = SystemClock()
    alerts = Alerts(
        records=records, clock=clock, units=Units(), windows=MaintenanceWindows(records, clock, lambda _id, _who: ())
    )
    found: dict[str, list[float]] = {}
    for round_ in range(rounds):
        raised, cleared = changes(ChangeKind.RAISED, 2 * round_), changes(ChangeKind.CLEARED, 2 * round_)
        hidden = changes(ChangeKind.RAISED, 2 * round_ + 1, suppressed_by="oven/offline")
        for name, some in (("raised", raised), ("told again", raised), ("cleared", cleared)):
            found.setdefault(name, []).append(per_second(alerts, some, BATCH))
        alerts.take([of_site(ChangeKind.RAISED, 2 * round_ + 1)])
        found.setdefault("raised, hidden by the site's", []).append(per_second(alerts, hidden, BATCH))
        lit = per_second(alerts, [of_site(ChangeKind.CLEARED, 2 * round_ + 1)], BATCH)
        found.setdefault("come to light", []).append(lit)
        alerts.take(changes(ChangeKind.CLEARED, 2 * round_ + 1))
    return {name: median(figures) for name, figures in found.items()}


def run(report: Report, *, quick: bool) -> None:
    """On SQLite, durable as everywhere."""
    with tempfile.TemporaryDirectory() as folder:
        records = open_records("", data_dir=Path(folder))
        migrate(records)
        for name, figure in measure(records, 3 if quick else 9).items():
            report.row(f"alerts {name}, SQLite", figure, "/s", goal=GOAL)
        records.close()
    report.note(f"one transaction of {BATCH} changes each, two readings of evidence; the middle of the rounds")

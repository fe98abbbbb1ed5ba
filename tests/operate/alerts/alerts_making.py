"""What the tests of alerts share: units under a gateway, people on both sides, changes in few words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from monokoto.connect.fleet import UnitIdentity
from monokoto.engines.records import Records
from monokoto.kernel.clock import Instant, ManualClock
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, UnitId, parse_id
from monokoto.operate.alerts import Alert, AlertFilter, Alerts, Concerned, MaintenanceWindows, Viewer
from monokoto.operate.rules import AlertChange, ChangeKind, Evidence, Severity
from monokoto.web import Period, Reach, Side

MAKER, OTHER, OWNER = 7, 8, 9
GATEWAY, FIRST, SECOND, ALONE, LONELY = 100, 101, 102, 103, 104
"""The gateway has the first and the second; the others are parts of nothing."""
ANNA, BERT, OWNING = 501, 502, 901
SECOND_US = 1_000_000
HOT, OFFLINE = "oven/hot", "oven/offline"
T0 = 1_767_225_600_000_000
"""Where the clock begins, and event time with it."""
EVERYTHING = AlertFilter(shelved=None, suppressed=None)


class FakeUnits:
    def get(self, unit_id: int) -> UnitIdentity | None:
        if not 100 <= unit_id < 100_000:
            return None
        parent = GATEWAY if unit_id in {FIRST, SECOND} or unit_id >= 10_000 else 0
        return UnitIdentity(unit_id, MAKER, "oven", "1.0.0", f"SN-{unit_id}", parent)


def choose(_organisation_id: int, concerned: Concerned) -> Collection[int]:
    if concerned.group:
        raise NotFound("There is no such group.")
    if concerned.product:
        return range(100, 200)
    return [parse_id(text) for text in concerned.units]


class House:
    def __init__(self, records: Records) -> None:
        self.records = records
        self.clock = ManualClock(T0)
        self.windows = MaintenanceWindows(records, self.clock, choose)
        self.watched: set[tuple[str, int]] = set()
        self.alerts = Alerts(
            records=records,
            clock=self.clock,
            units=FakeUnits(),
            windows=self.windows,
            is_member=lambda organisation_id, person_id: (organisation_id, person_id) in {(MAKER, ANNA), (MAKER, BERT)},
            is_watched=lambda _organisation_id, rule, unit_id: (rule, unit_id) in self.watched,
            keep_days=30.0,
        )
        self.maker = viewer(MAKER, ANNA)

    def take(self, *changes: AlertChange) -> list[str]:
        """What became new."""
        return [event.what.value for event in self.alerts.take(changes)]

    def all(self, by: Viewer | None = None, wanted: AlertFilter = EVERYTHING) -> list[Alert]:
        page = self.alerts.list(by or self.maker, wanted, sort="began_at", limit=1000, cursor=None)
        return list(page.items)

    def one(self) -> Alert:
        (found,) = self.all()
        return found

    def lines(self, alert: Alert, by: Viewer | None = None) -> list[str]:
        return [event.what.value for event in self.alerts.timeline(by or self.maker, alert)]


def viewer(organisation_id: int, actor_id: int, held: Iterable[Reach] = ()) -> Viewer:
    return Viewer(OrganisationId(organisation_id), actor_id, {reach.unit_id: reach for reach in held}, {})


def held(unit_id: int, begin: int | None, end: int | None = None, **more: Any) -> Reach:
    """What an owner has of a unit of the maker's, by seconds."""
    period = Period(*(None if one is None else Instant(at(one)) for one in (begin, end)))
    given: dict[str, Any] = {"side": Side.OWNER, "now": end is None, "control": end is None, **more}
    return Reach(unit_id=UnitId(unit_id), organisation_id=OrganisationId(MAKER), periods=(period,), **given)


def at(seconds: float) -> Instant:
    return Instant(T0 + round(seconds * SECOND_US))


def change(
    kind: str,
    began: float,
    happened: float | None = None,
    *,
    rule: str = HOT,
    unit: int = ALONE,
    severity: str = "major",
    **more: Any,
) -> AlertChange:
    """A change of the alert that began at so many seconds."""
    when = at(began if happened is None else happened)
    given: dict[str, Any] = {"organisation_id": OrganisationId(MAKER), "rule_version": "1.0.0", **more}
    evidence = (Evidence("temperature", when, 80.0 + (when - T0) / SECOND_US),)
    return AlertChange(
        unit_id=UnitId(unit),
        rule=rule,
        instance=at(began),
        kind=ChangeKind(kind),
        at=when,
        severity=Severity(severity),
        **{"evidence": evidence, **given},
    )


def raised(began: float, **more: Any) -> AlertChange:
    return change("raised", began, **more)


def cleared(began: float, ended: float, **more: Any) -> AlertChange:
    return change("cleared", began, ended, **more)


def told_of(some: Sequence[Alert]) -> list[tuple[int, str, int, str]]:
    return [(alert.unit_id, alert.rule, alert.instance, alert.state.value) for alert in some]

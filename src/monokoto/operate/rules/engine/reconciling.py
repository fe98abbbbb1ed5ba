"""What is said to stand and what the engine knows to stand, brought together after state was lost.

A snapshot that is damaged, or a rule that went while a crash took what was known of it, leaves alerts that nobody would ever
end. What is told of them is what the engine itself would have told, as far as it can know.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.operate.rules.change import AlertChange, ChangeKind, Severity
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.judging import CLEAR
from monokoto.operate.rules.engine.running import RunningRule
from monokoto.operate.rules.engine.telling import Standing


class StandingAlert(Protocol):
    """An alert that stands, as whoever keeps them has it."""

    @property
    def organisation_id(self) -> int: ...
    @property
    def unit_id(self) -> int: ...
    @property
    def rule(self) -> str: ...
    @property
    def rule_version(self) -> str: ...
    @property
    def instance(self) -> int: ...
    @property
    def severity(self) -> Severity: ...


Name = tuple[int, str, int, int]
"""Organisation, rule, unit, instance."""


def name_of(alert: StandingAlert) -> Name:
    """What an alert is known by."""
    return (alert.organisation_id, alert.rule, alert.unit_id, alert.instance)


def strays(engine: Engine, standing: Iterable[StandingAlert]) -> list[StandingAlert]:
    """Those that stand nowhere in the engine; hold its lock. Some may have changed a moment ago: look twice."""
    known: set[Name] = {
        (one.rule.organisation_id, one.rule.key, int(one.stream.unit[row]), alert.instance)
        for one in engine.running()
        for row, alert in one.standing.items()
    }
    failed = {(one.rule.organisation_id, one.rule.key) for one in engine.running() if one.failed}
    return [one for one in standing if name_of(one) not in known and (one.organisation_id, one.rule) not in failed]


def settle(engine: Engine, alerts: Iterable[StandingAlert]) -> list[AlertChange]:
    """End what no rule would end any more, or what is known to be over; let a rule take on what may still be true."""
    by_key: dict[tuple[int, str], list[RunningRule]] = {}
    for running in engine.running():
        by_key.setdefault((running.rule.organisation_id, running.rule.key), []).append(running)
    found: list[AlertChange] = []
    for alert in alerts:
        rules = by_key.get((alert.organisation_id, alert.rule), [])
        heard = rules or list(engine.running())
        places = [(one, row) for one in heard if (row := one.stream.row_of(alert.unit_id)) >= 0]
        if rules and not places:
            continue  # nothing was heard of the unit yet
        watching = [
            (one, row) for one, row in places if one.selected is None or (row < len(one.selected) and one.selected[row])
        ]
        if not rules or not _taken_on(alert, watching):
            last = max((int(one.stream.state["last"][row]) for one, row in places), default=alert.instance)
            found.append(_ended(alert, max(last, alert.instance)))
    return found


def _taken_on(alert: StandingAlert, watching: Iterable[tuple[RunningRule, int]]) -> bool:
    """The rule has the alert from now on: it is between raising and clearing, or its condition is not known."""
    for running, row in watching:
        if row not in running.standing and running.arrays["symbol"][row] != CLEAR:
            running.standing[row] = Standing(alert.instance, alert.severity.rank, alert.instance)
            running.arrays["raised"][row] = True
            return True
    return False


def _ended(alert: StandingAlert, at: int) -> AlertChange:
    return AlertChange(
        organisation_id=OrganisationId(alert.organisation_id),
        unit_id=UnitId(alert.unit_id),
        rule=alert.rule,
        rule_version=alert.rule_version,
        instance=Instant(alert.instance),
        kind=ChangeKind.CLEARED,
        at=Instant(at),
        severity=alert.severity,
    )

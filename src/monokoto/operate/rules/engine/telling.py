"""From turns to the changes that are told: severity up and down while an alert stands, evidence, who hides it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.operate.conditions import Condition
from monokoto.operate.rules.change import AlertChange, ChangeKind, Evidence, Severity
from monokoto.operate.rules.engine.arrays import Array, Arrays, Bools, Int64s
from monokoto.operate.rules.engine.compiled import CompiledRule
from monokoto.operate.rules.engine.judging import Turn
from monokoto.operate.rules.engine.walk import Walk

EVIDENCE_MAX = 16
SEVERITIES = tuple(Severity)


@dataclass(slots=True)
class Standing:
    """An alert that stands."""

    instance: int
    severity: int
    """Its rank."""
    at: int
    """When it was raised."""


@dataclass(frozen=True, slots=True)
class _Step:
    number: int
    at: int
    kind: ChangeKind
    point: int


def severities(walk: Walk, rule: CompiledRule, state: Arrays) -> Array | None:
    """The rank at each point (int8); None when the rule has no ladder. `state` has `ladder_key` of each step that clears."""
    if not rule.severities:
        return None
    found = np.full(len(walk), rule.severity.rank, np.int8)
    clears = dict(rule.severity_clears)
    for severity, condition in sorted(rule.severities, key=lambda step: step[0].rank):
        holds = walk.truth(condition)
        if severity in clears:
            holds = _latched(walk, holds, walk.truth(clears[severity]), state[ladder_key(severity)])
        found[holds] = severity.rank
    return found


def ladder_key(severity: Severity) -> str:
    """Under which a rule's state has whether a step holds; no signal's field is called so."""
    return f"ladder:{severity.value}"


def _latched(walk: Walk, on: Bools, off: Bools, state: Array) -> Bools:
    """True from where it comes on to where it goes off, whatever becomes of the alert meanwhile."""
    units = walk.units
    held: Bools = walk.fill(on | off, on, state[units])
    walk.afterwards(lambda: state.__setitem__(units, held[walk.ends]))
    return held


def changes_of(
    walk: Walk,
    rule: CompiledRule,
    turns: Sequence[Turn],
    ranks: Array | None,
    standing: dict[int, Standing],
    ids: Int64s,
) -> list[AlertChange]:
    """What to tell, in order of time for each unit; `standing` (by row) becomes what stands afterwards."""
    by_unit: dict[int, list[Turn]] = {}
    for turn in turns:
        by_unit.setdefault(turn.number, []).append(turn)
    if ranks is not None:
        for number in _with_another_rank(walk, ranks, standing):
            by_unit.setdefault(number, [])
    found: list[AlertChange] = []
    starts, ends = walk.starts, walk.ends
    for number in sorted(by_unit):
        points = _Points(walk, int(starts[number]), int(ends[number]) + 1)
        found += _of_unit(points, rule, number, by_unit[number], ranks, standing, int(ids[walk.units[number]]))
    return found


def _with_another_rank(walk: Walk, ranks: Array, standing: dict[int, Standing]) -> Iterable[int]:
    """Units whose alert stands already and some point of which has another severity."""
    if not standing:
        return ()
    before = np.array([one.severity if (one := standing.get(row)) else -1 for row in walk.units.tolist()], np.int8)
    other = (before[walk.number] >= 0) & (ranks != before[walk.number])
    found: list[int] = np.unique(walk.number[other]).tolist()
    return found


class _Points:
    """The points of one unit."""

    def __init__(self, walk: Walk, first: int, end: int) -> None:
        self.walk = walk
        self.first = first
        self.at: list[int] = walk.at[first:end].tolist()

    def of_turn(self, turn: Turn) -> int:
        """The first point at the turn's instant, of those at which its condition held; the last before where there is none."""
        begin = turn.begin - self.first
        place = bisect_left(self.at, turn.at, lo=begin)
        there = place < len(self.at) and self.at[place] == turn.at
        return self.first + max(place if there else place - 1, begin)


def _of_unit(
    points: _Points,
    rule: CompiledRule,
    number: int,
    turns: Sequence[Turn],
    ranks: Array | None,
    standing: dict[int, Standing],
    unit_id: int,
) -> list[AlertChange]:
    row = int(points.walk.units[number])
    found: list[AlertChange] = []
    pieces = [*turns, None]
    begin = points.first
    for turn in pieces:
        now = standing.get(row)
        end = points.first + len(points.at) if turn is None else points.of_turn(turn)
        if now is not None and ranks is not None:
            for point in range(begin, end):
                if ranks[point] != now.severity:
                    now.severity = int(ranks[point])
                    at = max(int(points.walk.at[point]), now.at)
                    found.append(_change(points.walk, rule, unit_id, now, ChangeKind.SEVERITY, at, point))
        if turn is None:
            break
        begin = end
        if turn.raised:
            rank = rule.severity.rank if ranks is None else int(ranks[end])
            now = standing[row] = Standing(turn.since, rank, turn.at)
            found.append(_change(points.walk, rule, unit_id, now, ChangeKind.RAISED, turn.at, end))
        elif now is not None:
            del standing[row]
            # A rule that began with what was known raises at that moment: a reading on its way then may be older.
            found.append(_change(points.walk, rule, unit_id, now, ChangeKind.CLEARED, max(turn.at, now.at), end))
    return found


def _change(
    walk: Walk, rule: CompiledRule, unit_id: int, standing: Standing, kind: ChangeKind, at: int, point: int
) -> AlertChange:
    severity = SEVERITIES[standing.severity]
    return AlertChange(
        organisation_id=OrganisationId(rule.organisation_id),
        unit_id=UnitId(unit_id),
        rule=rule.key,
        rule_version=rule.version,
        instance=Instant(standing.instance),
        kind=kind,
        at=Instant(at),
        severity=severity,
        evidence=evidence(walk, _asked(rule, kind, severity), point, at),
        audience=rule.audience,
    )


def _asked(rule: CompiledRule, kind: ChangeKind, severity: Severity) -> Condition:
    if kind is ChangeKind.CLEARED and rule.clear is not None:
        return rule.clear
    if kind is ChangeKind.SEVERITY:
        return dict(rule.severities).get(severity, rule.when)
    return rule.when


def evidence(walk: Walk, condition: Condition, point: int, at: int) -> tuple[Evidence, ...]:
    """The values of what a condition names, at a point: a property with the instant of its reading, a signal with that of
    the change."""
    found = []
    for name in sorted(condition.names)[:EVIDENCE_MAX]:
        if name in walk.signals:
            read = at
        elif name in walk.slots:
            read = walk.read_at(walk.slots[name].key, point)
        else:
            continue
        found.append(Evidence(name, Instant(max(read, 0)), _shown(walk.column(name).at(point))))
    return tuple(found)


def _shown(value: Any) -> float | str | bool | None:
    return msgspec.json.encode(value).decode() if isinstance(value, list) else value


def ended(rule: CompiledRule, unit_id: int, standing: Standing, at: int) -> AlertChange:
    """The end of an alert whose rule is no longer for the unit."""
    return AlertChange(
        organisation_id=OrganisationId(rule.organisation_id),
        unit_id=UnitId(unit_id),
        rule=rule.key,
        rule_version=rule.version,
        instance=Instant(standing.instance),
        kind=ChangeKind.CLEARED,
        at=Instant(max(at, standing.at)),
        severity=SEVERITIES[standing.severity],
        audience=rule.audience,
    )

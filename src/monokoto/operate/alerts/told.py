"""What rules told of one alert, joined: in whatever order, however often, the same changes make the same value.

A join, in the sense of order theory: each field is the least or greatest of what the changes say, by a total order. That is
what makes it safe to read the log again from anywhere: no number is needed to know which changes were taken already.

Refused: a number with every change, and taking only greater ones. Partitions of the log have numbers of their own, an engine
that begins afresh begins to count anew, and a change that was lost once would be lost for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from monokoto.kernel.clock import Instant
from monokoto.kernel.limits import ALERT_EVIDENCE_MAX, ALERT_EVIDENCE_TEXT_MAX
from monokoto.operate.rules import AlertChange, ChangeKind, Evidence, Severity

BEFORE_ALL = -(1 << 62)
"""Stands for the instant of a severity nobody has told of yet but the change that ended the alert."""
_RANKS = {kind: rank for rank, kind in enumerate(ChangeKind)}
_KINDS = tuple(ChangeKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The state of one alert as its rule tells it."""

    opened_by: ChangeKind
    """The change the next seven fields are of: `raised` once that was told, else the first of the next best kind."""
    opened_at: Instant
    rule_version: str
    audience: str
    suppressed_by: str
    suppress_grace: int
    """Microseconds it waits for what hides it."""
    evidence: str
    """JSON; see `evidence_to_json`."""
    opened_severity: Severity
    severity: Severity
    """Of the latest change that is no clearing."""
    severity_at: int
    severity_max: Severity
    cleared_at: Instant | None = None
    """Event time of the end: the earliest told."""

    @property
    def raised_at(self) -> Instant | None:
        """Event time at which it was raised; None: that was not told, or not yet."""
        return self.opened_at if self.opened_by is ChangeKind.RAISED else None


def told_first(change: AlertChange) -> Told:
    """What a single change says."""
    clears = change.kind is ChangeKind.CLEARED
    return Told(
        opened_by=change.kind,
        opened_at=change.at,
        rule_version=change.rule_version,
        audience=change.audience,
        suppressed_by=change.suppressed_by,
        suppress_grace=change.suppress_grace,
        evidence=evidence_to_json(change.evidence),
        opened_severity=change.severity,
        severity=change.severity,
        severity_at=BEFORE_ALL if clears else change.at,
        severity_max=change.severity,
        cleared_at=change.at if clears else None,
    )


def joined(one: Told, other: Told) -> Told:
    """Both together: commutative, associative, and a value with itself is itself."""
    opening = min(one, other, key=_opening)
    latest = max(one, other, key=lambda told: (told.severity_at, told.severity.rank))
    ends = [told.cleared_at for told in (one, other) if told.cleared_at is not None]
    return replace(
        opening,
        severity=latest.severity,
        severity_at=latest.severity_at,
        severity_max=max(one.severity_max, other.severity_max, key=lambda severity: severity.rank),
        cleared_at=min(ends, default=None),
    )


def _opening(told: Told) -> tuple[int, int, int, int, str, str, str, str]:
    rank = _RANKS[told.opened_by]
    texts = (told.rule_version, told.suppressed_by, told.audience, told.evidence)
    return rank, told.opened_at, told.opened_severity.rank, told.suppress_grace, *texts


def told_of(changes: Sequence[AlertChange], before: Told | None = None) -> Told:
    """All changes of one alert, and what was known before."""
    told = before
    for change in changes:
        fresh = told_first(change)
        told = fresh if told is None else joined(told, fresh)
    if told is None:
        raise ValueError("nothing was told")
    return told


def rank_of(kind: ChangeKind) -> int:
    """The place of a kind of change among all."""
    return _RANKS[kind]


def kind_at(rank: int) -> ChangeKind:
    """The kind of change at a place."""
    return _KINDS[rank]


def evidence_to_json(evidence: Sequence[Evidence]) -> str:
    """As it is kept: a list of [name, instant, value], as many and as long as the limits allow."""
    rows = [(one.name, int(one.at), _short(one.value)) for one in evidence[:ALERT_EVIDENCE_MAX]]
    return msgspec.json.encode(rows).decode()


def evidence_from_json(text: str) -> tuple[Evidence, ...]:
    """What was kept."""
    rows = msgspec.json.decode(text, type=list[tuple[str, int, float | str | bool | None]])
    return tuple(Evidence(name, Instant(at), value) for name, at, value in rows)


def _short(value: float | str | bool | None) -> float | str | bool | None:
    return value[:ALERT_EVIDENCE_TEXT_MAX] if isinstance(value, str) else value

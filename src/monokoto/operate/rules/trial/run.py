"""One run of rules over the past: an engine of its own, fed piece by piece, and what it says gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from monokoto.connect.line import Batch
from monokoto.kernel.limits import TRIAL_ALERTS_SHOWN_MAX
from monokoto.operate.rules.change import AlertChange, ChangeKind, Evidence, Severity
from monokoto.operate.rules.engine.compiled import CompiledRule, Fleet, Peers
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.surroundings import Surroundings
from monokoto.operate.rules.trial.pieces import Piece, cut

_OUTSIDE_STEP_US = 60_000_000


class Trying:
    """An engine that serves one run, with the time of what it reads for its clock."""

    def __init__(self, rules: Iterable[CompiledRule], surroundings: Surroundings | None = None) -> None:
        rules = list(rules)
        self._engine = Engine(surroundings)
        self._engine.set_rules(rules)
        self.step_us = _OUTSIDE_STEP_US if any(_looks_outside(rule) for rule in rules) else 0
        """How often the clock is looked at; 0: after each piece, which is enough where a unit's own readings decide."""

    @property
    def failed(self) -> list[str]:
        """Rules that were stopped because they raised, and why."""
        return [f"{running.rule.name}: {running.failed}" for running in self._engine.running() if running.failed]

    def take(self, piece: Piece) -> Iterator[Sequence[AlertChange]]:
        """What a piece changes."""
        for batch, until in steps_of(piece, self.step_us):
            yield self._engine.take(batch)
            yield self._engine.tick(until)[0]


def _looks_outside(rule: CompiledRule) -> bool:
    return any(isinstance(signal.kind, Fleet | Peers) for signal in rule.signals)


def steps_of(piece: Piece, step_us: int) -> Iterator[tuple[Batch, int]]:
    """A piece as the clock sees it: cut at multiples of a step where what other units do matters."""
    if not step_us or not piece.batch.blocks:
        yield piece.batch, piece.until
        return
    (block,) = piece.batch.blocks
    ends = np.searchsorted(block.at, np.arange(-(-int(block.at[0]) // step_us), piece.until // step_us + 1) * step_us)
    begin = 0
    for end in [*np.unique(ends).tolist(), len(block.at)]:
        if end > begin:
            part = cut(block, begin, end)
            until = min((int(block.at[end - 1]) // step_us + 1) * step_us, piece.until)
            events = [one for one in piece.batch.events if (begin == 0 or one.at >= block.at[begin]) and one.at < until]
            yield Batch(partition=0, first_sequence=begin, last_sequence=end, blocks=(part,), events=events), until
            begin = end
    yield Batch(partition=0, first_sequence=begin, last_sequence=begin), piece.until


@dataclass(slots=True)
class TriedAlert:
    """An alert there would have been."""

    rule: str
    unit_id: int
    instance: int
    raised_at: int
    severity: Severity
    """The worst it came to."""
    cleared_at: int | None = None
    """None: it stood at the end."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(slots=True)
class Tally:
    """What came of a run so far."""

    readings: int = 0
    until: int = 0
    share: float = 0.0
    """Of the whole, between 0 and 1."""
    complete: bool = False
    reason: str = ""
    """Why it ended early."""
    alerts: int = 0
    standing: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    by_unit: Counter[int] = field(default_factory=Counter)
    shown: list[TriedAlert] = field(default_factory=list)
    """The first `TRIAL_ALERTS_SHOWN_MAX`, in the order in which they were raised."""
    _open: dict[tuple[str, int, int], TriedAlert | None] = field(default_factory=dict)

    def take(self, changes: Iterable[AlertChange]) -> None:
        """Note what changed."""
        for change in changes:
            name = (change.rule, change.unit_id, change.instance)
            if change.kind is ChangeKind.RAISED:
                self._raised(name, change)
            else:
                self._changed(name, change)
        self.standing = len(self._open)

    def _raised(self, name: tuple[str, int, int], change: AlertChange) -> None:
        if name in self._open:
            return
        self.alerts += 1
        self.by_rule[change.rule] += 1
        self.by_unit[change.unit_id] += 1
        self._open[name] = None
        if len(self.shown) < TRIAL_ALERTS_SHOWN_MAX:
            self._open[name] = shown = TriedAlert(
                rule=change.rule, unit_id=change.unit_id, instance=change.instance, raised_at=change.at,
                severity=change.severity, evidence=change.evidence,
            )  # fmt: skip
            self.shown.append(shown)

    def _changed(self, name: tuple[str, int, int], change: AlertChange) -> None:
        shown = self._open.get(name)
        if shown is not None:
            shown.severity = max(shown.severity, change.severity, key=lambda one: one.rank)
            if change.kind is ChangeKind.CLEARED:
                shown.cleared_at = change.at
        if change.kind is ChangeKind.CLEARED:
            self._open.pop(name, None)


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a run ends early."""

    readings: int
    stops: Callable[[], str] = lambda: ""
    """Why it should end now; empty: it goes on."""


def run(engine: Trying, pieces: Iterable[Piece], bounds: Bounds) -> Iterator[Tally]:
    """Run; the tally comes after every piece, the same one each time. Closing the iterator ends the run."""
    tally = Tally()
    for piece in pieces:
        for changes in engine.take(piece):
            tally.take(changes)
        tally.readings += sum(block.readings for block in piece.batch.blocks)
        tally.until, tally.share = piece.until, piece.share
        reason = bounds.stops() or "; ".join(engine.failed)
        if tally.readings >= bounds.readings and piece.share < 1.0:
            reason = reason or f"it read {tally.readings} readings, the most one trial may"
        if reason:
            tally.reason = reason
            yield tally
            return
        yield tally
    tally.complete = True
    yield tally

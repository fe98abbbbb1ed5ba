"""From what is true at each point to what becomes of the alert: raised, another severity, cleared.

Three symbols: raise (`when` is true), clear (`clear` is true, or `when` is false), neither (not known, or in between). A run
of one symbol takes effect once it has lasted as long as the rule wants. All units and points at once: runs are found by
comparing neighbours, and only runs that take effect and change something are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monokoto.operate.rules.engine.arrays import ALWAYS, NEVER, Array, Arrays, Bools, Int64s
from monokoto.operate.rules.engine.compiled import CompiledRule
from monokoto.operate.rules.engine.walk import Walk

NEITHER, RAISE, CLEAR = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Turn:
    """An alert of a unit begins or ends."""

    number: int
    """Which of the walk's units."""
    raised: bool
    at: int
    since: int
    """When the condition began to hold: the alert's instance when it is raised."""
    begin: int
    """The first point at which it held."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk says of its units, and the state after it."""

    turns: Sequence[Turn]
    """Of each unit in order of time."""
    symbol: Array
    since: Int64s
    raised: Bools


def symbols(walk: Walk, rule: CompiledRule) -> Array:
    """The symbol at each point (int8)."""
    when = walk.evaluate(rule.when)
    if rule.clear is not None:
        found = walk.truth(rule.clear).astype(np.int8) * CLEAR
        found[when.values if when.known is None else when.values & when.known] = RAISE
        return found
    found = CLEAR - when.values.view(np.int8)
    if when.known is not None:
        found *= when.known
    return found


def judge(walk: Walk, symbol: Array, rule: CompiledRule, state: Arrays) -> Verdict:
    """What becomes of the alerts. `state` has `symbol` and `raised`, and `since` when the rule waits for anything."""
    ends = walk.ends
    raised_before = walk.before(state["raised"])
    holds = np.array([0, rule.hold_us, rule.clear_hold_us], np.int64)
    if not holds.any() and not raised_before.any() and not (symbol == RAISE).any():
        return Verdict([], symbol[ends], np.empty(0, np.int64), raised_before)
    symbol_before = walk.before(state["symbol"])
    begins = np.flatnonzero(symbol != walk.shift(symbol, symbol_before))
    if not holds.any():
        whose, kind, since = walk.number[begins], symbol[begins], walk.at[begins]
        turns, raised = _turns(whose, kind, since, since, begins, raised_before)
        return Verdict(turns, symbol[ends], since[:0], raised)
    since_before = walk.before(state["since"])
    after = Verdict([], symbol_before, since_before, raised_before)
    pending = ((symbol_before == RAISE) & ~raised_before) | ((symbol_before == CLEAR) & raised_before)
    pending[walk.number[begins]] = True
    concerned = np.flatnonzero(pending)
    if not len(concerned):
        return after
    whose = np.concatenate((concerned, walk.number[begins]))
    order = np.argsort(whose, kind="stable")
    whose = whose[order]
    kind = np.concatenate((symbol_before[concerned], symbol[begins]))[order]
    since = np.concatenate((since_before[concerned], walk.at[begins]))[order]
    at = since + holds[kind]
    lasts = np.append(whose[1:] != whose[:-1], True)
    until = np.where(lasts, walk.at[ends][whose] + 1, np.append(since[1:], 0))
    # A run also takes effect at its own last point, be it at the very instant at which the next run begins.
    begin = np.concatenate((walk.starts[concerned], begins))[order]
    final = np.append(begin[1:], 0) - 1
    own = ~lasts & (final >= walk.starts[whose])
    until[own] = np.maximum(until[own], walk.at[final[own]] + 1)
    effective = (kind != NEITHER) & (since != NEVER) & ((at < until) | (holds[kind] == 0))
    chosen = (whose[effective], kind[effective], at[effective], since[effective], begin[effective])
    turns, raised = _turns(*chosen, raised_before)
    after.symbol[concerned], after.since[concerned] = kind[lasts], since[lasts]
    waits = ((kind[lasts] == RAISE) & ~raised[concerned]) | ((kind[lasts] == CLEAR) & raised[concerned])
    due = np.full(len(ends), ALWAYS, np.int64)
    due[concerned] = np.where(waits & (at[lasts] > walk.at[ends][concerned]), at[lasts], ALWAYS)
    walk.wake(due)
    return Verdict(turns, after.symbol, after.since, raised)


def _turns(
    whose: Int64s, kind: Array, at: Int64s, since: Int64s, begin: Int64s, raised_before: Bools
) -> tuple[list[Turn], Bools]:
    """The runs that change something, and whether each unit's alert stands after them all."""
    raised = raised_before.copy()
    chosen = np.flatnonzero(kind != NEITHER)
    if not len(chosen):
        return [], raised
    whose, target, at, since, begin = whose[chosen], kind[chosen] == RAISE, at[chosen], since[chosen], begin[chosen]
    opens = np.concatenate(([True], whose[1:] != whose[:-1]))
    previous = np.concatenate(([False], target[:-1]))
    previous[opens] = raised_before[whose[opens]]
    closes = np.append(opens[1:], True)
    raised[whose[closes]] = target[closes]
    changed = target != previous
    columns = (whose, target, at, since, begin)
    found = zip(*(column[changed].tolist() for column in columns), strict=True)
    return [Turn(*one) for one in found], raised

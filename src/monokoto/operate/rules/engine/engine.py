"""The engine: all rules over all units of the partitions it is fed, and the clock. Pure: nothing is read or written.

Whoever calls `take`, `tick`, `set_rules`, `dump` or `load` holds `lock`; `forbidden` and `raised` only look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import structlog

from monokoto.connect.line import Batch
from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.arrays import ALWAYS, NEVER, Int64s
from monokoto.operate.rules.engine.beginning import begin, fill_stream, known_of
from monokoto.operate.rules.engine.compiled import CompiledRule
from monokoto.operate.rules.engine.loading import Loading, Plan, plan_of
from monokoto.operate.rules.engine.population import Population, StateKey
from monokoto.operate.rules.engine.rows import Rows
from monokoto.operate.rules.engine.running import Record, RunningRule
from monokoto.operate.rules.engine.sessions import Sessions
from monokoto.operate.rules.engine.spans import span_of
from monokoto.operate.rules.engine.stream import Stream
from monokoto.operate.rules.engine.suppression import Suppression
from monokoto.operate.rules.engine.surroundings import Reported, Surroundings, nothing_reported
from monokoto.operate.rules.engine.telling import Standing

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class CatchingUp:
    """State whose rules had seen more than the streams they run on: what each has seen is left out for it."""

    moments: dict[StateKey, int] = field(default_factory=dict)
    """By rule, when it was copied; the others with the streams."""
    seen: dict[int, list[Int64s]] = field(default_factory=dict)
    """By stream (`id`), for each moment in their order: by row, the commit of the last reading."""
    journals: dict[StateKey, int] = field(default_factory=dict)
    """By rule, the first piece of the journal that is not in it."""


class Engine:
    """Rules in, readings in, changes of alerts out."""

    def __init__(self, surroundings: Surroundings | None = None, reported: Reported = nothing_reported) -> None:
        """`reported`: what units reported before a rule began to watch them."""
        self.lock = threading.Lock()
        self.populations: dict[tuple[int, str], Population] = {}
        """By maker and product."""
        self.sessions = Sessions()
        self.clock = 0
        """The latest arrival taken in."""
        self.failures = 0
        """Rules that were stopped because they raised."""
        self._surroundings = surroundings or Surroundings()
        self._reported = reported
        self._suppression = Suppression()
        self.replaying: list[Record] = []
        """Looks of the journal whose place between the readings has not come yet."""
        self.catching_up: CatchingUp | None = None
        """Set while the log is replayed into state that was copied at several moments."""
        self.loads = False
        """Whether rules that look back begin with the past of their units (`load`), not at once."""
        self.loading: Loading | None = None

    # Rules

    def set_rules(self, rules: Iterable[CompiledRule]) -> list[AlertChange]:
        """From now on these rules run, and no others.

        A rule with the same `state_key` goes on where it was. One that is gone, or says something else now, ends: what
        stood of it is cleared at its unit's last reading, and the new one begins with nothing known of its signals.
        """
        wanted: dict[StateKey, CompiledRule] = {}
        for rule in rules:
            there = wanted.get(rule.state_key)
            if there is not None:
                versions = there.versions | rule.versions if there.versions and rule.versions else frozenset[str]()
                rule = replace(rule, versions=versions)  # noqa: PLW2901 - the same rule in several versions is one
            wanted[rule.state_key] = rule
        found = [change for one in self.populations.values() for change in one.keep_only(wanted)]
        for rule in wanted.values():
            key = (rule.maker_id, rule.product)
            if key not in self.populations:
                self.populations[key] = Population(*key, self._surroundings, self.sessions)
            self.populations[key].add(rule)
        if self.loading is not None and any(key not in wanted for key in self.loading.plan.keys):
            self.loading = None
        found = self._suppression.apply(found)
        self._suppression.know(wanted.values())
        return found

    def running(self) -> Iterator[RunningRule]:
        """All rules, also those that failed."""
        for population in self.populations.values():
            yield from population.rules.values()

    def begun(self) -> list[RunningRule]:
        """The rules that began with units since this was asked last."""
        found = [running for running in self.running() if running.begun]
        for running in found:
            running.begun = False
        return found

    def know_versions(self) -> None:
        """Units may have moved to another version: see which each one is of."""
        for population in self.populations.values():
            for stream in population.streams.values():
                population.know_versions(stream, np.arange(len(stream)))

    @property
    def begins(self) -> bool:
        """Whether a rule has units to begin with."""
        for population in self.populations.values():
            for running in population.rules.values():
                population.select(running)
        return any(
            not one.begun for population in self.populations.values() for one in population.streams.values()
        ) or any(
            not running.failed and not self._looks_back(running) and len(running.unwatched())
            for running in self.running()
        )

    def _looks_back(self, running: RunningRule) -> bool:
        return self.loads and span_of(running.rule) > 0

    def begin(self, now: int) -> list[AlertChange]:
        """Let rules begin with the units they are for and do not watch yet. The state is to be kept before the changes are
        told: no journal has this."""
        found: list[AlertChange] = []
        for population in self.populations.values():
            for stream in list(population.streams.values()):
                if not stream.begun:
                    fill_stream(population, stream, self._reported, now)
                stream.begun = True
                own = _own_time(stream, now)
                for running in population.rules_of(stream):
                    population.select(running)
                    if self._looks_back(running):
                        continue
                    rows = begin(population, running, self._reported)
                    if len(rows):
                        found += self._guarded(running, running.begin, rows, own, now)
        return self._suppression.apply(found)

    # Beginning with the past

    def to_load(self, now: int, units_max: int) -> Plan | None:
        """The next rules whose past, of the next units, is to be read; None: none."""
        for population in self.populations.values():
            plan = plan_of(population, lambda stream: _own_time(stream, now), units_max)
            if plan is not None:
                return plan
        return None

    def load(self, plan: Plan, now: int) -> Loading | None:
        """They begin now: from here on what the line hands over is gathered for them. None: the rules are others now."""
        population = self.populations.get((plan.maker_id, plan.product))
        if population is None or any(key not in population.rules for key in plan.keys):
            return None
        stream = population.streams[plan.stream]
        for key in plan.keys:
            known_of(population, population.rules[key], self._reported)
        self.loading = Loading(plan, population, _own_time(stream, now))
        return self.loading

    def loaded(self, loading: Loading) -> list[AlertChange]:
        """The past went through, and nearly all that came since: the rules watch these units from now on. The state is to be
        kept before the changes are told, as with `begin`."""
        if self.loading is not loading:
            return []
        self.loading = None
        return self._suppression.apply(loading.finish())

    def forgo(self, plan: Plan, now: int) -> list[AlertChange]:
        """Begin without the past: it cannot be read."""
        self.loading = None
        found: list[AlertChange] = []
        population = self.populations.get((plan.maker_id, plan.product))
        for running in [] if population is None else list(population.rules.values()):
            if running.rule.state_key in plan.keys and not running.failed:
                assert population is not None
                rows = running.stream.rows_for(plan.units)
                rows = np.intersect1d(rows, begin(population, running, self._reported))
                if len(rows):
                    found += self._guarded(running, running.begin, rows, _own_time(running.stream, now), now)
        return self._suppression.apply(found)

    # The log

    def take(self, batch: Batch, *, again: bool = False) -> list[AlertChange]:
        """Take a batch in; `again`: some of it was taken before and is left out."""
        found: list[AlertChange] = []
        self.sessions.take(batch.presence)
        for record in batch.presence:
            identity = self._surroundings.identity(record.unit_id)
            population = (
                None if identity is None else self.populations.get((identity.organisation_id, identity.product))
            )
            if identity is not None and population is not None and population.asks_sessions:
                population.know_of(record.unit_id, identity.version)
        for population in self.populations.values():
            for stream, rows in population.rows_of(batch, again=again, catching_up=self.catching_up is not None):
                if len(rows):
                    found += self._feed(population, stream, rows)
        arrived = [int(block.arrived.max()) for block in batch.blocks if len(block.arrived)]
        self.clock = max([self.clock, *arrived, *(one.arrived for one in batch.events)])
        return self._suppression.apply(found)

    def _feed(self, population: Population, stream: Stream, rows: Rows) -> list[AlertChange]:
        """Rows of one stream, and between them what the journal says the clock did."""
        if not self.replaying:
            return self._through(population, stream, rows)
        found: list[AlertChange] = []
        while True:
            limit = self._limit(population, stream)
            after = rows.arrived > limit[rows.unit]
            before, rows = rows.take(~after), rows.take(after)
            if len(before):
                found += self._through(population, stream, before)
            found += self._replay(population, stream, rows)
            if not len(rows):
                return found

    def _through(self, population: Population, stream: Stream, rows: Rows) -> list[AlertChange]:
        """Between two moments of the copy the same rules have seen the same rows."""
        found: list[AlertChange] = []
        seen = [] if self.catching_up is None else self.catching_up.seen.get(id(stream), [])
        for moment, arrived in enumerate(seen):
            known = rows.unit < len(arrived)
            before = known & (rows.arrived <= arrived[np.where(known, rows.unit, 0)])
            if before.any():
                found += self._take_in(population, stream, rows.take(before), moment)
                rows = rows.take(~before)
        return found + self._take_in(population, stream, rows, len(seen)) if len(rows) else found

    def _take_in(self, population: Population, stream: Stream, rows: Rows, moment: int) -> list[AlertChange]:
        """Rows that came between the moment before this one and it; rules of this moment and later ones have seen them."""
        found: list[AlertChange] = []
        taken = stream.take(rows)
        if taken is None:
            return found
        moments = {} if self.catching_up is None else self.catching_up.moments
        for running in population.rules_of(stream):
            copied = moments.get(running.rule.state_key)
            if copied is None:
                population.select(running)
            elif copied >= moment and not stream.lateness:
                continue
            found += self._guarded(running, running.take, taken)
        if self.loading is not None:
            self.loading.gather(stream, taken)
        stream.leave(taken)
        return found

    def caught_up(self) -> None:
        """What was replayed reaches beyond all moments of the copy."""
        self.catching_up = None

    def _guarded(
        self, running: RunningRule, work: Callable[..., list[AlertChange]], *arguments: object
    ) -> list[AlertChange]:
        """A rule that raises is stopped, loudly: the others and the line go on."""
        try:
            return work(*arguments)
        except Exception as error:
            self.failures += 1
            running.failed = f"{type(error).__name__}: {error}"
            _log.exception("rule_failed", rule=running.rule.key, organisation=running.rule.organisation_id)
            return []

    # The journal

    def _of(self, population: Population, stream: Stream) -> list[Record]:
        found = [
            record
            for record in self.replaying
            if (running := population.rules.get(record.key)) is not None and running.stream is stream
        ]
        for record in found:
            stream.rows_for(record.unit)
        return found

    def _limit(self, population: Population, stream: Stream) -> Int64s:
        """By row, the commit after which the journal has something to say first."""
        mine = self._of(population, stream)
        limit = np.full(len(stream), ALWAYS, np.int64)
        for record in mine:
            np.minimum.at(limit, stream.rows_for(record.unit), record.arrived)
        return limit

    def _replay(self, population: Population, stream: Stream, coming: Rows) -> list[AlertChange]:
        """Do again what the clock did once everything before it has been taken."""
        mine = self._of(population, stream)
        first = np.full(len(stream), NEVER, np.int64)
        if len(coming):
            first[coming.unit] = ALWAYS
            np.minimum.at(first, coming.unit, coming.arrived)
        found: list[AlertChange] = []
        left = [record for record in self.replaying if record not in mine]
        for record in mine:
            rows = stream.rows_for(record.unit)
            ready = (stream.state["arrived"][rows] >= record.arrived) | (first[rows] > record.arrived)
            if ready.any():
                part = record.take(ready)
                running = population.rules[record.key]
                found += self._guarded(running, running.advance, rows[ready], part.until, part.values)
            if not ready.all():
                left.append(record.take(~ready))
        self.replaying = left
        return found

    def replay_ready(self) -> list[AlertChange]:
        """Do again what the clock did before anything more came; after state was put back."""
        found: list[AlertChange] = []
        known = {running.rule.state_key for running in self.running()}
        self.replaying = [record for record in self.replaying if record.key in known]
        nothing = np.empty(0, np.int64)
        for population in self.populations.values():
            for stream in list(population.streams.values()):
                found += self._replay(population, stream, Rows(nothing, nothing, nothing, {}))
        return self._suppression.apply(found)

    # The clock

    def tick(self, now: int) -> tuple[list[AlertChange], list[Record]]:
        """The clock has come to `now`: what is due by it. The records are to be kept before the changes are told."""
        found: list[AlertChange] = []
        records: list[Record] = []
        for population in self.populations.values():
            population.clock = now
            for stream in list(population.streams.values()):
                own = _own_time(stream, now)
                for running in population.rules_of(stream):
                    population.select(running)
                    found += _left_behind(running)
                    found += self._guarded(running, _look, running, own, now, records)
        return self._suppression.apply(found), records

    # Looking

    def standing(self, unit_id: int) -> tuple[tuple[CompiledRule, Standing], ...]:
        """The alerts that stand on a unit."""
        return tuple(
            (running.rule, standing)
            for running in self.running()
            if running.standing and (standing := running.standing.get(running.stream.row_of(unit_id))) is not None
        )

    def raised(self, unit_id: int) -> tuple[str, ...]:
        """The keys of the rules whose alert stands on a unit."""
        return tuple(rule.key for rule, _ in self.standing(unit_id))

    def forbidden(self, unit_id: int, action: str) -> tuple[str, ...]:
        """The keys of the rules that forbid an action of the unit at present."""
        return tuple(
            running.rule.key
            for running in self.running()
            if action in running.rule.forbids
            and running.standing
            and running.stream.row_of(unit_id) in running.standing
        )


def _own_time(stream: Stream, clock: int) -> Int64s:
    """What time it is for each unit: that of its newest reading, and what has passed since that came; behind by what the
    stream waits."""
    rows = len(stream)
    newest, arrived = stream.state["newest"][:rows], stream.state["arrived"][:rows]
    return np.where(newest == NEVER, clock, newest + (clock - arrived) - stream.lateness)


def _look(running: RunningRule, own: Int64s, clock: int, records: list[Record]) -> list[AlertChange]:
    found, made = running.look(own, clock)
    records += made
    return found


def _left_behind(running: RunningRule) -> list[AlertChange]:
    """Alerts of units the rule is for no more."""
    selected = running.selected
    if selected is None or not running.standing:
        return []
    return running.end([row for row in running.standing if not selected[row]])

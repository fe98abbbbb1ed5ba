"""One rule at work on the units of a stream: its state, its way through readings, its looks by the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from monokoto.operate.conditions import Condition
from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.arrays import ALWAYS, NEVER, Array, Arrays, Bools, Float64s, Int64s
from monokoto.operate.rules.engine.compiled import Changed, CompiledRule, Silent
from monokoto.operate.rules.engine.compiled import Sequence as Steps
from monokoto.operate.rules.engine.judging import NEITHER, RAISE, Turn, Verdict, judge, symbols
from monokoto.operate.rules.engine.order import firsts
from monokoto.operate.rules.engine.signals import Around, SignalRun, State, Taking, run_of
from monokoto.operate.rules.engine.signals.comparing import PreviousRun
from monokoto.operate.rules.engine.signals.outside import Outside
from monokoto.operate.rules.engine.stream import Stream
from monokoto.operate.rules.engine.taken import Taken
from monokoto.operate.rules.engine.telling import Standing, changes_of, ended, ladder_key, severities
from monokoto.operate.rules.engine.walk import Walk


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A look by the clock that told something or took something in: for the journal."""

    key: tuple[int, str, str]
    """The rule's `state_key`."""
    unit: Int64s
    """Ids."""
    arrived: Int64s
    """The commit of the last reading taken of each before the look."""
    until: Int64s
    """The instant up to which each was looked at."""
    values: Mapping[str, Float64s]
    """By signal, the values taken in from outside."""

    def take(self, chosen: Bools) -> Record:
        """The part of it that is about some of the units."""
        values = {name: each[chosen] for name, each in self.values.items()}
        return Record(self.key, self.unit[chosen], self.arrived[chosen], self.until[chosen], values)


class RunningRule:
    """State is arrays over the rows of the stream, so it grows with the stream."""

    def __init__(self, rule: CompiledRule, stream: Stream, around: Around) -> None:
        self.rule = rule
        self.stream = stream
        self.arrays = Arrays()
        self.standing: dict[int, Standing] = {}
        self.failed = ""
        """Why it runs no more; empty: it runs."""
        self.begun = True
        """Whether it came, or began with units, since somebody asked."""
        self.selected: Bools | None = None
        """The stream's rows it watches; None: all."""
        self.wanted: Bools | None = None
        """The rows it is for; it watches one from the moment it began with it."""
        self.slots = {name: stream.slot(name, kind) for name, kind in rule.variables.items() if name in _names(rule)}
        self.arrays.add("symbol", np.int8, NEITHER)
        self.arrays.add("raised", np.bool_, False)
        self.arrays.add("watched", np.bool_, False)
        for severity, _ in rule.severity_clears:
            self.arrays.add(ladder_key(severity), np.bool_, False)
        if rule.hold_us or rule.clear_hold_us:
            self.arrays.add("since", np.int64, NEVER)
            self.arrays.add("began", np.int64, NEVER)
        if rule.signals or rule.hold_us or rule.clear_hold_us or rule.lateness_us:
            self.arrays.add("due", np.int64, NEVER)
            self.arrays.add("clamp", np.int64, NEVER)
        self.signals: dict[str, SignalRun] = {
            spec.name: run_of(spec, State(self.arrays, spec.name), State(self.arrays, f"{spec.name}.own"), around)
            for spec in rule.signals
        }
        self._wants_all = any(
            isinstance(spec.kind, Changed | Steps) or (isinstance(spec.kind, Silent) and not spec.kind.properties)
            for spec in rule.signals
        )
        self.arrays.reserve(len(stream))

    @property
    def timed(self) -> bool:
        """Whether time alone can change anything."""
        return "due" in self.arrays

    @property
    def outside(self) -> dict[str, Taking]:
        """The signals whose value the clock brings."""
        return {name: run for name, run in self.signals.items() if isinstance(run, Taking)}

    @property
    def texts(self) -> dict[str, list[str]]:
        """The texts that signals keep, by signal."""
        runs = {name: run for name, run in self.signals.items() if isinstance(run, PreviousRun)}
        return {name: run.dictionary.texts() for name, run in runs.items() if run.dictionary is not None}

    def put_back_texts(self, texts: Mapping[str, list[str]]) -> None:
        """As `texts` gave them."""
        for name, each in texts.items():
            run = self.signals.get(name)
            if isinstance(run, PreviousRun) and run.dictionary is not None:
                run.dictionary.put_back(each)

    # Units

    def select(self, wanted: Bools) -> None:
        """These rows it is for. It watches at once those of which nothing was read yet; the others wait for `begin`."""
        rows = len(wanted)
        watched = self.arrays["watched"]
        watched[:rows] &= wanted
        watched[:rows] |= wanted & (self.stream.state["last"][:rows] == NEVER)
        self.wanted, self.selected = wanted, watched[:rows].copy()

    def unwatched(self) -> Int64s:
        """The rows it is for and does not watch yet."""
        if self.wanted is None or self.selected is None:
            return np.empty(0, np.int64)
        return np.flatnonzero(self.wanted & ~self.selected)

    def begin(self, units: Int64s, now: Int64s, clock: int) -> list[AlertChange]:
        """Watch these from now on: judge them by what is known of them, at what is now for each."""
        self.begun = True
        self.arrays["watched"][units] = True
        if self.selected is not None:
            self.selected[units] = True
        rows = len(self.stream)
        values = {name: run.now(rows, clock)[units] for name, run in self.outside.items() if isinstance(run, Outside)}
        return self.advance(units, np.maximum(now[units], self._last(units) + 1), values)

    def unsay(self, units: Int64s) -> None:
        """Nothing was raised of these: what was so far is not to be relied on, as windows were not full."""
        self.arrays["raised"][units] = False
        if "since" not in self.arrays:
            self.arrays["symbol"][units] = NEITHER
        for row in units.tolist():
            self.standing.pop(row, None)

    def begin_with_past(self, units: Int64s, now: Int64s) -> list[AlertChange]:
        """After the past went through: what stands is raised now, and what was raised before never was. Units of which
        nothing would have been told since their last reading stay as that left them."""
        self.standing.clear()
        if "began" in self.arrays:
            self.arrays["began"][units] = now
        _, verdict = self._evaluate(self._walk_until(units, now))
        chosen = verdict.raised | self.arrays["raised"][units]
        chosen[[turn.number for turn in verdict.turns]] = True
        if not chosen.any():
            return []
        units, now = units[chosen], now[chosen]
        walk = self._walk_until(units, now)
        ranks, verdict = self._evaluate(walk)
        # What is neither so nor not so at the end was raised when windows were not full, or so long ago that nobody knows.
        stands = verdict.raised & (verdict.symbol != NEITHER)
        ends = walk.ends
        turns = [
            Turn(one, True, int(now[one]), int(now[one]), int(ends[one])) for one in np.flatnonzero(stands).tolist()
        ]
        found = self._settle(walk, ranks, replace(verdict, turns=turns, raised=stands))
        self.arrays["clamp"][units] = now
        return found

    def adopt(self, units: Int64s, other: RunningRule, others: Int64s) -> None:
        """Watch these from now on as another one, with the same rule, watched those."""
        self.begun = True
        self.arrays.reserve(len(self.stream))
        other.arrays.reserve(len(other.stream))
        self.arrays.adopt(units, other.arrays, others)
        for name, run in self.signals.items():
            theirs = other.signals[name]
            if isinstance(run, PreviousRun) and isinstance(theirs, PreviousRun):
                run.adopt(units, theirs)
        self.arrays["watched"][units] = True
        if self.selected is not None:
            self.selected[units] = True
        for mine, its in zip(units.tolist(), others.tolist(), strict=True):
            standing = other.standing.get(its)
            if standing is not None:
                self.standing[mine] = standing

    # Readings

    def take(self, taken: Taken) -> list[AlertChange]:
        """Go through readings; the stream has not left them yet."""
        self.arrays.reserve(len(self.stream))
        if self._unconcerned(taken):
            return []
        walk = self._walk_over(taken)
        if walk is None:
            return []
        ranks, verdict = self._evaluate(walk)
        return self._settle(walk, ranks, verdict)

    def _unconcerned(self, taken: Taken) -> bool:
        """Nothing of it was read, and nothing comes due."""
        if self._wants_all or any(slot.key in taken.rows.said for slot in self.slots.values()):
            return False
        if taken.rows.events is not None and self.signals:
            return False
        return not self.timed or bool((self.arrays["due"][taken.place] > taken.rows.at[taken.ends]).all())

    def _walk_over(self, taken: Taken) -> Walk | None:
        source = taken.every_row if taken.kept is None else taken.kept
        units, number = taken.units, taken.number
        if self.selected is not None and not self.selected[taken.place].all():
            source = source[self.selected[taken.rows.unit[source]]]
        if source is not taken.every_row:
            if not len(source):
                return None
            of_row = taken.rows.unit[source]
            starts = firsts(of_row)
            units, number = of_row[starts], np.repeat(np.arange(len(starts)), np.diff(starts, append=len(source)))
        at = taken.rows.at if source is taken.every_row else taken.rows.at[source]
        whole = units is taken.units
        last = taken.last if whole else self.stream.state["last"][units]
        if self.timed:
            clamp = self.arrays["clamp"][taken.place if whole else units]
            if clamp.max() > last.min():  # mostly the clock told of none of them
                if clamp.max() > at.min():
                    at = np.maximum(at, clamp[number])
                last = np.maximum(last, clamp)
        return self._walk(taken, units, number, at, source, last)

    def _walk(
        self, taken: Taken | None, units: Int64s, number: Int64s, at: Int64s, source: Int64s, last: Int64s
    ) -> Walk:
        return Walk(taken, self.stream.state, self.slots, units, number, at, source, last)

    def _evaluate(self, walk: Walk) -> tuple[Array | None, Verdict]:
        if "since" in self.arrays:
            self._put_pending(walk)
        for name, run in self.signals.items():
            walk.signals[name] = run.advance(walk)
        symbol = symbols(walk, self.rule)
        return severities(walk, self.rule, self.arrays), judge(walk, symbol, self.rule, self.arrays)

    def _put_pending(self, walk: Walk) -> None:
        """What takes effect before anything new is seen has a point of its own, with the values of that instant."""
        symbol = walk.before(self.arrays["symbol"])
        waits = (symbol != NEITHER) & ((symbol == RAISE) != walk.before(self.arrays["raised"]))
        number = np.flatnonzero(waits)
        holds = np.array([0, self.rule.hold_us, self.rule.clear_hold_us], np.int64)
        instant = self.arrays["since"][walk.units[number]] + holds[symbol[number]]
        pending = (instant > walk.last[number]) & (instant < walk.at[walk.starts[number]])
        walk.insert(number[pending], instant[pending])

    def _settle(self, walk: Walk, ranks: Array | None, verdict: Verdict) -> list[AlertChange]:
        place = walk.place
        found: list[AlertChange] = []
        if verdict.turns or (ranks is not None and self.standing):
            turns = self._named(walk, verdict.turns)
            found = changes_of(walk, self.rule, turns, ranks, self.standing, self.stream.unit)
        self.arrays["symbol"][place] = verdict.symbol
        self.arrays["raised"][place] = verdict.raised
        if len(verdict.since):
            self.arrays["since"][place] = verdict.since
        if self.timed:
            self.arrays["due"][place] = walk.due if len(walk.due) else ALWAYS
        walk.commit()
        return found

    def _named(self, walk: Walk, turns: Sequence[Turn]) -> Sequence[Turn]:
        """No alert is named by an instant before the rule began with its unit: another text of the rule, which was there
        then, may have raised one by that name."""
        if "began" not in self.arrays:
            return turns
        began = self.arrays["began"][walk.units]
        return [replace(one, since=max(one.since, int(began[one.number]))) if one.raised else one for one in turns]

    # The clock

    def look(self, now: Int64s, clock: int) -> tuple[list[AlertChange], list[Record]]:
        """Look at the units for which something comes due. `now` is each row's own time at the clock.

        Only what tells something, or takes something in from outside, changes the state: whatever else was seen is seen
        again when the next reading comes, wherever the log is cut.
        """
        rows = len(self.stream)
        self.arrays.reserve(rows)
        if not self.timed or not rows:
            return [], []
        taking = self._news_from_outside(rows, clock)
        due = self.arrays["due"][:rows] <= now
        if self.stream.waiting is not None:
            waiting = self.stream.waiting
            due[waiting.unit[waiting.at <= now[waiting.unit]]] = True
        if self.selected is not None:
            due &= self.selected[:rows]
        units = np.flatnonzero(due & ~taking)
        told = self._speculate(units, now[units]) if len(units) else np.empty(0, np.int64)
        chosen = np.union1d(told, np.flatnonzero(taking))
        if not len(chosen):
            return [], []
        values = {name: run.now(rows, clock)[chosen] for name, run in self.outside.items() if isinstance(run, Outside)}
        until = np.maximum(now[chosen], self._last(chosen))
        record = Record(
            self.rule.state_key, self.stream.unit[chosen], self.stream.state["arrived"][chosen], until, values
        )
        return self.advance(chosen, until, values), [record]

    def advance(self, units: Int64s, until: Int64s, values: Mapping[str, Float64s]) -> list[AlertChange]:
        """Let these units be at these instants, with these values from outside."""
        self.arrays.reserve(len(self.stream))
        for name, run in self.outside.items():
            run.coming = values.get(name)
        try:
            walk = self._walk_until(units, until)
            ranks, verdict = self._evaluate(walk)
        finally:
            for run in self.outside.values():
                run.coming = None
        found = self._settle(walk, ranks, verdict)
        if self.timed:
            self.arrays["clamp"][units] = until
        if walk.taken is not None:
            self.stream.end_wait(units, until)
            self.stream.leave(walk.taken)
        return found

    def _news_from_outside(self, rows: int, clock: int) -> Bools:
        found = np.zeros(rows, np.bool_)
        for run in self.outside.values():
            assert isinstance(run, Outside)
            now, taken = run.now(rows, clock), run.taken[:rows]
            found |= (now != taken) & ~(np.isnan(now) & np.isnan(taken))
        return found if self.selected is None else found & self.selected[:rows]

    def _speculate(self, units: Int64s, until: Int64s) -> Int64s:
        """Which of the units the clock would tell something of; the others are looked at again when they say."""
        until = np.maximum(until, self._last(units))
        walk = self._walk_until(units, until)
        ranks, verdict = self._evaluate(walk)
        found = {turn.number for turn in verdict.turns}
        if ranks is not None and self.standing:
            severity = [one.severity if (one := self.standing.get(row)) else -1 for row in units.tolist()]
            before = np.array(severity, np.int8)[walk.number]
            found.update(np.unique(walk.number[(before >= 0) & (ranks != before)]).tolist())
        self.arrays["due"][units] = walk.due if len(walk.due) else ALWAYS
        return units[sorted(found)]

    def _last(self, units: Int64s) -> Int64s:
        last = self.stream.state["last"][units]
        return np.maximum(last, self.arrays["clamp"][units]) if self.timed else last

    def _walk_until(self, units: Int64s, until: Int64s) -> Walk:
        """A last point for each unit, after the readings of it that wait for their place."""
        taken = self.stream.waits(units, until)
        rows = 0 if taken is None else len(taken.rows)
        number, at, source = np.arange(len(units)), until, rows + np.arange(len(units))
        if taken is not None:
            of_row = np.searchsorted(units, taken.rows.unit)
            place = np.full(len(units), -1)
            place[np.searchsorted(units, taken.units)] = taken.ends
            source = np.where(place >= 0, place, source)
            number = np.concatenate((of_row, number))
            at = np.concatenate((np.maximum(taken.rows.at, self.arrays["clamp"][taken.rows.unit]), at))
            order = np.argsort(number, kind="stable")
            number, at = number[order], at[order]
            source = np.concatenate((np.arange(rows), source))[order]
        walk = self._walk(taken, units, number, at, source, self._last(units))
        walk.look = True
        return walk

    def end(self, rows: Sequence[int] | None = None) -> list[AlertChange]:
        """Clear what stands (of these rows), because the rule is no longer for them; the instant is that of their last
        reading."""
        found = []
        for row in list(self.standing) if rows is None else rows:
            standing = self.standing.pop(row, None)
            if standing is not None:
                found.append(
                    ended(self.rule, int(self.stream.unit[row]), standing, int(self.stream.state["last"][row]))
                )
        if rows is not None:
            self.arrays.clear(np.array(rows, np.int64))
        return found


def _names(rule: CompiledRule) -> frozenset[str]:
    """All variables a rule looks at."""
    conditions: list[Condition] = [
        rule.when,
        *(condition for _, condition in (*rule.severities, *rule.severity_clears)),
    ]
    if rule.clear is not None:
        conditions.append(rule.clear)
    found: set[str] = set()
    for spec in rule.signals:
        kind = spec.kind
        if isinstance(kind, Silent):
            found.update(kind.properties)
        for field in ("expression", "latitude", "longitude"):
            condition = getattr(kind, field, None)
            if condition is not None:
                conditions.append(condition)
        conditions += getattr(kind, "steps", ())
    for condition in conditions:
        found |= condition.names
    return frozenset(found)

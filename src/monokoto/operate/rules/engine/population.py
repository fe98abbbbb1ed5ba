"""The units of one product and the rules that watch them: rules with one lateness share a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from monokoto.connect.line import Batch, Block, EventRecord
from monokoto.connect.products import ProductModel
from monokoto.operate.conditions import CelType, variables_of
from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.arrays import Bools, Float64s, Int64s
from monokoto.operate.rules.engine.compiled import CompiledRule, Fleet, Offline, Scope
from monokoto.operate.rules.engine.rows import NO_EVENT, Rows, joined
from monokoto.operate.rules.engine.running import RunningRule
from monokoto.operate.rules.engine.sessions import Sessions
from monokoto.operate.rules.engine.signals import Around
from monokoto.operate.rules.engine.stream import Stream
from monokoto.operate.rules.engine.surroundings import Surroundings

StateKey = tuple[int, str, str]
SHARED = ""
_PARENTS_MAX = 16


class Population:
    """Streams, rules, and what they ask of each other."""

    def __init__(self, maker_id: int, product: str, surroundings: Surroundings, sessions: Sessions) -> None:
        self.maker_id = maker_id
        self.product = product
        self.streams: dict[str, Stream] = {}
        """The shared one, and one for each rule with a lateness, under its state key."""
        self.rules: dict[StateKey, RunningRule] = {}
        self._surroundings = surroundings
        self._sessions = sessions
        self.events: dict[str, int] = {}
        self.versions: dict[str, int] = {}
        self._moves = 0
        """Counts units that came or changed their version."""
        self._selected: dict[StateKey, tuple[int, int, int]] = {}
        self._variables: dict[str, Mapping[str, CelType]] = {}
        self._tops: tuple[tuple[int, int], Int64s] = ((-1, -1), np.empty(0, np.int64))
        self.clock = 0

    # Rules

    def add(self, rule: CompiledRule) -> None:
        """One more rule; one that is there goes on, and is called what it is called now."""
        running = self.rules.get(rule.state_key)
        if running is not None:
            running.rule = rule
            self._selected.pop(rule.state_key, None)
            return
        name = stream_name(rule)
        stream = self.streams.get(name)
        if stream is None:
            stream = self.streams[name] = Stream(rule.lateness_us)
            stream.state.add("version", np.int16, -1)
        self.rules[rule.state_key] = RunningRule(rule, stream, self._around(stream))

    def beside(self, rules: Iterable[CompiledRule]) -> Population:
        """The same product with these rules alone and no units, for work beside the line. Events have the same numbers."""
        found = Population(self.maker_id, self.product, self._surroundings, self._sessions)
        found.events, found.versions = dict(self.events), dict(self.versions)
        for rule in rules:
            found.add(rule)
        return found

    def keep_only(self, wanted: Mapping[StateKey, CompiledRule]) -> list[AlertChange]:
        """Rules that are not wanted end."""
        found: list[AlertChange] = []
        for key in [key for key in self.rules if key not in wanted]:
            running = self.rules.pop(key)
            found += running.end()
            self._selected.pop(key, None)
            if running.stream.lateness:
                self.streams.pop(stream_name(running.rule), None)
        return found

    def rules_of(self, stream: Stream) -> list[RunningRule]:
        """The rules that run on a stream."""
        return [running for running in self.rules.values() if running.stream is stream and not running.failed]

    def select(self, running: RunningRule) -> None:
        """See which rows a rule is for, when that may have changed."""
        rule, stream = running.rule, running.stream
        if not rule.chooses:
            return
        stamp = (len(stream), self._moves, -1 if rule.units is None else rule.units.version())
        if self._selected.get(rule.state_key) == stamp:
            return
        running.arrays.reserve(len(stream))
        selected = np.ones(len(stream), np.bool_)
        if rule.versions:
            codes = [self.versions[version] for version in rule.versions if version in self.versions]
            selected &= np.isin(stream.state["version"][: len(stream)], codes)
        if rule.units is not None:
            selected &= np.isin(stream.unit[: len(stream)], rule.units.units())
        running.select(selected)
        self._selected[rule.state_key] = stamp

    # Readings

    def rows_of(self, batch: Batch, *, again: bool, catching_up: bool = False) -> Iterator[tuple[Stream, Rows]]:
        """What of a batch is about these units, for each stream."""
        mine = (self.maker_id, self.product)
        blocks = [block for block in batch.blocks if (block.model.organisation_id, block.model.product) == mine]
        events = [one for one in batch.events if (one.organisation_id, one.product) == mine and one.name in self.events]
        if not blocks and not events:
            return
        for stream in self.streams.values():
            parts = [self._rows(stream, block) for block in blocks]
            if events:
                parts.append(self._event_rows(stream, events))
            rows = joined(parts, stream.blanks)
            if again or (catching_up and stream.lateness):  # those may be of a later moment than the others
                rows = rows.take(rows.arrived > stream.state["arrived"][rows.unit])
            yield stream, rows

    def _rows(self, stream: Stream, block: Block) -> Rows:
        unit = stream.rows_for(block.unit)
        self._note_version(stream, unit, block.model.version)
        variables = self._variables_of(block.model)
        said = {}
        for slot in stream.slots.values():
            if variables.get(slot.name) is slot.type and (found := slot.said(block)) is not None:
                said[slot.key] = found
        return Rows(unit, block.at, block.arrived, said)

    def _event_rows(self, stream: Stream, events: Sequence[EventRecord]) -> Rows:
        unit = stream.rows_for(np.array([one.unit_id for one in events], np.int64))
        unknown = np.unique(unit[stream.state["version"][unit] < 0])
        for row in unknown.tolist():
            identity = self._surroundings.identity(int(stream.unit[row]))
            if identity is not None:
                self._note_version(stream, np.array([row]), identity.version)
        return Rows(
            unit,
            np.array([one.at for one in events], np.int64),
            np.array([one.arrived for one in events], np.int64),
            {},
            np.array([self.events[one.name] for one in events], np.int32),
        )

    def know_of(self, unit_id: int, version: str) -> None:
        """A unit that may not have said anything yet."""
        for stream in self.streams.values():
            rows = stream.rows_for(np.array([unit_id], np.int64))
            if stream.state["version"][rows[0]] < 0:
                self._note_version(stream, rows, version)

    def know_versions(self, stream: Stream, rows: Int64s) -> None:
        """See which version these units are of."""
        found: dict[str, list[int]] = {}
        for row in rows.tolist():
            identity = self._surroundings.identity(int(stream.unit[row]))
            if identity is not None:
                found.setdefault(identity.version, []).append(row)
        for version, those in found.items():
            self._note_version(stream, np.array(those, np.int64), version)

    def _note_version(self, stream: Stream, rows: Int64s, version: str) -> None:
        code = self.versions.setdefault(version, len(self.versions))
        held = stream.state["version"]
        if (held[rows] != code).any():
            held[rows] = code
            self._moves += 1

    def _variables_of(self, model: ProductModel) -> Mapping[str, CelType]:
        found = self._variables.get(model.version)
        if found is None:
            found = self._variables[model.version] = variables_of(model)
        return found

    def know_names(self, events: Sequence[str], versions: Sequence[str]) -> dict[int, int]:
        """Number versions as they were numbered; says by which number each event goes now."""
        self.versions = {version: code for code, version in enumerate(versions)}
        return {number: self.events.get(name, NO_EVENT) for number, name in enumerate(events)}

    # What signals ask

    def _around(self, stream: Stream) -> Around:
        return Around(
            event_number=lambda name: self.events.setdefault(name, len(self.events)),
            groups=lambda fleet, rows: self._groups(stream, fleet, rows),
            drifting=lambda name, rows: self._drifting(stream, name, rows),
            offline=lambda rows, clock, for_us: self._sessions.offline(stream.unit[:rows], clock, for_us),
        )

    @property
    def asks_sessions(self) -> bool:
        """Whether any rule looks at sessions."""
        return any(isinstance(spec.kind, Offline) for one in self.rules.values() for spec in one.rule.signals)

    def _drifting(self, stream: Stream, name: str, rows: int) -> Float64s:
        units = self._surroundings.drifting(self.maker_id, self.product, name)
        return np.isin(stream.unit[:rows], units).astype(np.float64)

    def _groups(self, stream: Stream, fleet: Fleet, rows: int) -> tuple[Int64s, Bools]:
        everyone = np.ones(rows, np.bool_)
        if fleet.scope is Scope.SYSTEM:
            _, group = np.unique(self._top(stream, rows), return_inverse=True)
            return group.astype(np.int64), everyone
        if fleet.scope is Scope.GROUP and fleet.members is not None:
            return np.zeros(rows, np.int64), np.isin(stream.unit[:rows], fleet.members())
        return np.zeros(rows, np.int64), everyone

    def _top(self, stream: Stream, rows: int) -> Int64s:
        """The topmost unit of each one's system; asked anew once a minute, or when units came."""
        stamp = (rows, self.clock // 60_000_000)
        if self._tops[0] != stamp:
            tops = np.array([self._topmost(unit) for unit in stream.unit[:rows].tolist()], np.int64)
            self._tops = (stamp, tops)
        return self._tops[1]

    def _topmost(self, unit_id: int) -> int:
        for _ in range(_PARENTS_MAX):
            identity = self._surroundings.identity(unit_id)
            if identity is None or not identity.parent_id:
                break
            unit_id = identity.parent_id
        return unit_id


def stream_name(rule: CompiledRule) -> str:
    """The stream a rule runs on."""
    return "/".join(map(str, rule.state_key)) if rule.lateness_us else SHARED

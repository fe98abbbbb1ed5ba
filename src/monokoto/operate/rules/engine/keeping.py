"""The engine's state out of it and back into it.

A copy of everything at once would keep the line waiting for as long as it takes, so the rules are copied some at a time, each
at a moment of its own between two batches (`Copying`): first the streams, which all readings from there on are replayed
into, then the rules. What a rule had seen when it was copied is left out for it in the replay: see `CatchingUp`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.operate.rules.change import AlertChange, ChangeKind
from monokoto.operate.rules.engine.arrays import NEVER, Array, Int64s
from monokoto.operate.rules.engine.engine import CatchingUp, Engine
from monokoto.operate.rules.engine.population import Population
from monokoto.operate.rules.engine.rows import NO_EVENT, Rows, Said
from monokoto.operate.rules.engine.running import RunningRule
from monokoto.operate.rules.engine.snapshot import (
    ArrayPart,
    EnginePart,
    PopulationPart,
    RulePart,
    SeenPart,
    StandingPart,
    StreamPart,
    UnitsPart,
    WaitingPart,
    pack,
    pack_all,
    record_from_part,
    record_to_part,
    unpack,
    unpack_all,
)
from monokoto.operate.rules.engine.stream import Stream
from monokoto.operate.rules.engine.telling import SEVERITIES, Standing

_ROOM_BYTES = 32 << 20
"""Copied in one moment: some hundredths of a second on a busy machine. A larger rule has a moment of its own."""
_STREAMS = -1
"""The moment of the streams."""


@dataclass(slots=True)
class _RuleCopy:
    """A rule as it was, not packed yet."""

    arrays: dict[str, Array]
    part: RulePart


@dataclass(slots=True)
class Copying:
    """A copy that is made piece by piece. Hold the engine's lock for `begin`, `some` and `end`, not for the others."""

    engine: Engine
    _left: list[tuple[Population, RunningRule]] = field(default_factory=list)
    _copied: list[_RuleCopy] = field(default_factory=list)
    _head: Callable[[], EnginePart] | None = None
    _units: list[UnitsPart] = field(default_factory=list)
    _rules: list[RulePart] = field(default_factory=list)
    _moments: list[list[SeenPart]] = field(default_factory=list)
    _room_made: bool = False
    _room: dict[int, dict[str, Array]] = field(default_factory=dict)
    """By rule (`id`), memory for the copies that come next."""

    def begin(self) -> None:
        """Copy the streams: from their moment on the log is replayed."""
        engine = self.engine
        self._left = [
            (one, rule) for one in engine.populations.values() for rule in one.rules.values() if not rule.failed
        ]
        populations = [_population(one) for one in engine.populations.values()]
        sessions, replaying, clock = engine.sessions.dump(), list(engine.replaying), engine.clock
        self._head = lambda: EnginePart(
            clock,
            [population() for population in populations],
            pack_all(sessions),
            [record_to_part(record) for record in replaying],
            self._rules,
            self._moments,
            self._units,
        )

    def some(self, journal: int, *, seconds: float = float("inf"), at_once: bool = False) -> bool:
        """Copy rules for about so long; False: there are none left. `at_once`: it is still the moment of the streams."""
        if not self._left:
            return False
        until = time.monotonic() + seconds
        moment = _STREAMS
        if not at_once:
            moment = len(self._moments)
            self._moments.append(
                [
                    SeenPart(one.maker_id, one.product, name, pack(stream.state["arrived"][: len(stream)]))
                    for one in self.engine.populations.values()
                    for name, stream in one.streams.items()
                    if not stream.lateness
                ]
            )
        while self._left:
            population, running = self._left.pop()
            # One that is gone meanwhile is not needed any more.
            if population.rules.get(running.rule.state_key) is running and not running.failed:
                self._copied.append(_copy(population, running, moment, journal, self._room.pop(id(running), None)))
            if time.monotonic() >= until or (self._room_made and not self._room):
                break
        return True

    def pack_some(self) -> None:
        """Make what was copied small, and room for what comes next."""
        for one in self._copied:
            self._rules.append(_with(one.part, pack_all(one.arrays)))
        self._copied = []
        self.make_room()

    def make_room(self) -> None:
        """For the next rules."""
        self._room, size = {}, 0
        self._room_made = True
        for _, running in reversed(self._left):
            rows = len(running.stream)
            size += running.arrays.bytes_per_row * rows
            if self._room and size > _ROOM_BYTES:
                break
            self._room[id(running)] = running.arrays.room(rows)

    def end(self) -> None:
        """See which units have come meanwhile."""
        self._units = [
            UnitsPart(one.maker_id, one.product, name, pack(stream.unit[: len(stream)]))
            for one in self.engine.populations.values()
            for name, stream in one.streams.items()
            if not stream.lateness
        ]

    def part(self) -> EnginePart:
        """All of it; nothing needs to be held."""
        assert self._head is not None
        return self._head()


def dump(engine: Engine) -> EnginePart:
    """A copy of all state at one moment; hold the engine's lock."""
    copying = Copying(engine)
    copying.begin()
    copying.some(0, at_once=True)
    copying.pack_some()
    copying.end()
    return copying.part()


def _copy(
    population: Population, running: RunningRule, moment: int, journal: int, room: Mapping[str, Array] | None
) -> _RuleCopy:
    rule, stream = running.rule, running.stream
    name = next(name for name, one in population.streams.items() if one is stream)
    standing = [StandingPart(row, one.instance, one.severity, one.at) for row, one in running.standing.items()]
    part = RulePart(
        maker_id=population.maker_id,
        product=population.product,
        organisation_id=rule.organisation_id,
        key=rule.key,
        digest=rule.digest,
        version=rule.version,
        audience=rule.audience,
        stream=name,
        arrays={},
        standing=standing,
        units={one.row: (int(stream.unit[one.row]), int(stream.state["last"][one.row])) for one in standing},
        texts=running.texts,
        own_stream=_stream(name, stream)() if stream.lateness else None,
        moment=moment,
        journal=journal,
    )
    return _RuleCopy(running.arrays.dump_into(len(stream), room or {}), part)


def _with(part: RulePart, arrays: dict[str, ArrayPart]) -> RulePart:
    return msgspec.structs.replace(part, arrays=arrays)


def _population(population: Population) -> Callable[[], PopulationPart]:
    events, versions = list(population.events), list(population.versions)
    streams = [_stream(name, stream) for name, stream in population.streams.items() if not stream.lateness]
    return lambda: PopulationPart(
        population.maker_id, population.product, events, versions, [stream() for stream in streams]
    )


def _stream(name: str, stream: Stream) -> Callable[[], StreamPart]:
    """A copy, made small when it is asked for."""
    texts = {key: slot.dictionary.texts() for key, slot in stream.slots.items() if slot.dictionary is not None}
    rows, late, hurried = len(stream), stream.late, stream.hurried
    unit, arrays = stream.unit[:rows].copy(), stream.state.dump(rows)
    columns = None if stream.waiting is None else {key: one.copy() for key, one in _columns(stream.waiting).items()}

    def part() -> StreamPart:
        waiting = None if columns is None else WaitingPart(pack_all(columns))
        return StreamPart(name, stream.lateness, pack(unit), pack_all(arrays), texts, waiting, late, hurried)

    return part


def _columns(rows: Rows) -> dict[str, Array]:
    found: dict[str, Array] = {"unit": rows.unit, "at": rows.at, "arrived": rows.arrived}
    if rows.events is not None:
        found["events"] = rows.events
    for name, said in rows.said.items():
        found[f"v:{name}"] = said.values
        if said.present is not None:
            found[f"p:{name}"] = said.present
    return found


def load(engine: Engine, part: EnginePart) -> list[AlertChange]:
    """Put state back into an engine that has its rules and has seen nothing; hold its lock.

    What stood of rules that are no more is cleared.
    """
    engine.clock = part.clock
    engine.sessions.load(unpack_all(part.sessions))
    engine.replaying = [record_from_part(one) for one in part.replaying]
    events: dict[tuple[int, str], Mapping[int, int]] = {}
    for one in part.populations:
        population = engine.populations.get((one.maker_id, one.product))
        if population is not None:
            named = events[one.maker_id, one.product] = population.know_names(one.events, one.versions)
            for stream in one.streams:
                if stream.name in population.streams:
                    _load_stream(population.streams[stream.name], stream, named)
    _load_units(engine, part.units)
    found: list[AlertChange] = []
    catching_up = CatchingUp()
    for rule in part.rules:
        population = engine.populations.get((rule.maker_id, rule.product))
        running = None if population is None else population.rules.get((rule.organisation_id, rule.key, rule.digest))
        if running is None:
            found += [_ended(rule, standing) for standing in rule.standing]
            continue
        if rule.own_stream is not None:
            _load_stream(running.stream, rule.own_stream, events.get((rule.maker_id, rule.product), {}))
        _load_rule(running, rule)
        if rule.moment != _STREAMS:
            catching_up.moments[running.rule.state_key] = rule.moment
            catching_up.journals[running.rule.state_key] = rule.journal
    if catching_up.moments:
        _load_moments(engine, part.moments, catching_up)
        engine.catching_up = catching_up
    return found


def _load_units(engine: Engine, parts: Sequence[UnitsPart]) -> None:
    """Rows are numbered as they were when the last rule was copied."""
    for part in parts:
        population = engine.populations.get((part.maker_id, part.product))
        stream = None if population is None else population.streams.get(part.stream)
        units: Int64s = unpack(part.unit)
        if stream is not None and len(units) > len(stream):
            stream.add(units[len(stream) :])


def _load_moments(engine: Engine, moments: Sequence[Sequence[SeenPart]], catching_up: CatchingUp) -> None:
    for seen in moments:
        for part in seen:
            population = engine.populations.get((part.maker_id, part.product))
            stream = None if population is None else population.streams.get(part.stream)
            if stream is not None:
                arrived = np.full(len(stream), NEVER, np.int64)
                kept = unpack(part.arrived)
                arrived[: len(kept)] = kept
                catching_up.seen.setdefault(id(stream), []).append(arrived)


def _load_stream(stream: Stream, part: StreamPart, events: Mapping[int, int]) -> None:
    units = unpack(part.unit)
    if len(units):
        stream.add(units)
    for key, texts in part.texts.items():
        slot = stream.slots.get(key)
        if slot is not None and slot.dictionary is not None:
            slot.dictionary.put_back(texts)
    stream.state.load(unpack_all(part.arrays))
    stream.late, stream.hurried, stream.begun = part.late, part.hurried, True
    if part.waiting is not None:
        columns = unpack_all(part.waiting.columns)
        said = {
            name[2:]: Said(values, columns.get(f"p:{name[2:]}"))
            for name, values in columns.items()
            if name.startswith("v:") and name[2:] in stream.slots
        }
        told = columns.get("events")
        if told is not None:
            told = np.array([events.get(number, NO_EVENT) for number in told.tolist()], np.int32)
        stream.waiting = Rows(columns["unit"], columns["at"], columns["arrived"], said, told)


def _load_rule(running: RunningRule, part: RulePart) -> None:
    rows = len(running.stream)
    running.arrays.reserve(rows)
    running.arrays.load(unpack_all(part.arrays))
    if running.rule.chooses:
        running.selected = running.arrays["watched"][:rows].copy()
    running.standing = {one.row: Standing(one.instance, one.severity, one.at) for one in part.standing}
    running.put_back_texts(part.texts)


def _ended(part: RulePart, standing: StandingPart) -> AlertChange:
    unit_id, last = part.units[standing.row]
    return AlertChange(
        organisation_id=OrganisationId(part.organisation_id),
        unit_id=UnitId(unit_id),
        rule=part.key,
        rule_version=part.version,
        instance=Instant(standing.instance),
        kind=ChangeKind.CLEARED,
        at=Instant(max(last, standing.at)),
        severity=SEVERITIES[standing.severity],
        audience=part.audience,
    )

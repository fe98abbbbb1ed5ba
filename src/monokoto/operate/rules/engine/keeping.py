"""The engine's state out of it and back into it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.operate.rules.change import AlertChange, ChangeKind
from monokoto.operate.rules.engine.arrays import Array
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.population import Population
from monokoto.operate.rules.engine.rows import NO_EVENT, Rows, Said
from monokoto.operate.rules.engine.running import RunningRule
from monokoto.operate.rules.engine.snapshot import (
    EnginePart,
    PopulationPart,
    RulePart,
    StandingPart,
    StreamPart,
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


def dump(engine: Engine) -> EnginePart:
    """A copy of all state; hold the engine's lock."""
    return EnginePart(
        engine.clock,
        [_population(one) for one in engine.populations.values()],
        pack_all(engine.sessions.dump()),
        [record_to_part(record) for record in engine.replaying],
    )


def _population(population: Population) -> PopulationPart:
    names = {id(stream): name for name, stream in population.streams.items()}
    return PopulationPart(
        population.maker_id,
        population.product,
        list(population.events),
        list(population.versions),
        [_stream(name, stream) for name, stream in population.streams.items()],
        [_rule(one, names[id(one.stream)]) for one in population.rules.values() if not one.failed],
    )


def _stream(name: str, stream: Stream) -> StreamPart:
    texts = {key: slot.dictionary.texts() for key, slot in stream.slots.items() if slot.dictionary is not None}
    waiting = None if stream.waiting is None else WaitingPart(pack_all(_columns(stream.waiting)))
    rows = len(stream)
    arrays = pack_all(stream.state.dump(rows))
    return StreamPart(
        name, stream.lateness, pack(stream.unit[:rows]), arrays, texts, waiting, stream.late, stream.hurried
    )


def _columns(rows: Rows) -> dict[str, Array]:
    found: dict[str, Array] = {"unit": rows.unit, "at": rows.at, "arrived": rows.arrived}
    if rows.events is not None:
        found["events"] = rows.events
    for name, said in rows.said.items():
        found[f"v:{name}"] = said.values
        if said.present is not None:
            found[f"p:{name}"] = said.present
    return found


def _rule(running: RunningRule, stream: str) -> RulePart:
    rule = running.rule
    standing = [StandingPart(row, one.instance, one.severity, one.at) for row, one in running.standing.items()]
    return RulePart(
        rule.organisation_id,
        rule.key,
        rule.digest,
        rule.version,
        rule.audience,
        stream,
        pack_all(running.arrays.dump(len(running.stream))),
        standing,
        running.texts,
    )


def load(engine: Engine, part: EnginePart) -> list[AlertChange]:
    """Put state back into an engine that has its rules and has seen nothing; hold its lock.

    What stood of rules that are no more is cleared.
    """
    found: list[AlertChange] = []
    engine.clock = part.clock
    engine.sessions.load(unpack_all(part.sessions))
    engine.replaying = [record_from_part(one) for one in part.replaying]
    for one in part.populations:
        population = engine.populations.get((one.maker_id, one.product))
        if population is not None:
            events = population.know_names(one.events, one.versions)
            for stream in one.streams:
                if stream.name in population.streams:
                    _load_stream(population.streams[stream.name], stream, events)
        units = {stream.name: unpack(stream.unit) for stream in one.streams}
        last = {stream.name: unpack(stream.arrays["last"]) for stream in one.streams}
        for rule in one.rules:
            running = (
                None if population is None else population.rules.get((rule.organisation_id, rule.key, rule.digest))
            )
            if running is None:
                found += [_ended(rule, standing, units[rule.stream], last[rule.stream]) for standing in rule.standing]
            else:
                _load_rule(running, rule)
    return found


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
    running.arrays.reserve(len(running.stream))
    running.arrays.load(unpack_all(part.arrays))
    running.standing = {one.row: Standing(one.instance, one.severity, one.at) for one in part.standing}
    running.put_back_texts(part.texts)


def _ended(part: RulePart, standing: StandingPart, units: Array, last: Array) -> AlertChange:
    return AlertChange(
        organisation_id=OrganisationId(part.organisation_id),
        unit_id=UnitId(int(units[standing.row])),
        rule=part.key,
        rule_version=part.version,
        instance=Instant(standing.instance),
        kind=ChangeKind.CLEARED,
        at=Instant(max(int(last[standing.row]), standing.at)),
        severity=SEVERITIES[standing.severity],
        audience=part.audience,
    )

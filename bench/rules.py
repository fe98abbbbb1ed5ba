"""100 rules of mixed kinds, in the process: nanoseconds a row and rule, beside decoding and storing the same rows; memory.

Readings come as the line hands them over: batches of 60,000 messages of five readings, each unit at its share of 220,000
messages a second. The engine is fed with them alone; decoding and storing are measured on the same payloads, so the share
says what the rules cost of a line that does nothing else.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from bench.report import Report
from monokoto.connect.line import Batch, Block, Column
from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.kernel.values import Kind
from monokoto.operate.conditions import CelType, check, variables_of
from monokoto.operate.rules.engine.compiled import (
    Changed,
    CompiledRule,
    Geofence,
    Held,
    Rate,
    Sequence,
    SignalSpec,
    Silent,
    Statistic,
    Window,
)
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.keeping import Copying
from monokoto.operate.rules.engine.snapshot import VERSION, Snapshot, encode

SECOND = 1_000_000
ROWS = 60_000
RATE = 220_000
START = 1_780_272_000 * SECOND
NUMBERS = ("temperature", "load", "latitude", "longitude")
PROPERTIES = {**dict.fromkeys(NUMBERS, Kind.NUMBER), "open": Kind.BOOLEAN}


def run(report: Report, *, quick: bool) -> None:
    """Both fleets; then each kind alone."""
    batches = 4 if quick else 36
    line_ns = _line_ns(quick=quick)
    report.row("decode and store, a message", line_ns, "ns")
    for units in (1_000, 50_000):
        per_message, engine, mean = _fed(_mixed(), units, batches)
        report.row(f"100 mixed rules on {units:,} units, a row and rule", per_message / 100, "ns", goal="30")
        share = per_message / (line_ns + per_message)
        report.row(f"100 mixed rules on {units:,} units, of the line's time", share * 100, "%", goal="at most 40")
        share = mean / (line_ns + mean)
        report.row(f"100 mixed rules on {units:,} units, with the ends of parts (mean)", share * 100, "%")
        running = list(engine.running())
        report.row(
            f"state of a unit, 100 rules ({units:,} units)", sum(one.arrays.bytes_per_row for one in running), "B"
        )
        _snapshot(report, engine, units)
    for name, rule in _kinds().items():
        for units in (1_000, 50_000):
            per_message, engine, _ = _fed([rule], units, max(batches // 3, 2))
            size = next(iter(engine.running())).arrays.bytes_per_row
            report.row(f"{name}, {units:,} units", per_message, f"ns a row, {size} B a unit")


def _snapshot(report: Report, engine: Engine, units: int) -> None:
    """Written while the line goes on: what counts is for how long it does not."""
    began = time.perf_counter()
    copying, held = Copying(engine), []

    def hold(work: Callable[[], object]) -> object:
        since = time.perf_counter()
        found = work()
        held.append(time.perf_counter() - since)
        return found

    hold(copying.begin)
    copying.make_room()
    while hold(lambda: copying.some(0, seconds=0.01)):
        copying.pack_some()
    hold(copying.end)
    body = encode(Snapshot(VERSION, {}, 0, copying.part()))
    report.row(f"snapshot of {units:,} units, all of it", (time.perf_counter() - began) * 1000, "ms")
    report.row(f"snapshot of {units:,} units, the line held longest", max(held) * 1000, "ms", goal="under 100")
    report.row(f"snapshot of {units:,} units", len(body) / 1e6, "MB")
    _rule_change(report, engine, units)


def _rule_change(report: Report, engine: Engine, units: int) -> None:
    """One rule more among 100 begins with all units."""
    rules = [one.rule for one in engine.running()]
    since = time.perf_counter()
    engine.set_rules([*rules, _rule("new", "temperature > 99.0", signals={"w": _five_minutes()})])
    engine.begin(engine.clock)
    took = (time.perf_counter() - since) * 1000
    report.row(f"a rule more on {units:,} units, the line held", took, "ms", goal="under 100")


def _five_minutes() -> Window:
    return Window(Statistic.AVERAGE, _number("load"), 300 * SECOND)


def model() -> ProductModel:
    """Five properties."""
    return ProductModel(
        organisation_id=OrganisationId(1),
        product=ProductName("machine"),
        version="1.0.0",
        properties={name: PropertyModel(name=name, kind=kind, schema={}) for name, kind in PROPERTIES.items()},
    )


VARIABLES = variables_of(model())


def _rule(name: str, when: str, **fields: Any) -> CompiledRule:
    signals = tuple(SignalSpec(key, kind) for key, kind in fields.pop("signals", {}).items())
    types = {**VARIABLES, **{spec.name: spec.type for spec in signals}}
    clear = fields.pop("clear", None)
    return CompiledRule(
        key=f"machine/{name}", version="1.0.0", digest=name, organisation_id=1, maker_id=1, product="machine",
        variables=VARIABLES, signals=signals, when=check(when, types, CelType.BOOLEAN),
        clear=None if clear is None else check(clear, types, CelType.BOOLEAN), **fields,
    )  # fmt: skip


def _number(text: str) -> Any:
    return check(text, VARIABLES, CelType.NUMBER)


def _truth(text: str) -> Any:
    return check(text, VARIABLES, CelType.BOOLEAN)


def _kinds(index: int = 0) -> dict[str, CompiledRule]:
    """One rule of each kind; the index moves limits, so that no two are the same."""
    five, limit = 300 * SECOND, 95 + index / 10
    window = {
        f"window: {one.value}": {"w": Window(one, _number("temperature"), five)}
        for one in (Statistic.AVERAGE, Statistic.DEVIATION, Statistic.MAXIMUM, Statistic.PERCENTILE)
    }
    area = shapely.box(10, 10, 12, 12)
    signals: dict[str, tuple[str, dict[str, Any]]] = {
        "held": ("h", {"h": Held(_truth(f"load > {limit}"), 10 * SECOND)}),
        "count": ("w > 90.0", {"w": Window(Statistic.COUNT, _truth("temperature > 97.0"), five)}),
        **{name: (f"w > {limit}", found) for name, found in window.items()},
        "tumbling average": (f"w > {limit}", {"w": Window(Statistic.AVERAGE, _number("load"), five, five)}),
        "rate": ("r > 500.0", {"r": Rate(_number("temperature"), five, 60 * SECOND)}),
        "silent": ("s", {"s": Silent(("temperature",), five)}),
        "changed": ("c && temperature > 99.9", {"c": Changed(_truth("open"))}),
        "sequence": ("q && load > 99.9", {"q": Sequence((_truth("load > 99.0"), _truth("load < 1.0")), 10 * SECOND)}),
        "geofence": ("!inside && load > 99.9", {"inside": Geofence(_number("latitude"), _number("longitude"), area)}),
    }
    found = {
        "threshold": _rule(f"threshold{index}", f"temperature > {limit + 4}"),
        "hysteresis": _rule(f"hysteresis{index}", f"load > {limit + 4.9}", clear="load < 0.1"),
        "two properties": _rule(f"two{index}", f"temperature > {limit} && load > {limit + 4} && open"),
        "for": _rule(f"for{index}", f"temperature > {limit}", hold_us=30 * SECOND),
    }
    for name, (when, each) in signals.items():
        found[name] = _rule(f"{name}{index}", when, signals=each)
    return found


def _mixed() -> list[CompiledRule]:
    """100 rules: half of them compare, a quarter lasts, a quarter looks over time."""
    often = {"threshold": 24, "hysteresis": 12, "two properties": 14, "for": 12, "held": 6, "silent": 4}
    often |= {"count": 4, "window: average": 6, "tumbling average": 2, "rate": 3, "changed": 4, "sequence": 2}
    often |= {"geofence": 2, "window: maximum": 2, "window: deviation": 2, "window: percentile": 1}
    rules = [_kinds(index)[name] for name, count in often.items() for index in range(count)]
    assert len(rules) == 100
    return rules


def _batches(units: int, count: int) -> list[Batch]:
    chance = np.random.default_rng(1)
    compiled, found, turn = model(), [], 0
    for number in range(count + 1):
        # Every unit in turn, 220,000 messages a second over all of them.
        unit = (np.arange(turn, turn + ROWS) % units) + 1
        at = START + ((np.arange(turn, turn + ROWS) / RATE) * SECOND).astype(np.int64)
        turn += ROWS
        columns = tuple(Column(compiled.properties[name], _values(chance)) for name in NUMBERS)
        columns += (Column(compiled.properties["open"], (chance.uniform(0, 1, ROWS) > 0.5).astype(np.float64)),)
        block = Block(compiled, unit.astype(np.int64), at, np.full(ROWS, at[-1]), columns)
        found.append(Batch(partition=0, first_sequence=number, last_sequence=number, blocks=(block,)))
    return found


def _values(chance: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Noise well within the limits, and one reading in 20,000 beyond them: alerts are rare, and each costs some 20 us."""
    values = chance.uniform(5, 90, ROWS)
    values[chance.integers(0, ROWS, ROWS // 20_000)] = 99.95
    return values


def _fed(rules: list[CompiledRule], units: int, count: int) -> tuple[float, Engine, float]:
    """Nanoseconds a row (median of the batches after the first), the engine, and the mean: in some batches a part of the
    windows of all units ends, for all of them at once."""
    engine = Engine()
    engine.set_rules(rules)
    took = []
    for batch in _batches(units, count):
        began = time.perf_counter_ns()
        changes = engine.take(batch)
        engine.tick(int(batch.blocks[0].at[-1]))
        took.append((time.perf_counter_ns() - began) / ROWS)
        assert len(changes) < ROWS * len(rules)
    assert not [one.failed for one in engine.running() if one.failed]
    return statistics.median(took[1:]), engine, statistics.mean(took[1:])


def _line_ns(*, quick: bool) -> float:
    """What decoding and storing a message of five readings costs, on the same machine."""
    from bench.line_cost import decode_and_store_ns  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        return decode_and_store_ns(Path(folder), rounds=2 if quick else 5)

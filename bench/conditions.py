"""Conditions over columns beside the reference row by row: rows a second, on one core."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from bench.report import Report
from monokoto.operate.conditions import CelType, Condition, Frame, Vector, check

VARIABLES = {
    **dict.fromkeys("abcd", CelType.NUMBER),
    "n": CelType.INTEGER,
    "on": CelType.BOOLEAN,
    "s": CelType.TEXT,
    "xs": CelType.NUMBERS,
}
CONDITIONS = {
    "a > 80": "a > 80",
    'a > 80 && s == "on"': 'a > 80 && s == "on"',
    "the same, a tenth of a and s not known": 'a > 80 && s == "on"',
    "s.matches(...)": 's.matches("^o[nf]+$")',
    "n % 7 == 3 && n * 3 + 1 > 100": "n % 7 == 3 && n * 3 + 1 > 100",
    "ten terms": (
        'a > 80 && b < 20 || c * 1.8 + 32 > 100 && d - a < 5 || on && n > 10 || s == "on" && '
        '(a + b) / 2 > 60 || !(s in ["off", "standby"]) && math.abs(c - d) > 40 || n % 2 == 0 && a * b > 900'
    ),
    "row by row: xs.exists(x, x > a)": "xs.exists(x, x > a)",
}
ROWS = 60_000
STATES = ("on", "off", "standby", "fault", "cleaning")


def run(report: Report, *, quick: bool) -> None:
    """Medians of processor time; the reference is asked a few thousand rows of the same frame."""
    full, gaps = _frame(known=1.0), _frame(known=0.9)
    for title, source in CONDITIONS.items():
        condition = check(source, VARIABLES, CelType.BOOLEAN)
        frame = gaps if "not known" in title else full
        columns = ROWS / _median(lambda c=condition, f=frame: c.evaluate(f), 3 if quick else 30)
        rows = _reference(condition, frame, 500 if quick else 5_000)
        report.row(title, columns / 1e6, "M rows/s")
        report.row("  the reference, row by row", rows / 1e6, "M rows/s")
        report.row("  ratio", columns / rows)
    checking = _median(lambda: check(CONDITIONS["ten terms"], VARIABLES, CelType.BOOLEAN), 5 if quick else 50)
    report.row("checking and compiling ten terms", checking * 1e3, "ms")
    report.note(f"frames of {ROWS} rows; one core; nanoseconds a row are 1000 / (M rows/s)")


def _frame(known: float) -> Frame:
    source = np.random.default_rng(7)
    mask = None if known == 1.0 else source.random(ROWS) < known
    columns = {name: Vector(CelType.NUMBER, source.uniform(0, 100, ROWS), mask) for name in "abcd"}
    columns["n"] = Vector(CelType.INTEGER, source.integers(0, 1000, ROWS).astype(np.float64))
    columns["on"] = Vector(CelType.BOOLEAN, source.random(ROWS) < 0.5)
    columns["s"] = Vector(CelType.TEXT, source.integers(0, len(STATES), ROWS).astype(np.int32), mask, list(STATES))
    lists = [[float(number)] for number in range(50)]
    columns["xs"] = Vector(CelType.NUMBERS, source.integers(0, 50, ROWS).astype(np.int32), None, lists)
    return Frame(ROWS, columns)


def _reference(condition: Condition, frame: Frame, rows: int) -> float:
    table = [{name: frame.columns[name].at(row) for name in condition.names} for row in range(rows)]
    began = time.thread_time()
    for row in table:
        condition.reference(row)
    return rows / (time.thread_time() - began)


def _median(what: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.thread_time()
        what()
        taken.append(time.thread_time() - began)
    return statistics.median(taken)

"""Columnar payloads: what a gateway sends for many instants and many units at once.

`{"unit": "s1" | ["s1", "s2", ...], "at": [t0, t1, ...], "values": {"p": [v0, v1, ...]}}`; `unit` may be left out (the sender),
`at` too (the arrival). Every list has the same length; null in a list of values means: no reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.line import refusals
from monokoto.connect.line.batch import Block, Column
from monokoto.connect.line.checks import Check
from monokoto.connect.line.instants import instant_of, instants_of
from monokoto.connect.line.messages import Refuse, accepted
from monokoto.connect.line.plan import Plan
from monokoto.connect.line.refusals import Refused
from monokoto.connect.line.rows import Rows
from monokoto.kernel.limits import MESSAGES_IN_PAYLOAD_MAX


class Columnar(msgspec.Struct, forbid_unknown_fields=True):
    """One columnar object as it travels."""

    values: dict[str, list[Any]]
    unit: str | list[str] | None = None
    at: list[Any] | None = None

    @property
    def length(self) -> int:
        """How many rows it has."""
        return len(next(iter(self.values.values()))) if self.values else 0


def read_columns(document: Any) -> list[Columnar]:
    """One or several columnar objects, their lengths checked.

    Raises:
        Refused: not of this shape.
    """
    try:
        items = msgspec.convert(document if isinstance(document, list) else [document], list[Columnar])
    except msgspec.ValidationError as error:
        raise Refused(refusals.BAD_SHAPE, f"Not a columnar payload: {error}.") from None
    for item in items:
        lengths = {name: len(column) for name, column in item.values.items()}
        if isinstance(item.unit, list):
            lengths["unit"] = len(item.unit)
        if item.at is not None:
            lengths["at"] = len(item.at)
        if len(set(lengths.values())) > 1:
            raise Refused(refusals.BAD_SHAPE, f"The columns differ in length: {_first(lengths)}.")
    if sum(item.length for item in items) > MESSAGES_IN_PAYLOAD_MAX:
        raise Refused(refusals.TOO_LARGE, f"More than {MESSAGES_IN_PAYLOAD_MAX} rows in one payload.")
    return items


def _first(lengths: Mapping[str, int]) -> str:
    return ", ".join(f"{name[:64]} {length}" for name, length in list(lengths.items())[:10])


@dataclass(frozen=True, slots=True, kw_only=True)
class Makers:
    """What the decoder lends: who is meant, how they are decoded, where results go."""

    unit_of: Callable[[str | None], UnitIdentity]
    plan_of: Callable[[UnitIdentity], Plan]
    rows_of: Callable[[Plan], Rows]
    blocks: list[Block]
    refuse: Refuse


def add_columns(document: Any, arrived: int, committed: int, makers: Makers) -> None:
    """Take one columnar payload in: whole columns where they fit, the rest row by row.

    `arrived` is the time of rows that have none, `committed` what is kept as the arrival of all of them.

    Raises:
        Refused: the payload as a whole is not columnar.
    """
    for item in read_columns(document):
        if not item.length:
            continue
        at = _times(item, arrived)
        names = item.unit if isinstance(item.unit, list) else [item.unit] * item.length
        for plan, rows, units in _by_plan(names, makers):
            _add(item, plan, rows, units, at, committed, makers)


def _times(item: Columnar, arrived: int) -> list[int | Refused]:
    if item.at is None:
        return [arrived] * item.length
    if all(type(one) is int and abs(one) < 2**62 for one in item.at):
        at, fine = instants_of(np.array(item.at, np.int64), np.full(len(item.at), arrived))
        if fine.all():
            return at.tolist()  # type: ignore[no-any-return]
    return [_time(one, arrived) for one in item.at]


def _time(value: Any, arrived: int) -> int | Refused:
    try:
        return instant_of(value, arrived)
    except Refused as error:
        return error


def _by_plan(names: list[Any], makers: Makers) -> list[tuple[Plan, list[int], list[int]]]:
    """The rows of each plan and their units; rows of unknown units are refused, each name once."""
    known: dict[str | None, tuple[Plan, int] | None] = {}
    groups: dict[int, tuple[Plan, list[int], list[int]]] = {}
    for row, name in enumerate(names):
        if name not in known:
            try:
                unit = makers.unit_of(name)
                known[name] = (makers.plan_of(unit), unit.unit_id)
            except Refused as error:
                makers.refuse(error.reason, error.detail)
                known[name] = None
        found = known[name]
        if found is not None:
            _, rows, units = groups.setdefault(id(found[0]), (found[0], [], []))
            rows.append(row)
            units.append(found[1])
    return list(groups.values())


def _add(
    item: Columnar, plan: Plan, rows: list[int], units: list[int], at: list[int | Refused], arrived: int, makers: Makers
) -> None:
    whole = len(rows) == item.length
    times = at if whole else [at[row] for row in rows]
    columns: list[Column] = []
    rest: dict[str, list[Any]] = {}
    fine = all(type(time) is int for time in times)
    for name, column in item.values.items():
        values = column if whole else [column[row] for row in rows]
        check = plan.checks.get(name)
        numbers = _numbers(check, values) if fine and check is not None else None
        if numbers is None or check is None:
            rest[name] = values
        else:
            columns.append(Column(check.model, numbers))
    if columns:
        unit = np.array(units, np.int64)
        makers.blocks.append(
            Block(plan.model, unit, np.array(times, np.int64), np.full(len(unit), arrived), tuple(columns))
        )
    if rest:
        _add_rows(rest, plan, units, times, arrived, makers)


def _numbers(check: Check, values: list[Any]) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """The column as numbers when every value fits; None sends it row by row."""
    if not check.kind.numeric or not check.exact or not set(map(type, values)) <= check.python_types:
        return None
    try:
        numbers = np.array(values, np.float64)
    except OverflowError:
        return None
    return numbers if check.fits(numbers).all() else None


def _add_rows(
    columns: Mapping[str, list[Any]],
    plan: Plan,
    units: list[int],
    times: list[int | Refused],
    arrived: int,
    makers: Makers,
) -> None:
    rows = makers.rows_of(plan)
    for name in columns.keys() - plan.checks.keys():
        # Said once for the whole payload, not once a row.
        accepted({name: None}, plan, makers.refuse)
    known = {name: values for name, values in columns.items() if name in plan.checks}
    for index, (unit, time) in enumerate(zip(units, times, strict=True)):
        if isinstance(time, Refused):
            makers.refuse(time.reason, time.detail)
            continue
        values = {name: column[index] for name, column in known.items() if column[index] is not None}
        rows.add(unit, time, arrived, accepted(values, plan, makers.refuse))

"""Where units are, in memory: what a map is drawn from.

Per organisation three columns (24 bytes for each unit that has a location), read when somebody first looks at a map, then
brought forward by the organisation's change number. The least looked at organisations are forgotten.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from monokoto.connect.fleet.columns import Int64s
from monokoto.connect.fleet.store import fleet_changes, units
from monokoto.connect.fleet.unit import Status
from monokoto.engines.records import Records

_ORGANISATIONS_MAX = 256
_ROWS_FETCHED = 20_000
_IN_MAX = 500
Float64s = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Located:
    """Units that have a location, by id."""

    unit: Int64s
    latitude: Float64s
    longitude: Float64s

    def only(self, chosen: npt.NDArray[np.bool_]) -> Located:
        """Those that are chosen."""
        return Located(self.unit[chosen], self.latitude[chosen], self.longitude[chosen])


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    located: Located


class Places:
    """Where the units of each organisation are. Blocking; called in threads."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, organisation_id: int) -> Located:
        """The units an organisation made that are not retired and have a location."""
        with self._lock, self._records.read() as connection:
            # The number first: what changes between the two reads is read again by the next look.
            current = sa.select(fleet_changes.c.number).where(fleet_changes.c.organisation_id == organisation_id)
            number = connection.execute(current).scalar_one_or_none() or 0
            kept = self._kept.get(organisation_id)
            if kept is None or number < kept.number:
                kept = _Kept(number, _columns(_read(connection, organisation_id, _LOCATED)))
            elif number > kept.number:
                later = _read(connection, organisation_id, units.c.changed > kept.number)
                kept = _Kept(number, _merged(kept.located, later))
            self._kept[organisation_id] = kept
            self._kept.move_to_end(organisation_id)
            if len(self._kept) > _ORGANISATIONS_MAX:
                self._kept.popitem(last=False)
            return kept.located

    def among(self, unit_ids: Mapping[int, Sequence[int]]) -> Located:
        """Those of some units, by the organisation that made them, that are not retired and have a location."""
        rows: list[Any] = []
        with self._records.read() as connection:
            for organisation_id, ids in unit_ids.items():
                for begin in range(0, len(ids), _IN_MAX):
                    some = units.c.unit_id.in_(ids[begin : begin + _IN_MAX])
                    rows += _read(connection, organisation_id, _LOCATED & some)
        return _columns(rows)


_LOCATED = units.c.latitude.is_not(None) & units.c.longitude.is_not(None) & (units.c.status != Status.RETIRED.value)


def _read(connection: sa.Connection, organisation_id: int, condition: sa.ColumnElement[bool]) -> list[Any]:
    """Rows of (unit, latitude, longitude, status)."""
    query = sa.select(units.c.unit_id, units.c.latitude, units.c.longitude, units.c.status)
    streamed = connection.execution_options(stream_results=True, yield_per=_ROWS_FETCHED)
    rows: list[Any] = []
    for some in streamed.execute(query.where(units.c.organisation_id == organisation_id, condition)).partitions():
        rows += some
    return rows


def _columns(rows: Sequence[Any]) -> Located:
    unit = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    order = np.argsort(unit, kind="stable")
    return Located(
        unit[order],
        np.fromiter((row[1] for row in rows), np.float64, len(rows))[order],
        np.fromiter((row[2] for row in rows), np.float64, len(rows))[order],
    )


def _merged(kept: Located, changed: Sequence[Any]) -> Located:
    """With the changed ones as they are now: without those that lie nowhere any more, or are retired."""
    rest = kept.only(~np.isin(kept.unit, np.fromiter((row[0] for row in changed), np.int64, len(changed))))
    fresh = [row for row in changed if row[1] is not None and row[2] is not None and row[3] != Status.RETIRED.value]
    return _joined(rest, _columns(fresh))


def _joined(one: Located, other: Located) -> Located:
    unit = np.concatenate((one.unit, other.unit))
    order = np.argsort(unit, kind="stable")
    return Located(
        unit[order],
        np.concatenate((one.latitude, other.latitude))[order],
        np.concatenate((one.longitude, other.longitude))[order],
    )

"""A fleet in columns: what the directory keeps of a million units, about 60 bytes each with a serial of 12 characters."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monokoto.connect.fleet.unit import Status, UnitIdentity

Int64s = npt.NDArray[np.int64]
Kind = tuple[int, str, str]
"""Organisation, product, version: what many units share, kept once."""

STATUSES = tuple(Status)
STATUS_CODES: Mapping[str, int] = {status.value: code for code, status in enumerate(STATUSES)}
ACTIVE = STATUS_CODES[Status.ACTIVE]
RETIRED = STATUS_CODES[Status.RETIRED]


@dataclass(frozen=True, slots=True)
class Known:
    """One unit as the directory knows it."""

    identity: UnitIdentity
    status: int


def name_key(organisation_id: int, serial: str) -> int:
    """What a serial is looked up by; two serials may share it, so the serial itself is compared after."""
    return hash((organisation_id, serial))


class Kinds:
    """The kinds seen so far, numbered from 0. Only ever appended to, by the one thread that refreshes."""

    def __init__(self) -> None:
        self.all: list[Kind] = []
        self._numbers: dict[Kind, int] = {}

    def number(self, kind: Kind) -> int:
        """The number of a kind, given when it is first seen."""
        known = self._numbers.get(kind)
        if known is None:
            known = self._numbers[kind] = len(self.all)
            self.all.append(kind)
        return known

    def organisations(self) -> Int64s:
        """The organisation of each kind."""
        return np.fromiter((kind[0] for kind in self.all), np.int64, len(self.all))


class Gathered:
    """Rows being gathered into columns."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._unit, self._parent, self._name = array("q"), array("q"), array("q")
        self._kind, self._length = array("i"), array("i")
        self._status, self._serials = bytearray(), bytearray()

    def add_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Rows of (unit, organisation, product, version, serial, parent, status text)."""
        number, serials, length = self._kinds.number, self._serials, self._length.append
        name, kind, status = self._name.append, self._kind.append, self._status.append
        for _, organisation, product, version, serial, _, state in rows:
            encoded = serial.encode()
            kind(number((organisation, product, version)))
            name(name_key(organisation, serial))
            length(len(encoded))
            status(STATUS_CODES[state])
            serials += encoded
        self._unit.extend(row[0] for row in rows)
        self._parent.extend(row[5] for row in rows)

    def table(self) -> Table:
        """The columns, put in order."""
        return Table.ordered(
            unit=np.array(self._unit, np.int64),
            kind=np.array(self._kind, np.int32),
            parent=np.array(self._parent, np.int64),
            status=np.frombuffer(bytes(self._status), np.uint8),
            name=np.array(self._name, np.int64),
            length=np.array(self._length, np.int32),
            serials=np.frombuffer(bytes(self._serials), np.uint8),
        )


@dataclass(frozen=True, slots=True)
class Table:
    """Units in columns, sorted by id; never changed once made."""

    unit: Int64s
    kind: npt.NDArray[np.int32]
    parent: Int64s
    status: npt.NDArray[np.uint8]
    name: Int64s
    """`name_key` of each."""
    ends: Int64s
    """Where each serial ends in `serials`."""
    serials: bytes
    child_names: Int64s
    """`name_key` of those with a parent, sorted."""
    child_rows: npt.NDArray[np.int32]
    ids: memoryview
    """`unit` again, for a search of one id: four times quicker than through NumPy."""

    @classmethod
    def ordered(
        cls,
        *,
        unit: Int64s,
        kind: npt.NDArray[np.int32],
        parent: Int64s,
        status: npt.NDArray[np.uint8],
        name: Int64s,
        length: npt.NDArray[np.int32],
        serials: npt.NDArray[np.uint8],
    ) -> Table:
        """The table of columns in any order."""
        order = np.argsort(unit, kind="stable")
        starts = np.cumsum(length, dtype=np.int64) - length
        length = length[order]
        ends = np.cumsum(length, dtype=np.int64)
        # Byte k of the new text comes from its serial's old start plus how far k lies in that serial.
        source = np.repeat(starts[order] - (ends - length), length) + np.arange(ends[-1] if len(ends) else 0)
        unit, parent, name = unit[order], parent[order], name[order]
        children = np.flatnonzero(parent)
        by_name = np.argsort(name[children], kind="stable")
        return cls(
            unit=unit,
            kind=kind[order],
            parent=parent,
            status=status[order],
            name=name,
            ends=ends,
            serials=serials[source].tobytes(),
            child_names=name[children][by_name],
            child_rows=children[by_name].astype(np.int32),
            ids=unit.data,
        )

    def merged(self, changes: Table) -> Table:
        """This table with the units of `changes` added or replaced."""
        kept = ~np.isin(self.unit, changes.unit)
        length = np.diff(self.ends, prepend=0).astype(np.int32)
        own = np.frombuffer(self.serials, np.uint8)[np.repeat(kept, length)]
        return Table.ordered(
            unit=np.concatenate((self.unit[kept], changes.unit)),
            kind=np.concatenate((self.kind[kept], changes.kind)),
            parent=np.concatenate((self.parent[kept], changes.parent)),
            status=np.concatenate((self.status[kept], changes.status)),
            name=np.concatenate((self.name[kept], changes.name)),
            length=np.concatenate((length[kept], np.diff(changes.ends, prepend=0).astype(np.int32))),
            serials=np.concatenate((own, np.frombuffer(changes.serials, np.uint8))),
        )

    def __len__(self) -> int:
        return len(self.unit)

    def row_of(self, unit_id: int) -> int:
        """The row of a unit, -1 when it is not here."""
        row = bisect_left(self.ids, unit_id)
        return row if row < len(self.ids) and self.ids[row] == unit_id else -1

    def known(self, row: int, kinds: Sequence[Kind]) -> Known:
        """The unit of a row."""
        organisation_id, product, version = kinds[self.kind[row]]
        start = int(self.ends[row - 1]) if row else 0
        serial = self.serials[start : int(self.ends[row])].decode()
        identity = UnitIdentity(self.ids[row], organisation_id, product, version, serial, int(self.parent[row]))
        return Known(identity, int(self.status[row]))

    def children_named(self, key: int) -> list[int]:
        """The ids of units with a parent whose serial may be the one behind this key."""
        keys = self.child_names.data
        first = bisect_left(keys, key)
        last = bisect_right(keys, key, lo=first)
        return [self.ids[row] for row in self.child_rows[first:last].tolist()]

    @property
    def bytes(self) -> int:
        """Memory taken."""
        columns = (self.unit, self.kind, self.parent, self.status, self.name, self.ends, self.child_names)
        return sum(column.nbytes for column in columns) + self.child_rows.nbytes + len(self.serials)

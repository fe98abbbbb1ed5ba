"""Correcting usage: noted first, then overruled. What was told stays told, below the correction."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec
import pyarrow as pa

from monokoto.connect.fleet import UnitIdentity
from monokoto.earn.calendar import Span
from monokoto.earn.metering.correcting import store
from monokoto.earn.metering.correcting.correction import Correction, Wanted
from monokoto.earn.metering.evidence import UsageRow
from monokoto.earn.metering.keeping import SampleKind
from monokoto.earn.metering.keeping.tables import VERSION_MIDDLE
from monokoto.earn.metering.meters import split_key
from monokoto.earn.metering.sampling import coded, name_of, of_decimals
from monokoto.earn.metering.service import Metering
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import Fault, Invalid, MonokotoError
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, USAGE_CORRECTIONS_MAX
from monokoto.kernel.money import ZERO

_INSTANT = pa.timestamp("us", tz="UTC")
_BY_HAND = "correction"
"""The source of samples nobody told."""


class Units(Protocol):
    """Who the units are."""

    def find(self, unit_id: int) -> UnitIdentity | None: ...


class Corrections:
    """The corrections of all organisations. Blocking: call it from a thread."""

    def __init__(self, records: Records, metering: Metering, units: Units, clock: Clock) -> None:
        self._records = records
        self._metering = metering
        self._units = units
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def correct(self, organisation_id: int, wanted: Sequence[Wanted], *, by: int) -> builtins.list[Correction]:
        """All of them, or none.

        Raises:
            Invalid: with every fault: no such sample, no such meter, a unit that is not the organisation's.
        """
        if not 1 <= len(wanted) <= USAGE_CORRECTIONS_MAX:
            raise Invalid(f"There are 1 to {USAGE_CORRECTIONS_MAX} corrections in a request, these are {len(wanted)}.")
        faults: builtins.list[Fault] = []
        made: builtins.list[Correction] = []
        for place, one in enumerate(wanted):
            try:
                made.append(self._correction(organisation_id, one, by))
            except MonokotoError as error:
                faults.append(Fault(place=f"/corrections/{place}", reason=error.message))
        if faults:
            raise Invalid("Usage is not corrected by these.", faults=faults)
        with self._lock:  # a later correction is above an earlier one
            self._last = now = max(self._clock.now(), self._last + 1)
            made = [replace(one, corrected_at=Instant(now)) for one in made]
            with self._records.write() as connection:
                store.insert(connection, made)
            self._apply(made)
        return made

    def list(
        self, organisation_id: int, *, before: int = 0, limit: int = PAGE_SIZE_DEFAULT
    ) -> builtins.list[Correction]:
        """The newest first."""
        with self._records.read() as connection:
            return store.find_all(connection, organisation_id, before=before, limit=limit)

    def finish(self) -> int:
        """Overrule usage by what was noted and not applied, as after a crash; how many there were."""
        with self._lock, self._records.read() as connection:
            found = store.find_unapplied(connection, USAGE_CORRECTIONS_MAX)
        if found:
            self._apply(found)
        return len(found)

    def _apply(self, made: builtins.list[Correction]) -> None:
        self._metering.writer.overrule(_rows(made))
        with self._records.write() as connection:
            store.note_applied(connection, made)

    def _correction(self, organisation_id: int, wanted: Wanted, by: int) -> Correction:
        meter = self._metering.meter(organisation_id, wanted.meter)
        unit = self._units.find(wanted.unit_id)
        if unit is None or unit.organisation_id != organisation_id:
            raise Invalid(f"There is no unit {format_id(wanted.unit_id)} of yours.")
        known = self._row(organisation_id, wanted)
        if known is None and (wanted.name is not None or wanted.value is None):
            raise Invalid("There is no such sample of this meter and unit at that time.")
        if known is None and not wanted.id:
            raise Invalid("A sample that nobody told needs an `id` of its own.")
        live = known is not None and known.kind is not SampleKind.DELETION
        return Correction(
            id=new_id(), organisation_id=organisation_id, meter=meter.key, unit_id=wanted.unit_id, at=wanted.at,
            name=_name(wanted),
            kind=SampleKind.DELETION if wanted.value is None else SampleKind.CORRECTION,
            value=ZERO if wanted.value is None else wanted.value,
            before=known.value if known is not None and live else None,
            key=wanted.key or (known.key if known else ""), groups=wanted.groups or (known.groups if known else {}),
            source=known.source if known else _BY_HAND, told_id=known.id if known else wanted.id,
            arrived=known.arrived if known else self._clock.now(), reason=wanted.reason,
            corrected_at=self._clock.now(), corrected_by=by,
        )  # fmt: skip

    def _row(self, organisation_id: int, wanted: Wanted) -> UsageRow | None:
        instant = Span(wanted.at, wanted.at + 1)
        for row in self._metering.rows(
            organisation_id, wanted.meter, {wanted.unit_id: [instant]}, instant, limit=10_000, deleted=True
        ):
            if row.name == _name(wanted):
                return row
        return None


def _name(wanted: Wanted) -> int:
    return name_of(_BY_HAND.encode(), wanted.id.encode()) if wanted.name is None else wanted.name


def _rows(made: Iterable[Correction]) -> pa.Table:
    listed = list(made)
    keys = [split_key(one.meter) for one in listed]
    return pa.table(
        {
            "organisation": pa.array([one.organisation_id for one in listed], pa.int64()),
            "product": coded([product for product, _ in keys]),
            "meter": coded([name for _, name in keys]),
            "unit": pa.array([one.unit_id for one in listed], pa.int64()),
            "at": pa.array([one.at for one in listed], pa.int64()).view(_INSTANT),
            "name": pa.array([one.name for one in listed], pa.uint64()),
            "arrived": pa.array([one.arrived for one in listed], pa.int64()).view(_INSTANT),
            "value": of_decimals([one.value for one in listed]),
            "key": coded([one.key for one in listed]),
            "groups": coded(
                [msgspec.json.encode(one.groups, order="sorted").decode() if one.groups else "" for one in listed]
            ),
            "source": coded([one.source for one in listed]),
            "id": pa.array([one.told_id for one in listed], pa.string()),
            "kind": pa.array([int(one.kind) for one in listed], pa.uint8()),
            "version": pa.array([VERSION_MIDDLE + one.corrected_at for one in listed], pa.uint64()),
        }
    )

"""The use cases of telemetry: questions to the history, files out and in, forgetting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import IO

import pyarrow as pa

from monokoto.connect.fleet import Fleet, UnitFilter, UnitIdentity
from monokoto.engines.series import Series
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.operate.telemetry import history, retention, transfer
from monokoto.operate.telemetry.history import (
    BucketQuestion,
    Buckets,
    ChartQuestion,
    EventQuestion,
    Events,
    RawQuestion,
    Readings,
    Selection,
)
from monokoto.operate.telemetry.tables import create_tables
from monokoto.operate.telemetry.transfer import BySerial, ExportQuestion, Format, Imported, Importer, ModelOf, Units


class Telemetry:
    """What the units measured, and when. Blocking: call it from a thread.

    Every question carries its organisation; another's readings are never in an answer. `units`, `model_of` and `by_serial`
    (which `serials` makes out of the fleet) serve imports alone.
    """

    def __init__(
        self,
        series: Series,
        *,
        units: Units,
        model_of: ModelOf,
        clock: Clock,
        by_serial: BySerial | None = None,
    ) -> None:
        self._series = series
        self._units = units
        self._model_of = model_of
        self._clock = clock
        self._by_serial = by_serial
        create_tables(series)

    def now(self) -> Instant:
        """The present, as relative times and held values count it."""
        return self._clock.now()

    def product_of(self, unit_id: int) -> str:
        """The product of a unit; empty when there is none."""
        unit = self._units.find(unit_id)
        return "" if unit is None else unit.product

    def readings(self, question: RawQuestion) -> Readings:
        """A page of the readings themselves."""
        return history.read_raw(self._series, question)

    def buckets(self, question: BucketQuestion) -> Buckets:
        """Aggregates per bucket."""
        return history.read_buckets(self._series, question, now=self._clock.now())

    def grouped(self, question: BucketQuestion, groups: dict[str, tuple[UnitId, ...]]) -> dict[str, Buckets]:
        """The same for named sets of units, each taken together."""
        return {
            name: self.buckets(replace(question, group="all", selection=replace(question.selection, units=units)))
            for name, units in groups.items()
        }

    def chart(self, question: ChartQuestion) -> Readings:
        """Few readings that draw the same curve as all."""
        return history.read_chart(self._series, question)

    def latest(self, selection: Selection) -> Readings:
        """The last reading of each property of each unit within a time; what holds now is quicker to ask of the twins."""
        return history.read_latest(self._series, selection)

    def events(self, question: EventQuestion) -> Events:
        """A page of events."""
        return history.read_events(self._series, question)

    def moments(self, selection: Selection) -> pa.Table:
        """All readings of the selection in order of time, whole in memory: ask for few hours at once (see `hours`)."""
        return history.read_moments(self._series, selection)

    def hours(self, selection: Selection) -> list[tuple[int, int]]:
        """The beginning of each hour that has readings, and about how many."""
        return history.read_hours(self._series, selection)

    def export(self, question: ExportQuestion) -> Iterator[bytes]:
        """The readings as a file, in pieces; close the iterator to stop early."""
        return transfer.export(self._series, question)

    def import_file(
        self, organisation_id: OrganisationId, file: IO[bytes], format_: Format, *, check_only: bool = False
    ) -> Imported:
        """Take readings in from a file that can seek; `check_only` stores nothing.

        Raises:
            Invalid: the file is not of the format; TooLarge: it has too many rows.
        """
        importer = Importer(
            self._series,
            self._units,
            self._model_of,
            organisation_id=organisation_id,
            now=self._clock.now(),
            by_serial=self._by_serial,
            check_only=check_only,
        )
        return importer.run(file, format_)

    def forget(self, organisation_id: OrganisationId, unit_id: UnitId) -> int:
        """Remove all readings and events of a unit from the disk; returns how many rows went."""
        return retention.forget_unit(self._series, organisation_id, unit_id)


def serials(fleet: Fleet, units: Units) -> BySerial:
    """Units by serial, asked of the fleet: one query for each serial of an import."""

    def find(organisation_id: int, serial: str) -> UnitIdentity | None:
        found = fleet.list(organisation_id, UnitFilter(serial=serial), limit=2).items
        return units.find(found[0].id) if len(found) == 1 else None

    return find

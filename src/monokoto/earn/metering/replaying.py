"""Metering what is kept already: a new meter over the history of units, one job for many of them.

It samples the history as the line would have, and what was sampled before keeps its value: it arrived earlier. So replaying
twice, or over a time that was metered live, changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Protocol

import msgspec
import numpy as np
from msgspec import Meta

from monokoto.connect.jobs import UNCHANGED, Plan, Target
from monokoto.connect.line import Block, Column
from monokoto.connect.products import ProductModel
from monokoto.earn.calendar import Span
from monokoto.earn.metering.meters import Meter, Origin
from monokoto.earn.metering.observer import occurrence_of
from monokoto.earn.metering.questions import span_of
from monokoto.earn.metering.sampling import Samples, samples_of_block, samples_of_events
from monokoto.earn.metering.service import Metering
from monokoto.kernel.errors import Invalid
from monokoto.web import Caller, Scope

_SLICE_US = 86_400_000_000


class ReplayParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the history."""

    start: Annotated[str, Meta(description="RFC 3339, or before now: `-30d`")]
    end: Annotated[str, Meta(description="RFC 3339, or before now; empty: now")] = ""
    meter: Annotated[str, Meta(max_length=64, description="The meter's name; empty: all of the unit's product")] = ""


class History(Protocol):
    """What is kept of one unit. Blocking."""

    def readings(
        self, organisation_id: int, unit_id: int, span: Span
    ) -> Iterator[tuple[int, Mapping[str, float | str]]]:
        """What each moment told, in order."""
        ...

    def events(self, organisation_id: int, unit_id: int, name: str, span: Span) -> Iterator[tuple[int, int, bytes]]:
        """Time, arrival and data of each."""
        ...


class ReplayMeters:
    """As `jobs.JobKind`."""

    name = "metering.replay"
    title = "Meter what is kept of the units"
    scope = Scope.EARN_WRITE
    parameters = ReplayParameters
    undoable = False
    makers_only = True

    def __init__(self, metering: Metering, history: History, model_of: Any, units: Any) -> None:
        self._metering = metering
        self._history = history
        self._model_of = model_of
        self._units = units

    async def plan(self, caller: Caller, target: Target, parameters: ReplayParameters) -> Plan:
        del caller
        meters = await asyncio.to_thread(self._meters, target, parameters)
        return Plan({}, {"meters": [meter.key for meter in meters]}) if meters else UNCHANGED

    async def apply(self, caller: Caller, target: Target, parameters: ReplayParameters) -> None:
        del caller
        await asyncio.to_thread(self._replay, target, parameters)

    async def undo(
        self, caller: Caller, target: Target, parameters: ReplayParameters, before: Mapping[str, Any]
    ) -> None:
        raise Invalid("Usage is not forgotten; correct it.")

    def _meters(self, target: Target, parameters: ReplayParameters) -> Sequence[Meter]:
        unit = self._units.find(target.unit_id)
        if unit is None:
            return ()
        found = self._metering.book.of_version(target.maker_id, unit.product, unit.version)
        return [
            meter
            for meter in found
            if meter.origin is not Origin.EXTERNAL and (not parameters.meter or meter.name == parameters.meter)
        ]

    def _replay(self, target: Target, parameters: ReplayParameters) -> None:
        meters, now = self._meters(target, parameters), self._metering.now()
        unit = self._units.find(target.unit_id)
        span = span_of(parameters.start, parameters.end, now)
        model = self._model_of(target.maker_id, unit.product, unit.version)
        for start in range(span.start, span.end, _SLICE_US):
            part = Span(start, min(start + _SLICE_US, span.end))
            self._metering.writer.write(list(self._samples(target, model, meters, part, now)))

    def _samples(
        self, target: Target, model: ProductModel, meters: Sequence[Meter], span: Span, now: int
    ) -> Iterator[Samples]:
        if any(meter.origin is Origin.PROPERTY for meter in meters):
            moments = list(self._history.readings(target.maker_id, target.unit_id, span))
            if moments:
                yield from samples_of_block(_block(model, target.unit_id, moments, now), meters)
        for meter in meters:
            if meter.origin is Origin.EVENT:
                told = self._history.events(target.maker_id, target.unit_id, meter.subject, span)
                happened = [occurrence_of(target.unit_id, at, arrived, data) for at, arrived, data in told]
                samples, _ = samples_of_events(target.maker_id, meter, happened)
                if samples is not None:
                    yield samples


def _block(model: ProductModel, unit_id: int, moments: Sequence[tuple[int, Mapping[str, Any]]], now: int) -> Block:
    """The moments as the line would have handed them over; they arrive now, after whatever was metered live."""
    columns = []
    for name, kind in model.properties.items():
        values: Any = [told.get(name) for _, told in moments]
        there = np.array([value is not None for value in values])
        if not there.any():
            continue
        if kind.kind.numeric:
            values = np.array([np.nan if value is None else float(value) for value in values])
        columns.append(Column(kind, values, None if there.all() else there))
    size = len(moments)
    at = np.array([at for at, _ in moments], np.int64)
    return Block(model, np.full(size, unit_id, np.int64), at, np.full(size, now, np.int64), tuple(columns))

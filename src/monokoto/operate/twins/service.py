"""The twins of all units: observes the line, answers what units report and what is desired of them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.line import Batch, Observer
from monokoto.connect.products import ProductModel
from monokoto.engines.objects import Objects
from monokoto.engines.records import Records
from monokoto.engines.series import Series
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, NotFound
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import OrganisationId, format_id
from monokoto.kernel.limits import STREAM_PENDING_UNITS_MAX
from monokoto.operate.twins.desired.states import DesiredStates, Precondition, merged, whole
from monokoto.operate.twins.desired.writer import DesiredWriter
from monokoto.operate.twins.loops import keep_doing
from monokoto.operate.twins.reported.latest import Gathered, gather
from monokoto.operate.twins.reported.rebuild import RebuildProgress, Rebuilds
from monokoto.operate.twins.reported.snapshots import Snapshots
from monokoto.operate.twins.reported.state import ReportedState
from monokoto.operate.twins.streams import Listeners
from monokoto.operate.twins.telling.announcer import DESIRED_CHANGED, Announcer
from monokoto.operate.twins.telling.answerer import Answerer
from monokoto.operate.twins.telling.reminder import Reminder
from monokoto.operate.twins.telling.teller import DesiredTeller, Down, Units
from monokoto.operate.twins.twin import Desired, Properties, Reported, Twin, drift_since

_TELL_SECONDS = 5.0
_ANSWER_SECONDS = 60.0
_REPAIR_SECONDS = 10.0
_MODELS_KEPT_MAX = 1_000
_ROWS_INLINE_MAX = 2_000
"""A larger batch is taken in by a thread, so that the event loop stays awake for others."""


class Models(Protocol):
    """What the units' products look like (`Products`)."""

    def model(self, organisation_id: OrganisationId, product: str, version: str) -> ProductModel: ...


Governed = Callable[[UnitIdentity, Mapping[str, Any]], Sequence[Fault]]
"""Which of these desired values of a unit are not anybody's to set, and why; blocking, quick."""


class Twins:
    """Observer of the line and the use cases on it. `start` before the line starts, `stop` after it stopped."""

    name = "twins"

    def __init__(
        self,
        *,
        records: Records,
        series: Series,
        objects: Objects,
        directory: Units,
        products: Models,
        downlink: Down,
        readings: Observer,
        clock: Clock,
        facts: Facts | None = None,
        snapshot_seconds: float = 30.0,
    ) -> None:
        self.state = ReportedState()
        self.listeners = Listeners()
        self.desired = DesiredStates(records, clock)
        self._writer = DesiredWriter(self.desired)
        self._models: dict[tuple[int, str, str], ProductModel] = {}
        """Of versions, which never change."""
        self._directory = directory
        self._products = products
        self._clock = clock
        self._facts = facts
        self._snapshots = Snapshots(self.state, objects, period_seconds=snapshot_seconds)
        self._rebuilds = Rebuilds(self.state, self._snapshots, series, clock, readings_kept=readings.kept)
        self._teller = DesiredTeller(records, self.state, directory, downlink)
        self._answerer = Answerer(self.state, self.desired, directory, downlink, clock)
        self._reminder = Reminder(self.state, self.desired, directory, downlink)
        self._tasks: list[asyncio.Task[None]] = []
        self._repair_signal = asyncio.Event()
        self._origin = secrets.token_hex(8)
        self._announcer = None if facts is None else Announcer(facts, clock, origin=self._origin)
        self.governed: Governed | None = None
        """Handed in later by who joins what sets desired values by itself (features)."""

    # The line

    async def observe(self, batch: Batch) -> None:
        """Take a batch in; see `ReportedState` for why a repeat is harmless."""
        rows = sum(len(block.unit) for block in batch.blocks)
        if rows > _ROWS_INLINE_MAX:
            changes = await asyncio.to_thread(self.state.apply, batch.blocks, batch.partition)
        else:
            changes = self.state.apply(batch.blocks, batch.partition)
        self._snapshots.observed(batch.partition, batch.last_sequence)
        self.listeners.reported(changes)
        if batch.requests:
            self._answerer.take(batch.requests)
            self._reminder.take(batch.requests)

    def kept(self, partition: int) -> int:
        """The sequence the last snapshot of this process covers; 0 before there is one."""
        return self._snapshots.kept(partition)

    async def save(self) -> None:
        """Write a snapshot now. Raises Unavailable; the last one stays then."""
        await self._snapshots.save()

    @property
    def repairing(self) -> bool:
        """Whether state that no snapshot had is still being read from the series store."""
        return self._snapshots.incomplete

    # Life

    async def start(self) -> None:
        """Load the snapshots and begin the background work. A damaged or missing snapshot is made good by a rebuild."""
        await self._snapshots.load()
        if self._facts is not None:
            await self._facts.listen(DESIRED_CHANGED, self._heard)
        self._teller.signal.set()
        self._repair_signal.set()
        jobs = (
            ("twins-repair", self._repair, lambda: _REPAIR_SECONDS, self._repair_signal),
            ("twins-snapshot", self._snapshots.save, self._snapshots.period_seconds, asyncio.Event()),
            ("twins-tell", self._teller.run, lambda: _TELL_SECONDS, self._teller.signal),
            ("twins-remind", self._reminder.run, lambda: _ANSWER_SECONDS, self._reminder.signal),
            ("twins-answer", self._answerer.run, lambda: _ANSWER_SECONDS, self._answerer.signal),
        )
        self._tasks = [
            asyncio.create_task(keep_doing(name, work, period_seconds=period, signal=signal), name=name)
            for name, work, period, signal in jobs
        ]

    async def _repair(self) -> None:
        """Compute from the series store what no whole snapshot had; until that succeeds no snapshot is written."""
        if not self._snapshots.incomplete:
            return
        for organisation_id in await self._rebuilds.organisations():
            if (await self._rebuilds.ensure(organisation_id)).state != "done":
                return
        self._snapshots.incomplete = False
        await self._snapshots.save()

    def end_streams(self) -> None:
        """End the live streams, so that a server that waits for its connections can stop; clients come back."""
        self.listeners.end()

    async def stop(self) -> None:
        """End the background work and write a last snapshot."""
        self.end_streams()
        await self._rebuilds.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._announcer is not None:
            await self._announcer.stop()
        await self._snapshots.save()

    # Reading (blocking, short)

    def identity(self, organisation_id: int, unit_id: int) -> UnitIdentity:
        """Whose and what the unit is.

        Raises:
            NotFound: there is no such unit in this organisation.
        """
        return self.identities(organisation_id, [unit_id])[0]

    def identities(self, organisation_id: int, unit_ids: Sequence[int]) -> list[UnitIdentity]:
        """The same for many; raises NotFound with every unit that is not there."""
        found = [self._directory.get(unit_id) for unit_id in unit_ids]
        if any(unit is None for unit in found):
            # Registered a moment ago: the directory may not have seen it yet.
            self._directory.refresh()
            found = [self._directory.get(unit_id) for unit_id in unit_ids]
        mine = [unit for unit in found if unit is not None and unit.organisation_id == organisation_id]
        if len(mine) < len(found):
            known = {unit.unit_id for unit in mine}
            missing = [unit_id for unit_id in unit_ids if unit_id not in known]
            raise NotFound(
                f"There is no unit {format_id(missing[0])}."
                if len(missing) == 1
                else f"{len(missing)} of these units are not there.",
                faults=[Fault(place=format_id(unit_id), reason="no such unit") for unit_id in missing[:100]],
            )
        return mine

    def reported(self, organisation_id: int, unit_id: int) -> Reported:
        """What one unit reports. Raises NotFound."""
        return self.reported_many(organisation_id, [unit_id])[unit_id]

    def reported_many(self, organisation_id: int, unit_ids: Sequence[int]) -> dict[int, Reported]:
        """What many units report. Raises NotFound."""
        found: dict[int, Reported] = {}
        for product, units in self._by_product(organisation_id, unit_ids).items():
            found |= self.state.reported(organisation_id, product, units)
        return found

    def twin(self, organisation_id: int, unit_id: int) -> Twin:
        """One unit's reported and desired state. Raises NotFound."""
        unit = self.identity(organisation_id, unit_id)
        return Twin(
            unit_id=unit_id,
            product=unit.product,
            reported=self.state.reported(organisation_id, unit.product, [unit_id])[unit_id],
            desired=self.desired.get(organisation_id, unit_id),
        )

    def twin_at_hand(self, organisation_id: int, unit_id: int) -> Twin | None:
        """One unit's twin when everything about it is in memory and nobody has to be waited for; safe on the event loop."""
        unit = self._directory.get(unit_id)
        if unit is None or unit.organisation_id != organisation_id:
            return None
        desired = self.desired.at_hand(organisation_id, unit_id)
        reported = None if desired is None else self.state.at_hand(organisation_id, unit.product, unit_id)
        if desired is None or reported is None:
            return None
        return Twin(unit_id=unit_id, product=unit.product, reported=reported, desired=desired)

    def latest(
        self, organisation_id: int, unit_ids: Sequence[int], properties: Iterable[str] | None = None
    ) -> list[Gathered]:
        """The latest values of these units, by product. Raises NotFound."""
        return [
            gather(self.state, organisation_id, product, units, properties)
            for product, units in self._by_product(organisation_id, unit_ids).items()
        ]

    def latest_of_product(
        self,
        organisation_id: int,
        product: str,
        *,
        after_unit: int,
        limit: int,
        properties: Iterable[str] | None = None,
    ) -> Gathered:
        """The latest values of the units of a product that ever reported, by unit id from `after_unit` on."""
        with self.state.lock:
            table = self.state.table(organisation_id, product)
            units = np.empty(0, np.int64) if table is None else table.unit[: len(table)].copy()
        units = np.sort(units[units > after_unit])[:limit]
        return gather(self.state, organisation_id, product, units.tolist(), properties)

    def _by_product(self, organisation_id: int, unit_ids: Sequence[int]) -> dict[str, list[int]]:
        grouped: dict[str, list[int]] = {}
        for unit in self.identities(organisation_id, unit_ids):
            grouped.setdefault(unit.product, []).append(unit.unit_id)
        return grouped

    def product_of(self, unit_id: int) -> str:
        """The product of a unit that is known to exist; empty when the directory has lost it."""
        unit = self._directory.get(unit_id)
        return "" if unit is None else unit.product

    def drifts(self, organisation_id: int, unit_ids: Sequence[int]) -> dict[int, dict[str, int]]:
        """Which of these units do not report what is desired of them: property to the instant since when (when it was desired,
        or when the unit last reported something else). Units that do not drift, and foreign ones, are left out."""
        found: dict[int, dict[str, int]] = {}
        for unit_id, desired in self.desired.get_many(organisation_id, unit_ids).items():
            unit = self._directory.get(unit_id)
            if unit is None or unit.organisation_id != organisation_id or not desired.properties:
                continue
            reported = self.state.reported(organisation_id, unit.product, [unit_id])[unit_id]
            since = drift_since(desired, reported)
            if since:
                found[unit_id] = since
        return found

    def drifts_of_product(self, organisation_id: int, product: str) -> dict[int, dict[str, int]]:
        """The same for all units of a product of which anything is desired. DESIRED_CHANGED says when to look again."""
        units = self.desired.units_with(organisation_id)
        return self.drifts(organisation_id, [one for one in units if self.product_of(one) == product])

    # Desired

    def desired_units_since(
        self, organisation_id: int, since: int, *, product: str | None, also: Iterable[int] = ()
    ) -> list[int]:
        """Units (of one product, when given) whose desired state changed at or after an instant, and `also` these."""
        changed = self.desired.changed_since(organisation_id, since, limit=STREAM_PENDING_UNITS_MAX)
        return [
            unit_id for unit_id in sorted({*changed, *also}) if product is None or self.product_of(unit_id) == product
        ]

    async def put_desired(
        self, organisation_id: int, unit_id: int, document: Any, *, by: int, precondition: Precondition | None = None
    ) -> Desired:
        """Desire exactly this of a unit. Raises NotFound, Invalid, PreconditionFailed, Conflict (something else sets it)."""
        unit, model = await self._unit_and_model(organisation_id, unit_id)
        await self._must_be_free(unit, document)
        change = whole(model, unit_id, document, by=by, precondition=precondition)
        return await self._changed(unit, await self._writer.make(change))

    async def patch_desired(
        self, organisation_id: int, unit_id: int, patch: Any, *, by: int, precondition: Precondition | None = None
    ) -> Desired:
        """Desire this as well (RFC 7396). Raises as `put_desired`."""
        unit, model = await self._unit_and_model(organisation_id, unit_id)
        await self._must_be_free(unit, patch)
        change = merged(model, unit_id, patch, by=by, precondition=precondition)
        return await self._changed(unit, await self._writer.make(change))

    async def govern(self, organisation_id: int, unit_id: int, patch: Mapping[str, Any]) -> None:
        """Desire what somebody sets who may (`governed`). Raises NotFound, Invalid."""
        unit, model = await self._unit_and_model(organisation_id, unit_id)
        await self._changed(unit, await self._writer.make(merged(model, unit_id, dict(patch), by=0)))

    def desired_of(self, organisation_id: int, unit_id: int) -> Properties:
        """What is desired of a unit now. Blocking."""
        known = self.desired.at_hand(organisation_id, unit_id)
        return (known if known is not None else self.desired.get(organisation_id, unit_id)).properties

    async def _must_be_free(self, unit: UnitIdentity, wanted: Any) -> None:
        """Raises Conflict where something of this is another's to set."""
        if self.governed is None or not isinstance(wanted, Mapping):
            return
        faults = await asyncio.to_thread(self.governed, unit, wanted)
        if faults:
            raise Conflict("This is not yours to set.", remedy="Have the feature, or leave it out.", faults=faults)

    async def would_desire(self, organisation_id: int, unit_id: int, patch: Any) -> tuple[Properties, Properties]:
        """What is desired of a unit now, and what this patch would make of it. Raises NotFound, Invalid."""
        _, model = await self._unit_and_model(organisation_id, unit_id)
        desired = await asyncio.to_thread(self.desired.get, organisation_id, unit_id)
        return desired.properties, merged(model, unit_id, patch, by=0).following(desired.properties)

    async def _unit_and_model(self, organisation_id: int, unit_id: int) -> tuple[UnitIdentity, ProductModel]:
        unit = self._directory.get(unit_id)
        if unit is None or unit.organisation_id != organisation_id:
            unit = await asyncio.to_thread(self.identity, organisation_id, unit_id)
        version = (organisation_id, unit.product, unit.version)
        model = self._models.get(version)
        if model is None:
            organisation = OrganisationId(organisation_id)
            model = await asyncio.to_thread(self._products.model, organisation, unit.product, unit.version)
            if len(self._models) >= _MODELS_KEPT_MAX:
                self._models.clear()
            self._models[version] = model
        return unit, model

    async def _changed(self, unit: UnitIdentity, desired: Desired) -> Desired:
        if desired.at is None:
            return desired
        self._teller.signal.set()
        self.listeners.desired(unit.organisation_id, unit.unit_id, unit.product, desired.at)
        if self._announcer is not None:
            self._announcer.changed(unit.organisation_id, unit.unit_id, desired.at)
        return desired

    async def _heard(self, fact: Fact) -> None:
        """Another process changed a desired state: its listeners are here too."""
        if fact.data.get("origin") == self._origin:
            return
        self._teller.signal.set()
        unit_id = int(fact.data["unit_id"])
        at = int(fact.data.get("at", fact.at))
        self.listeners.desired(fact.organisation_id, unit_id, self.product_of(unit_id), at)

    # Rebuilding

    def rebuild(self, organisation_id: int) -> RebuildProgress:
        """Compute the organisation's reported state anew from the series store, in the background. Raises Conflict."""
        return self._rebuilds.start(organisation_id)

    def rebuild_progress(self, organisation_id: int) -> RebuildProgress | None:
        """How far the running or the last rebuild is."""
        return self._rebuilds.progress(organisation_id)

    async def rebuilt(self, organisation_id: int) -> RebuildProgress:
        """Wait for the running rebuild."""
        return await self._rebuilds.wait(organisation_id)

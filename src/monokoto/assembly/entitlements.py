"""Entitlements, joined: they follow subscriptions and usage, and open and close what commands and twins ask about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.assembly.entitling import ByMetering, BySubscriptions
from monokoto.assembly.plans import KnownOwners
from monokoto.connect.fleet import UNITS_CHANGED, Directory
from monokoto.connect.gateway import Downlink
from monokoto.connect.ownership import OWNERSHIP_CHANGED, Ownerships
from monokoto.connect.products import Products
from monokoto.connect.webhooks import Happening, Source
from monokoto.earn.entitlements import (
    ENTITLEMENTS_CHANGED,
    Entitlements,
    Held,
    Holder,
    Keeper,
    Opening,
    SigningKeys,
    Thresholds,
    Tokens,
    told_since,
)
from monokoto.earn.features import FeatureBook
from monokoto.earn.metering import Metering
from monokoto.earn.plans import Plans
from monokoto.earn.subscriptions import SUBSCRIPTIONS_CHANGED, Customers, Subscriptions
from monokoto.engines.records import Records
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import first_id_at, format_id
from monokoto.operate.interlocks import StateInterlocks
from monokoto.operate.twins import DESIRED_CHANGED, Twins, keep_doing

_CATCH_UP_SECONDS = 5.0
_SWEEP_SECONDS = 300.0
_SMALL = 10_000
_MANY = 1000
"""Of more units than these it costs less to forget everything than each."""


class Parts(Protocol):
    """What entitlements stand on (the platform)."""

    products: Products
    directory: Directory
    ownerships: Ownerships
    downlink: Downlink
    twins: Twins
    interlocks: StateInterlocks
    metering: Metering
    plans: Plans
    customers: Customers
    subscriptions: Subscriptions


class JoinedEntitlements:
    """`start` once facts are heard and twins are there."""

    def __init__(self, engines: Engines, parts: Parts) -> None:
        records, clock, self._facts = engines.records, engines.clock, engines.facts
        directory, products = parts.directory, parts.products
        self._directory = directory
        self.book = FeatureBook(products)
        self.entitling = BySubscriptions(
            parts.subscriptions, parts.customers, parts.plans, KnownOwners(directory, parts.ownerships.ledger),
            directory, self.book, clock,
        )  # fmt: skip
        usage = ByMetering(parts.metering, clock)
        self.entitlements = Entitlements(
            records, clock, units=directory, book=self.book, entitling=self.entitling, usage=usage, tell=self._tell,
            current_version=lambda organisation_id, product: products.get(organisation_id, product).current_version,
        )  # fmt: skip
        self.tokens = Tokens(records, clock, SigningKeys(records, clock))
        opening = Opening(self.entitlements, self.entitling.plans_with)
        parts.interlocks.also(opening.refusals)
        parts.twins.governed = opening.governed
        self.keeper = Keeper(
            self.entitlements, units=directory, of_organisations=self._organisations, units_of=self._units_of,
            opening=opening, tokens=self.tokens, desiring=parts.twins, downlink=parts.downlink, clock=clock,
            thresholds=Thresholds(self.entitlements, records, clock, self._tell), usage_news=usage,
        )  # fmt: skip
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._sweep = asyncio.Event()
        self._telling: set[asyncio.Future[None]] = set()

    async def start(self) -> None:
        """Hear of changes, and begin the background work."""
        self._loop = asyncio.get_running_loop()
        self.keeper.begin()
        self._sweep.set()
        for name, heard in (
            (ENTITLEMENTS_CHANGED, self._entitlements_changed),
            (SUBSCRIPTIONS_CHANGED, self._subscription_changed),
            (OWNERSHIP_CHANGED, self._units_changed),
            (UNITS_CHANGED, self._fleet_changed),
            (DESIRED_CHANGED, self._desired_changed),
        ):
            await self._facts.listen(name, heard)
        jobs = (
            ("entitlements", self.keeper.look, self.keeper.seconds, self.keeper.signal),
            ("entitlements-catch-up", self.keeper.catch_up, lambda: _CATCH_UP_SECONDS, asyncio.Event()),
            ("entitlements-sweep", self.keeper.sweep, lambda: _SWEEP_SECONDS, self._sweep),
        )
        self._tasks = [
            asyncio.create_task(keep_doing(name, work, period_seconds=period, signal=signal), name=name)
            for name, work, period, signal in jobs
        ]

    async def stop(self) -> None:
        """End it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell(self, fact: Fact) -> None:
        """From any thread; what is told before `start` or after the end is made good by the period."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(partial(self._begin_telling, fact))

    def _begin_telling(self, fact: Fact) -> None:
        task = asyncio.ensure_future(self._facts.tell(fact))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    # Who there is

    def _organisations(self) -> Iterable[int]:
        found = set()
        for organisation_id, product, version in self._directory.kinds():
            try:
                if self.book.of(organisation_id, product, version):
                    found.add(organisation_id)
            except MonokotoError:
                continue
        return sorted(found)

    def _units_of(self, organisation_id: int) -> Sequence[int]:
        ids: list[int] = self._directory.units(organisation_id).tolist()
        return ids

    # News

    async def _entitlements_changed(self, fact: Fact) -> None:
        await asyncio.to_thread(self.entitlements.heard_fact, fact)

    async def _subscription_changed(self, fact: Fact) -> None:
        await asyncio.to_thread(self._forget_subscription, fact)

    def _forget_subscription(self, fact: Fact) -> None:
        subscription, customer = (int(fact.data[name]) for name in ("subscription", "customer"))
        holders = [Held(Holder.SUBSCRIPTION, subscription), Held(Holder.CUSTOMER, customer)]
        units = self.entitling.members(fact.organisation_id, subscription)
        if len(units) > _MANY:
            self.entitlements.projection.forget_all()
            self.keeper.changed(fact.organisation_id, holders[0])
            return
        self.entitlements.heard(fact.organisation_id, [*holders, *(Held(Holder.UNIT, one) for one in units)])

    async def _units_changed(self, fact: Fact) -> None:
        units = fact.data.get("units") or [fact.data[name] for name in ("unit_id", "unit") if name in fact.data]
        held = [Held(Holder.UNIT, int(one)) for one in units]
        await asyncio.to_thread(self.entitlements.heard, fact.organisation_id, held)

    async def _fleet_changed(self, _fact: Fact) -> None:
        """New units need what they are like without features; of a large fleet the period finds them."""
        if len(self._directory) <= _SMALL:
            await asyncio.to_thread(self._directory.refresh)
            self._sweep.set()

    async def _desired_changed(self, fact: Fact) -> None:
        self.keeper.changed(fact.organisation_id, Held(Holder.UNIT, int(fact.data["unit_id"])))


def threshold_source(records: Records) -> Source:
    """Thresholds that were reached, as public events of the maker's."""

    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        with records.read() as connection:
            found = told_since(connection, organisation_id, position, limit)
        return [
            Happening(
                key=str(one.id),
                at=one.at,
                position=one.id,
                data={
                    "unit": format_id(one.unit_id),
                    "period_begin": format_instant(one.period_begin),
                    **{name: getattr(one, name) for name in ("product", "feature", "threshold", "used", "total")},
                },
            )
            for one in found
        ]

    return Source(type="entitlement.threshold", read=read, position_at=first_id_at)

"""Plans, customers and subscriptions, joined: whose units are is asked of the ledger of ownership."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from monokoto.assembly.engines import Engines
from monokoto.connect.fleet import Directory
from monokoto.connect.ownership import Ledger, Ownerships
from monokoto.connect.products import VERSION_APPLIED, Products
from monokoto.connect.tenancy import Organisations
from monokoto.earn.calendar import Span
from monokoto.earn.entitlements import Entitlements
from monokoto.earn.ledger import Ledger as Books
from monokoto.earn.metering import Metering
from monokoto.earn.payments import Payments
from monokoto.earn.plans import Plans
from monokoto.earn.portal import Gifts, Offers, Portal, Purchases, Standing, Wording
from monokoto.earn.subscriptions import Customers, Subscriptions
from monokoto.kernel.errors import Invalid
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import parse_id


class Parts(Protocol):
    """What subscriptions stand on (the platform)."""

    products: Products
    directory: Directory
    ownerships: Ownerships
    organisations: Organisations


def join_subscriptions(engines: Engines, parts: Parts) -> tuple[Plans, Customers, Subscriptions]:
    """Make them over these engines."""
    records, clock = engines.records, engines.clock
    plans = Plans(records, parts.products, clock)
    customers = Customers(records, clock, KnownBuyers(parts.organisations))
    owners = KnownOwners(parts.directory, parts.ownerships.ledger)
    return plans, customers, Subscriptions(records, clock, plans=plans, owners=owners)


class Sold(Parts, Protocol):
    """What the portal stands on (the platform)."""

    metering: Metering
    plans: Plans
    customers: Customers
    subscriptions: Subscriptions
    entitlements: Entitlements
    payments: Payments
    ledger: Books


def join_portal(engines: Engines, parts: Sold) -> Portal:
    """What owners see and decide about plans by themselves."""
    owners = KnownOwners(parts.directory, parts.ownerships.ledger)
    offers = Offers(parts.plans, owners, parts.directory, engines.clock)
    purchases = Purchases(parts.plans, parts.customers, parts.subscriptions)
    return Portal(
        offers,
        purchases,
        Wording(parts.products, parts.metering, parts.organisations, parts.entitlements.book),
        plans=parts.plans,
        subscriptions=parts.subscriptions,
        customers=parts.customers,
        gifts=Gifts(
            engines.records,
            engines.clock,
            plans=parts.plans,
            subscriptions=parts.subscriptions,
            offers=offers,
            purchases=purchases,
        ),
        standing=Standing(parts.customers, parts.payments, parts.ledger, parts.entitlements, offers),
    )


async def publish_applied(facts: Facts, plans: Plans) -> None:
    """Publish a product's plans when it is applied, so that their versions carry that time; whoever asks for a plan makes up
    for a fact that was lost."""

    async def applied(fact: Fact) -> None:
        await asyncio.to_thread(plans.take_over, fact.organisation_id, fact.data["product"])

    await facts.listen(VERSION_APPLIED, applied)


@dataclass(frozen=True, slots=True)
class KnownBuyers:
    """As `subscriptions.Buyers`, and as `partners.Organisations`."""

    organisations: Organisations

    def find(self, reference: str) -> int:
        """As `Buyers.find`."""
        try:
            return self.organisations.get(parse_id(reference)).id
        except Invalid:
            return self.organisations.by_slug(reference).id

    def called(self, organisation_id: int) -> str:
        """As `partners.Organisations.called`."""
        return self.organisations.get(organisation_id).name


@dataclass(frozen=True, slots=True)
class KnownOwners:
    """As `subscriptions.Owners`, from memory."""

    directory: Directory
    ledger: Ledger

    def owned(self, organisation_id: int, product: str, owner_id: int, span: Span) -> Mapping[int, Sequence[Span]]:
        """As `Owners.owned`. What somebody owned once stays within their reach for ever, so it is found there."""
        found = {}
        for reach in self.ledger.foreign(owner_id):
            if reach.organisation_id == organisation_id and self.is_unit(organisation_id, product, reach.unit_id):
                mine = tuple(held for owner, held in self.owners(reach.unit_id, span) if owner == owner_id)
                if mine:
                    found[int(reach.unit_id)] = mine
        return found

    def owners(self, unit_id: int, span: Span) -> Sequence[tuple[int, Span]]:
        """As `Owners.owners`."""
        known = self.ledger.unit(unit_id)
        if known is None:
            return ()
        found = []
        for one in known.ownerships:
            begin, end = max(span.start, one.begin), min(span.end, one.bounds[1])
            if begin < end:
                found.append((int(one.owner_id), Span(begin, end)))
        return found

    def fleet(self, organisation_id: int, product: str) -> Iterable[int]:
        """As `Owners.fleet`."""
        ids = self.directory.units(organisation_id)
        described = self.directory.described(ids)
        of_product = np.array([kind[1] == product for kind in described.kinds] or [False])
        chosen: list[int] = ids[(described.kind >= 0) & of_product[described.kind]].tolist()
        return chosen

    def is_unit(self, organisation_id: int, product: str, unit_id: int) -> bool:
        """As `Owners.is_unit`."""
        unit = self.directory.find(unit_id)
        return unit is not None and (unit.organisation_id, unit.product) == (organisation_id, product)

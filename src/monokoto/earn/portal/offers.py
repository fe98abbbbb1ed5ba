"""What is offered to an organisation: plans of the products of the units it owns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monokoto.connect.fleet import Directory
from monokoto.earn.calendar import Span
from monokoto.earn.plans import Plans, PublishedPlan
from monokoto.earn.subscriptions import Owners
from monokoto.kernel.clock import Clock
from monokoto.kernel.limits import PLANS_PER_PRODUCT_MAX


@dataclass(frozen=True, slots=True, order=True)
class Owned:
    """A product of which an organisation owns units."""

    maker_id: int
    product: str


@dataclass(frozen=True, slots=True)
class Offered:
    """A plan, and the asker's units it could be for."""

    published: PublishedPlan
    units: Sequence[int]


class Offers:
    """Asked for any organisation; every method is about one. Blocking."""

    def __init__(self, plans: Plans, owners: Owners, directory: Directory, clock: Clock) -> None:
        self._plans = plans
        self._owners = owners
        self._directory = directory
        self._clock = clock

    def owned(self, buyer_id: int, unit_ids: Iterable[int]) -> Mapping[Owned, Sequence[int]]:
        """Those of these units that are the buyer's now, by maker and product."""
        now, found = self._clock.now(), dict[Owned, list[int]]()
        for unit_id in unit_ids:
            unit = self._directory.find(unit_id)
            if unit is not None and self._owns(buyer_id, unit_id, now):
                found.setdefault(Owned(unit.organisation_id, str(unit.product)), []).append(unit_id)
        return {one: sorted(found[one]) for one in sorted(found)}

    def _owns(self, buyer_id: int, unit_id: int, now: int) -> bool:
        return any(owner == buyer_id for owner, _ in self._owners.owners(unit_id, Span(now, now + 1)))

    def to(self, buyer_id: int, unit_ids: Iterable[int]) -> list[Offered]:
        """All that is offered to whoever owns these, by maker, product and name."""
        found = []
        for one, units in self.owned(buyer_id, unit_ids).items():
            plans = self._plans.list(one.maker_id, product=one.product, retired=False, limit=PLANS_PER_PRODUCT_MAX)
            found += [Offered(plan, units) for plan in plans if plan.plan.offer is not None]
        return found

"""Usage by customer: what the units of their subscriptions used while they were theirs. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from monokoto.earn.calendar import Span
from monokoto.earn.metering import Metering, rounds_of, split_key
from monokoto.earn.subscriptions import store
from monokoto.earn.subscriptions.customer_store import find_many
from monokoto.earn.subscriptions.service import Subscriptions
from monokoto.earn.subscriptions.subscription import Subscription
from monokoto.engines.records import Records
from monokoto.kernel.money import ZERO, exact

CHUNK = 500
UNITS_COUNTED_MAX = 200_000
"""Units looked at for one answer, counted once for each customer who has them; what is beyond stands on the next page."""
Times = Mapping[int, Sequence[Span]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerUsage:
    """What one customer used."""

    customer_id: int
    name: str
    subscriptions: int
    units: int
    quantity: Decimal


class UsageByCustomer:
    """Asks subscriptions whose units are, and metering what these used."""

    def __init__(self, records: Records, subscriptions: Subscriptions, metering: Metering) -> None:
        self._records = records
        self._subscriptions = subscriptions
        self._metering = metering
        self.now: Callable[[], int] = metering.now

    def counted_in(self, organisation_id: int, meter: str) -> str:
        """What a meter counts in."""
        return self._metering.meter(organisation_id, meter).unit

    def of(
        self, organisation_id: int, meter: str, span: Span, *, after: int, limit: int
    ) -> tuple[list[CustomerUsage], bool]:
        """By age of the customers, past one: those who subscribed to the meter's product at some time of the span; and whether
        there are more.

        A page that would look at more units than UNITS_COUNTED_MAX is shorter. Raises NotFound for an unknown meter.
        """
        self._metering.meter(organisation_id, meter)
        product = split_key(meter)[0]
        with self._records.read() as connection:
            ids = store.find_subscribers(connection, organisation_id, product, span, after=after, limit=limit + 1)
            names = {key: one.name for key, one in find_many(connection, organisation_id, ids).items()}
        held: dict[int, tuple[int, Times]] = {}
        looked_at = 0
        for customer_id in ids[:limit]:
            held[customer_id] = self._held(organisation_id, customer_id, product, span)
            looked_at += len(held[customer_id][1])
            if looked_at >= UNITS_COUNTED_MAX:
                break
        used = self._used(organisation_id, meter, span, {key: times for key, (_, times) in held.items()})
        found = [
            CustomerUsage(
                customer_id=key, name=names.get(key, ""), subscriptions=count, units=len(times), quantity=used[key]
            )
            for key, (count, times) in held.items()
        ]
        return found, len(found) < len(ids)

    def _held(self, organisation_id: int, customer_id: int, product: str, span: Span) -> tuple[int, Times]:
        """How many subscriptions held in the span, and their units' times; a unit in two of them is counted once."""
        found: dict[int, list[Span]] = {}
        count = 0
        for page in self._pages(organisation_id, customer_id, product):
            for units in self._subscriptions.units_many([(one, span) for one in page]):
                count += bool(units)
                for unit_id, spans in units.items():
                    found.setdefault(unit_id, []).extend(spans)
        return count, {unit_id: _joined(spans) for unit_id, spans in found.items()}

    def _pages(self, organisation_id: int, customer_id: int, product: str) -> Iterator[list[Subscription]]:
        wanted, after = store.Wanted(customer_id=customer_id, product=product), 0
        while page := self._subscriptions.list(organisation_id, wanted, after=after, limit=CHUNK):
            after = page[-1].id
            yield page

    @exact
    def _used(self, organisation_id: int, meter: str, span: Span, held: Mapping[int, Times]) -> dict[int, Decimal]:
        """By customer. Customers who share no unit are asked for together."""
        used = dict.fromkeys(held, ZERO)
        for together in rounds_of(held, held.__getitem__):
            whose = {unit_id: customer_id for customer_id in together for unit_id in held[customer_id]}
            times = {unit_id: held[customer_id][unit_id] for unit_id, customer_id in sorted(whose.items())}
            for one in self._metering.totals(organisation_id, meter, times, span) if times else ():
                used[whose[one.unit_id]] += one.quantity
        return used


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The same time without overlaps, in order."""
    found: list[Span] = []
    for one in sorted(spans, key=lambda each: (each.start, each.end)):
        if found and one.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found

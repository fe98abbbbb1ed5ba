"""What entitlements ask of subscriptions, plans, ownership and metering, as these know it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from monokoto.connect.fleet import Directory
from monokoto.earn.calendar import Cycle, Span
from monokoto.earn.entitlements import FOREVER, Inclusion, UnitHoldings
from monokoto.earn.features import FeatureBook
from monokoto.earn.metering import PROMPT_SECONDS, Metering
from monokoto.earn.plans import Included, Plans
from monokoto.earn.subscriptions import Coverage, Customers, Owners, Phase, Subscription, Subscriptions, Wanted
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import MonokotoError, NotFound
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.kernel.money import ZERO

_FAR = 1 << 52
"""An instant past every planned one, and before what a database cannot hold."""
_PROMPT = (PROMPT_SECONDS + 60) * MICROSECONDS_PER_SECOND
_AHEAD = 300 * MICROSECONDS_PER_SECOND
MeterKey = tuple[int, str, str]
"""Organisation, product and meter."""


@dataclass(frozen=True, slots=True)
class BySubscriptions:
    """As `entitlements.Entitling`."""

    subscriptions: Subscriptions
    customers: Customers
    plans: Plans
    owners: Owners
    directory: Directory
    book: FeatureBook
    clock: Clock

    def of_unit(self, organisation_id: int, unit_id: int) -> UnitHoldings:
        """As `Entitling.of_unit`."""
        unit = self.directory.find(unit_id)
        if unit is None:
            return UnitHoldings()
        found = {one.id: one for one in self._candidates(organisation_id, str(unit.product), unit_id)}
        customers: list[tuple[int, Span]] = []
        inclusions: list[Inclusion] = []
        safe = {one.name for one in self.book.of(organisation_id, unit.product, unit.version).values() if one.safety}
        for one in found.values():
            spans = tuple(self._spans(one, unit_id))
            customers += [(one.customer_id, span) for span in spans]
            open_ = tuple(_without(spans, one))
            inclusions += [replace(it, spans=spans if it.feature in safe else open_) for it in self._inclusions(one)]
        owners = self.owners.owners(unit_id, Span(0, FOREVER))
        hands = sorted({at for _, span in owners for at in (span.start, span.end) if at < FOREVER})
        return UnitHoldings([*customers, *self._owning(organisation_id, owners)], inclusions, hands)

    def of_subscription(self, organisation_id: int, subscription_id: int) -> Sequence[Inclusion]:
        """As `Entitling.of_subscription`."""
        try:
            return list(self._inclusions(self.subscriptions.get(organisation_id, subscription_id)))
        except NotFound:
            return ()

    def members(self, organisation_id: int, subscription_id: int) -> Mapping[int, Sequence[Span]]:
        """As `Entitling.members`."""
        try:
            one = self.subscriptions.get(organisation_id, subscription_id)
        except NotFound:
            return {}
        life = _life(one)
        return {} if life is None else self.subscriptions.units(one, life)

    def units_of_customer(self, organisation_id: int, customer_id: int, product: str) -> Mapping[int, Sequence[Span]]:
        """As `Entitling.units_of_customer`."""
        found: dict[int, Sequence[Span]] = {}
        wanted = Wanted(customer_id=customer_id, product=product)
        after = 0
        while page := self.subscriptions.list(organisation_id, wanted, after=after, limit=PAGE_SIZE_MAX):
            for one in page:
                for unit_id, spans in self.members(organisation_id, one.id).items():
                    found[unit_id] = (*found.get(unit_id, ()), *spans)
            after = page[-1].id
        try:
            buyer = self.customers.get(organisation_id, customer_id).customer_organisation_id
        except NotFound:
            return found
        for kind in {product} - {""} or {name for org, name, _ in self.directory.kinds() if org == organisation_id}:
            if buyer is not None:
                found |= self.owners.owned(organisation_id, kind, buyer, Span(0, FOREVER))
        return found

    def customer_of_organisation(self, organisation_id: int, buyer_id: int) -> int | None:
        """As `Entitling.customer_of_organisation`."""
        found = self.customers.list(organisation_id, buyer_id=buyer_id, limit=1)
        return found[0].id if found else None

    def plans_with(self, organisation_id: int, product: str, feature: str) -> Sequence[str]:
        """As `Entitling.plans_with`."""
        found = self.plans.list(organisation_id, product=product, retired=False, limit=PAGE_SIZE_MAX)
        return [
            one.plan.name
            for one in found
            if any(it.feature == feature and (it.quota or it.value not in {None, False}) for it in one.plan.includes)
        ]

    def _candidates(self, organisation_id: int, product: str, unit_id: int) -> Iterator[Subscription]:
        """The subscriptions that name it, at any time, and those that are for it now or, once they begin, for good."""
        yield from self.subscriptions.list(organisation_id, Wanted(unit_id=unit_id), limit=PAGE_SIZE_MAX)
        for at in (self.clock.now(), _FAR):
            yield from self.subscriptions.of_unit(organisation_id, product, unit_id, at)

    def _spans(self, one: Subscription, unit_id: int) -> Iterable[Span]:
        """When it is for a unit; without asking for all its units."""
        life = _life(one)
        if life is None:
            return ()
        if one.coverage is Coverage.FLEET:
            return (life,)
        if one.coverage is Coverage.UNITS:
            named = tuple(it for it in one.named if it.unit_id == unit_id)
            return self.subscriptions.units(replace(one, named=named), life).get(unit_id, ())
        buyer = self.customers.get(one.organisation_id, one.customer_id).customer_organisation_id
        return [span for owner, span in self.owners.owners(unit_id, life) if owner == buyer]

    def _owning(self, organisation_id: int, owners: Iterable[tuple[int, Span]]) -> Iterator[tuple[int, Span]]:
        """Whose it is, of those who are customers."""
        for owner, span in owners:
            customer_id = self.customer_of_organisation(organisation_id, owner)
            if customer_id is not None:
                yield customer_id, span

    def _inclusions(self, one: Subscription) -> Iterator[Inclusion]:
        life = _life(one)
        if life is None:
            return
        ends = [phase.begin for phase in one.phases[1:]] + [life.end]
        for phase, end in zip(one.phases, ends, strict=True):
            begin, last = max(phase.begin, life.start), min(end, life.end)
            if begin >= last:
                continue
            try:
                plan = self.plans.get(one.organisation_id, one.product, phase.plan, phase.version)
            except MonokotoError:
                continue
            for included in plan.includes:
                yield _inclusion(one, phase, included, begin, last)


def _inclusion(one: Subscription, phase: Phase, included: Included, begin: int, end: int) -> Inclusion:
    quota = included.quota
    plain = Inclusion(
        subscription_id=one.id, customer_id=one.customer_id, plan=f"{phase.plan} {phase.version}",
        feature=included.feature, begin=begin, end=end, value=included.value,
    )  # fmt: skip
    if quota is None:
        return plain
    every = quota.every
    cycle = Cycle(every=every, anchor=phase.anchor, timezone=one.timezone, count=quota.count) if every else None
    return replace(
        plain, amount=quota.amount, cycle=cycle, rollover_min=quota.rollover_min, rollover_max=quota.rollover_max,
        priority=quota.priority, expires=quota.expires,
    )  # fmt: skip


def _life(one: Subscription) -> Span | None:
    """From its beginning to its end; None: it was over before it began."""
    end = FOREVER if one.ends_at is None else one.ends_at
    return Span(one.starts_at, end) if one.starts_at < end else None


def _without(spans: Iterable[Span], one: Subscription) -> Iterator[Span]:
    """The times in which it is not suspended."""
    for span in spans:
        start = span.start
        for pause in sorted(one.pauses, key=lambda it: it.begin):
            end = FOREVER if pause.end is None else pause.end
            if start < min(pause.begin, span.end):
                yield Span(start, min(pause.begin, span.end))
            start = max(start, end)
        if start < span.end:
            yield Span(start, span.end)


@dataclass(slots=True)
class ByMetering:
    """As `entitlements.Usage` and `entitlements.UsageNews`."""

    metering: Metering
    clock: Clock
    watched: set[MeterKey] = field(default_factory=set)
    """The meters quotas in memory follow."""
    _seen: dict[MeterKey, dict[int, Decimal]] = field(default_factory=dict)
    _mark: int = 0
    _marks: int = -1
    """Of late usage that is known; -1: there may be more."""

    def sums(
        self,
        organisation_id: int,
        product: str,
        meter: str,
        units: Mapping[int, Sequence[Span]],
        spans: Sequence[Span],
    ) -> Sequence[Decimal]:
        """As `Usage.sums`."""
        self.metering.writer.heard.follow((organisation_id, product, meter))
        self.watched.add((organisation_id, product, meter))
        if not units:
            return [ZERO] * len(spans)
        key = f"{product}/{meter}"
        try:
            return [self.metering.total(organisation_id, key, units, span) for span in spans]
        except NotFound:  # no version in use has the meter any more
            return [ZERO] * len(spans)

    def used(self) -> Iterable[tuple[int, str, str, int, int]]:
        """As `UsageNews.used`: whose samples were written; of what lasts, also who shows another amount of the last minutes."""
        if not self.watched:
            return  # a platform without quotas asks its store for nothing
        now = self.clock.now()
        since = now - _PROMPT
        for key in list(self.watched):
            organisation_id, product, meter = key
            units = set(self.metering.writer.heard.taken(key).tolist())
            units |= self._lasting(key, Span(since, now + _AHEAD))
            for unit_id in units:
                yield organisation_id, product, meter, unit_id, since
        yield from self._late(since)

    def _lasting(self, key: MeterKey, span: Span) -> set[int]:
        """Who used more by the passing of time alone."""
        organisation_id, product, name = key
        try:
            if not self.metering.meter(organisation_id, f"{product}/{name}").aggregation.lasting:
                return set()
            found = self.metering.totals(organisation_id, f"{product}/{name}", None, span)
            shown = {one.unit_id: one.quantity for one in found}
        except NotFound:
            return set()
        before = self._seen.get(key, {})
        self._seen[key] = shown
        return {unit_id for unit_id, quantity in shown.items() if before.get(unit_id) != quantity}

    def _late(self, since: int) -> Iterator[tuple[int, str, str, int, int]]:
        """What came later than that."""
        writer = self.metering.writer
        marks = writer.marks if writer.marked_at < writer.settled() else -1
        if marks == self._marks != -1 and not len(writer.late):
            return
        late, self._mark = self.metering.touched(self._mark or since, PAGE_SIZE_MAX)
        self._marks = -1 if late else marks
        for one in late:
            product, _, meter = one.meter.partition("/")
            yield one.organisation_id, product, meter, one.unit_id, one.first_at

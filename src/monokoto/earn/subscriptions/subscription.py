"""A subscription: who subscribed to what, for which units, since when and by which version of a plan.

Its time is told by phases. Each goes from its beginning to the next one's, the last to the end of the subscription (or for
ever), so that they cover its time without gap or overlap however they came to be. A phase keeps the rhythm of its plan's version
and the instant its periods are counted from, so that nothing has to be looked up to know a period.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from monokoto.earn.calendar import Cycle, Every, Span
from monokoto.earn.plans import Anchor
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import CustomerId, OrganisationId, ProductName, SubscriptionId, UnitId


class Coverage(StrEnum):
    """For which units it is."""

    OWNED = "owned"
    """Those of the product that belong to the customer's organisation, each while it does."""
    FLEET = "fleet"
    """All units of the product."""
    UNITS = "units"
    """Those that are named."""


class Status(StrEnum):
    """Where a subscription stands at an instant."""

    SCHEDULED = "scheduled"
    TRIALING = "trialing"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A version of a plan holds from `begin` on."""

    begin: int
    plan: str
    version: int
    every: Every
    count: int = 1
    anchored: Anchor = Anchor.SUBSCRIPTION
    anchor: int
    """An instant a period begins at."""

    @property
    def rhythm(self) -> tuple[Every, int, int]:
        """Phases of the same one share their periods."""
        return self.every, self.count, self.anchor

    def cycle(self, timezone: str) -> Cycle:
        """Its periods."""
        return Cycle(every=self.every, count=self.count, anchor=self.anchor, timezone=timezone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which it is suspended."""

    begin: int
    end: int | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedUnit:
    """A unit it is for, and since when."""

    unit_id: UnitId
    begin: int
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCoupon:
    """A part of what is charged that need not be paid, for a time."""

    name: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    """In each period; one of the two."""
    charges: tuple[str, ...] = ()
    """Names of the plan's charges it is limited to; empty: all."""
    begin: int
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """Somebody else pays."""

    giver_id: CustomerId
    message: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """What one invoice is for: a period of the plan, as far as the subscription was there."""

    span: Span
    whole: Span
    """Of which `span` is a part, or all."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A time in which nothing of the subscription changes."""

    span: Span
    phase: Phase
    trial: bool
    suspended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription; every change makes one with the next revision."""

    id: SubscriptionId
    organisation_id: OrganisationId
    """The maker's, who sells."""
    customer_id: CustomerId
    product: ProductName
    coverage: Coverage
    named: tuple[NamedUnit, ...] = ()
    currency: str
    timezone: str
    starts_at: int
    trial_until: int | None = None
    ends_at: int | None = None
    phases: tuple[Phase, ...]
    pauses: tuple[Pause, ...] = ()
    coupons: tuple[GivenCoupon, ...] = ()
    gift: Gift | None = None
    billed_until: int | None = None
    """Up to which instant whoever bills has billed it; None: nothing yet."""
    revision: int = 1
    created_at: Instant
    updated_at: Instant

    @property
    def payer_id(self) -> CustomerId:
        """Who gets the invoices."""
        return self.customer_id if self.gift is None else self.gift.giver_id

    @property
    def cycle(self) -> Cycle:
        """The periods of the last phase; `period` knows those of each instant."""
        return self.phases[-1].cycle(self.timezone)

    def status(self, now: int) -> Status:
        """Where it stands."""
        if self.ends_at is not None and self.ends_at <= max(now, self.starts_at):
            return Status.ENDED
        if now < self.starts_at:
            return Status.SCHEDULED
        if self.suspended(now):
            return Status.SUSPENDED
        return Status.TRIALING if self.in_trial(now) else Status.ACTIVE

    def holds(self, at: int) -> bool:
        """Whether it is there at an instant, suspended or not."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)

    def in_trial(self, at: int) -> bool:
        """Whether nothing is charged yet."""
        return self.trial_until is not None and at < self.trial_until

    def suspended(self, at: int) -> bool:
        """Whether it is suspended at an instant."""
        return any(one.begin <= at and (one.end is None or at < one.end) for one in self.pauses)

    def phase_at(self, at: int) -> Phase:
        """The phase that holds at an instant; the first one before there was any."""
        return next((one for one in reversed(self.phases) if one.begin <= at), self.phases[0])

    def period(self, at: int) -> Period:
        """The period an instant lies in; clipped to the subscription, and where the rhythm changes. Raises ValueError
        when the subscription is not there at that instant."""
        if not self.holds(at):
            raise ValueError("the subscription is not there at this instant")
        index = self.phases.index(self.phase_at(at))
        rhythm = self.phases[index].rhythm
        first = last = index
        while first and self.phases[first - 1].rhythm == rhythm:
            first -= 1
        while last + 1 < len(self.phases) and self.phases[last + 1].rhythm == rhythm:
            last += 1
        whole = self.phases[index].cycle(self.timezone).containing(at)
        start = max(whole.start, self.phases[first].begin, self.starts_at)
        ends = [whole.end, *(one.begin for one in self.phases[last + 1 : last + 2])]
        end = min(ends if self.ends_at is None else [*ends, self.ends_at])
        return Period(Span(start, end), whole)

    def periods(self, span: Span) -> Iterator[Period]:
        """The periods that lie in a time at least in part, in order; they follow each other without gap or overlap."""
        at = max(span.start, self.starts_at)
        while at < span.end and self.holds(at):
            period = self.period(at)
            yield period
            at = period.span.end

    def segments(self, span: Span) -> Iterator[Segment]:
        """A time, as far as the subscription was there, cut wherever something of it changes."""
        start = max(span.start, self.starts_at)
        end = span.end if self.ends_at is None else min(span.end, self.ends_at)
        edges = {one.begin for one in self.phases} | {one.begin for one in self.pauses}
        edges |= {one.end for one in self.pauses if one.end is not None} | {self.trial_until or start}
        cuts = [start, *sorted(edge for edge in edges if start < edge < end), end]
        for begin, until in itertools.pairwise(cuts):
            if begin < until:
                yield Segment(Span(begin, until), self.phase_at(begin), self.in_trial(begin), self.suspended(begin))

    @property
    def next_at(self) -> int | None:
        """When it is due to be billed next: at its beginning, then at the end of each period; None: never again."""
        since = self.starts_at if self.billed_until is None else self.billed_until
        if not self.holds(since):
            return None
        return since if self.billed_until is None else self.period(since).span.end

"""A quota: what those who draw on it together have of a metered feature, and what they used of it. Pure.

Between two edges (something comes, comes again, expires) the order of what is used changes nothing, so that usage is asked for
as one sum between each two: a quota costs as much for a million washes as for one. What is left is always worked out anew by
`burn_down`; no balance is kept anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise

from monokoto.earn.calendar import Span
from monokoto.earn.entitlements.burndown import Balances, Reset, Use, burn_down
from monokoto.earn.entitlements.entitlement import FOREVER
from monokoto.earn.entitlements.grants import Grant
from monokoto.earn.entitlements.ports import Inclusion
from monokoto.kernel.money import ZERO, exact

Sums = Callable[[Sequence[Span]], Sequence[Decimal]]
"""What was used together in each of these spans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaState:
    """How a quota stands at `at`, before what is used at it."""

    at: int
    left: Decimal
    used: Decimal
    """Since `period_begin`."""
    overage: Decimal
    period_begin: int
    turn: int
    """The next instant at which it changes without being used; past every instant where there is none."""
    live: bool
    """Whether there is anything at all to draw on, used up or not."""

    @property
    def total(self) -> Decimal:
        """What could be used in this period."""
        return self.left + self.used - self.overage


@dataclass(slots=True)
class Quota:
    """What is given, by plans and by rows."""

    inclusions: tuple[Inclusion, ...] = ()
    """Of one subscription, or none."""
    rows: tuple[Grant, ...] = ()
    _known: dict[tuple[int, int], Decimal] = field(default_factory=dict)
    """Sums between edges that were asked for already."""

    def __post_init__(self) -> None:
        self.inclusions = tuple(
            sorted((one for one in self.inclusions if one.amount is not None), key=lambda one: (one.begin, one.end))
        )
        self.rows = tuple(sorted(self.rows, key=lambda one: one.id))

    def forget(self, since: int = -FOREVER) -> None:
        """Sums of what ends later than this instant are asked for again: something was used, late or corrected."""
        for span in [one for one in self._known if one[1] > since]:
            del self._known[span]

    @exact
    def state(self, at: int, sums: Sums) -> QuotaState:
        """How it stands."""
        schedule = self._schedule(at, sums)
        balances = self._burned(schedule, at, sums)
        period = balances.periods[-1]
        living = [one for one in schedule.grants if one.effective <= at and (one.expires is None or at < one.expires)]
        return QuotaState(
            at=at,
            left=sum(balances.balances.values(), ZERO),
            used=period.used,
            overage=period.overage,
            period_begin=max(period.start, schedule.origin),
            turn=min((edge for edge in schedule.edges if edge > at), default=FOREVER),
            live=bool(living) or any(one.begin <= at < one.end for one in self.inclusions),
        )

    @exact
    def burned(self, at: int, sums: Sums) -> Mapping[str, Decimal]:
        """How much of each grant is used up by an instant."""
        return self._burned(self._schedule(at, sums), at, sums).burned

    def _schedule(self, until: int, sums: Sums) -> _Schedule:
        schedule = _Schedule(grants=list(self.rows))
        for row in self.rows:
            schedule.edges |= {row.effective, FOREVER if row.expires is None else row.expires}
        for number, inclusion in enumerate(self.inclusions):
            if inclusion.begin > until:
                schedule.edges.add(inclusion.begin)
                continue
            following = self.inclusions[number + 1] if number + 1 < len(self.inclusions) else None
            self._lay_out(schedule, number, inclusion, following, until, sums)
        return schedule

    def _lay_out(
        self,
        schedule: _Schedule,
        number: int,
        inclusion: Inclusion,
        following: Inclusion | None,
        until: int,
        sums: Sums,
    ) -> None:
        """The grants of one phase, as far as `until`."""
        schedule.edges |= {inclusion.begin, inclusion.end}
        assert inclusion.amount is not None
        goes_on = following is not None and following.begin == inclusion.end and following.rollover_max > 0
        for index, (period, begin) in enumerate(_periods(inclusion, until)):
            amount = inclusion.amount
            if begin > period.start and index == 0 and number:
                amount = max(ZERO, amount - self._used_before(schedule, period.start, begin, sums))
            end = _expiry(inclusion, period, begin)
            stays = goes_on and following is not None and period.end <= inclusion.end
            last = following.end if stays and following is not None else inclusion.end
            expires = min(end, last)
            if begin == period.start and (index or number):
                schedule.resets.add(begin)
            if expires > begin:
                name = f"plan:{inclusion.subscription_id}:{number}:{index}"
                schedule.grants.append(_grant(inclusion, name, amount, begin, expires))
                schedule.own[name] = period.start
            schedule.edges |= {begin, period.end if inclusion.cycle else end, expires}

    def _used_before(self, schedule: _Schedule, since: int, at: int, sums: Sums) -> Decimal:
        """What a subscription that changes its plan within a period has used of what the plan before gave in it."""
        burned = self._burned(schedule, at, sums).burned
        return sum((burned[name] for name, period in schedule.own.items() if period == since), ZERO)

    def _burned(self, schedule: _Schedule, at: int, sums: Sums) -> Balances:
        origin = min(schedule.origin, at)
        cuts = sorted({origin, *(edge for edge in schedule.edges if origin < edge < at), at})
        spans = [Span(begin, end) for begin, end in pairwise(cuts)]
        lacking = [one for one in spans if (one.start, one.end) not in self._known]
        found = dict(zip(((one.start, one.end) for one in lacking), sums(lacking) if lacking else (), strict=True))
        # The last one grows with time: the next question is another one.
        self._known.update({span: used for span, used in found.items() if span[1] in schedule.edges})
        used = self._known | found
        uses = [Use(span.start, used[span.start, span.end]) for span in spans if used[span.start, span.end]]
        resets = [Reset(edge) for edge in sorted(schedule.resets) if origin < edge <= at]
        return burn_down(schedule.grants, uses, start=origin, until=at, resets=resets)


@dataclass(slots=True)
class _Schedule:
    """Everything that was or is given up to an instant."""

    grants: list[Grant]
    resets: set[int] = field(default_factory=set)
    edges: set[int] = field(default_factory=set)
    own: dict[str, int] = field(default_factory=dict)
    """Of the plans' grants the beginning of their period."""

    @property
    def origin(self) -> int:
        """When the first of them began."""
        return min((grant.effective for grant in self.grants), default=FOREVER)


def _periods(inclusion: Inclusion, until: int) -> Iterable[tuple[Span, int]]:
    """The periods of a phase that have begun, each with the instant at which its amount is given."""
    if inclusion.cycle is None:
        yield Span(inclusion.begin, max(inclusion.end, inclusion.begin + 1)), inclusion.begin
        return
    period = inclusion.cycle.containing(inclusion.begin)
    while period.start < inclusion.end and period.start <= until:
        yield period, max(period.start, inclusion.begin)
        period = Span(period.end, inclusion.cycle.after(period.end))


def _expiry(inclusion: Inclusion, period: Span, begin: int) -> int:
    """When what was given in a period is gone, used or not."""
    if inclusion.expires:
        return begin + inclusion.expires
    if inclusion.cycle is not None and inclusion.rollover_max > 0:
        return inclusion.cycle.after(period.end)
    return period.end


def _grant(inclusion: Inclusion, name: str, amount: Decimal, begin: int, expires: int) -> Grant:
    grant = Grant(
        id=name,
        amount=amount,
        effective=begin,
        expires=None if expires >= FOREVER else expires,
        priority=inclusion.priority,
        created=begin,
    )
    if inclusion.cycle is None or (inclusion.expires and not inclusion.rollover_max):
        return replace(grant, rollover_max=amount)  # what has a life of its own does not end with a period
    return replace(grant, rollover_min=inclusion.rollover_min, rollover_max=inclusion.rollover_max)

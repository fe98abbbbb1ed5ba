"""Burning down: usage eats grants in their order. A replay of everything that happens, in event time.

At one instant: grants expire, the period is reset, grants become effective, grants recur, overage is paid from what
came, and then usage counts. Usage that finds nothing is overage; whatever comes later in the same period pays it first.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum

from monokoto.earn.entitlements.grants import Grant
from monokoto.kernel import limits
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True)
class Use:
    """So much was used."""

    at: int
    quantity: Decimal

    def __post_init__(self) -> None:
        if not isinstance(self.quantity, Decimal) or not self.quantity.is_finite() or self.quantity < 0:
            raise Invalid("Use is an exact number, zero or more.", remedy="Take back the use itself: a correction.")


@dataclass(frozen=True, slots=True)
class Reset:
    """A new period of use begins: balances are rolled over. Overage goes with the old period (to be billed), unless it
    is kept."""

    at: int
    keep_overage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodUse:
    """What was used between two resets."""

    start: int
    end: int
    used: Decimal
    overage: Decimal
    """Beyond all grants when the period ended, and not kept for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """How things stand at an instant, before what is used at it."""

    balances: Mapping[str, Decimal]
    """By grant; 0 for one that expired or is not effective yet."""
    burned: Mapping[str, Decimal]
    lapsed: Mapping[str, Decimal]
    """What expired, was not rolled over or was there still when the grant came again."""
    granted: Mapping[str, Decimal]
    overage: Decimal
    periods: tuple[PeriodUse, ...]
    """The last is the one that goes on."""


class _Step(IntEnum):
    """What happens at one instant, in this order."""

    EXPIRE = 0
    RESET = 1
    START = 2
    RECUR = 3
    USE = 4


@dataclass(slots=True)
class _Ledger:
    """The state while everything is replayed."""

    start: int
    grants: Mapping[str, Grant]
    snapshot: Mapping[str, Decimal]
    balances: dict[str, Decimal] = field(init=False)
    burned: dict[str, Decimal] = field(init=False)
    lapsed: dict[str, Decimal] = field(init=False)
    granted: dict[str, Decimal] = field(init=False)
    queue: list[tuple[tuple[object, ...], str]] = field(default_factory=list)
    """A heap of grants by their order; may name some twice or empty ones, which are thrown out when they surface."""
    live: set[str] = field(default_factory=set)
    overage: Decimal = ZERO
    used: Decimal = ZERO
    periods: list[PeriodUse] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.balances, self.burned, self.lapsed, self.granted = (dict.fromkeys(self.grants, ZERO) for _ in range(4))

    def fill(self, name: str, amount: Decimal) -> None:
        """Set a grant's balance to a new `amount`."""
        self.lapsed[name] += self.balances[name]
        self.granted[name] += amount
        self.balances[name] = amount
        self.offer(name)

    def offer(self, name: str) -> None:
        if self.balances[name] > 0:
            heapq.heappush(self.queue, (self.grants[name].order, name))

    def burn(self, quantity: Decimal) -> Decimal:
        """Take a quantity from the grants in order; returns what they did not have."""
        while quantity and self.queue:
            name = self.queue[0][1]
            if name not in self.live or not self.balances[name]:
                heapq.heappop(self.queue)
                continue
            taken = min(quantity, self.balances[name])
            self.balances[name] -= taken
            self.burned[name] += taken
            quantity -= taken
        return quantity

    def expire(self, name: str) -> None:
        self.live.discard(name)
        self.lapsed[name] += self.balances[name]
        self.balances[name] = ZERO

    def reset(self, reset: Reset) -> None:
        kept = self.overage if reset.keep_overage else ZERO
        self.close(reset.at, self.overage - kept)
        self.overage, self.start = kept, reset.at
        for name in self.live:
            left = self.grants[name].rolled_over(self.balances[name])
            change = left - self.balances[name]
            self.granted[name] += max(change, ZERO)  # rollover_min gives what is not there
            self.lapsed[name] -= min(change, ZERO)
            self.balances[name] = left
            self.offer(name)

    def close(self, end: int, overage: Decimal) -> None:
        self.periods.append(PeriodUse(start=self.start, end=end, used=self.used, overage=overage))
        self.used = ZERO


@exact
def burn_down(
    grants: Iterable[Grant],
    usage: Iterable[Use],
    *,
    start: int,
    until: int,
    balances: Mapping[str, Decimal] | None = None,
    resets: Iterable[Reset] = (),
) -> Balances:
    """Replay everything from `start` and say how things stand at `until` (µs UTC).

    Args:
        grants: With different ids.
        usage: In any order; counts when `start` <= at < `until`.
        start: From where to replay; grants effective before it are full there unless `balances` says otherwise.
        until: Grants that come or recur at this very instant are there; what is used at it is not counted yet.
        balances: What was left at `start` of grants effective by then (a snapshot). Burned and granted count from there.
        resets: Later than `start`, at most at `until`.

    Raises:
        Invalid: For two grants of one id, resets outside, or more steps than `BURN_DOWN_STEPS_MAX`.
    """
    kept = list(grants)
    named = {grant.id: grant for grant in kept}
    if len(named) < len(kept):
        raise Invalid("Two grants have one id.")
    ledger = _Ledger(start, named, balances or {})
    agenda = _agenda(ledger, usage, until, list(resets))
    steps = 0
    while agenda:
        at = agenda[0][0]
        uses: list[Decimal] = []
        while agenda and agenda[0][0] == at:
            _, step, name, payload = heapq.heappop(agenda)
            steps += 1
            if isinstance(payload, Decimal):
                uses.append(payload)
                continue
            if isinstance(payload, Reset):
                ledger.reset(payload)
                continue
            _move(ledger, agenda, (at, _Step(step), name), until)
        if steps > limits.BURN_DOWN_STEPS_MAX:
            raise Invalid("There is too much to replay at once.", remedy="Start from a later snapshot of the balances.")
        ledger.overage = ledger.burn(ledger.overage)
        for quantity in uses:
            ledger.used += quantity
            ledger.overage += ledger.burn(quantity)
    ledger.close(until, ledger.overage)
    return Balances(
        balances=ledger.balances,
        burned=ledger.burned,
        lapsed=ledger.lapsed,
        granted=ledger.granted,
        overage=ledger.overage,
        periods=tuple(ledger.periods),
    )


_Agenda = list[tuple[int, int, str, Decimal | Reset | None]]


def _agenda(ledger: _Ledger, usage: Iterable[Use], until: int, resets: list[Reset]) -> _Agenda:
    """Everything known beforehand, as a heap; of recurrences each brings the next."""
    found: _Agenda = []
    for name, grant in ledger.grants.items():
        if grant.expires is not None and grant.expires <= ledger.start:
            continue
        begins = max(grant.effective, ledger.start)
        if begins <= until:
            found.append((begins, _Step.START, name, None))
        if grant.expires is not None and grant.expires <= until:
            found.append((grant.expires, _Step.EXPIRE, name, None))
    if any(not ledger.start < reset.at <= until for reset in resets):
        raise Invalid("A reset lies outside what is replayed.")
    found += [(reset.at, _Step.RESET, f"{number:09}", reset) for number, reset in enumerate(resets)]
    chosen = (use for use in usage if ledger.start <= use.at < until)
    found += [(use.at, _Step.USE, f"{number:09}", use.quantity) for number, use in enumerate(chosen)]
    heapq.heapify(found)
    return found


def _move(ledger: _Ledger, agenda: _Agenda, what: tuple[int, _Step, str], until: int) -> None:
    """A grant expires, becomes effective or recurs."""
    at, step, name = what
    grant = ledger.grants[name]
    if step is _Step.EXPIRE:
        ledger.expire(name)
        return
    stood = step is _Step.START and grant.effective <= ledger.start
    ledger.live.add(name)
    ledger.fill(name, ledger.snapshot.get(name, grant.amount) if stood else grant.amount)
    if grant.recurrence is not None:
        following = grant.recurrence.after(at)
        if following <= until and (grant.expires is None or following < grant.expires):
            heapq.heappush(agenda, (following, _Step.RECUR, name, None))

"""Plans and subscriptions, for tests of what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from monokoto.earn.billing import (
    Booked,
    Circumstances,
    Due,
    Entry,
    Stretch,
    TimedCoupon,
    discounts_of,
    dues_of,
    entries,
)
from monokoto.earn.calendar import Cycle, Every, Span
from monokoto.earn.plans import Charge, Plan
from monokoto.earn.pricing import Usage, currency
from monokoto.kernel.ids import OrganisationId, ProductName

EVER = 1 << 61


def at(text: str) -> int:
    """`2026-03-01` or `2026-03-01T12:00` in µs UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def plan(*charges: Charge, name: str = "basic", version: int = 1, every: Every = Every.MONTH, **more: object) -> Plan:
    """A version of a plan in euros."""
    fields: dict[str, object] = {"currency": currency("EUR"), **more}
    return Plan(
        organisation_id=OrganisationId(1), product=ProductName("washer"), name=name, version=version,
        title={"": name}, every=every, charges=charges, **fields,  # type: ignore[arg-type]
    )  # fmt: skip


@dataclass
class Contract:
    """A subscription as a rating sees it, with its usage and what was invoiced of it."""

    phases: list[tuple[int, Plan]]
    """From when on which plan."""
    units: dict[int, list[Span]] = field(default_factory=lambda: {1: [Span(0, EVER)]})
    events: list[tuple[int, str, Decimal]] = field(default_factory=list)
    """When, of which meter, how much."""
    coupons: list[TimedCoupon] = field(default_factory=list)
    end: int = EVER
    timezone: str = "UTC"
    booked: list[Entry] = field(default_factory=list)

    @property
    def circumstances(self) -> Circumstances:
        begin = self.phases[0][0]
        return Circumstances(begin=begin, timezone=self.timezone, units=self.units)

    def stretches(self, period: Span) -> list[Stretch]:
        starts = [start for start, _ in self.phases]
        held = [
            (Span(start, min(stop, self.end)), version)
            for (start, version), stop in zip(self.phases, [*starts[1:], EVER], strict=True)
            if start < min(stop, self.end)
        ]
        return [
            Stretch(
                plan=version, span=Span(max(span.start, period.start), min(span.end, period.end)), period=period, held=span,
                began=period.start, anchor=self.phases[0][0],
            )
            for span, version in held
            if span.start < period.end and period.start < span.end
        ]  # fmt: skip

    def periods(self, until: int) -> list[Span]:
        first = self.phases[0][1]
        cycle = Cycle(every=first.every, anchor=self.phases[0][0], timezone=self.timezone)
        found, start = [], self.phases[0][0]
        while start <= until and start < self.end:
            found.append(cycle.containing(start))
            start = found[-1].end
        return found

    def dues(self, now: int, known: Iterable[tuple[int, str, Decimal]] | None = None) -> list[Due]:
        """Of all periods begun by `now`."""
        events = self.events if known is None else list(known)
        return [due for period in self.periods(now) for due in self._rated(self.stretches(period), events, now)]

    def _rated(self, stretches: Sequence[Stretch], events: Sequence[tuple[int, str, Decimal]], now: int) -> list[Due]:
        usage = {
            (place, charge.name): Usage(
                quantity=sum(
                    (
                        n
                        for when, meter, n in events
                        if meter == charge.meter and stretch.span.start <= when < stretch.span.end
                    ),
                    Decimal(0),
                )
            )
            for place, stretch in enumerate(stretches)
            for charge in stretch.plan.usage_charges
        }
        dues = dues_of(stretches, usage, self.circumstances, now=now)
        return [*dues, *discounts_of(dues, self.coupons)]

    def bill(self, now: int, known: Iterable[tuple[int, str, Decimal]] | None = None) -> list[Entry]:
        """Invoice what is due by `now`."""
        had: dict[str, Booked] = {}
        for one in self.booked:
            before = had.get(one.key, Booked(key=one.key, amount=Decimal(0)))
            had[one.key] = replace(before, amount=before.amount + one.amount, quantity=before.quantity + one.quantity)
        new = entries(self.dues(now, known), had, until=now)
        self.booked += new
        return new

"""Outages that are told late, ended otherwise than they seemed to, or excused afterwards: the next invoice has the difference."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from subscriptions_making import at
from till import Till

from monokoto.assembly.billing import AlertNews, ByAlerts
from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import Folder, Products
from monokoto.earn.billing import Billing, BillingRuns, Rater
from monokoto.earn.billing.store import touched_of
from monokoto.earn.invoices import InvoiceState
from monokoto.earn.plans import Plans
from monokoto.earn.sections import SECTIONS
from monokoto.earn.subscriptions import Coverage, NewSubscription, Subscription, Subscriptions
from monokoto.engines.records import Records, open_records, records_file
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, UnitId, format_id, parse_id
from monokoto.operate.alerts import Alerts, Concerned, MaintenanceWindows
from monokoto.operate.rules import AlertChange, ChangeKind, Severity

HOUR, DAY = 3_600_000_000, 86_400_000_000
LINE, FIRST, SECOND = 500, 501, 502
"""Of these the line is no unit of anybody's; the second is a part of it."""
PUMP = """\
product: pump
model:
  version: {model: 1.0.0}
  properties: {flow: {type: number}}
rules:
  offline: {severity: major, when: flow < 1}
plans:
  sure:
    currency: EUR
    every: day
    charges: {base: {fee: "10.00"}}
    outcome:
      availability:
        title: {en: Pumping, ko: 가동}
        rule: offline
        exclude: maintenance
        every: day
        tiers: [{from: "99", credit: "0"}, {from: "90", credit: "10"}, {from: "0", credit: "50"}]
"""


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


class Units:
    """As the directory, for the little that is asked of it."""

    def __init__(self, maker: int) -> None:
        self._maker = maker

    def get(self, unit_id: int) -> UnitIdentity | None:
        parent = LINE if unit_id == SECOND else 0
        return UnitIdentity(unit_id, self._maker, "pump", "1.0.0", str(unit_id), parent)

    def units(self, _organisation_id: int) -> Any:
        return _Array([LINE, FIRST, SECOND])


class _Array(list[int]):
    def tolist(self) -> list[int]:
        return list(self)


class NoUsage:
    """As `billing.TouchedUsage`."""

    def touched(self, mark: int, _limit: int) -> tuple[list[Any], int]:
        return [], mark


class Promised(Till):
    """A maker that promises to be available by the day, and its alerts."""

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        products = Products(records, self.clock, SECTIONS)
        products.apply(self.maker, Folder({"product.yaml": PUMP}))
        self.plans = Plans(records, products, self.clock)
        self.subscriptions = Subscriptions(records, self.clock, plans=self.plans, owners=self.owners)
        units: Any = Units(self.maker)
        self.windows = MaintenanceWindows(records, self.clock, _chosen)
        self.alerts = Alerts(records=records, clock=self.clock, units=units, windows=self.windows)
        self.rater = Rater(
            self.clock, plans=self.plans, subscriptions=self.subscriptions, customers=self.customers, metering=self.used,
            units_of_meters=lambda _organisation, _product: {}, outages=ByAlerts(self.alerts),
        )  # fmt: skip
        self.billing = Billing(
            records, self.clock, rater=self.rater, subscriptions=self.subscriptions, invoices=self.invoices,
            issuers=self.issuers,
        )  # fmt: skip
        self.news = AlertNews(self.alerts, self.plans, units)
        self.runs = BillingRuns(
            records, self.clock, billing=self.billing, subscriptions=self.subscriptions, invoices=self.invoices,
            usage=NoUsage(), outages=self.news,
        )  # fmt: skip

    def promise(self) -> Subscription:
        for unit_id in (FIRST, SECOND):
            self.owners.give(unit_id, 0, 0)
        new = NewSubscription(
            customer_id=self.customer().id,
            product="pump",
            plan="sure",
            coverage=Coverage.UNITS,
            unit_ids=(FIRST, SECOND),
        )
        return self.subscriptions.start(self.maker, new)

    def tell(self, kind: ChangeKind, unit_id: int, begin: int, when: int) -> None:
        change = AlertChange(
            unit_id=UnitId(unit_id), rule="pump/offline", instance=Instant(begin), kind=kind, at=Instant(when),
            severity=Severity.MAJOR, evidence=(), organisation_id=OrganisationId(self.maker), rule_version="1.0.0",
        )  # fmt: skip
        self.alerts.take([change])

    def down(self, unit_id: int, begin: int, end: int) -> None:
        self.tell(ChangeKind.RAISED, unit_id, begin, begin)
        self.tell(ChangeKind.CLEARED, unit_id, begin, end)

    def maintain(self, unit_id: int, begin: int, end: int) -> None:
        concerned = Concerned(units=[format_id(unit_id)])
        self.windows.create(self.maker, begins_at=begin, ends_at=end, reason="filters", concerned=concerned, by=1)

    def amounts(self) -> list[str]:
        """Of what was sent, the oldest first, net."""
        return [f"{one.net:f}" for one in self.sent() if one.state is InvoiceState.FINALISED]

    def booked(self) -> Decimal:
        """All that stands on invoices."""
        kept = [one for one in self.sent() if one.state is not InvoiceState.VOID]
        return sum(
            (Decimal(line["amount"]) for one in kept for line in self.invoices.lines(self.maker, one.id)), Decimal(0)
        )

    def at_once(self, one: Subscription) -> Decimal:
        """What all of it comes to as things are known now."""
        until = one.billed_until or 0
        (rated,) = self.rater.rate(self.maker, [self.rater.job(one, until, one.starts_at)])
        return sum((due.amount for due in rated.dues if due.at <= until), Decimal(0))


def _chosen(_organisation_id: int, concerned: Concerned) -> Collection[int]:
    return [parse_id(text) for text in concerned.units]


@pytest.fixture
def till(records: Records) -> Promised:
    return Promised(records)


def test_what_was_told_late_is_given_back_by_the_next_invoice(till: Promised) -> None:
    till.promise()
    first = at("2026-01-01")
    till.wind(first + DAY + 2 * HOUR)
    till.runs.look()
    assert till.amounts()[1:] == ["10.00"], "all was well, as far as anybody knew"
    till.down(FIRST, first + HOUR, first + 3 * HOUR)
    till.runs.look()
    till.wind(first + 2 * DAY + 2 * HOUR)
    till.runs.look()
    assert till.amounts()[2:] == ["9.00"], "95.8 % of the day before"
    assert "Credit: Pumping 95.8333 %" in till.said(till.sent()[-1])
    till.wind(first + 2 * DAY + 3 * HOUR)
    till.maintain(SECOND, first + 2 * DAY + HOUR, first + 3 * DAY)
    till.runs.look()
    till.wind(first + 4 * DAY + 2 * HOUR)
    till.runs.look()
    assert till.amounts()[3:] == ["10.00", "10.00"], "there is nothing more to give back"


def test_an_outage_that_ended_before_it_was_known_to_is_taken_back(till: Promised) -> None:
    till.promise()
    first = at("2026-01-01")
    till.tell(ChangeKind.RAISED, FIRST, first + 12 * HOUR, first + 12 * HOUR)
    till.wind(first + DAY + 2 * HOUR)
    till.runs.look()
    assert till.amounts()[1:] == ["5.00"], "half a day of one of two"
    till.tell(ChangeKind.CLEARED, FIRST, first + 12 * HOUR, first + 12 * HOUR + HOUR // 10)
    till.wind(first + 2 * DAY + 2 * HOUR)
    till.runs.look()
    assert till.amounts()[2:] == ["15.00"]


def test_maintenance_entered_afterwards_excuses_what_lies_in_it_also_of_parts(till: Promised) -> None:
    till.promise()
    first = at("2026-01-01")
    till.down(SECOND, first + 20 * HOUR, first + 23 * HOUR)
    till.wind(first + DAY + 2 * HOUR)
    till.runs.look()
    assert till.amounts()[1:] == ["9.00"]
    till.maintain(LINE, first + 20 * HOUR, first + DAY + 4 * HOUR)
    till.wind(first + 2 * DAY + 2 * HOUR)
    till.runs.look()
    assert till.amounts()[2:] == ["11.00"]


def test_news_is_followed_once_and_of_promises_alone(till: Promised) -> None:
    one = till.promise()
    first = at("2026-01-01")
    till.wind(first + DAY + 2 * HOUR)
    till.runs.look()
    for number in range(5):
        till.down(FIRST, first + number * HOUR, first + (number + 1) * HOUR)
    assert till.runs.follow_outages() == 5
    assert till.runs.follow_outages() == 0
    till.alerts.take([])
    with till.records.read() as connection:
        touched = touched_of(connection, till.maker, [one.id])
    assert touched == {one.id: first}


@dataclass(frozen=True)
class Move:
    """Something that happens: hours are from the clock's, most of them back."""

    kind: str
    unit_id: int
    begin: int
    hours: int


moves = st.lists(
    st.builds(
        Move, kind=st.sampled_from(["down", "open", "clear", "window", "look", "look"]), unit_id=st.sampled_from([FIRST, SECOND]),
        begin=st.integers(1, 70), hours=st.integers(1, 30),
    ),
    min_size=3, max_size=14,
)  # fmt: skip


@given(history=moves)
@settings(max_examples=5, deadline=None)
def test_whatever_is_told_whenever_comes_to_what_rating_at_once_comes_to(
    history: list[Move], migrated_file: Path
) -> None:
    _in_records_of_its_own(history, migrated_file)


@pytest.mark.long
@given(history=moves)
@settings(max_examples=100, deadline=None)
def test_the_same_of_many_histories(history: list[Move], migrated_file: Path) -> None:
    _in_records_of_its_own(history, migrated_file)


def _in_records_of_its_own(history: list[Move], migrated_file: Path) -> None:
    with TemporaryDirectory() as folder:
        shutil.copy(migrated_file, records_file(Path(folder)))
        records = open_records("", data_dir=Path(folder))
        try:
            _live(Promised(records), history)
        finally:
            records.close()


def _live(till: Promised, history: list[Move]) -> None:
    made = till.promise()
    till.wind(till.clock.now() + 3 * DAY + 2 * HOUR)
    standing: list[tuple[int, int]] = []
    for move in history:
        now = till.clock.now()
        begin = max(now - move.begin * HOUR, made.starts_at)
        if move.kind == "down":
            till.down(move.unit_id, begin, min(begin + move.hours * HOUR, now))
        elif move.kind == "open":
            till.tell(ChangeKind.RAISED, move.unit_id, begin, begin)
            standing.append((move.unit_id, begin))
        elif move.kind == "clear" and standing:
            unit_id, since = standing.pop(move.begin % len(standing))
            till.tell(ChangeKind.CLEARED, unit_id, since, max(since + 1, begin))
        elif move.kind == "window":
            till.maintain(move.unit_id, max(begin, now - DAY), now + move.hours * HOUR)
        elif move.kind == "look":
            till.runs.look()
            till.wind(now + move.hours * HOUR)
    till.runs.look()
    till.wind(till.clock.now() + DAY + 2 * HOUR)
    till.runs.look()
    one = till.subscriptions.get(till.maker, made.id)
    assert till.booked() == till.at_once(one)
    assert till.runs.look() == []

"""What a subscription comes to: fees, usage, changes in the middle, late readings; however it is cut into invoices."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from contracts import EVER, Contract, at, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.earn.billing import Due, Entry, TimedCoupon, sum_of
from monokoto.earn.billing.due import named
from monokoto.earn.calendar import Every, Span
from monokoto.earn.invoices import LineKind
from monokoto.earn.plans import Due as WhenDue
from monokoto.earn.plans import OneTimeFee, Per, Plan, RecurringFee, UsageCharge
from monokoto.earn.pricing import Basis, Commitment, Graduated, Standard, Tariff, Tier

DAY = 86_400_000_000


def _fee(
    amount: str,
    name: str = "base",
    *,
    due: WhenDue = WhenDue.ADVANCE,
    every: Every = Every.MONTH,
    per: Per = Per.SUBSCRIPTION,
) -> RecurringFee:
    return RecurringFee(name=name, title={}, fee=Decimal(amount), due=due, every=every, per=per)


def _each(amount: str, **more: object) -> UsageCharge:
    tariff = Tariff(price=Standard(unit=Decimal(amount)), **more)  # type: ignore[arg-type]
    return UsageCharge(name="wash", title={}, meter="washes", tariff=tariff)


TIERS = UsageCharge(
    name="energy", title={}, meter="energy",
    tariff=Tariff(price=Graduated((Tier(up_to=Decimal(10), unit=Decimal("0.333")), Tier(up_to=None, unit=Decimal("0.25"))))),
)  # fmt: skip


def _said(found: Iterable[Entry | Due]) -> dict[str, str]:
    """Charge (or key) and amount."""
    return {
        (one.charge if isinstance(one, Due) else one.due.charge if one.due else one.key): f"{one.amount}"
        for one in found
    }


def _total(entries: Iterable[Entry]) -> Decimal:
    return sum((one.amount for one in entries), Decimal(0))


def test_an_advance_fee_is_invoiced_at_the_beginning_and_usage_at_the_end() -> None:
    one = Contract([(at("2026-03-01"), plan(_fee("4.90"), _each("1.20")))])
    one.events = [(at("2026-03-05"), "washes", Decimal(3)), (at("2026-03-31T23:59"), "washes", Decimal(1))]
    assert _said(one.bill(at("2026-03-01"))) == {"base": "4.90"}
    assert one.bill(at("2026-03-20")) == [], "nothing is due in the middle"
    april = one.bill(at("2026-04-01"))
    assert _said(april) == {"wash": "4.80", "base": "4.90"}
    assert [entry.due.span for entry in april if entry.due] == [
        Span(at("2026-03-01"), at("2026-04-01")), Span(at("2026-04-01"), at("2026-05-01")),
    ]  # fmt: skip


def test_a_change_in_the_middle_gives_the_rest_back_and_charges_the_rest_of_the_new_one() -> None:
    small, large = plan(_fee("30.00"), proration=Basis.DAY), plan(_fee("60.00"), name="large", proration=Basis.DAY)
    one = Contract([(at("2026-06-01"), small)])
    one.bill(at("2026-06-01"))
    one.phases.append((at("2026-06-11"), large))
    changed = one.bill(at("2026-06-11"))
    assert sorted(entry.amount for entry in changed) == [Decimal("-20.00"), Decimal("40.00")]
    assert next(entry for entry in changed if entry.amount < 0).corrects
    assert _total(one.booked) == Decimal("50.00")


def test_ending_in_the_middle_gives_the_rest_of_a_yearly_fee_back() -> None:
    one = Contract([(at("2026-01-01"), plan(_fee("365.00", every=Every.YEAR), proration=Basis.DAY))])
    assert _said(one.bill(at("2026-01-01"))) == {"base": "365.00"}
    assert one.bill(at("2026-02-01")) == []
    one.end = at("2026-03-02")
    assert [entry.amount for entry in one.bill(at("2026-03-02"))] == [Decimal("-305.00")]


def test_a_yearly_fee_follows_a_change_of_plan() -> None:
    yearly = plan(_fee("365.00", every=Every.YEAR), proration=Basis.DAY)
    double = plan(_fee("730.00", every=Every.YEAR), name="double", proration=Basis.DAY)
    one = Contract([(at("2026-01-01"), yearly)])
    one.bill(at("2026-01-01"))
    one.phases.append((at("2026-03-02"), double))
    assert sorted(entry.amount for entry in one.bill(at("2026-03-02"))) == [Decimal("-305.00"), Decimal("610.00")]
    assert [entry.amount for entry in one.bill(at("2027-01-01"))] == [Decimal("730.00")]


def test_late_readings_correct_a_period_that_is_invoiced() -> None:
    one = Contract([(at("2026-03-01"), plan(TIERS))])
    one.events = [(at("2026-03-05"), "energy", Decimal(9))]
    assert _total(one.bill(at("2026-04-01"))) == Decimal("3.00")
    one.events.append((at("2026-03-06"), "energy", Decimal(3)))
    late = one.bill(at("2026-04-02"))
    assert _total(late) == Decimal("0.83"), "10 at 0.333 and 2 at 0.25 are 3.83"
    assert {entry.corrects for entry in late} == {True, False}
    one.events.pop()
    assert _total(one.bill(at("2026-04-03"))) == Decimal("-0.83"), "a deletion takes it back"


def test_fees_for_each_unit_follow_the_units() -> None:
    one = Contract(
        [
            (
                at("2026-06-01"),
                plan(_fee("3.00", per=Per.UNIT), OneTimeFee(name="set-up", title={}, fee=Decimal(10), per=Per.UNIT)),
            )
        ]
    )
    one.units = {1: [Span(0, EVER)], 2: [Span(at("2026-06-16"), EVER)]}
    assert _said(one.dues(at("2026-06-01"))) == {"base": "4.50", "set-up": "20.00"}
    one.units[1] = [Span(0, at("2026-06-11"))]
    assert _said(one.dues(at("2026-06-01")))["base"] == "2.50", "a third and a half of a month"


def test_what_is_promised_for_a_month_is_promised_by_its_part() -> None:
    least = _each("1.20", minimum=Decimal("31.00"))
    promise = _each("1.00", commitment=Commitment(quantity=Decimal(62), true_up=True))
    for charge, expected in ((least, "10.00"), (promise, "20.00")):
        one = Contract([(at("2026-03-01"), plan(charge, proration=Basis.DAY))], end=at("2026-03-11"))
        assert _said(one.dues(at("2026-03-11"))) == {"wash": expected} or sum_of(one.dues(at("2026-03-11"))) == Decimal(
            expected
        )


def test_what_is_promised_is_made_up_when_its_time_is_over_and_not_before() -> None:
    one = Contract([(at("2026-03-01"), plan(_each("1.00", commitment=Commitment(amount=Decimal(20), true_up=True))))])
    one.events = [(at("2026-03-05"), "washes", Decimal(3))]
    assert [f"{due.amount}" for due in one.dues(at("2026-03-31"))] == ["3.00"], "there is time left"
    assert [f"{due.amount}" for due in one.dues(at("2026-04-01")) if due.at <= at("2026-04-01")] == ["3.00", "17.00"]


def test_days_are_those_of_the_customers_calendar() -> None:
    """From four in the afternoon until six the next day: one midnight in Los Angeles, two in Greenwich."""
    one = Contract([(at("2026-08-01T23:00"), plan(_fee("31.00"), proration=Basis.DAY))], timezone="America/Los_Angeles")
    one.end = at("2026-08-03T01:00")
    assert _said(one.dues(at("2026-08-03T01:00"))) == {"base": "1.00"}


def test_the_least_spend_of_a_plan_is_made_up_when_its_time_is_over() -> None:
    one = Contract([(at("2026-03-01"), plan(_fee("4.90"), _each("1.20"), minimum=Decimal("10.00")))])
    one.events = [(at("2026-03-05"), "washes", Decimal(1))]
    one.bill(at("2026-03-01"))
    entries = one.bill(at("2026-04-01"))
    assert {entry.due.kind: f"{entry.amount}" for entry in entries if entry.due} == {
        LineKind.USAGE: "1.20", LineKind.MINIMUM: "3.90", LineKind.FEE: "4.90",
    }  # fmt: skip


def test_fees_in_arrears_wait_for_the_end_of_their_period() -> None:
    one = Contract([(at("2026-01-31"), plan(_fee("5.00", due=WhenDue.ARREARS)))])
    assert one.bill(at("2026-01-31")) == []
    assert _said(one.bill(at("2026-02-28"))) == {"base": "5.00"}
    assert one.bill(at("2026-03-30")) == []
    assert _said(one.bill(at("2026-03-31"))) == {"base": "5.00"}, "the anchor is the 31st again"


def test_a_coupon_follows_its_charge_through_a_correction() -> None:
    one = Contract([(at("2026-03-01"), plan(_each("1.20")))])
    one.coupons = [TimedCoupon(name="half", percent=Decimal(50), begin=at("2026-03-01"), end=at("2026-04-01"))]
    one.events = [(at("2026-03-05"), "washes", Decimal(5)), (at("2026-04-05"), "washes", Decimal(1))]
    assert _total(one.bill(at("2026-04-01"))) == Decimal("3.00")
    one.events[0] = (at("2026-03-05"), "washes", Decimal(4))
    assert _total(one.bill(at("2026-04-02"))) == Decimal("-0.60"), "what is taken back was half paid"
    assert _total(one.bill(at("2026-05-01"))) == Decimal("1.20"), "April begins after its time"


def test_a_key_stays_within_its_bound_and_differs() -> None:
    long = "x" * 64
    keys = {named(1 << 50, 1 << 50, f"{long}@1", long, part, "coupon", long) for part in ("a" * 60, "b" * 60)}
    assert len(keys) == 2
    assert all(len(key) <= 200 for key in keys)


START = at("2026-01-31")
PLANS: list[Plan] = [
    plan(_fee("9.99"), TIERS, name="a"),
    plan(_fee("19.99", due=WhenDue.ARREARS), _each("0.777"), TIERS, name="b", minimum=Decimal("25.00")),
    plan(
        _fee("100.01", every=Every.YEAR),
        _fee("0.50", "week", every=Every.WEEK),
        _each("0.333", maximum=Decimal(20)),
        name="c",
    ),
    plan(_fee("30.00", per=Per.UNIT), OneTimeFee(name="once", title={}, fee=Decimal(5)), name="d", proration=Basis.DAY),
]
COUPONS = [
    TimedCoupon(name="third", percent=Decimal("33.3"), begin=START, end=at("2026-04-15")),
    TimedCoupon(name="ten", amount=Decimal("10.00"), begin=START),
    TimedCoupon(name="energy", percent=Decimal(100), charges=frozenset({"energy"}), begin=at("2026-02-10")),
]
_minutes = st.integers(0, 120 * 24 * 60)
_events = st.lists(
    st.tuples(_minutes, st.sampled_from(["washes", "energy"]), st.decimals("0", "9.999", places=3), st.integers(0, 20)),
    max_size=12,
)


@given(
    events=_events,
    changes=st.lists(st.tuples(st.integers(1, 100), st.sampled_from(PLANS)), max_size=3),
    runs=st.lists(_minutes, max_size=8),
    units=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 90)), min_size=1, max_size=3),
    end=st.none() | st.integers(101, 119),
    coupons=st.lists(st.sampled_from(COUPONS), unique_by=lambda one: one.name, max_size=2),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Seoul"]),
)
@settings(max_examples=120, deadline=None, print_blob=True)
def test_however_it_is_cut_into_invoices_it_comes_to_the_same(
    events: list[tuple[int, str, Decimal, int]],
    changes: list[tuple[int, Plan]],
    runs: list[int],
    units: list[tuple[int, int]],
    end: int | None,
    coupons: list[TimedCoupon],
    timezone: str,
) -> None:
    """Readings that come late, plans that change, units that come and go: the invoices of any runs sum to what rating it all at
    once says, key by key, and one more run adds nothing."""
    minute = 60_000_000
    one = Contract([(START, PLANS[0])], timezone=timezone, coupons=coupons)
    one.units = {
        number: [Span(START + first * DAY, START + (first + days) * DAY)] for number, (first, days) in enumerate(units)
    }
    told = [(START + when * minute, START + (when + late * 1440) * minute, meter, n) for when, meter, n, late in events]
    todo = sorted(dict(changes).items())
    last = START + 150 * DAY
    for now in sorted({START + run * minute for run in runs} | {last}):
        while todo and START + todo[0][0] * DAY <= now:
            day, version = todo.pop(0)
            one.phases.append((START + day * DAY, version))
        if end is not None and now >= START + end * DAY:
            one.end = START + end * DAY
        one.bill(now, [(when, meter, n) for when, known, meter, n in told if known <= now])
    one.events = [(when, meter, n) for when, _, meter, n in told]
    one.bill(last)
    assert one.bill(last) == []
    ready = [due for due in one.dues(last) if due.at <= last]
    assert _total(one.booked) == sum_of(ready)
    by_key: dict[str, Decimal] = {}
    for entry in one.booked:
        by_key[entry.key] = by_key.get(entry.key, Decimal(0)) + entry.amount
    assert {key: amount for key, amount in by_key.items() if amount} == {
        due.key: due.amount for due in ready if due.amount
    }
    assert all(-due.amount.as_tuple().exponent <= 2 for due in ready)  # type: ignore[operator]

"""What can become of a subscription: by example where calendars are hard, and whatever is asked in whatever order."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from subscriptions_making import DAY, at, plan_of

from monokoto.earn.calendar import Every, Span
from monokoto.earn.subscriptions import Coverage, Status, Subscription, life
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Conflict, Invalid

FOREVER = 1 << 55


def begun(start: int, plan=None, *, trial: int = 0, timezone: str = "UTC") -> Subscription:
    plan = plan or plan_of()
    until = start + trial if trial else None
    return Subscription(
        id=1, organisation_id=1, customer_id=1, product="washer", coverage=Coverage.FLEET, currency="EUR",
        timezone=timezone, starts_at=start, trial_until=until, created_at=start, updated_at=start,
        phases=(life.first_phase(plan, starts_at=start, trial_until=until, timezone=timezone),),
    )  # fmt: skip


def starts(one: Subscription, count: int) -> list[str]:
    """When the first periods begin."""
    found = []
    for period in one.periods(Span(one.starts_at, FOREVER)):
        found.append(format_instant(period.span.start))
        if len(found) == count:
            break
    return found


def test_periods_begun_on_the_last_of_a_month_keep_to_it() -> None:
    one = begun(at("2026-01-31T10:00:00Z"))
    assert starts(one, 4) == [f"2026-{day}T10:00:00Z" for day in ("01-31", "02-28", "03-31", "04-30")]


def test_periods_keep_the_customers_clock_when_it_changes() -> None:
    one = begun(at("2026-03-01T00:00:00+01:00"), timezone="Europe/Berlin")
    assert starts(one, 3) == ["2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", "2026-04-30T22:00:00Z"]
    daily = begun(at("2026-03-28T02:30:00+01:00"), plan_of(every="day"), timezone="Europe/Berlin")
    assert starts(daily, 3) == ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]


def test_a_calendar_plan_begins_with_a_part_of_a_period() -> None:
    one = begun(at("2026-02-10T12:00:00Z"), plan_of(anchor="calendar"), timezone="Asia/Seoul")
    first = one.period(one.starts_at)
    assert format_instant(first.span.end) == format_instant(first.whole.end) == "2026-02-28T15:00:00Z"
    assert format_instant(first.whole.start) == "2026-01-31T15:00:00Z"
    quarter = life.calendar_anchor(at("2026-05-20"), Every.MONTH, 3, "UTC")
    assert (quarter, life.calendar_anchor(at("2026-05-20"), Every.WEEK, 1, "UTC")) == (
        at("2026-04-01"), at("2026-05-18"),
    )  # fmt: skip


def test_a_trial_is_a_period_before_the_first_that_is_charged() -> None:
    one = begun(at("2026-01-01"), trial=14 * DAY)
    assert starts(one, 3) == ["2026-01-01T00:00:00Z", "2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z"]
    assert [one.status(at(day)) for day in ("2026-01-14", "2026-01-15")] == [Status.TRIALING, Status.ACTIVE]


def test_a_change_to_the_same_rhythm_keeps_the_periods_and_another_rhythm_counts_anew() -> None:
    one = begun(at("2026-01-01"))
    same = life.change(one, plan_of("better"), at=at("2026-01-10"), now=at("2026-01-10"))
    assert starts(same, 2) == ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]
    assert [(part.phase.plan, part.span.start) for part in same.segments(Span(one.starts_at, at("2026-02-01")))] == [
        ("basic", at("2026-01-01")), ("better", at("2026-01-10")),
    ]  # fmt: skip
    other = life.change(one, plan_of("yearly", every="year"), at=at("2026-01-10"), now=at("2026-01-10"))
    assert starts(other, 3) == ["2026-01-01T00:00:00Z", "2026-01-10T00:00:00Z", "2027-01-10T00:00:00Z"]
    cut = other.period(at("2026-01-05"))
    assert (cut.span.end, cut.whole.end) == (at("2026-01-10"), at("2026-02-01"))


def test_what_was_is_not_changed_and_what_is_over_not_at_all() -> None:
    one, now = begun(at("2026-01-01")), at("2026-02-01")
    with pytest.raises(Invalid):
        life.change(one, plan_of("x"), at=now - 1, now=now)
    with pytest.raises(Conflict):
        life.change(one, plan_of("x", currency="USD"), at=now, now=now)
    ended = life.end(one, at=now, now=now)
    for ask in (
        lambda: life.change(ended, plan_of("x"), at=now, now=now), lambda: life.end(ended, at=now + 1, now=now),
        lambda: life.suspend(ended, now=now, because=""), lambda: life.withdraw(ended, now=now),
    ):  # fmt: skip
        with pytest.raises(Conflict, match="ended"):
            ask()


def test_an_end_takes_planned_changes_with_it_and_can_be_withdrawn() -> None:
    one, now = begun(at("2026-01-01")), at("2026-01-05")
    planned = life.change(one, plan_of("later"), at=at("2026-03-01"), now=now)
    ending = life.end(planned, at=at("2026-02-01"), now=now)
    assert ([each.plan for each in ending.phases], ending.status(at("2026-02-01"))) == (["basic"], Status.ENDED)
    assert life.end(ending, at=at("2026-04-01"), now=now).ends_at == at("2026-04-01")
    assert life.withdraw(ending, now=now).ends_at is None
    assert life.withdraw(planned, now=now) == one
    with pytest.raises(Conflict):
        life.withdraw(one, now=now)


def test_one_that_never_begins_is_over_at_once() -> None:
    one, now = begun(at("2026-02-01")), at("2026-01-05")
    assert one.status(now) is Status.SCHEDULED
    never = life.end(one, at=now, now=now)
    assert (never.status(now), never.next_at, list(never.periods(Span(0, FOREVER)))) == (Status.ENDED, None, [])


def test_a_notice_is_over_with_the_first_period_that_begins_after_it() -> None:
    one = begun(at("2026-01-01"))
    assert life.after_notice(one, 30 * DAY, now=at("2026-01-10")) == at("2026-03-01")
    assert life.after_notice(one, 31 * DAY, now=at("2026-01-01")) == at("2026-02-01")
    with pytest.raises(Conflict):
        life.after_notice(replace(one, ends_at=at("2026-02-01")), 30 * DAY, now=at("2026-01-10"))


PLANS = [
    plan_of("month"), plan_of("month", 2), plan_of("year", every="year"), plan_of("week", every="week", count=2),
    plan_of("calendar", anchor="calendar"), plan_of("days", every="day", count=5, anchor="calendar"),
]  # fmt: skip
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Seoul", "Australia/Lord_Howe")
STEPS = st.tuples(
    st.sampled_from(["change", "period-end", "end", "withdraw", "suspend", "resume", "bill"]),
    st.integers(0, 40 * DAY),
    st.integers(0, 90 * DAY),
    st.integers(0, len(PLANS) - 1),
)


def take(one: Subscription, what: str, now: int, later: int, plan) -> Subscription:
    done = {
        "change": lambda: life.change(one, plan, at=now + later, now=now),
        "period-end": lambda: life.change(one, plan, at=life.period_end(one, now=now), now=now),
        "end": lambda: life.end(one, at=now + later, now=now),
        "withdraw": lambda: life.withdraw(one, now=now),
        "suspend": lambda: life.suspend(one, now=now, because="x"),
        "resume": lambda: life.resume(one, now=now),
        "bill": lambda: one if one.next_at is None or one.next_at > now else replace(one, billed_until=one.next_at),
    }
    try:
        return done[what]()
    except Conflict:
        return one


def check(one: Subscription, until: int) -> None:
    """Phases, segments and periods cover its time, each without gap or overlap."""
    begins = [each.begin for each in one.phases]
    assert begins[0] == one.starts_at
    assert begins == sorted(set(begins))
    assert one.ends_at is None or begins[-1] < one.ends_at or one.ends_at == one.starts_at
    assert all(a.end is not None and a.end <= b.begin for a, b in zip(one.pauses, one.pauses[1:], strict=False))
    whole = Span(one.starts_at - DAY, until)
    end = until if one.ends_at is None else min(until, one.ends_at)
    if end <= one.starts_at:
        assert not list(one.segments(whole))
        return
    for parts in ([part.span for part in one.segments(whole)], [part.span for part in one.periods(whole)]):
        assert parts[0].start == one.starts_at
        assert all(a.end == b.start for a, b in itertools.pairwise(parts))
        assert parts[-1].end >= end
    for period in one.periods(whole):
        assert period.whole.start <= period.span.start < period.span.end <= period.whole.end
        assert one.period(period.span.end - 1) == period, "every instant of a period names it"


@settings(max_examples=100, deadline=None)
@given(
    st.integers(at("2025-12-01"), at("2026-04-30")).map(lambda instant: instant // 1_000_000 * 1_000_000),
    st.sampled_from(ZONES),
    st.sampled_from([0, 14 * DAY]),
    st.sampled_from(PLANS),
    st.lists(STEPS, max_size=12),
)
def test_whatever_is_asked_time_is_covered_once_and_the_past_stays(start, timezone, trial, first, steps) -> None:
    one, now = begun(start, first, trial=trial, timezone=timezone), start - 5 * DAY
    for what, wait, later, number in steps:
        now += wait
        before = one
        one = take(one, what, now, later, PLANS[number])
        check(one, now + 400 * DAY)
        past = Span(start - 10 * DAY, max(now, start - 9 * DAY))
        assert [(part.phase, part.span) for part in one.segments(past)] == [
            (part.phase, part.span) for part in before.segments(past)
        ], "what was stays as it was"
        assert one.billed_until is None or before.billed_until is None or one.billed_until >= before.billed_until


@settings(max_examples=30, deadline=None)
@given(st.integers(at("2024-01-01"), at("2026-12-31")), st.sampled_from(ZONES), st.sampled_from(PLANS))
def test_billing_one_period_after_the_other_leaves_none_out(start, timezone, plan) -> None:
    one = replace(begun(start, plan, timezone=timezone), ends_at=start + 70 * DAY + 12_345)
    billed = []
    while one.next_at is not None:
        billed.append(one.next_at)
        one = replace(one, billed_until=one.next_at)
    assert billed == [start, *(period.span.end for period in one.periods(Span(start, FOREVER)))]

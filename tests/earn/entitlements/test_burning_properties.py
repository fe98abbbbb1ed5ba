"""What holds whatever happens: sums of balances, any order of news, and no feature a microsecond beyond its end."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from entitlements_making import DAY, HOUR, monthly
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.earn.calendar import Cycle, Every, Span
from monokoto.earn.entitlements import (
    FOREVER,
    Entitlement,
    Grant,
    Held,
    Holder,
    Inclusion,
    Quota,
    Source,
    SuspendedBy,
    Suspension,
    UnitHoldings,
    standing_of,
)
from monokoto.earn.entitlements.judging import judge
from monokoto.earn.features import Feature, FeatureKind
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import EntitlementId, OrganisationId

START, UNIT = 1_767_225_600_000_000, 101
instants = st.integers(0, 40).map(lambda hours: START + hours * HOUR)
GLOW = Feature(name="glow", kind=FeatureKind.BOOLEAN)
BRAKES = Feature(name="glow", kind=FeatureKind.BOOLEAN, safety=True)


@st.composite
def rows(draw: st.DrawFn) -> list[Entitlement]:
    found = []
    for number in range(draw(st.integers(0, 5))):
        begin = draw(instants)
        end = draw(st.none() | st.integers(1, 20).map(lambda hours, begin=begin: begin + hours * HOUR))
        holder = draw(st.sampled_from([Held(Holder.UNIT, UNIT), Held(Holder.CUSTOMER, 1), Held(Holder.UNIT, 999)]))
        found.append(
            Entitlement(
                id=EntitlementId(number + 1), organisation_id=OrganisationId(1), product="lamp", feature="glow",
                holder=holder, source=Source.GIVEN, key=f"k{number}", begin=Instant(begin),
                end=None if end is None else Instant(end), created_at=Instant(START), changed_at=Instant(START),
            )
        )  # fmt: skip
    return found


@st.composite
def suspensions(draw: st.DrawFn) -> list[Suspension]:
    found = []
    for number in range(draw(st.integers(0, 2))):
        begin = draw(instants)
        end = draw(st.none() | st.integers(1, 9).map(lambda hours, begin=begin: Instant(begin + hours * HOUR)))
        found.append(
            Suspension(
                id=number, organisation_id=OrganisationId(1), customer_id=1, because="", by=SuspendedBy.HAND,
                begin=Instant(begin), end=end,
                changed_at=Instant(START),
            )
        )  # fmt: skip
    return found


def holdings(begin: int, end: int) -> UnitHoldings:
    return UnitHoldings(customers=[(1, Span(begin, end))])


@given(given_=rows(), away=suspensions(), at=instants, shift=st.sampled_from([-1, 0, 1]), data=st.data())
@settings(deadline=None)
def test_open_exactly_while_somebody_gave_it_whatever_the_order(
    given_: list[Entitlement], away: list[Suspension], at: int, shift: int, data: st.DataObject
) -> None:
    owned = Span(START + 5 * HOUR, START + 30 * HOUR)
    when, whose = at + shift, holdings(owned.start, owned.end)
    standing = standing_of(1, UNIT, whose, given_, away)
    again = standing_of(1, UNIT, whose, data.draw(st.permutations(given_)), data.draw(st.permutations(away)))
    assert again == standing

    mine = owned.start <= when < owned.end
    suspended = mine and any(one.begin <= when < one.until for one in away)

    def counts(row: Entitlement) -> bool:
        held = row.holder == Held(Holder.UNIT, UNIT) or (row.holder == Held(Holder.CUSTOMER, 1) and mine)
        return held and row.begin <= when < row.until

    some = any(map(counts, given_))
    verdict = judge(SimpleNamespace(), standing, "lamp", GLOW, when)  # type: ignore[arg-type]
    assert verdict.allowed == (some and not suspended)
    assert judge(SimpleNamespace(), standing, "lamp", BRAKES, when).allowed == some  # type: ignore[arg-type]
    if verdict.until is not None and verdict.allowed:
        last, after = (
            judge(SimpleNamespace(), standing, "lamp", GLOW, one) for one in (verdict.until - 1, verdict.until)
        )  # type: ignore[arg-type]
        assert last.allowed
        assert not after.allowed


uses = st.lists(st.tuples(st.integers(0, 60 * 24), st.integers(1, 4)), max_size=20)


def sums_of(used: list[tuple[int, int]]) -> Any:
    def sums(spans: list[Span]) -> list[Decimal]:
        return [
            sum((Decimal(many) for hour, many in used if one.start <= START + hour * HOUR < one.end), Decimal(0))
            for one in spans
        ]

    return sums


@st.composite
def quotas(draw: st.DrawFn) -> Quota:
    cycle = draw(st.sampled_from([None, monthly(START), Cycle(every=Every.WEEK, anchor=START)]))
    least = draw(st.integers(0, 2))
    first = Inclusion(
        subscription_id=1, customer_id=1, plan="a 1", feature="f", begin=START, end=FOREVER,
        amount=Decimal(draw(st.integers(1, 10))),
        cycle=cycle, rollover_min=Decimal(least), rollover_max=Decimal(draw(st.integers(least, 6))),
        expires=draw(st.sampled_from([0, 20 * DAY])),
    )  # fmt: skip
    phases = [first]
    if draw(st.booleans()):
        change = START + draw(st.integers(1, 50)) * DAY
        phases = [replace(first, end=change), replace(first, begin=change, amount=Decimal(draw(st.integers(1, 20))))]
    tops = [
        Grant(id=f"t{number}", amount=Decimal(draw(st.integers(1, 5))), effective=(at := draw(instants)),
              expires=draw(st.sampled_from([None, at + 10 * DAY])), rollover_max=Decimal(5))
        for number in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    return Quota(inclusions=tuple(phases), rows=tuple(tops))


@given(quota=quotas(), used=uses, days=st.integers(1, 70))
@settings(deadline=None, max_examples=60)
def test_a_quota_adds_up_and_does_not_depend_on_when_it_was_looked_at(
    quota: Quota, used: list[tuple[int, int]], days: int
) -> None:
    at = START + days * DAY
    sums = sums_of(used)
    state = quota.state(at, sums)
    fresh = Quota(inclusions=quota.inclusions, rows=quota.rows).state(at, sums)
    assert state == fresh
    looked = Quota(inclusions=quota.inclusions, rows=quota.rows)
    for day in range(0, days, 7):
        looked.state(START + day * DAY, sums)
    assert looked.state(at, sums) == state, "sums that were kept say the same as sums asked for"
    assert state.left >= 0
    assert state.overage >= 0
    assert state.used == sum(sums([Span(state.period_begin, at)])) if state.period_begin < at else state.used == 0
    assert not (state.left and state.overage), "overage is paid by whatever is there"
    assert state.turn > at


@given(quota=quotas(), used=uses, late=st.tuples(st.integers(0, 60 * 24), st.integers(1, 4)), days=st.integers(1, 70))
@settings(deadline=None, max_examples=40)
def test_late_usage_leads_to_what_it_had_been_in_time(
    quota: Quota, used: list[tuple[int, int]], late: tuple[int, int], days: int
) -> None:
    at = START + days * DAY
    quota.state(at, sums_of(used))
    quota.forget(START + late[0] * HOUR)
    after = quota.state(at, sums_of([*used, late]))
    assert after == Quota(inclusions=quota.inclusions, rows=quota.rows).state(at, sums_of([late, *used]))
